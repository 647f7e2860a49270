/* SPDX-License-Identifier: MIT */
/* squash-read - see squash-read.h. */
#include "squash/squash-read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqfs/block.h>
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

#include "base/fd.h"

enum {
	NO_INDEX = 0xffffffff,
	BLOCK_MAX = 1 << 20,
	META_BLOCK = 8192,
	SECTOR_BYTES = 512, /* of st_blocks */
	FRAGMENT_BYTES = 16
};

static int read_at(sqfs_file_t *base, sqfs_u64 offset, void *buf, size_t size)
{
	const struct squash *s = (const struct squash *)base; /* its first member */
	char *to = buf;

	while (size > 0) {
		ssize_t n = pread(s->file.fd, to, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? SQFS_ERROR_IO : SQFS_ERROR_OUT_OF_BOUNDS;
		to += n;
		offset += (sqfs_u64)n;
		size -= (size_t)n;
	}
	return 0;
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
	if (sqfs_id_table_read(s->ids, file, super, s->compressor) ||
	    sqfs_frag_table_read(s->fragments, file, super, s->compressor))
		return SQFS_ERROR_CORRUPTED;
	if (super->flags & SQFS_FLAG_NO_XATTRS || super->xattr_id_table_start == ~0ull)
		return 0;
	s->xattrs = sqfs_xattr_reader_create(0);
	if (!s->xattrs)
		return SQFS_ERROR_ALLOC;
	return sqfs_xattr_reader_load(s->xattrs, super, file, s->compressor);
}

int squash_open(struct squash *s, int fd, const char *what, struct err *e)
{
	struct stat st;
	int r;

	memset(s, 0, sizeof(*s));
	(void)pthread_mutex_init(&s->lock, NULL); /* cannot fail on Linux */
	s->file.fd = fd;
	s->file.base.read_at = read_at;
	s->file.base.get_size = get_size;
	r = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EBADMSG;
	if (r < 0) {
		squash_close(s);
		return err_set(e, r, "%s", what);
	}
	s->file.size = (uint64_t)st.st_size;
	r = sqfs_super_read(&s->super, &s->file.base);
	if (r == 0 && !has_sane_tables(s))
		r = SQFS_ERROR_CORRUPTED;
	if (r == 0)
		r = new_compressor(s->super.compression_id, s->super.block_size,
				   &s->compressor);
	if (r == 0)
		r = open_readers(s);
	if (r == 0)
		return 0;
	squash_close(s);
	if (r == SQFS_ERROR_ALLOC)
		return err_set(e, -ENOMEM, "%s", what);
	return err_say(e, -EBADMSG, "%s: %s", what,
		       r == SQFS_ERROR_UNSUPPORTED
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
	fd_closep(&s->file.fd);
	(void)pthread_mutex_destroy(&s->lock); /* nobody holds it */
}

void squash_work_done(struct squash_work *w)
{
	for (size_t i = 0; i < SQUASH_COMPRESSORS; i++)
		sqfs_destroy(w->compressors[i]);
	free(w->raw);
	memset(w, 0, sizeof(*w));
}

int squash_inode(struct squash *s, uint64_t ref, sqfs_inode_generic_t **ret)
{
	int r;

	(void)pthread_mutex_lock(&s->lock);
	r = sqfs_meta_reader_read_inode(s->inodes, &s->super, ref >> 16, ref & 0xffff,
					ret);
	(void)pthread_mutex_unlock(&s->lock);
	return r ? -EIO : 0;
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

void squash_stat(const struct squash *s, const sqfs_inode_generic_t *inode,
		 struct stat *ret)
{
	sqfs_u32 uid = 65534, gid = 65534; /* an index beyond the table */

	memset(ret, 0, sizeof(*ret));
	(void)sqfs_id_table_index_to_id(s->ids, inode->base.uid_idx, &uid);
	(void)sqfs_id_table_index_to_id(s->ids, inode->base.gid_idx, &gid);
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

static bool is_name(const char *name, size_t len)
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
			r = r > 0 ? 0 : -EIO;
			break;
		}
		if (is_name((const char *)entry->name, (size_t)entry->size + 1))
			r = fn((const char *)entry->name, (size_t)entry->size + 1, ref,
			       number, type_mode(entry->type), data);
		sqfs_free(entry);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return r;
}

static int visit_xattrs(struct squash *s, uint32_t index, squash_xattr_fn *fn, void *data)
{
	sqfs_xattr_id_t list;
	int r = 0;

	if (sqfs_xattr_reader_get_desc(s->xattrs, index, &list) ||
	    sqfs_xattr_reader_seek_kv(s->xattrs, &list))
		return -EIO;
	for (uint32_t i = 0; i < list.count && r == 0; i++) {
		sqfs_xattr_value_t *value;
		sqfs_xattr_entry_t *key;

		if (sqfs_xattr_reader_read_key(s->xattrs, &key))
			return -EIO;
		if (sqfs_xattr_reader_read_value(s->xattrs, key, &value)) {
			sqfs_free(key);
			return -EIO;
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

static int find_fragment(struct squash *s, const sqfs_inode_generic_t *file,
			 struct squash_block *ret)
{
	sqfs_fragment_t fragment;
	sqfs_u32 index, offset;

	if (sqfs_inode_get_frag_location(file, &index, &offset) || index == NO_INDEX ||
	    sqfs_frag_table_lookup(s->fragments, index, &fragment) ||
	    offset >= s->super.block_size || ret->len > s->super.block_size - offset)
		return -EIO;
	ret->start = fragment.start_offset;
	ret->word = fragment.size;
	ret->skip = offset;
	return 0;
}

int squash_block(struct squash *s, const sqfs_inode_generic_t *file, uint64_t n,
		 struct squash_block *ret)
{
	const uint64_t count = sqfs_inode_get_file_block_count(file);
	sqfs_u64 size, start;

	if (sqfs_inode_get_file_size(file, &size) ||
	    sqfs_inode_get_file_block_start(file, &start))
		return -EIO;
	if (n >= size / s->super.block_size + 1 || n * s->super.block_size >= size)
		return -ENODATA;
	size -= n * s->super.block_size;
	memset(ret, 0, sizeof(*ret));
	ret->len = size < s->super.block_size ? (uint32_t)size : s->super.block_size;
	if (n >= count)
		return find_fragment(s, file, ret);
	for (uint64_t i = 0; i < n; i++)
		start += SQFS_ON_DISK_BLOCK_SIZE(file->extra[i]);
	ret->start = start;
	ret->word = file->extra[n];
	return 0;
}

int64_t squash_seek(const struct squash *s, const sqfs_inode_generic_t *file, uint64_t at,
		    bool hole)
{
	const uint64_t count = sqfs_inode_get_file_block_count(file),
		       each = s->super.block_size;
	sqfs_u64 size;

	if (sqfs_inode_get_file_size(file, &size) || size > INT64_MAX)
		return -EIO;
	if (at >= size)
		return -ENXIO;
	for (uint64_t n = at / each; at < size; n++, at = n * each) {
		/* a fragment has data */
		const bool is_hole = n < count && file->extra[n] == 0;

		if (is_hole == hole)
			return (int64_t)at;
	}
	return hole ? (int64_t)size : -ENXIO;
}

static sqfs_compressor_t *compressor_of(struct squash *s, struct squash_work *w)
{
	sqfs_compressor_t **c = &w->compressors[s->super.compression_id];

	if (!*c && new_compressor(s->super.compression_id, BLOCK_MAX, c))
		*c = NULL;
	return *c;
}

ssize_t squash_unpack(struct squash *s, struct squash_work *w,
		      const struct squash_block *b, void *buf)
{
	const uint32_t packed = SQFS_ON_DISK_BLOCK_SIZE(b->word);
	sqfs_compressor_t *c;
	sqfs_s32 n;

	if (packed == 0) {
		memset(buf, 0, b->len);
		return b->len;
	}
	if (packed > s->super.block_size)
		return -EIO;
	if (!SQFS_IS_BLOCK_COMPRESSED(b->word))
		return read_at(&s->file.base, b->start, buf, packed) ? -EIO
								     : (ssize_t)packed;
	if (!w->raw)
		w->raw = malloc(BLOCK_MAX);
	c = compressor_of(s, w);
	if (!w->raw || !c)
		return -ENOMEM;
	if (read_at(&s->file.base, b->start, w->raw, packed))
		return -EIO;
	n = c->do_block(c, w->raw, packed, buf, s->super.block_size);
	return n > 0 ? n : -EIO;
}
