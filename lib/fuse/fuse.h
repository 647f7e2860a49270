/* SPDX-License-Identifier: MIT */
/*
 * fuse - the server of an ordinary user's image layers: one process and one connection
 * for a container, with the layers as directories "0", "1".. of its root. See fuse(4) and
 * the kernel's filesystems/fuse.rst.
 *
 * A node's number says where it is: the layer and the place of its inode. So the server
 * keeps nothing for what the kernel knows; its caches are bounded, whatever the files
 * say.
 */
#pragma once

#include <linux/fuse.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "squash/squash-content.h"

enum {
	FUSE_REPLY_MAX = 1 << 20, /* of data */
	FUSE_INODES = 64,         /* that a thread keeps */
	FUSE_NODE_SHIFT = 48,
};

/* What a directory holds, in byte order. */
struct fuse_dir {
	uint64_t node;
	unsigned users;
	size_t bytes;
	struct fuse_dir *next, *older, *newer; /* in its bucket, by use */
	struct fuse_entry {
		uint64_t ref;
		uint32_t number;
		uint32_t name; /* where in names */
		uint16_t len;
		uint16_t type; /* DT_* */
	} * entries;
	size_t len, size;
	char *names;
	size_t names_len, names_size;
};

/* The directories used last; see fuse-dir.c. */
struct fuse_dirs {
	pthread_mutex_t lock;
	struct fuse_dir *buckets[1024];
	struct fuse_dir *oldest, *newest;
	size_t bytes;
};

struct fuse_server {
	int fd; /* of the connection */
	struct squash *layers;
	uint64_t layers_len;
	bool xattrs;            /* some layer has some */
	bool single;            /* all is owned by @uid and @gid; else */
	uint32_t uid, gid, ids; /* ids from @ids on are shown as "nobody" */
	struct fuse_dirs dirs;
	struct squash_blocks blocks;
};

/* One of its threads. */
struct fuse_thread {
	struct fuse_server *server;
	struct squash_work work;
	struct {
		uint64_t node; /* 0: none */
		sqfs_inode_generic_t *inode;
	} inodes[FUSE_INODES];
	uint8_t *in, *out;
};

/* Take and give back a directory; the caller's until then. 0 or -errno. */
int fuse_dir_get(struct fuse_thread *t, uint64_t node, struct fuse_dir **ret);
void fuse_dir_put(struct fuse_thread *t, struct fuse_dir *dir);
const struct fuse_entry *fuse_dir_find(const struct fuse_dir *dir, const char *name);

/* @len bytes at @offset of file @node into @buf; how many, or -errno. */
ssize_t fuse_read(struct fuse_thread *t, uint64_t node, uint64_t offset, size_t len,
		  uint8_t *buf);

/* Inode of @node, kept until the thread's next one; -errno. */
int fuse_inode(struct fuse_thread *t, uint64_t node, const sqfs_inode_generic_t **ret);

static inline struct squash *fuse_layer(const struct fuse_server *s, uint64_t node)
{
	const uint64_t n = node >> FUSE_NODE_SHIFT;

	return n >= 1 && n <= s->layers_len ? &s->layers[n - 1] : NULL;
}

static inline uint64_t fuse_node(uint64_t layer, uint64_t ref)
{
	return (layer + 1) << FUSE_NODE_SHIFT | (ref & ((1ull << FUSE_NODE_SHIFT) - 1));
}

/*
 * fuse-jail.c: before there are threads, give up root; when all are there, all other
 * calls.
 */
void fuse_drop_ids(void);
void fuse_jail(void);

/* Answer the request of @len bytes in t->in; false: the connection ends. */
bool fuse_answer(struct fuse_thread *t, size_t len);
