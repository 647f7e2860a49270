/* SPDX-License-Identifier: MIT */
/* squash-to-tar - layers become a tar; see squash.h. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "image/squash-tree.h"
#include "image/squash.h"
#include "image/tar-write.h"

enum { READ_BYTES = 128 << 10 };

static int copy_content(struct squash_reader *s, struct tar_writer *t,
			const struct tree_inode *i, char *buf)
{
	uint64_t at = 0;
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = squash_reader_content(s, i, at, buf, READ_BYTES)) != 0) {
		if (n < 0)
			return (int)n;
		r = tar_writer_content(t, buf, (size_t)n);
		at += (uint64_t)n;
	}
	return r == 0 ? tar_writer_pad(t) : r;
}

static int write_tree(struct squash_reader *s, struct tar_writer *t, char *buf)
{
	const struct tree *tree = squash_reader_tree(s);
	int r = 0;

	for (struct tree_name *n = &squash_reader_tree(s)->root; n && r == 0;
	     n = tree_next(tree, n)) {
		r = tar_writer_entry(t, n, squash_reader_size(n->inode));
		if (r > 0)
			r = copy_content(s, t, n->inode, buf);
	}
	return r == 0 ? tar_writer_finish(t, NULL, NULL) : r;
}

int squash_to_tar(struct err *e, const char *what, const int *layers, size_t len,
		  bool layer, int out)
{
	cleanup_free char *buf = malloc(READ_BYTES);
	struct squash_reader *s = NULL;
	struct tar_writer *t = NULL;
	int r = buf ? 0 : err_set(e, -ENOMEM, "%s", what);

	if (r == 0)
		r = squash_reader_open(e, what, layers, len, !layer, &s);
	if (r == 0)
		r = tar_writer_new(e, what, out, false, &t);
	if (r == 0)
		r = write_tree(s, t, buf);
	tar_writer_free(t);
	squash_reader_close(s);
	return r;
}
