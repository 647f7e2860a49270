/* SPDX-License-Identifier: MIT */
/* fuse-answer - one request and its answer; see fuse.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <sqfs/inode.h>

#include "base/str.h"
#include "fuse/fuse.h"

enum { BLOCK_BYTES = 4096, NOBODY = 65534, INODE_CACHED_MAX = 1 << 20 };

/* Nothing ever changes: the kernel need not ask twice. */
static const uint64_t forever = UINT64_MAX >> 2;

static const struct fuse_in_header *header(const struct fuse_thread *t)
{
	return (const struct fuse_in_header *)t->in;
}

static const void *argument(const struct fuse_thread *t)
{
	return t->in + sizeof(struct fuse_in_header);
}

/* False if the connection is gone. */
static bool reply(struct fuse_thread *t, int err, const void *data, size_t len)
{
	struct fuse_out_header out = { .len = (uint32_t)(sizeof(out) + len),
				       /* as the kernel's squashfs has it */
				       .error = err == -EBADMSG ? -EIO : err,
				       .unique = header(t)->unique };
	struct iovec v[2] = { { &out, sizeof(out) }, { (void *)data, len } };

	/* ENOENT: the process that asked was killed meanwhile */
	return writev(t->server->fd, v, len ? 2 : 1) >= 0 || errno != ENODEV;
}

int fuse_inode(struct fuse_thread *t, uint64_t node, const sqfs_inode_generic_t **ret)
{
	const size_t at = node * 0x9e3779b97f4a7c15ull >> 58;
	struct squash *s = fuse_layer(t->server, node);
	sqfs_inode_generic_t *inode;
	int r;

	if (!s)
		return -EINVAL;
	if (t->inodes[at].node != node) {
		r = squash_inode(s, node & ((1ull << FUSE_NODE_SHIFT) - 1), &inode);
		if (r < 0)
			return r;
		sqfs_free(t->inodes[at].inode);
		t->inodes[at].inode = inode;
		t->inodes[at].node = node;
	}
	*ret = t->inodes[at].inode;
	return 0;
}

/* A file of terabytes has a list of megabytes: not to be kept. */
static void drop_large(struct fuse_thread *t)
{
	for (size_t i = 0; i < FUSE_INODES; i++) {
		if (!t->inodes[i].node ||
		    t->inodes[i].inode->payload_bytes_used <= INODE_CACHED_MAX)
			continue;
		sqfs_free(t->inodes[i].inode);
		t->inodes[i].inode = NULL;
		t->inodes[i].node = 0;
	}
}

static uint32_t shown_id(const struct fuse_server *s, uint32_t id)
{
	return id < s->ids ? id : NOBODY < s->ids ? NOBODY : 0;
}

static void root_attributes(const struct fuse_server *s, struct fuse_attr *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->ino = FUSE_ROOT_ID;
	ret->mode = S_IFDIR | 0755;
	ret->nlink = 2;
	ret->uid = s->single ? s->uid : 0;
	ret->gid = s->single ? s->gid : 0;
	ret->blksize = BLOCK_BYTES;
}

static int attributes(struct fuse_thread *t, uint64_t node, struct fuse_attr *ret)
{
	const struct fuse_server *s = t->server;
	const sqfs_inode_generic_t *inode;
	struct stat st;
	int r;

	if (node == FUSE_ROOT_ID) {
		root_attributes(s, ret);
		return 0;
	}
	r = fuse_inode(t, node, &inode);
	if (r < 0)
		return r;
	r = squash_stat(fuse_layer(s, node), inode, &st);
	if (r < 0)
		return r;
	memset(ret, 0, sizeof(*ret));
	ret->ino = (node >> FUSE_NODE_SHIFT) << 32 | (uint32_t)st.st_ino;
	ret->mode = st.st_mode;
	ret->nlink = (uint32_t)st.st_nlink;
	ret->uid = s->single ? s->uid : shown_id(s, st.st_uid);
	ret->gid = s->single ? s->gid : shown_id(s, st.st_gid);
	ret->rdev = (uint32_t)st.st_rdev;
	ret->size = (uint64_t)st.st_size;
	ret->blocks = (uint64_t)st.st_blocks;
	ret->blksize = BLOCK_BYTES;
	ret->mtime = ret->ctime = ret->atime = (uint64_t)st.st_mtime;
	return 0;
}

static int fill_entry(struct fuse_thread *t, uint64_t node, struct fuse_entry_out *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->nodeid = node;
	ret->entry_valid = ret->attr_valid = forever;
	return attributes(t, node, &ret->attr);
}

/* A layer, by its number. */
static uint64_t find_layer(const struct fuse_server *s, const char *name)
{
	uint64_t n;

	return str_to_u64(name, s->layers_len - 1, &n) == 0
		       ? fuse_node(n, squash_root(&s->layers[n]))
		       : 0;
}

static bool answer_lookup(struct fuse_thread *t)
{
	const uint64_t parent = header(t)->nodeid;
	const char *name = argument(t);
	const struct fuse_entry *found;
	struct fuse_entry_out out;
	struct fuse_dir *dir;
	uint64_t node;
	int r = 0;

	if (parent == FUSE_ROOT_ID) {
		node = find_layer(t->server, name);
	} else {
		r = fuse_dir_get(t, parent, &dir);
		if (r < 0)
			return reply(t, r, NULL, 0);
		found = fuse_dir_find(dir, name);
		node = found ? fuse_node((parent >> FUSE_NODE_SHIFT) - 1, found->ref) : 0;
		fuse_dir_put(t, dir);
	}
	memset(&out, 0, sizeof(out));
	out.entry_valid = forever; /* a name that is missing stays missing */
	if (node)
		r = fill_entry(t, node, &out);
	return r < 0 ? reply(t, r, NULL, 0) : reply(t, 0, &out, sizeof(out));
}

static bool answer_getattr(struct fuse_thread *t)
{
	struct fuse_attr_out out = { .attr_valid = forever };
	int r = attributes(t, header(t)->nodeid, &out.attr);

	return r < 0 ? reply(t, r, NULL, 0) : reply(t, 0, &out, sizeof(out));
}

static bool answer_readlink(struct fuse_thread *t)
{
	const sqfs_inode_generic_t *inode;
	const char *target = NULL;
	size_t len = 0;
	int r = fuse_inode(t, header(t)->nodeid, &inode);

	if (r == 0)
		r = squash_link(inode, &target, &len);
	if (r == 0 && len >= BLOCK_BYTES) /* a page is what the kernel takes */
		r = -ENAMETOOLONG;
	return r < 0 ? reply(t, r, NULL, 0) : reply(t, 0, target, len);
}

ssize_t fuse_read(struct fuse_thread *t, uint64_t node, uint64_t offset, size_t len,
		  uint8_t *buf)
{
	struct fuse_server *s = t->server;
	const sqfs_inode_generic_t *inode;
	int r = fuse_inode(t, node, &inode);

	if (r == 0 && ((inode->base.mode & S_IFMT) != S_IFREG))
		r = -EINVAL;
	return r < 0 ? r
		     : squash_content(fuse_layer(s, node), &t->work, &s->blocks, inode,
				      offset, buf, len);
}

static bool answer_read(struct fuse_thread *t)
{
	const struct fuse_read_in *in = argument(t);
	ssize_t n;

	if (in->size > FUSE_REPLY_MAX)
		return reply(t, -EINVAL, NULL, 0);
	n = fuse_read(t, header(t)->nodeid, in->offset, in->size, t->out);
	return n < 0 ? reply(t, (int)n, NULL, 0) : reply(t, 0, t->out, (size_t)n);
}

/* One entry at t->out + @used; how long it is, 0 if it does not fit, -errno. */
static ssize_t put_entry(struct fuse_thread *t, size_t used, size_t room, uint64_t parent,
			 const struct fuse_dir *dir, size_t i, bool plus)
{
	const struct fuse_entry *e = &dir->entries[i];
	const size_t head = plus ? FUSE_NAME_OFFSET_DIRENTPLUS : FUSE_NAME_OFFSET;
	const size_t len = FUSE_DIRENT_ALIGN(head + e->len);
	const uint64_t layer = parent >> FUSE_NODE_SHIFT;
	struct fuse_direntplus *p = (struct fuse_direntplus *)(t->out + used);
	struct fuse_dirent *d = plus ? &p->dirent : (struct fuse_dirent *)p;

	if (used + len > room)
		return 0;
	memset(p, 0, len);
	/* what cannot be read has node 0: a lookup of it returns the error */
	if (plus && fill_entry(t, fuse_node(layer - 1, e->ref), &p->entry_out) < 0)
		memset(&p->entry_out, 0, sizeof(p->entry_out));
	d->ino = layer << 32 | e->number;
	d->off = i + 1;
	d->namelen = e->len;
	d->type = e->type;
	memcpy(d->name, dir->names + e->name, e->len);
	return (ssize_t)len;
}

static bool answer_readdir(struct fuse_thread *t, bool plus)
{
	const struct fuse_read_in *in = argument(t);
	const uint64_t parent = header(t)->nodeid;
	const size_t room = in->size < FUSE_REPLY_MAX ? in->size : FUSE_REPLY_MAX;
	struct fuse_dir *dir;
	size_t used = 0;
	int r;

	if (parent == FUSE_ROOT_ID) /* layers are looked up by number */
		return reply(t, 0, NULL, 0);
	r = fuse_dir_get(t, parent, &dir);
	if (r < 0)
		return reply(t, r, NULL, 0);
	for (size_t i = in->offset; i < dir->len; i++) {
		ssize_t n = put_entry(t, used, room, parent, dir, i, plus);

		if (n <= 0)
			break;
		used += (size_t)n;
	}
	fuse_dir_put(t, dir);
	return reply(t, 0, t->out, used);
}

struct xattrs {
	struct fuse_thread *thread;
	const char *wanted; /* NULL: a list of names */
	size_t used;
	bool found;
};

/*
 * In a user namespace overlayfs reads its own attributes as "user.overlay.*", but who
 * made the layer may have written "trusted.overlay.*", which nobody else may see there.
 */
static bool is_wanted(const char *key, const char *wanted)
{
	static const char trusted[] = "trusted.overlay.", user[] = "user.overlay.";

	return strcmp(key, wanted) == 0 ||
	       (str_starts_with(key, trusted) && str_starts_with(wanted, user) &&
		strcmp(key + sizeof(trusted) - 1, wanted + sizeof(user) - 1) == 0);
}

static int visit_xattr(const char *key, const void *value, size_t len, void *data)
{
	struct xattrs *x = data;
	const void *from = x->wanted ? value : key;
	const size_t n = x->wanted ? len : strlen(key) + 1;

	if (x->wanted && !is_wanted(key, x->wanted))
		return 0;
	/*
	 * in a user namespace it cannot be read, and overlayfs copies nothing up that
	 * lists it
	 */
	if (!x->wanted && str_starts_with(key, "trusted."))
		return 0;
	if (n > FUSE_REPLY_MAX - x->used)
		return -E2BIG;
	memcpy(x->thread->out + x->used, from, n);
	x->used += n;
	x->found = true;
	return x->wanted ? 1 : 0;
}

static bool answer_xattr(struct fuse_thread *t, bool list)
{
	const struct fuse_getxattr_in *in = argument(t);
	struct xattrs x = { .thread = t, .wanted = list ? NULL : (const char *)(in + 1) };
	struct fuse_getxattr_out out = { 0 };
	const uint64_t node = header(t)->nodeid;
	const sqfs_inode_generic_t *inode;
	int r;

	if (!t->server->xattrs)
		return reply(t, -ENOSYS, NULL, 0); /* the kernel does not ask again */
	if (node != FUSE_ROOT_ID) {
		r = fuse_inode(t, node, &inode);
		if (r == 0)
			r = squash_xattrs(fuse_layer(t->server, node), inode, visit_xattr,
					  &x);
		if (r < 0)
			return reply(t, r, NULL, 0);
	}
	if (!list && !x.found)
		return reply(t, -ENODATA, NULL, 0);
	out.size = (uint32_t)x.used;
	if (in->size == 0)
		return reply(t, 0, &out, sizeof(out));
	return in->size < x.used ? reply(t, -ERANGE, NULL, 0)
				 : reply(t, 0, t->out, x.used);
}

/* What is copied up, or copied inside, keeps its holes. */
static bool answer_lseek(struct fuse_thread *t)
{
	const struct fuse_lseek_in *in = argument(t);
	const uint64_t node = header(t)->nodeid;
	struct fuse_lseek_out out = { 0 };
	const sqfs_inode_generic_t *inode = NULL;
	int64_t at;
	int r = -EINVAL;

	if (node != FUSE_ROOT_ID && (in->whence == SEEK_DATA || in->whence == SEEK_HOLE))
		r = fuse_inode(t, node, &inode);
	if (r == 0 && (inode->base.mode & S_IFMT) != S_IFREG)
		r = -EINVAL;
	if (r < 0)
		return reply(t, r, NULL, 0);
	at = squash_seek(fuse_layer(t->server, node), inode, in->offset,
			 in->whence == SEEK_HOLE);
	out.offset = at < 0 ? 0 : (uint64_t)at;
	return at < 0 ? reply(t, (int)at, NULL, 0) : reply(t, 0, &out, sizeof(out));
}

static bool answer_statfs(struct fuse_thread *t)
{
	struct fuse_statfs_out out = { 0 };

	for (uint64_t i = 0; i < t->server->layers_len; i++)
		out.st.blocks += t->server->layers[i].file.size / BLOCK_BYTES;
	out.st.bsize = out.st.frsize = BLOCK_BYTES;
	out.st.namelen = SQUASH_NAME_MAX;
	return reply(t, 0, &out, sizeof(out));
}

static bool answer_init(struct fuse_thread *t)
{
	const struct fuse_init_in *in = argument(t);
	const uint32_t wanted =
		FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS | FUSE_DO_READDIRPLUS |
		FUSE_READDIRPLUS_AUTO | FUSE_CACHE_SYMLINKS | FUSE_NO_OPEN_SUPPORT |
		FUSE_NO_OPENDIR_SUPPORT | FUSE_MAX_PAGES | FUSE_BIG_WRITES;
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = in->minor < FUSE_KERNEL_MINOR_VERSION
				 ? in->minor
				 : FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = FUSE_REPLY_MAX,
		.flags = in->flags & wanted,
		.max_background = 64,
		.congestion_threshold = 48,
		.max_write = BLOCK_BYTES,
		.time_gran = 1000000000,
		.max_pages = FUSE_REPLY_MAX / BLOCK_BYTES,
	};

	if (in->major != FUSE_KERNEL_VERSION)
		return false;
	return reply(t, 0, &out, sizeof(out));
}

/* Whether the request has all that its kind has; the kernel ends names with NUL. */
static bool is_whole(const struct fuse_thread *t, size_t len)
{
	const struct fuse_in_header *h = header(t);

	return len >= sizeof(*h) && h->len == len;
}

bool fuse_answer(struct fuse_thread *t, size_t len)
{
	bool goes_on;

	if (!is_whole(t, len))
		return false;
	switch (header(t)->opcode) {
	case FUSE_INIT:
		return answer_init(t);
	case FUSE_DESTROY:
		return false;
	case FUSE_FORGET: /* they have no answer */
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return true;
	case FUSE_LOOKUP:
		goes_on = answer_lookup(t);
		break;
	case FUSE_GETATTR:
		goes_on = answer_getattr(t);
		break;
	case FUSE_READLINK:
		goes_on = answer_readlink(t);
		break;
	case FUSE_READ:
		goes_on = answer_read(t);
		break;
	case FUSE_READDIR:
		goes_on = answer_readdir(t, false);
		break;
	case FUSE_READDIRPLUS:
		goes_on = answer_readdir(t, true);
		break;
	case FUSE_GETXATTR:
		goes_on = answer_xattr(t, false);
		break;
	case FUSE_LISTXATTR:
		goes_on = answer_xattr(t, true);
		break;
	case FUSE_LSEEK:
		goes_on = answer_lseek(t);
		break;
	case FUSE_STATFS:
		goes_on = answer_statfs(t);
		break;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_FLUSH:
		return reply(t, 0, NULL, 0);
	default: /* OPEN and OPENDIR: the kernel does without from now on */
		return reply(t, -ENOSYS, NULL, 0);
	}
	drop_large(t);
	return goes_on;
}
