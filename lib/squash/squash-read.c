/* SPDX-License-Identifier: MIT */
/* squash-read - see squash-read.h. */
#include "squash/squash-read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

#include <sqfs/compressor.h>
#include <sqfs/dir.h>
#include <sqfs/error.h>
#include <sqfs/frag_table.h>
#include <sqfs/id_table.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/meta_reader.h>
#include <sqfs/xattr.h>
#include <sqfs/xattr_reader.h>

enum {
	NO_INDEX = 0xffffffff,
	META_BLOCK = 8192,
	SECTOR_BYTES = 512, /* of st_blocks */
	FRAGMENT_BYTES = 16
};

int squash_read_at(const struct squash *s, uint64_t offset, void *buf, size_t len)
{
	const ssize_t n =
		offset > INT64_MAX ? 0 : io_read_at(s->file.fd, buf, len, (off_t)offset);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EBADMSG; /* behind the end */
}

/* The same for libsquashfs: locked, or not yet shared. */
static int read_at(sqfs_file_t *base, sqfs_u64 offset, void *buf, size_t size)
{
	struct squash *s = (struct squash *)base; /* its first member */
	const int r = squash_read_at(s, offset, buf, size);

	if (r == 0 || r == -EBADMSG)
		return r == 0 ? 0 : SQFS_ERROR_OUT_OF_BOUNDS;
	s->file.error = r;
	return SQFS_ERROR_IO;
}

/* What a failure @r of libsquashfs means. */
static int error_of(const struct squash *s, int r)
{
	return r == SQFS_ERROR_ALLOC                 ? -ENOMEM
	       : r == SQFS_ERROR_IO && s->file.error ? s->file.error
						     : -EBADMSG;
}

static sqfs_u64 get_size(const sqfs_file_t *base)
{
	return ((const struct squash *)base)->file.size;
}

static int new_compressor(unsigned id, size_t block_size, sqfs_compressor_t **ret)
{
	sqfs_compressor_config_t config;
	int r = sqfs_compressor_config_init(&config, (SQFS_COMPRESSOR)id, block_size,
					    SQFS_COMP_FLAG_UNCOMPRESS);

	return r ? r : sqfs_compressor_create(&config, ret);
}

sqfs_compressor_t *squash_compressor_new(unsigned id, size_t block_size)
{
	sqfs_compressor_t *c;

	return new_compressor(id, block_size, &c) ? NULL : c;
}

/* A table of fragments that the file cannot hold is not worth memory. */
static bool has_sane_tables(const struct squash *s)
{
	const uint64_t packed =
		s->file.size * (META_BLOCK / 8); /* no compressor does better */

	return (uint64_t)s->super.fragment_entry_count * FRAGMENT_BYTES <= packed &&
	       s->super.fragment_entry_count < 1u << 24 &&
	       s->super.bytes_used <= s->file.size && s->super.compression_id > 0 &&
	       s->super.compression_id < SQUASH_COMPRESSORS;
}

static int open_readers(struct squash *s)
{
	sqfs_file_t *file = &s->file.base;
	const sqfs_super_t *super = &s->super;
	uint64_t end = super->id_table_start;
	int r;

	if (super->fragment_table_start < end)
		end = super->fragment_table_start;
	if (super->export_table_start < end)
		end = super->export_table_start;
	s->inodes = sqfs_meta_reader_create(file, s->compressor, super->inode_table_start,
					    super->directory_table_start);
	s->entries = sqfs_meta_reader_create(file, s->compressor,
					     super->directory_table_start, end);
	s->ids = sqfs_id_table_create(0);
	s->fragments = sqfs_frag_table_create(0);
	if (!s->inodes || !s->entries || !s->ids || !s->fragments)
		return SQFS_ERROR_ALLOC;
	r = sqfs_id_table_read(s->ids, file, super, s->compressor);
	if (r == 0)
		r = sqfs_frag_table_read(s->fragments, file, super, s->compressor);
	if (r != 0)
		return r;
	if (super->flags & SQFS_FLAG_NO_XATTRS || super->xattr_id_table_start == ~0ull)
		return 0;
	s->xattrs = sqfs_xattr_reader_create(0);
	if (!s->xattrs)
		return SQFS_ERROR_ALLOC;
	return sqfs_xattr_reader_load(s->xattrs, super, file, s->compressor);
}

static void init_lock(struct squash *s)
{
	pthread_mutexattr_t kind;

	/* none of these fails on Linux */
	(void)pthread_mutexattr_init(&kind);
	(void)pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
	(void)pthread_mutex_init(&s->lock, &kind);
	(void)pthread_mutexattr_destroy(&kind);
}

/* 0, or an error of libsquashfs. */
static int open_tables(struct squash *s)
{
	int r = sqfs_super_read(&s->super, &s->file.base);

	if (r == 0 && !has_sane_tables(s))
		r = SQFS_ERROR_CORRUPTED;
	if (r == 0)
		r = new_compressor(s->super.compression_id, s->super.block_size,
				   &s->compressor);
	return r == 0 ? open_readers(s) : r;
}

int squash_open(struct squash *s, int fd, const char *what, struct err *e)
{
	struct stat st;
	int r, failed;

	*s = (struct squash){
		.file = { .base = { .read_at = read_at, .get_size = get_size }, .fd = fd }
	};
	if (fstat(fd, &st) < 0)
		return err_set(e, -errno, "%s", what);
	s->file.size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	init_lock(s);
	failed = open_tables(s);
	if (failed == 0)
		return 0;
	r = error_of(s, failed);
	squash_close(s);
	if (r != -EBADMSG)
		return err_set(e, r, "%s", what);
	return err_say(e, r, "%s: %s", what,
		       failed == SQFS_ERROR_UNSUPPORTED
			       ? "compressed in a way that libsquashfs lacks"
			       : "no squashfs file system, or a damaged one");
}

void squash_close(struct squash *s)
{
	sqfs_destroy(s->inodes);
	sqfs_destroy(s->entries);
	sqfs_destroy(s->xattrs);
	sqfs_destroy(s->ids);
	sqfs_destroy(s->fragments);
	sqfs_destroy(s->compressor);
	(void)pthread_mutex_destroy(&s->lock); /* no thread holds it */
}

int squash_inode(struct squash *s, uint64_t ref, sqfs_inode_generic_t **ret)
{
	int r;

	(void)pthread_mutex_lock(&s->lock);
	r = sqfs_meta_reader_read_inode(s->inodes, &s->super, ref >> 16, ref & 0xffff,
					ret);
	r = r == 0 ? 0 : error_of(s, r);
	(void)pthread_mutex_unlock(&s->lock);
	return r;
}

static void stat_directory(const sqfs_inode_generic_t *i, struct stat *ret)
{
	const bool extended = i->base.type == SQFS_INODE_EXT_DIR;

	ret->st_nlink = extended ? i->data.dir_ext.nlink : i->data.dir.nlink;
	ret->st_size = extended ? i->data.dir_ext.size : i->data.dir.size;
}

/* By type: nlink, size, device. */
static void stat_kind(const sqfs_inode_generic_t *i, struct stat *ret)
{
	sqfs_u64 size = 0;

	switch (i->base.type) {
	case SQFS_INODE_DIR:
	case SQFS_INODE_EXT_DIR:
		stat_directory(i, ret);
		break;
	case SQFS_INODE_EXT_FILE:
		ret->st_nlink = i->data.file_ext.nlink;
		__attribute__((fallthrough));
	case SQFS_INODE_FILE:
		(void)sqfs_inode_get_file_size(i, &size); /* it is a file */
		ret->st_size = (off_t)size;
		break;
	case SQFS_INODE_SLINK:
	case SQFS_INODE_EXT_SLINK: /* begins as the other does */
		ret->st_nlink = i->data.slink.nlink;
		ret->st_size = i->data.slink.target_size;
		break;
	case SQFS_INODE_BDEV:
	case SQFS_INODE_CDEV:
	case SQFS_INODE_EXT_BDEV:
	case SQFS_INODE_EXT_CDEV:
		ret->st_nlink = i->data.dev.nlink;
		ret->st_rdev = i->data.dev.devno;
		break;
	default:
		ret->st_nlink = i->data.ipc.nlink;
	}
}

/* Of so many bytes that are no holes; a sector that is not full counts. */
static blkcnt_t sectors(const sqfs_inode_generic_t *i, uint64_t size)
{
	const uint64_t holes =
		i->base.type == SQFS_INODE_EXT_FILE ? i->data.file_ext.sparse : 0;
	const uint64_t bytes = holes < size ? size - holes : 0;

	return (blkcnt_t)(bytes / SECTOR_BYTES + (bytes % SECTOR_BYTES > 0));
}

int squash_stat(const struct squash *s, const sqfs_inode_generic_t *inode,
		struct stat *ret)
{
	sqfs_u32 uid, gid;

	if (sqfs_id_table_index_to_id(s->ids, inode->base.uid_idx, &uid) ||
	    sqfs_id_table_index_to_id(s->ids, inode->base.gid_idx, &gid))
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	ret->st_ino = inode->base.inode_number;
	ret->st_mode = inode->base.mode;
	ret->st_uid = uid;
	ret->st_gid = gid;
	ret->st_mtime = inode->base.mod_time;
	ret->st_nlink = 1;
	stat_kind(inode, ret);
	if (ret->st_size < 0)
		ret->st_size = 0;
	ret->st_blocks = sectors(inode, (uint64_t)ret->st_size);
	return 0;
}

int squash_link(const sqfs_inode_generic_t *inode, const char **ret, size_t *ret_len)
{
	if (inode->base.type != SQFS_INODE_SLINK &&
	    inode->base.type != SQFS_INODE_EXT_SLINK)
		return -EINVAL;
	*ret = (const char *)inode->extra;
	*ret_len = strnlen(*ret, inode->data.slink.target_size);
	return 0;
}

static mode_t type_mode(unsigned type)
{
	static const mode_t modes[] = { 0,       S_IFDIR, S_IFREG, S_IFLNK,
					S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK };

	if (type > SQFS_INODE_SOCKET) /* extended ones follow in the same order */
		type -= SQFS_INODE_SOCKET;
	return type < sizeof(modes) / sizeof(modes[0]) ? modes[type] : 0;
}

bool squash_is_name(const char *name, size_t len)
{
	return len > 0 && len <= SQUASH_NAME_MAX && !memchr(name, '/', len) &&
	       !memchr(name, '\0', len) && !(len == 1 && name[0] == '.') &&
	       !(len == 2 && name[0] == '.' && name[1] == '.');
}

int squash_list(struct squash *s, const sqfs_inode_generic_t *dir, squash_entry_fn *fn,
		void *data)
{
	sqfs_readdir_state_t state;
	sqfs_dir_entry_t *entry;
	sqfs_u32 number;
	sqfs_u64 ref;
	int r = 0;

	if (sqfs_readdir_state_init(&state, &s->super, dir))
		return -ENOTDIR;
	(void)pthread_mutex_lock(&s->lock);
	while (r == 0) {
		r = sqfs_meta_reader_readdir(s->entries, &state, &entry, &number, &ref);
		if (r != 0) {
			r = r > 0 ? 0 : error_of(s, r);
			break;
		}
		r = fn((const char *)entry->name, (size_t)entry->size + 1, ref, number,
		       type_mode(entry->type), data);
		sqfs_free(entry);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return r;
}

static int visit_xattrs(struct squash *s, uint32_t index, squash_xattr_fn *fn, void *data)
{
	sqfs_xattr_id_t list;
	int r = sqfs_xattr_reader_get_desc(s->xattrs, index, &list);

	if (r == 0)
		r = sqfs_xattr_reader_seek_kv(s->xattrs, &list);
	if (r != 0)
		return error_of(s, r);
	for (uint32_t i = 0; i < list.count && r == 0; i++) {
		sqfs_xattr_value_t *value;
		sqfs_xattr_entry_t *key;

		r = sqfs_xattr_reader_read_key(s->xattrs, &key);
		if (r != 0)
			return error_of(s, r);
		r = sqfs_xattr_reader_read_value(s->xattrs, key, &value);
		if (r != 0) {
			sqfs_free(key);
			return error_of(s, r);
		}
		r = fn((const char *)key->key, value->value, value->size, data);
		sqfs_free(key);
		sqfs_free(value);
	}
	return r;
}

int squash_xattrs(struct squash *s, const sqfs_inode_generic_t *inode,
		  squash_xattr_fn *fn, void *data)
{
	sqfs_u32 index;
	int r;

	if (!s->xattrs || sqfs_inode_get_xattr_index(inode, &index) || index == NO_INDEX)
		return 0;
	(void)pthread_mutex_lock(&s->lock);
	r = visit_xattrs(s, index, fn, data);
	(void)pthread_mutex_unlock(&s->lock);
	return r;
}
