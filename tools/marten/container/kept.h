/* SPDX-License-Identifier: MIT */
/*
 * kept - containers of the store, beside what is known of those that run or have ended: a
 * container of marten run is both, with one id. See minc/image.h and minc/background.h.
 */
#ifndef KEPT_H
#define KEPT_H

#include <stdint.h>

#include "marten/call.h"
#include "recipe.h"

struct kept {
	char id[65];
	char *name, *dir, *digest;
	int64_t created_ms;
	bool readable; /* the recipe: */
	struct recipe recipe;
	bool seen; /* for the functions that go through a list */
};

struct kept_list {
	struct kept **v;
	size_t len;
};

/*
 * All containers of the store, oldest first. Those that were to be removed after their
 * end and could not be, as nobody waited for it, are removed now, and so are those whose
 * start was killed. Without a store that can be opened there are none: a warning, except
 * where images are not built in. 0, or -errno after that warning: then some may be
 * missing. One whose record is damaged is missing, too, with a warning only.
 */
int kept_list(struct call *call, struct kept_list *ret);
void kept_list_done(struct kept_list *list);
struct kept *kept_list_find(const struct kept_list *list, const char *id);
/* What kept_find() would find; NULL: none of these. */
struct kept *kept_list_named(const struct kept_list *list, const char *name);

/*
 * One by name, id, or beginning of an id. NULL: there is none, also as it was left over
 * and has just been removed, or a failure, which is not said.
 */
struct kept *kept_find(struct call *call, const char *name);
struct kept *kept_free(struct kept *k);
bool has_kept(struct call *call, const char *name);
/* Wait until the container of the store is not in use, two seconds at most. */
void kept_await_end(struct call *call, const char *name);
/* Remove the container that has @name if it was to be removed at its end; may wait. */
void kept_release_name(struct call *call, const char *name);
/* minc_open() has failed: say why, or that @name does not run. EXIT_OURS. */
int say_unknown(struct call *call, const char *name);
/* The same if minc_open() returned -ENOENT. */
int say_absent(struct call *call, const char *name);
/* Whether it was started, ever: what it wrote is there. */
bool kept_has_run(const struct kept *k);
/*
 * Whether somebody uses it just now: a minc in the foreground, of which nothing else is
 * known.
 */
bool kept_in_use(const struct kept *k);
/* Whether there are files of its own, written by it or put there before. */
bool kept_has_storage(const struct kept *k);
/*
 * How @k (NULL: nothing is known of it) is stopped: what is not said (0, GRACE_UNSAID) by
 * its recipe, else its image, else SIGTERM and ten seconds.
 */
void kept_complete_stop(struct call *call, const struct kept *k, int *signal,
			int *grace_ms);
/*
 * Note that its files were made before its first start (@created), or that it has been
 * started. 0 or -errno.
 */
int kept_mark_created(const struct kept *k, bool created);

#endif
