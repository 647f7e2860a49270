/* SPDX-License-Identifier: MIT */
/* store-file - see store-file.h. */
#include "store/store-file.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"

/* Before 1.2.5 musl does not declare it (base/renameat2.c). */
int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);

void store_temporary(char ret[64])
{
	unsigned long long random = 0;

	/* not a secret: O_EXCL and the kernel's answer are what counts */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (unsigned long long)(uintptr_t)ret;
	snprintf(ret, 64, STORE_TEMPORARY "%d-%016llx", (int)getpid(), random);
}

/* The answers of file systems and kernels without O_TMPFILE. */
static bool lacks_tmpfile(int error)
{
	return error == EOPNOTSUPP || error == EISDIR || error == EINVAL ||
	       error == ENOSYS || error == ENOENT;
}

/* It gets its name by way of /proc: without that, it needs one from the beginning. */
static int open_unnamed(int at)
{
	if (access("/proc/self/fd", X_OK) < 0) {
		errno = ENOENT;
		return -1;
	}
	return openat(at, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
}

int store_file_new(struct store *s, const char *where, struct store_file *ret)
{
	cleanup_close int at =
		openat(s->dir, *where ? where : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct store_file f = { .fd = -EBADF, .at = -EBADF };

	if (at < 0)
		return err_set(s->err, -errno, "store %s: %s", s->path, where);
	f.fd = open_unnamed(at);
	for (int i = 0;
	     f.fd < 0 && (i == 0 ? lacks_tmpfile(errno) : errno == EEXIST) && i < 100;
	     i++) {
		store_temporary(f.name);
		f.fd = openat(at, f.name,
			      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	}
	if (f.fd < 0)
		return err_set(s->err, -errno, "store %s: a file in %s", s->path,
			       *where ? where : "it");
	f.at = take_fd(&at);
	*ret = f;
	return 0;
}

/* O_TMPFILE: give it a name, which must be free. */
static int link_file(const struct store_file *f, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd);
	return linkat(AT_FDCWD, path, f->at, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/*
 * One with a temporary name. Where there are no links (vfat): by a rename that replaces
 * nothing, if the file system has that.
 */
static int rename_file(struct store_file *f, const char *name)
{
	int r = linkat(f->at, f->name, f->at, name, 0) < 0 ? -errno : 0;

	if (r != -EPERM && r != -EOPNOTSUPP && r != -ENOSYS && r != -EMLINK)
		return r; /* the temporary name is removed afterwards */
	r = renameat2(f->at, f->name, f->at, name, RENAME_NOREPLACE) < 0 ? -errno : 0;
	if (r == -EINVAL || r == -ENOSYS)
		r = faccessat(f->at, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? -EEXIST
		    : renameat(f->at, f->name, f->at, name) < 0            ? -errno
									   : 0;
	if (r == 0)
		*f->name = '\0'; /* it is @name now: nothing is left to remove */
	return r;
}

static int publish(struct store_file *f, const char *name, bool replace)
{
	int r;

	if (!replace) {
		r = *f->name ? rename_file(f, name) : link_file(f, name);
		return r == -EEXIST ? 0 : r;
	}
	if (!*f->name) {
		store_temporary(f->name);
		r = link_file(f, f->name);
		if (r < 0) {
			*f->name = '\0';
			return r;
		}
	}
	r = renameat(f->at, f->name, f->at, name) < 0 ? -errno : 0;
	if (r == 0)
		*f->name = '\0'; /* it is @name now: nothing is left to remove */
	return r;
}

int store_file_commit(struct store *s, struct store_file *f, const char *name,
		      bool replace)
{
	int r = fsync(f->fd) < 0 ? -errno : publish(f, name, replace);

	store_file_abandon(f);
	return r < 0 ? err_set(s->err, r, "store %s: %s", s->path, name) : 0;
}

void store_file_abandon(struct store_file *f)
{
	if (*f->name && f->at >= 0)
		(void)unlinkat(f->at, f->name, 0); /* the next sweep tries again */
	*f->name = '\0';
	fd_closep(&f->fd);
	fd_closep(&f->at);
}

int store_put(struct store *s, const char *where, const char *name, const void *data,
	      size_t len, bool replace)
{
	struct store_file f;
	int r = store_file_new(s, where, &f);

	if (r < 0)
		return r;
	r = io_write_all(f.fd, data, len);
	if (r == 0)
		return store_file_commit(s, &f, name, replace);
	store_file_abandon(&f);
	return err_set(s->err, r, "store %s: %s", s->path, name);
}

int store_scratch(struct store *s)
{
	struct store_file f;
	int fd, r = store_file_new(s, "", &f);

	if (r < 0)
		return r;
	if (*f.name && unlinkat(f.at, f.name, 0) < 0)
		r = err_set(s->err, -errno, "store %s: %s", s->path, f.name);
	else
		*f.name = '\0';
	fd = r < 0 ? r : take_fd(&f.fd);
	store_file_abandon(&f);
	return fd;
}

int store_sync_dir(struct store *s, const char *name)
{
	cleanup_close int fd = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0; /* another tool's layout: nothing of ours is there */
	return fd < 0 || fsync(fd) < 0
		       ? err_set(s->err, -errno, "store %s: %s", s->path, name)
		       : 0;
}

int store_sync(struct store *s)
{
	int r = store_sync_dir(s, STORE_BLOBS);

	if (r == 0)
		r = store_sync_dir(s, "layers");
	return r < 0 ? r : store_sync_dir(s, "signatures");
}

static int open_file(struct store *s, const char *path, uint64_t *ret_size)
{
	cleanup_close int fd = -EBADF;
	struct stat st;

	if (store_look(s) < 0)
		return -ENOENT;
	fd = openat(s->dir, path,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? -EBADMSG : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	if (ret_size)
		*ret_size = (uint64_t)st.st_size;
	return take_fd(&fd);
}

void store_blob_path(const char *hex, char ret[STORE_PATH_LEN])
{
	snprintf(ret, STORE_PATH_LEN, STORE_BLOBS "/%.64s", hex);
}

void store_layer_path(const char *hex, char ret[STORE_PATH_LEN])
{
	snprintf(ret, STORE_PATH_LEN, "layers/%.64s.sqfs", hex);
}

int store_open_blob(struct store *s, const struct digest *d, uint64_t *ret_size)
{
	char path[STORE_PATH_LEN];

	store_blob_path(digest_hex(d), path);
	return open_file(s, path, ret_size);
}

int store_open_layer(struct store *s, const struct digest *diff_id, uint64_t *ret_size)
{
	char path[STORE_PATH_LEN];

	store_layer_path(digest_hex(diff_id), path);
	return open_file(s, path, ret_size);
}

bool store_has_blob(struct store *s, const struct digest *d, uint64_t size)
{
	uint64_t bytes = 0;
	cleanup_close int fd = store_open_blob(s, d, &bytes);

	if (fd < 0)
		err_clear(s->err);
	return fd >= 0 && bytes == size;
}

bool store_has_layer(struct store *s, const struct digest *diff_id)
{
	cleanup_close int fd = store_open_layer(s, diff_id, NULL);

	if (fd < 0)
		err_clear(s->err);
	return fd >= 0;
}

int store_read_blob(struct store *s, struct arena *a, const struct digest *d,
		    const char **ret, size_t *ret_len)
{
	cleanup_close int fd = -EBADF;
	cleanup_free char *text = NULL;
	uint64_t size = 0;
	char *copy;
	size_t len;
	int r;

	fd = store_open_blob(s, d, &size);
	r = fd < 0                    ? fd
	    : size > CONTENT_JSON_MAX ? -EFBIG
				      : io_read_all(fd, CONTENT_JSON_MAX, &text, &len);
	if (r < 0)
		return err_set(s->err, r, "blob %s", digest_hex(d));
	copy = arena_alloc(a, len + 1);
	if (!copy)
		return err_set(s->err, -ENOMEM, "blob %s", digest_hex(d));
	memcpy(copy, text, len);
	*ret = copy;
	*ret_len = len;
	return 0;
}

int store_write_blob(struct store *s, const struct digest *d, const void *data,
		     size_t len)
{
	uint64_t size = 0;
	cleanup_close int old = store_open_blob(s, d, &size);

	if (old >= 0 && size == len)
		return 0; /* whoever wrote it has synced it */
	err_clear(s->err);
	return store_put(s, STORE_BLOBS, digest_hex(d), data, len, old != -ENOENT);
}

int store_blob_commit(struct store *s, struct store_file *f, const struct digest *d)
{
	uint64_t size = 0;
	cleanup_close int old = store_open_blob(s, d, &size);
	bool damaged = old < 0 && old != -ENOENT;
	struct stat st;

	if (old < 0)
		err_clear(s->err);
	else if (fstat(f->fd, &st) == 0)
		damaged = size != (uint64_t)st.st_size;
	return store_file_commit(s, f, digest_hex(d), damaged);
}
