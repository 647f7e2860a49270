/* SPDX-License-Identifier: MIT */
/* gunzip-zlib - see gunzip.h; zlib checks what a member ends with. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#include "tar/gunzip.h"

enum { GZIP_ONLY = 16 + MAX_WBITS };

struct gunzip {
	gunzip_read_fn *read;
	void *data;
	z_stream z;
	bool inside; /* of a member */
};

struct gunzip *gunzip_new(gunzip_read_fn *read, void *data)
{
	struct gunzip *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->read = read;
	g->data = data;
	g->inside = true;
	if (inflateInit2(&g->z, GZIP_ONLY) == Z_OK)
		return g;
	free(g);
	return NULL;
}

struct gunzip *gunzip_free(struct gunzip *g)
{
	if (g)
		(void)inflateEnd(&g->z); /* the state is consistent */
	free(g);
	return NULL;
}

/* 1, 0 at the end of the stream, -errno. */
static int refill(struct gunzip *g)
{
	const void *piece;
	const ssize_t n = g->read(g->data, &piece);

	if (n <= 0)
		return (int)n;
	g->z.next_in = (Bytef *)piece; /* only read */
	g->z.avail_in = (uInt)n;
	return 1;
}

ssize_t gunzip_read(struct gunzip *g, void *buf, size_t len)
{
	int r;

	g->z.next_out = buf;
	g->z.avail_out = (uInt)len;
	while (g->z.avail_out > 0) {
		if (g->z.avail_in == 0) {
			r = refill(g);
			if (r < 0)
				return r;
			if (r == 0)
				return g->inside ? -EBADMSG
						 : (ssize_t)(len - g->z.avail_out);
		}
		if (!g->inside && inflateReset(&g->z) != Z_OK)
			return -EBADMSG;
		g->inside = true;
		r = inflate(&g->z, Z_NO_FLUSH);
		if (r == Z_STREAM_END)
			g->inside = false;
		else if (r == Z_MEM_ERROR)
			return -ENOMEM;
		else if (r != Z_OK && r != Z_BUF_ERROR)
			return -EBADMSG;
	}
	return (ssize_t)len;
}
