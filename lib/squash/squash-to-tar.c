/* SPDX-License-Identifier: MIT */
/* squash-to-tar - layers become a tar; see squash.h. */
#include "squash/squash-to-tar.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "squash/squash-tree.h"
#include "squash/squash.h"
#include "tar/tar-write.h"

enum { READ_BYTES = 128 << 10 };

/* From @at to @end. */
static int copy_part(struct squash_reader *s, struct tar_writer *t,
		     const struct tree_inode *i, uint64_t at, uint64_t end, char *buf)
{
	ssize_t n;
	int r = 0;

	while (r == 0 && at < end) {
		n = squash_reader_content(s, i, at, buf,
					  end - at < READ_BYTES ? (size_t)(end - at)
								: READ_BYTES);
		if (n < 0)
			return (int)n;
		r = tar_writer_content(t, buf, (size_t)n);
		if (r == 0)
			r = squash_reader_tell(s, (uint64_t)n);
		at += (uint64_t)n;
	}
	return r;
}

/* Where there is data, as far as the layer knows. */
static int find_data(struct squash_reader *s, const struct tree_inode *i,
		     struct tar_map *ret)
{
	const uint64_t size = squash_reader_size(i);
	uint64_t at = 0, hole;
	int r = 0;

	while (r == 0 && at < size) {
		hole = squash_reader_hole(s, i, at);
		at += hole;
		if (hole == 0) {
			const uint64_t len =
				size - at < READ_BYTES ? size - at : READ_BYTES;

			r = tar_map_add(ret, at, len);
			at += len;
		}
	}
	return r;
}

static int write_file(struct squash_reader *s, struct tar_writer *t, struct tree_name *n,
		      const struct tar_map *m, char *buf)
{
	const uint64_t size = squash_reader_size(n->inode);
	const bool sparse = tar_map_is_sparse(m, size);
	int r = sparse ? tar_writer_sparse(t, n, size, m) : tar_writer_entry(t, n, size);

	if (r <= 0)
		return r;
	r = sparse ? 0 : copy_part(s, t, n->inode, 0, size, buf);
	for (size_t i = 0; sparse && r == 0 && i < m->len; i++)
		r = copy_part(s, t, n->inode, m->v[i].at, m->v[i].at + m->v[i].len, buf);
	return r == 0 ? tar_writer_pad(t) : r;
}

static int write_tree(struct err *e, const char *what, struct squash_reader *s,
		      struct tar_writer *t, char *buf)
{
	const struct tree *tree = squash_reader_tree(s);
	int r = 0;

	for (struct tree_name *n = &squash_reader_tree(s)->root; n && r == 0;
	     n = tree_next(tree, n)) {
		struct tar_map map = { .v = NULL };

		if (S_ISREG(n->inode->mode) && !n->inode->whiteout && !n->inode->first)
			r = find_data(s, n->inode, &map);
		r = r < 0 ? err_set(e, r, "%s", what) : write_file(s, t, n, &map, buf);
		tar_map_done(&map);
		if (r == 0)
			r = squash_reader_tell(s, 0);
	}
	return r == 0 ? tar_writer_finish(t, NULL, NULL) : r;
}

int squash_to_tar(struct err *e, const char *what, const int *layers, size_t len,
		  bool layer, int out, squash_progress_fn *progress, void *data)
{
	cleanup_free char *buf = malloc(READ_BYTES);
	struct squash_reader *s = NULL;
	struct tar_writer *t = NULL;
	int r = buf ? 0 : err_set(e, -ENOMEM, "%s", what);

	if (r == 0)
		r = squash_reader_open(e, what, layers, len, !layer, &s);
	if (r == 0)
		r = tar_writer_new(e, what, out, false, &t);
	if (r == 0) {
		squash_reader_watch(s, progress, data);
		if (progress)
			tar_writer_watch(t, squash_reader_look, s);
		r = write_tree(e, what, s, t, buf);
	}
	if (r == -ECANCELED)
		(void)err_set(e, r, "%s", what); /* returns @r */
	tar_writer_free(t);
	squash_reader_close(s);
	return r;
}
