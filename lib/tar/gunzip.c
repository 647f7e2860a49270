/* SPDX-License-Identifier: MIT */
/* gunzip - see gunzip.h; the members of a stream one after another. */
#include "tar/gunzip.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tar/inflate.h"

struct gunzip {
	gunzip_read_fn *read;
	void *data;
	bool inside; /* of a member */
	struct inflater *inflater;
	struct inflate_io io;
};

struct gunzip *gunzip_new(gunzip_read_fn *read, void *data)
{
	struct gunzip *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->read = read;
	g->data = data;
	g->inside = true; /* an empty stream is no gzip stream */
	g->inflater = inflater_new();
	if (g->inflater && inflater_begin(g->inflater) == 0)
		return g;
	return gunzip_free(g);
}

struct gunzip *gunzip_free(struct gunzip *g)
{
	if (g)
		inflater_free(g->inflater);
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
	g->io.in = piece;
	g->io.in_len = (size_t)n;
	return 1;
}

/* Another member, if anything follows; as refill(). */
static int next_member(struct gunzip *g)
{
	int r = g->io.in_len > 0 ? 1 : refill(g);

	if (r <= 0)
		return r;
	r = inflater_begin(g->inflater);
	g->inside = r == 0;
	return r < 0 ? r : 1;
}

ssize_t gunzip_read(struct gunzip *g, void *buf, size_t len)
{
	g->io.out = buf;
	g->io.out_len = len;
	while (g->io.out_len > 0) {
		const size_t room = g->io.out_len;
		int r = g->inside ? 1 : next_member(g);

		if (r <= 0)
			return r < 0 ? r : (ssize_t)(len - g->io.out_len);
		r = inflater_run(g->inflater, &g->io);
		if (r < 0)
			return r;
		g->inside = r == 0;
		if (r > 0 || g->io.in_len > 0 || g->io.out_len < room)
			continue;
		r = refill(g);
		if (r <= 0)
			return r < 0 ? r : -EBADMSG; /* it ends within a member */
	}
	return (ssize_t)len;
}
