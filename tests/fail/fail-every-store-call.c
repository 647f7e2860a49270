/* SPDX-License-Identifier: MIT */
/*
 * Every system call and every allocation of a change to a store fails once, and the
 * process dies once before each of them. Whatever happened: what is listed is whole, and
 * the same change then succeeds and leaves nothing behind. The linker puts the functions
 * below in the place of libc's (--wrap); jansson is told to use them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "change/subtree.h"
#include "manage/containers.h"
#include "manage/prune.h"
#include "manage/remove.h"
#include "manage/tag.h"
#include "store/find.h"
#include "store/image.h"
#include "store/store-file.h"

enum how { FAIL_NOTHING, FAIL_CALL, DIE_AT_CALL, FAIL_ALLOCATION };

static enum how how;
static int fail_at, count, fail_errno;
static char base[32];

#define CHECK(truth, ...)                                                               \
	do {                                                                            \
		if (!(truth)) {                                                         \
			fprintf(stderr, "line %d, how %d, at %d: ", __LINE__, (int)how, \
				fail_at);                                               \
			fprintf(stderr, __VA_ARGS__);                                   \
			fputc('\n', stderr);                                            \
			exit(1);                                                        \
		}                                                                       \
	} while (0)

static bool call_fails(void)
{
	if ((how != FAIL_CALL && how != DIE_AT_CALL) || ++count != fail_at)
		return false;
	if (how == DIE_AT_CALL)
		raise(SIGKILL);
	errno = fail_errno;
	return true;
}

static bool allocation_fails(void)
{
	if (how != FAIL_ALLOCATION || ++count != fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

#define WRAP(type, name, ...)            \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

WRAP(ssize_t, write, int fd, const void *data, size_t len)
{
	return call_fails() ? -1 : __real_write(fd, data, len);
}

int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	return call_fails() ? -1 : 0; /* nothing here outlives the machine */
}

WRAP(int, linkat, int from, const char *name, int to, const char *other, int flags)
{
	return call_fails() ? -1 : __real_linkat(from, name, to, other, flags);
}

WRAP(int, renameat, int from, const char *name, int to, const char *other)
{
	return call_fails() ? -1 : __real_renameat(from, name, to, other);
}

WRAP(int, unlinkat, int at, const char *name, int flags)
{
	return call_fails() ? -1 : __real_unlinkat(at, name, flags);
}

WRAP(int, mkdirat, int at, const char *name, mode_t mode)
{
	return call_fails() ? -1 : __real_mkdirat(at, name, mode);
}

WRAP(int, flock, int fd, int operation)
{
	return call_fails() ? -1 : __real_flock(fd, operation);
}

WRAP(void *, malloc, size_t size)
{
	return allocation_fails() ? NULL : __real_malloc(size);
}

WRAP(void *, calloc, size_t n, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(n, size);
}

WRAP(void *, realloc, void *p, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(p, size);
}

WRAP(void *, reallocarray, void *p, size_t n, size_t size)
{
	return allocation_fails() ? NULL : __real_reallocarray(p, n, size);
}

WRAP(char *, strdup, const char *s)
{
	return allocation_fails() ? NULL : __real_strdup(s);
}

WRAP(void *, mmap, void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return allocation_fails() ? MAP_FAILED
				  : __real_mmap(at, len, prot, flags, fd, offset);
}

static struct digest digest(unsigned n, char kind)
{
	struct digest ret;

	snprintf(ret.text, sizeof(ret.text), "sha256:%c%063x", kind, n);
	return ret;
}

static int put_layer(struct store *s, const struct digest *diff_id)
{
	struct store_file f;
	char name[80];
	int r = store_file_new(s, "layers", &f);

	if (r < 0)
		return r;
	r = io_write_all(f.fd, "layer", 5);
	snprintf(name, sizeof(name), "%s.sqfs", digest_hex(diff_id));
	if (r == 0)
		return store_file_commit(s, &f, name, false);
	store_file_abandon(&f);
	return err_set(s->err, r, "layer");
}

static int put_blobs(struct store *s, unsigned n, int *ret_len)
{
	struct digest config = digest(n, 'c'), manifest = digest(n, 'a'),
		      diff = digest(n, 'd');
	char text[1000];
	int len, r;

	len = snprintf(text, sizeof(text),
		       "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
		       diff.text);
	r = store_write_blob(s, &config, text, (size_t)len);
	*ret_len = snprintf(
		text, sizeof(text),
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_OCI_CONFIG
		"\",\"digest\":\"%s\",\"size\":%d},\"layers\":[{\"mediaType\":"
		"\"" MEDIA_OCI_LAYER "\",\"digest\":\"%s\",\"size\":3}]}",
		config.text, len, digest(n, 'b').text);
	if (r == 0)
		r = store_write_blob(s, &manifest, text, (size_t)*ret_len);
	return r < 0 ? r : put_layer(s, &diff);
}

/* What an import does at its end. */
static int put(struct store *s, unsigned n, const char *name)
{
	struct digest manifest = digest(n, 'a');
	int len, r = store_share(s);

	if (r < 0)
		return r;
	r = put_blobs(s, n, &len);
	if (r == 0)
		r = store_sync(s);
	if (r == 0)
		r = store_index_add(s, MEDIA_OCI_MANIFEST, &manifest, (uint64_t)len, name,
				    NULL, NULL, NULL);
	store_unshare(s);
	return r;
}

static int add_one(struct store *s)
{
	return put(s, 2, "a");
}

static int tag_one(struct store *s)
{
	struct image *img;
	int r = image_find(s, "a", &img);

	if (r < 0)
		return r;
	r = image_tag(s, img, "other");
	img = image_free(img);
	return r;
}

static int remove_one(struct store *s)
{
	int r = image_remove(s, "a", 0, NULL, NULL);

	return r == -ENOENT ? 0 : r; /* the second time it may be done */
}

static int nothing(const char *what, const char *name, uint64_t bytes, const char *reason,
		   void *data)
{
	return 0;
}

static int prune(struct store *s)
{
	return store_prune(s, MINC_PRUNE_UNUSED | MINC_PRUNE_CONTAINERS, nothing, NULL);
}

/* Of an attempt before. */
static int delete_named(struct store *s, const char *name)
{
	struct minc_kept *k;
	int r = containers_find(s, name, &k);

	if (r < 0) {
		if (r == -ENOENT)
			err_clear(s->err);
		return r == -ENOENT ? 0 : r;
	}
	r = containers_delete(s, k);
	k = containers_free(k);
	return r;
}

static int keep_one(struct store *s)
{
	struct minc_kept *k;
	char *id;
	int r = delete_named(s, "box");

	if (r == 0)
		r = delete_named(s, "box2");
	if (r == 0)
		r = containers_create(s, NULL, "box", "note", &id);
	if (r < 0)
		return r;
	r = containers_find(s, id, &k);
	free(id);
	if (r < 0)
		return r;
	r = containers_rename(s, k, "box2");
	if (r == 0)
		r = containers_delete(s, k);
	k = containers_free(k);
	return r;
}

static const struct {
	const char *name;
	int (*fn)(struct store *s);
} changes[] = { { "add", add_one },
		{ "tag", tag_one },
		{ "remove", remove_one },
		{ "prune", prune },
		{ "container", keep_one } };

static int check_image(struct image *img, void *data)
{
	struct err e = { 0 };

	CHECK(image_whole(img, &e) == 0, "%s: %s", img->name, e.message);
	CHECK(img->mounted_size == 5, "%s: a layer is missing", img->name);
	*(int *)data += 1;
	return 0;
}

static void forbid(const char *line, void *data)
{
	CHECK(false, "%s", line);
}

/* All that is listed is whole; afterwards prune leaves nothing else. */
static void check_store(const char *change)
{
	static const char *const rooms[] = { ".", "layers", "blobs/sha256",
					     "containers" };
	struct err e = { 0 };
	struct store *s;
	int images = 0;

	how = FAIL_NOTHING;
	CHECK(store_open(&e, base, &s) == 0, "%s: %s", change, e.message);
	s->warn = forbid;
	CHECK(image_foreach(s, check_image, &images) == 0, "%s: %s", change, e.message);
	CHECK(store_prune(s, 0, nothing, NULL) == 0, "%s: %s", change, e.message);
	CHECK(image_foreach(s, check_image, &images) == 0, "%s: %s", change, e.message);
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		int fd = openat(s->dir, rooms[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		DIR *list = fd < 0 ? NULL : fdopendir(fd);
		struct dirent *d;

		while (list && (d = readdir(list)))
			CHECK(strncmp(d->d_name, ".tmp", 4) != 0, "%s: left %s", change,
			      d->d_name);
		if (list)
			closedir(list);
	}
	s = store_free(s);
}

static void start_anew(void)
{
	int top = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e = { 0 };
	struct store *s;

	how = FAIL_NOTHING;
	CHECK(subtree_remove(top, base + 5) == 0, "old store");
	close(top);
	CHECK(store_open(&e, base, &s) == 0, "%s", e.message);
	CHECK(put(s, 1, "a") == 0 && put(s, 3, "c") == 0, "%s", e.message);
	s = store_free(s);
}

/* 1: it went through without the fault. */
static int attempt(size_t i, enum how fault)
{
	struct err e = { 0 };
	struct store *s;
	int r;

	count = 0;
	how = fault;
	r = store_open(&e, base, &s);
	if (r == 0) {
		r = changes[i].fn(s);
		how = FAIL_NOTHING;
		s = store_free(s);
	}
	how = FAIL_NOTHING;
	CHECK(r == 0 || *e.message || fault == FAIL_NOTHING, "%s: %d without a message",
	      changes[i].name, r);
	CHECK(r != -ENOMEM || fault == FAIL_ALLOCATION, "%s: out of memory",
	      changes[i].name);
	CHECK(fault != FAIL_NOTHING || r == 0, "%s: %s", changes[i].name, e.message);
	return count < fail_at;
}

static int attempt_in_child(size_t i)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(attempt(i, DIE_AT_CALL) ? 0 : 2);
	CHECK(waitpid(child, &status, 0) == child, "waitpid");
	CHECK(WIFSIGNALED(status) || status == 0, "status %x", status);
	return status == 0;
}

static int run(size_t i, enum how fault, int error)
{
	int done = 0, tries = 0;

	fail_errno = error;
	for (fail_at = 1; !done; fail_at++) {
		start_anew();
		done = fault == DIE_AT_CALL ? attempt_in_child(i) : attempt(i, fault);
		check_store(changes[i].name);
		(void)attempt(i, FAIL_NOTHING); /* it checks that it succeeds */
		check_store(changes[i].name);
		tries++;
	}
	return tries;
}

int main(void)
{
	int top;

	json_set_alloc_funcs(__wrap_malloc, free);
	strcpy(base, "/tmp/minc-faults-XXXXXX");
	CHECK(mkdtemp(base), "mkdtemp");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		int full = run(i, FAIL_CALL, ENOSPC), broken = run(i, FAIL_CALL, EIO);
		int deaths = run(i, DIE_AT_CALL, 0),
		    allocations = run(i, FAIL_ALLOCATION, 0);

		printf("%s: %d calls fail with ENOSPC, %d with EIO, %d deaths, %d allocations\n",
		       changes[i].name, full, broken, deaths, allocations);
		CHECK(full > 1 && broken > 1 && deaths > 1 && allocations > 1,
		      "%s: nothing has failed", changes[i].name);
	}
	top = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(subtree_remove(top, base + 5) == 0, "the end");
	close(top);
	return 0;
}
