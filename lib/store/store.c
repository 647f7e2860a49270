/* SPDX-License-Identifier: MIT */
/* store - the directory and its locks; see store.h. */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/owner.h"
#include "base/str.h"
#include "store/default-place.h"
#include "store/discard.h"
#include "store/store-file.h"
#include "json/json-text.h"

enum { LAYOUT_MAX_BYTES = 4096 };

static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
const char store_no_images[] =
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[]}";
static const char *const rooms[] = { "blobs", STORE_BLOBS, "layers", "signatures",
				     "containers" };

/* Without a layout file: empty, or a process makes it just now, or was killed then. */
static int check_unmarked(struct store *s)
{
	static const char *const ours[] = { "blobs",          "layers",      "signatures",
					    "containers",     "volumes",     STORE_LOCK,
					    STORE_INDEX_LOCK, "index.json",  "oci-layout",
					    "policy.json",    STORE_OLD_LOCK };
	DIR *list = io_open_list(s->dir, ".");
	struct dirent *d;
	int r = 0;

	if (!list)
		return err_set(s->err, -errno, "store %s", s->path);
	while (r == 0 && (d = readdir(list))) {
		size_t i = 0;

		if (d->d_name[0] == '.')
			continue;
		while (i < sizeof(ours) / sizeof(ours[0]) &&
		       !str_equal(ours[i], d->d_name))
			i++;
		if (i == sizeof(ours) / sizeof(ours[0]))
			r = err_say(s->err, -EBADMSG,
				    "store %s: holds something else: %s", s->path,
				    d->d_name);
	}
	closedir(list);
	return r;
}

static int check_layout(struct store *s)
{
	char *text;
	size_t len;
	json_t *o;
	const char *version;
	int r = io_read_own_file(s->dir, "oci-layout", LAYOUT_MAX_BYTES, &text, &len);

	if (r == -ENOENT)
		return check_unmarked(s);
	if (r < 0)
		return err_set(s->err, r, "store %s: oci-layout", s->path);
	r = json_text_read(text, len, &o, NULL);
	free(text);
	if (r == -ENOMEM)
		return err_set(s->err, r, "store %s: oci-layout", s->path);
	if (r < 0)
		return err_say(s->err, r, "store %s: oci-layout: damaged", s->path);
	version = json_string_value(json_object_get(o, "imageLayoutVersion"));
	if (!version)
		r = err_say(s->err, -EBADMSG, "store %s: oci-layout: damaged", s->path);
	else if (!str_starts_with(version, "1."))
		r = err_say(s->err, -EBADMSG,
			    "store %s: oci-layout: version %s is not known", s->path,
			    version);
	json_decref(o);
	return r;
}

/* Absolute from the first look on, whatever directory the caller changes to. */
static int set_path(struct store *s, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return err_set(s->err, -ENOMEM, "store");
	free(s->path);
	s->path = copy;
	return 0;
}

int store_look(struct store *s)
{
	struct owner_place place;
	char what[STORE_WHAT_MAX];
	int r;

	if (s->dir >= 0)
		return 0;
	r = owner_resolve(s->err, store_what(s, what), s->path, &place);
	if ((r == 0 || r == -ENOENT) && set_path(s, place.path) < 0)
		return -ENOMEM;
	if (r < 0)
		return r;
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->dir < 0) {
		s->dir = -EBADF;
		return err_set(s->err, -errno, "store %s", s->path);
	}
	r = store_check_owner(s);
	if (r == 0)
		r = check_layout(s);
	if (r < 0)
		fd_closep(&s->dir);
	return r;
}

int store_open(struct err *err, const char *path, struct store **ret)
{
	struct store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(err, -ENOMEM, "store");
	s->err = err;
	s->dir = s->lock = s->index_lock = -EBADF;
	if (path) {
		s->path = strdup(path);
		r = s->path ? 0 : err_set(err, -ENOMEM, "store");
	} else {
		r = place_default(err, &s->path);
	}
	if (r == 0)
		r = store_look(s);
	/* one that is not there yet is made when it is first written to */
	if (r < 0 && (r != -ENOENT || !s->path)) {
		(void)store_free(s); /* returns NULL */
		return r;
	}
	*ret = s;
	return 0;
}

struct store *store_free(struct store *s)
{
	if (!s)
		return NULL;
	fd_closep(&s->dir);
	fd_closep(&s->lock);
	fd_closep(&s->index_lock);
	free(s->path);
	free(s);
	return NULL;
}

static int make_parents(const char *path)
{
	cleanup_free char *p = strdup(path);

	if (!p)
		return -ENOMEM;
	for (char *slash = strchr(p + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(p, 0755) < 0 && errno != EEXIST && errno != EROFS &&
		    errno != EACCES)
			return -errno;
		*slash = '/';
	}
	return mkdir(p, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int make_file(struct store *s, const char *name, const char *text)
{
	return faccessat(s->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0
		       ? 0
		       : store_put(s, "", name, text, strlen(text), false);
}

static int open_lock(struct store *s)
{
	if (s->lock < 0)
		s->lock = openat(s->dir, STORE_LOCK,
				 O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
				 0600);
	if (s->lock >= 0)
		return 0;
	s->lock = -EBADF;
	return err_set(s->err, -errno, "store %s: " STORE_LOCK, s->path);
}

int store_make(struct store *s)
{
	int r = store_look(s);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r < 0) {
		r = make_parents(s->path);
		if (r < 0)
			return err_set(s->err, r, "store %s", s->path);
		r = store_look(s);
		if (r < 0)
			return r == -ENOENT ? err_set(s->err, r, "store %s", s->path) : r;
	}
	if (s->foreign)
		return err_say(s->err, -EPERM,
			       "store %s: belongs to root: it can only be read", s->path);
	if (faccessat(s->dir, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    s->lock >= 0)
		return 0; /* made, or checked, before */
	r = store_close_new(s);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++)
		if (mkdirat(s->dir, rooms[i],
			    str_equal(rooms[i], "containers") ? 0700 : 0755) < 0 &&
		    errno != EEXIST)
			return err_set(s->err, -errno, "store %s: %s", s->path, rooms[i]);
	r = open_lock(s);
	if (r == 0)
		r = make_file(s, "index.json", store_no_images);
	return r < 0 ? r : make_file(s, "oci-layout", layout);
}

static void say_waiting(void *data)
{
	const struct store *s = data;
	char line[PATH_MAX + 64];

	if (!s->warn)
		return;
	snprintf(line, sizeof(line), "store %s: waits for another process that uses it",
		 s->path);
	s->warn(line, s->warn_data);
}

static int lock(struct store *s, int fd, int how)
{
	if (how & (LOCK_NB | LOCK_UN))
		return flock(fd, how) < 0 ? -errno : 0; /* neither waits */
	return io_lock(fd, how, say_waiting, s);
}

int store_lock_names(struct store *s, int fd)
{
	return lock(s, fd, LOCK_EX);
}

/* Remove what killed processes left; nobody else writes now. */
static void sweep(struct store *s)
{
	static const char *const places[] = { ".", STORE_BLOBS, "layers", "signatures",
					      "containers" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		DIR *list = io_open_list(s->dir, places[i]);
		struct dirent *d;

		while (list && (d = readdir(list)))
			if (str_starts_with(d->d_name, STORE_TEMPORARY))
				/* or the next sweep does */
				(void)discard(NULL, dirfd(list), d->d_name);
		if (list)
			closedir(list);
	}
}

int store_share(struct store *s)
{
	int r;

	if (s->shared > 0) {
		s->shared++;
		return 0;
	}
	r = store_make(s);
	if (r < 0)
		return r;
	if (lock(s, s->lock, LOCK_EX | LOCK_NB) == 0)
		sweep(s);
	r = lock(s, s->lock, LOCK_SH);
	if (r < 0)
		return err_set(s->err, r, "store %s: " STORE_LOCK, s->path);
	s->shared = 1;
	return 0;
}

void store_unshare(struct store *s)
{
	if (s->shared > 0 && --s->shared == 0)
		(void)lock(s, s->lock, LOCK_UN); /* closing it would do it too */
}

static int own(struct store *s, int how)
{
	int r;

	if (s->shared > 0)
		return err_say(s->err, -EDEADLK, "store %s: is being written to",
			       s->path);
	r = store_make(s);
	if (r < 0)
		return r;
	r = lock(s, s->lock, how);
	if (r == -EWOULDBLOCK)
		return r;
	if (r < 0)
		return err_set(s->err, r, "store %s: " STORE_LOCK, s->path);
	s->owned = true;
	return 0;
}

int store_own_now(struct store *s)
{
	return own(s, LOCK_EX | LOCK_NB);
}

int store_own_unswept(struct store *s)
{
	return own(s, LOCK_EX);
}

int store_own(struct store *s)
{
	int r = own(s, LOCK_EX);

	if (r == 0)
		sweep(s);
	return r;
}

void store_disown(struct store *s)
{
	s->owned = false;
	(void)lock(s, s->lock, LOCK_UN); /* closing it would do it too */
}

int store_lock_index(struct store *s)
{
	int r;

	s->index_lock =
		openat(s->dir, STORE_INDEX_LOCK,
		       O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	r = s->index_lock < 0 ? -errno : lock(s, s->index_lock, LOCK_EX);
	if (r < 0)
		/* returns @r */
		(void)err_set(s->err, r, "store %s: " STORE_INDEX_LOCK, s->path);
	return r;
}

void store_unlock_index(struct store *s)
{
	fd_closep(&s->index_lock);
}
