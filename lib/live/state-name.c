/* SPDX-License-Identifier: MIT */
/*
 * state-name - how containers in the background are named: names/NAME is a symbolic link
 * to an id, and the beginning of an id is a name, too. See state.h.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "live/state.h"

/* names/NAME, unless it names another container by now. */
void state_drop_name(const struct state *s, const char *name)
{
	char link[sizeof("names/") + NAME_MAX], target[STATE_ID_LEN + 2];
	ssize_t n;

	snprintf(link, sizeof(link), "names/%s", name);
	n = readlinkat(s->runtime, link, target, sizeof(target) - 1);
	if (n == STATE_ID_LEN && memcmp(target, s->id, STATE_ID_LEN) == 0)
		(void)unlinkat(s->runtime, link, 0); /* a sweep finds it, too */
}

/* names/NAME; one that leads nowhere is free. */
static int claim_name(const struct state *s, const char *name, char *ret_holder,
		      size_t len)
{
	char link[PATH_MAX], target[NAME_MAX + 1];
	struct stat st;
	ssize_t n;

	if (mkdirat(s->runtime, "names", 0700) < 0 && errno != EEXIST)
		return -errno;
	snprintf(link, sizeof(link), "names/%s", name);
	for (int tries = 0; tries < 3; tries++) {
		if (symlinkat(s->id, s->runtime, link) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
		n = readlinkat(s->runtime, link, target, sizeof(target) - 1);
		if (n < 0)
			return -errno;
		target[n] = '\0';
		/* it may be nobody's: a sweep looks at a part */
		if (tries == 0 && state_is_id(target))
			state_sweep_one(s->runtime, s->path, target);
		if (state_is_id(target) &&
		    fstatat(s->runtime, target, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			snprintf(ret_holder, len, "%.12s", target);
			return -EEXIST;
		}
		if (unlinkat(s->runtime, link, 0) < 0)
			return -errno;
	}
	return -EEXIST;
}

int state_take_name(struct minc_ctx *c, struct state *s, const char *name,
		    const char *origin)
{
	char holder[16] = "another";
	int r = claim_name(s, name, holder, sizeof(holder));

	if (r == -EEXIST)
		return err_say(&c->err, r, "%s: name %s is in use by container %s",
			       origin, name, holder);
	if (r == 0) {
		r = state_write(s, "name", name, strlen(name));
		if (r < 0)
			state_drop_name(s, name);
	}
	if (r < 0)
		return err_set(&c->err, r, "%s: name %s", origin, name);
	snprintf(s->name, sizeof(s->name), "%s", name);
	return 0;
}

/*
 * Ids that begin with @prefix: how many or -errno, the first, and words that list them.
 */
static int match_ids(int runtime, const char *prefix, char first[STATE_ID_LEN + 1],
		     char *words, size_t len)
{
	DIR *list = io_open_list(runtime, ".");
	size_t used = 0;
	int n = 0;
	struct dirent *d;

	if (!list)
		return -errno;
	while ((d = readdir(list))) {
		if (!state_is_id(d->d_name) || !str_starts_with(d->d_name, prefix))
			continue;
		if (n++ == 0)
			memcpy(first, d->d_name, STATE_ID_LEN + 1);
		if (used + 16 < len)
			used += (size_t)snprintf(words + used, len - used, "%s%.12s",
						 n > 1 ? ", " : "", d->d_name);
	}
	closedir(list);
	return n;
}

int state_resolve(struct minc_ctx *c, int runtime, const char *word,
		  char ret[STATE_ID_LEN + 1])
{
	char link[PATH_MAX], words[512] = "";
	ssize_t n;
	int r;

	if (!*word || strlen(word) > NAME_MAX || strchr(word, '/') || *word == '.' ||
	    !str_is_printable_utf8(word))
		return err_say(&c->err, -EINVAL, "%.80s: neither a name nor an id", word);
	snprintf(link, sizeof(link), "names/%s", word);
	n = readlinkat(runtime, link, ret, STATE_ID_LEN + 1);
	if (n == STATE_ID_LEN) {
		struct stat st;

		ret[n] = '\0';
		if (state_is_id(ret) &&
		    fstatat(runtime, ret, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return 0;
	}
	if (strspn(word, "0123456789abcdef") != strlen(word))
		return -ENOENT;
	r = match_ids(runtime, word, ret, words, sizeof(words));
	if (r > 1)
		return err_say(&c->err, -ENOTUNIQ, "%s: ambiguous: %s", word, words);
	return r == 0 ? -ENOENT : r < 0 ? r : 0;
}

static int rename_locked(struct minc_ctx *c, struct state *s, const char *name)
{
	char old[sizeof(s->name)];
	int r;

	state_read_name(s); /* another process may have renamed it */
	if (strcmp(s->name, name) == 0)
		return 0;
	memcpy(old, s->name, sizeof(old));
	r = state_take_name(c, s, name, "rename");
	if (r == 0 && *old)
		state_drop_name(s, old);
	return r;
}

static void say_waiting(void *data)
{
	const struct minc_ctx *c = data;

	if (c->log)
		c->log("waits for another process that makes or renames a container",
		       c->log_data);
}

void state_lock(const struct minc_ctx *c, int runtime)
{
	/* a directory of ours can be locked */
	(void)io_lock(runtime, LOCK_EX, say_waiting, (void *)c);
}

int state_rename(struct minc_ctx *c, struct state *s, const char *name)
{
	int r;

	state_lock(c, s->runtime);
	r = rename_locked(c, s, name);
	(void)flock(s->runtime, LOCK_UN); /* cannot fail */
	return r;
}
