/* SPDX-License-Identifier: MIT */
/* gunzip-isal - see gunzip.h; ISA-L checks what a member ends with. */
#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tar/gunzip.h"

struct gunzip {
	gunzip_read_fn *read;
	void *data;
	bool inside; /* of a member */
	struct inflate_state state;
};

static void begin_member(struct gunzip *g)
{
	uint8_t *in = g->state.next_in;
	const uint32_t left = g->state.avail_in;

	isal_inflate_reset(&g->state); /* forgets what is still to be read */
	g->state.next_in = in;
	g->state.avail_in = left;
	g->state.crc_flag = ISAL_GZIP;
	g->inside = true;
}

struct gunzip *gunzip_new(gunzip_read_fn *read, void *data)
{
	struct gunzip *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->read = read;
	g->data = data;
	isal_inflate_init(&g->state);
	begin_member(g);
	return g;
}

struct gunzip *gunzip_free(struct gunzip *g)
{
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
	g->state.next_in = (uint8_t *)piece; /* only read */
	g->state.avail_in = (uint32_t)n;
	return 1;
}

/* Output may be left in the state when all input is taken. */
static bool wants_input(const struct gunzip *g, uint32_t room_before)
{
	return g->state.avail_in == 0 && g->state.avail_out == room_before;
}

ssize_t gunzip_read(struct gunzip *g, void *buf, size_t len)
{
	uint32_t room;
	int r;

	g->state.next_out = buf;
	g->state.avail_out = (uint32_t)len;
	while (g->state.avail_out > 0) {
		if (!g->inside) {
			r = g->state.avail_in > 0 ? 1 : refill(g);
			if (r <= 0)
				return r < 0 ? r : (ssize_t)(len - g->state.avail_out);
			begin_member(g);
		}
		room = g->state.avail_out;
		r = isal_inflate(&g->state);
		if (r != ISAL_DECOMP_OK && r != ISAL_END_INPUT && r != ISAL_OUT_OVERFLOW)
			return -EBADMSG;
		if (g->state.block_state == ISAL_BLOCK_FINISH &&
		    g->state.tmp_out_processed == g->state.tmp_out_valid) {
			g->inside = false;
			continue;
		}
		if (!wants_input(g, room))
			continue;
		r = refill(g);
		if (r <= 0)
			return r < 0 ? r : -EBADMSG; /* it ends within a member */
	}
	return (ssize_t)len;
}
