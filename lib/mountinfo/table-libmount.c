/* SPDX-License-Identifier: MIT */
/* table-libmount - see table-read.h. */
#include <errno.h>
#include <libmount/libmount.h>

#include "mountinfo/table-read.h"

static void table_freep(struct libmnt_table **t)
{
	mnt_unref_table(*t);
}

static void iter_freep(struct libmnt_iter **i)
{
	mnt_free_iter(*i);
}

int table_read(const char *path, struct arena *a, struct table_entry **ret,
	       size_t *ret_len)
{
	__attribute__((cleanup(table_freep))) struct libmnt_table *table =
		mnt_new_table();
	__attribute__((cleanup(iter_freep))) struct libmnt_iter *iter =
		mnt_new_iter(MNT_ITER_FORWARD);
	struct table_entry *list;
	struct libmnt_fs *fs;
	size_t len = 0, size;
	int r;

	if (!table || !iter)
		return -ENOMEM;
	r = mnt_table_parse_file(table, path);
	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	size = (size_t)mnt_table_get_nents(table);
	list = arena_alloc(a, (size + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	while (len < size && mnt_table_next_fs(table, iter, &fs) == 0) {
		struct table_entry *e = &list[len];

		if (!mnt_fs_get_target(fs) || !mnt_fs_get_fstype(fs))
			continue;
		e->id = mnt_fs_get_id(fs);
		e->parent_id = mnt_fs_get_parent_id(fs);
		e->path = arena_strdup(a, mnt_fs_get_target(fs));
		e->fstype = arena_strdup(a, mnt_fs_get_fstype(fs));
		if (!e->path || !e->fstype)
			return -ENOMEM;
		len++;
	}
	*ret = list;
	*ret_len = len;
	return 0;
}
