/* SPDX-License-Identifier: MIT */
/* contents - see contents.h. */
#include "store/contents.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/str.h"
#include "store/store-file.h"

static const struct room {
	const char *where, *what, *ending;
} rooms[] = {
	{ "layers", "layer", ".sqfs" }, { STORE_BLOBS, "blob", "" },
	{ "signatures", "blob", "" },   { ".", NULL, "" },
	{ "containers", NULL, "" },
};

static bool describe(const struct room *room, const char *name, struct contents_file *ret)
{
	*ret = (struct contents_file){ .what = room->what,
				       .where = room->where,
				       .name = name };
	if (str_starts_with(name, STORE_TEMPORARY)) {
		ret->what = "temporary";
		return true;
	}
	if (!room->what || !digest_is_hex(name) ||
	    !str_equal(name + DIGEST_HEX, room->ending))
		return false;
	memcpy(ret->hex, name, DIGEST_HEX);
	return true;
}

static int visit(struct store *s, const struct room *room,
		 int (*fn)(const struct contents_file *f, void *data), void *data)
{
	DIR *list = io_open_list(s->dir, room->where);
	struct contents_file f;
	struct dirent *d;
	struct stat st;
	int r = 0;

	if (!list)
		return errno == ENOENT ? 0
				       : err_set(s->err, -errno, "store %s: %s", s->path,
						 room->where);
	while (r == 0 && (d = readdir(list))) {
		if (!describe(room, d->d_name, &f) ||
		    fstatat(dirfd(list), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		f.bytes = (uint64_t)st.st_blocks * 512;
		r = fn(&f, data);
	}
	closedir(list);
	return r;
}

int contents_foreach(struct store *s,
		     int (*fn)(const struct contents_file *f, void *data), void *data)
{
	int r = store_look(s);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; r == 0 && i < sizeof(rooms) / sizeof(rooms[0]); i++)
		r = visit(s, &rooms[i], fn, data);
	return r;
}
