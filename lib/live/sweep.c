/* SPDX-License-Identifier: MIT */
/*
 * sweep - what starts and monitors left that were killed: directories of containers that
 * are nobody's, and names of such. Done by every start, under the lock on the runtime
 * directory; see state.h.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/lease.h"
#include "live/state.h"

enum { SWEEP_MAX = 32 };

/*
 * Whether nobody keeps @id any more. Its lease is a file in the directory, for that is
 * what the monitor hands on; and what is kept of a container that has ended stays, so it
 * is not swept as a whole.
 */
static bool is_abandoned(int runtime, const char *id)
{
	char path[STATE_ID_LEN + sizeof("/lock")];
	int r;

	snprintf(path, sizeof(path), "%s/lock", id);
	r = lease_look(runtime, path);
	return r == 0 || r == -ENOENT;
}

/* Remove @id if its start failed in the middle, or it was to be forgotten at its end. */
void state_sweep_one(int runtime, const char *path, const char *id)
{
	struct state *s;
	struct stat st;

	if (!is_abandoned(runtime, id))
		return;
	s = state_new(path, id);
	if (s && state_open(s, runtime) == 0 &&
	    (fstatat(s->dir, "state.json", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	     (fstatat(s->dir, "status", &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	      fstatat(s->dir, "auto-remove", &st, AT_SYMLINK_NOFOLLOW) == 0)))
		state_remove(s);
	state_free(s);
}

/*
 * A start or a rename that was killed in the middle may leave a name that leads nowhere.
 */
static void sweep_name(int runtime, const char *path, const char *name)
{
	char link[sizeof("names/") + NAME_MAX], target[STATE_ID_LEN + 2];
	struct stat st;
	ssize_t n;

	snprintf(link, sizeof(link), "names/%s", name);
	n = readlinkat(runtime, link, target, sizeof(target) - 1);
	if (n < 0)
		return;
	target[n] = '\0';
	if (state_is_id(target) &&
	    fstatat(runtime, target, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		(void)unlinkat(runtime, link, 0); /* or the next start does it */
}

typedef void sweep_fn(int runtime, const char *path, const char *name);

/* Every @slices-th entry of @dir, from the @slice-th on. */
static void sweep_slice(int runtime, const char *path, const char *dir, unsigned slice,
			unsigned slices, sweep_fn *fn)
{
	DIR *list = io_open_list(runtime, dir);
	unsigned n = 0;
	struct dirent *d;

	if (!list)
		return;
	while ((d = readdir(list)))
		if ((fn == state_sweep_one ? state_is_id(d->d_name)
					   : d->d_name[0] != '.') &&
		    n++ % slices == slice)
			fn(runtime, path, d->d_name);
	closedir(list);
}

/*
 * At most SWEEP_MAX of them, others each time: a start must not grow with their number.
 */
void state_sweep(int runtime, const char *path)
{
	unsigned slice = 0, slices;
	struct stat st;

	slices = fstat(runtime, &st) == 0 ? (unsigned)st.st_nlink / SWEEP_MAX + 1 : 1;
	if (slices > 1 &&
	    getrandom(&slice, sizeof(slice), GRND_NONBLOCK) == sizeof(slice))
		slice %= slices;
	else
		slice = 0;
	sweep_slice(runtime, path, ".", slice, slices, state_sweep_one);
	sweep_slice(runtime, path, "names", slice, slices, sweep_name);
}
