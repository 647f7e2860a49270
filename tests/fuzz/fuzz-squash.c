/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry: a layer of an image, which anybody may have written. What the FUSE
 * server does with it: every directory, link, attribute and file is read, up to a limit;
 * and the tree that other verbs make of it.
 * Nothing may crash or leak, and no memory beyond the buffers may be touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuse/fuse.h"
#include "plan/image-file.h"
#include "squash/squash-tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NODES_MAX = 64, READS_MAX = 8, DEPTH_MAX = 6 };

struct visit {
	struct fuse_thread *thread;
	unsigned nodes;
};

static int visit_xattr(const char *key, const void *value, size_t len, void *data)
{
	volatile size_t sum = strlen(key);

	(void)data;
	for (size_t i = 0; i < len; i++)
		sum += ((const uint8_t *)value)[i];
	(void)sum; /* it was read: a sanitizer has seen it */
	return 0;
}

static void read_file(struct fuse_thread *t, uint64_t node, uint64_t size)
{
	static const uint64_t offsets[] = { 0, 1, 4095, 4096, 131072, 131073 };

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		ssize_t n = fuse_read(t, node, offsets[i], 1 << 16, t->out);

		if (n > (ssize_t)(1 << 16) || (n > 0 && offsets[i] + (uint64_t)n > size))
			abort();
	}
	(void)fuse_read(t, node, size - 1, 4096, t->out); /* the end, whatever it is */
}

static void visit(struct visit *v, uint64_t node, unsigned depth)
{
	struct squash *s = fuse_layer(v->thread->server, node);
	const sqfs_inode_generic_t *inode;
	struct fuse_dir *dir;
	const char *link;
	struct stat st;
	size_t len;

	if (v->nodes++ > NODES_MAX || fuse_inode(v->thread, node, &inode) < 0)
		return;
	if (squash_stat(s, inode, &st) < 0)
		return;
	if (squash_link(inode, &link, &len) == 0 && len > 0 && !link[len - 1])
		abort();
	(void)squash_xattrs(s, inode, visit_xattr, NULL); /* a damaged one is refused */
	if (S_ISREG(st.st_mode))
		read_file(v->thread, node, (uint64_t)st.st_size);
	if (!S_ISDIR(st.st_mode) || depth > DEPTH_MAX ||
	    fuse_dir_get(v->thread, node, &dir) < 0)
		return;
	for (size_t i = 0; i < dir->len && i < NODES_MAX; i++) {
		const char *name = dir->names + dir->entries[i].name;

		if (strchr(name, '/') || fuse_dir_find(dir, name) != &dir->entries[i])
			abort();
		visit(v, fuse_node(0, dir->entries[i].ref), depth + 1);
	}
	fuse_dir_put(v->thread, dir);
}

static void done(struct fuse_thread *t)
{
	struct fuse_dir *next;

	for (struct fuse_dir *d = t->server->dirs.oldest; d; d = next) {
		next = d->newer;
		if (d->users)
			abort();
		free(d->entries);
		free(d->names);
		free(d);
	}
	for (size_t i = 0; i < FUSE_INODES; i++)
		sqfs_free(t->inodes[i].inode);
	squash_blocks_done(&t->server->blocks);
	squash_work_done(&t->work);
	free(t->out);
}

static void read_database(const uint8_t *data, size_t size)
{
	char path[] = "/tmp/fuzz-squash.XXXXXX";
	const char *const layers[] = { path };
	struct err e = { 0 };
	char *text = NULL;
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)close(fd); /* it is read by its name */
	if (image_file_read(layers, 1, "etc/passwd", 1 << 16, &e, &text) == 0 && !text)
		abort();
	free(text);
	(void)unlink(path); /* our own */
}

/* As an export or a comparison does. */
static void read_tree(int fd)
{
	struct squash_reader *reader;
	struct err e = { 0 };

	if (squash_reader_open(&e, "layer", &fd, 1, true, &reader) == 0)
		squash_reader_close(reader);
	else if (!*e.message)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("layer", MFD_CLOEXEC);
	struct squash s;
	struct fuse_server server = { .fd = -EBADF, .layers = &s, .layers_len = 1 };
	struct fuse_thread t = { .server = &server };
	struct visit v = { .thread = &t };
	struct err e = { 0 };

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	read_database(data, size);
	read_tree(fd);
	if (squash_open(&s, fd, "layer", &e) < 0) {
		if (!*e.message)
			abort();
		(void)close(fd); /* only read */
		return 0;
	}
	(void)pthread_mutex_init(&server.dirs.lock, NULL); /* cannot fail on Linux */
	squash_blocks_init(&server.blocks, s.super.block_size, 4 * s.super.block_size);
	t.out = malloc(FUSE_REPLY_MAX);
	if (!t.out)
		abort();
	visit(&v, fuse_node(0, squash_root(&s)), 0);
	done(&t);
	squash_close(&s);
	(void)close(fd); /* only read */
	return 0;
}
