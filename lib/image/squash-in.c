/* SPDX-License-Identifier: MIT */
/* squash-in - a squashfs image that somebody else made: read as files, and packed again as ours. */
#include <errno.h>

#include "image/transfer.h"

int import_squashfs(struct minc_transfer *t, const char *source, int fd, time_t created,
		    image_found_fn *fn, void *data)
{
	struct layer_made layer;
	struct squash_stream *s;
	int r = squash_stream_open(t->err, source, &fd, 1, false, &s), e;

	if (r < 0)
		return r;
	r = layer_from_stream(t, source, squash_stream_source(s), false, &layer);
	e = squash_stream_close(s, t->err);
	if (e < 0)
		r = e;
	return r < 0 ? r : import_root_layer(t, &layer, created, fn, data);
}
