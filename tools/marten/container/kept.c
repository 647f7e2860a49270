/* SPDX-License-Identifier: MIT */
/* kept - see kept.h. */
#include "kept.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "starting.h"

enum { RELEASE_TRIES = 400 /* two seconds */, GRACE_MS = 10000 };

struct kept *kept_free(struct kept *k)
{
	if (!k)
		return NULL;
	if (k->recipe.text)
		recipe_done(&k->recipe);
	free(k->name);
	free(k->dir);
	free(k->digest);
	free(k);
	return NULL;
}

static struct kept *copy(const minc_kept *from)
{
	struct kept *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	(void)snprintf(k->id, sizeof(k->id), "%s", minc_kept_id(from));
	k->name = strdup(minc_kept_name(from));
	k->dir = strdup(minc_kept_dir(from));
	k->digest = strdup(minc_kept_image(from));
	k->created_ms = minc_kept_created_ms(from);
	k->readable = recipe_read(minc_kept_note(from), &k->recipe);
	return k->name && k->dir && k->digest ? k : kept_free(k);
}

/* Beside the storage of one whose files were there before its command. */
static const char mark_name[] = "created";

static bool has_file(const struct kept *k, const char *name)
{
	char path[4200];

	(void)snprintf(path, sizeof(path), "%s/%s", k->dir, name);
	return access(path, F_OK) == 0;
}

bool kept_has_storage(const struct kept *k)
{
	return has_file(k, "storage");
}

bool kept_has_run(const struct kept *k)
{
	return kept_has_storage(k) && !has_file(k, mark_name);
}

/* By proc_locks(5): trying flock(2) could be in the way of a start at this moment. */
bool kept_in_use(const struct kept *k)
{
	unsigned long long inode;
	unsigned on[2], own[2];
	bool found = false;
	char line[256];
	struct stat st;
	FILE *f = stat(k->dir, &st) < 0 ? NULL : fopen("/proc/locks", "re");

	if (!f)
		return false;
	own[0] = major(st.st_dev);
	own[1] = minor(st.st_dev);
	while (!found && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*u: FLOCK %*s WRITE %*d %x:%x:%llu", &on[0], &on[1],
			   &inode) == 3)
			found = inode == st.st_ino &&
				((on[0] == own[0] && on[1] == own[1]) ||
				 /* btrfs: each subvolume is another */
				 (on[0] == 0 && own[0] == 0));
	(void)fclose(f); /* only read */
	return found;
}

void kept_complete_stop(struct call *call, const struct kept *k, int *signal,
			int *grace_ms)
{
	minc_image *image;

	if (k && !*signal)
		*signal = k->recipe.stop_signal;
	if (k && *grace_ms == GRACE_UNSAID)
		*grace_ms = k->recipe.stop_grace_ms;
	if (k && !*signal && *k->digest &&
	    minc_image_find(call->store, k->digest, &image) == 0) {
		(void)read_signal(signal, minc_image_stop_signal(image)); /* or "" */
		minc_image_free(image);
	}
	if (!*signal)
		*signal = SIGTERM;
	if (*grace_ms == GRACE_UNSAID)
		*grace_ms = GRACE_MS;
}

int kept_mark_created(const struct kept *k, bool created)
{
	int dir = open(k->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1, r = 0;

	if (dir < 0)
		return -errno;
	if (created)
		fd = openat(dir, mark_name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			    0600);
	if (created ? fd < 0 : unlinkat(dir, mark_name, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (fd >= 0)
		(void)close(fd); /* empty */
	(void)close(dir);        /* only looked at */
	return r;
}

/* What minc_store_containers() visits may not be changed meanwhile. */
static int note(minc_kept *from, void *userdata)
{
	struct kept_list *list = userdata;
	struct kept **more = list->len % 64
				     ? list->v
				     : realloc(list->v, (list->len + 64) * sizeof(*more));
	struct kept *k = more ? copy(from) : NULL;

	if (more)
		list->v = more;
	if (!k)
		return -ENOMEM;
	more[list->len++] = k;
	return 0;
}

/* 0: its state is gone, as it has ended; -EBUSY: it has not; -ENOENT: there was none. */
static int forget_state(struct call *call, const char *id)
{
	minc_container *ct;
	int r = minc_open(call->c, id, &ct), state;

	if (r < 0)
		return r;
	state = minc_container_state(ct);
	if (state == MINC_STATE_RUNNING || state == MINC_STATE_PAUSED)
		r = -EBUSY;
	else /* its monitor does the same in a moment, unless it was killed */
		r = minc_delete(call->c, ct, 0);
	minc_container_free(ct);
	return r;
}

/*
 * It was to be removed at its end, and has ended, or the process that made it was killed
 * before its start.
 */
static bool is_left_over(struct call *call, const struct kept *k)
{
	int r;

	if (!k->readable || !k->recipe.remove)
		return false;
	r = forget_state(call, k->id);
	if (r == 0)
		return true;
	return r == -ENOENT &&
	       (kept_has_run(k) ||
		(k->recipe.starting &&
		 starting_has_died(minc_store_path(call->store), k->recipe.starting)));
}

/* Remove it if it is left over; one that is being started is locked, and stays. */
static bool sweep(struct call *call, const struct kept *k)
{
	minc_kept *found;
	int r = is_left_over(call, k) ? minc_store_container(call->store, k->id, &found)
				      : -EBUSY;

	if (r < 0)
		return false;
	r = minc_store_delete(call->store, found);
	minc_kept_free(found);
	return r == 0;
}

/* -ENOSYS: images are not built in, and so there are no containers of images. */
static int open_quietly(struct call *call)
{
	int r = call->store ? 0 : minc_store_open(call->c, call->store_dir, &call->store);

	if (r < 0)
		call->store = NULL;
	if (r < 0 && r != -ENOSYS)
		warn_line(minc_error_message(call->c), NULL);
	return r;
}

int kept_list(struct call *call, struct kept_list *ret)
{
	size_t i, len = 0;
	int r = open_quietly(call);

	*ret = (struct kept_list){ .v = NULL };
	if (r < 0)
		return r == -ENOSYS ? 0 : r;
	r = minc_store_containers(call->store, note, ret);
	if (r < 0 && r != -ENOSYS)
		warn_line(minc_error_message(call->c), NULL);
	for (i = 0; i < ret->len; i++)
		if (sweep(call, ret->v[i]))
			kept_free(ret->v[i]);
		else
			ret->v[len++] = ret->v[i];
	ret->len = len;
	starting_sweep(minc_store_path(call->store));
	return r == -ENOSYS ? 0 : r;
}

void kept_list_done(struct kept_list *list)
{
	size_t i;

	for (i = 0; i < list->len; i++)
		kept_free(list->v[i]);
	free(list->v);
}

struct kept *kept_list_find(const struct kept_list *list, const char *id)
{
	size_t i;

	for (i = 0; i < list->len; i++)
		if (strcmp(list->v[i]->id, id) == 0)
			return list->v[i];
	return NULL;
}

struct kept *kept_list_named(const struct kept_list *list, const char *name)
{
	struct kept *found = kept_list_find(list, name);
	size_t len = strlen(name), i;
	int matches = 0;

	for (i = 0; i < list->len && !found; i++)
		if (*name && strcmp(list->v[i]->name, name) == 0)
			found = list->v[i];
	if (found)
		return found;
	for (i = 0; i < list->len && *name; i++)
		if (strncmp(list->v[i]->id, name, len) == 0) {
			found = list->v[i];
			matches++;
		}
	return matches == 1 ? found : NULL;
}

struct kept *kept_find(struct call *call, const char *name)
{
	struct kept *k = NULL;
	minc_kept *found;

	if (open_quietly(call) < 0 || minc_store_container(call->store, name, &found) < 0)
		return NULL;
	k = copy(found);
	minc_kept_free(found);
	return k && sweep(call, k) ? kept_free(k) : k;
}

static const struct timespec moment = { .tv_nsec = 5000000 };

/* Who runs it holds an flock(2) on its directory; see mincs-store(5). */
void kept_await_end(struct call *call, const char *name)
{
	struct kept *k = kept_find(call, name);
	int fd = k ? open(k->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, i;

	for (i = 0; fd >= 0 && i < RELEASE_TRIES && flock(fd, LOCK_SH | LOCK_NB) < 0; i++)
		(void)nanosleep(&moment, NULL);
	if (fd >= 0)
		(void)close(fd); /* only looked at */
	kept_free(k);
}

void kept_release_name(struct call *call, const char *name)
{
	int i;

	for (i = 0; i < RELEASE_TRIES; i++) {
		struct kept *k = kept_find(call, name);
		bool leaving = k && is_left_over(call, k);

		kept_free(k);
		if (!leaving)
			return;
		(void)nanosleep(&moment, NULL); /* its monitor is on its way out */
	}
}

bool has_kept(struct call *call, const char *name)
{
	struct kept *k = kept_find(call, name);
	bool found = k;

	kept_free(k);
	return found;
}

int say_unknown(struct call *call, const char *name)
{
	return minc_error_code(call->c) == -ENOENT ? say_absent(call, name)
						   : fail_library(call);
}

int say_absent(struct call *call, const char *name)
{
	return has_kept(call, name) ? fail_say("%.64s: it is not running", name)
				    : fail_say("%.64s: no such container", name);
}
