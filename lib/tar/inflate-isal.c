/* SPDX-License-Identifier: MIT */
/* inflate-isal - see inflate.h; ISA-L checks what a member ends with. */
#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#include "tar/inflate.h"

struct inflater {
	struct inflate_state state;
};

struct inflater *inflater_new(void)
{
	struct inflater *i = calloc(1, sizeof(*i));

	if (i)
		isal_inflate_init(&i->state);
	return i;
}

struct inflater *inflater_free(struct inflater *i)
{
	free(i);
	return NULL;
}

int inflater_begin(struct inflater *i)
{
	isal_inflate_reset(&i->state);
	i->state.crc_flag = ISAL_GZIP;
	return 0;
}

int inflater_run(struct inflater *i, struct inflate_io *io)
{
	struct inflate_state *s = &i->state;
	int r;

	s->next_in = (uint8_t *)io->in; /* only read */
	s->avail_in = (uint32_t)io->in_len;
	s->next_out = io->out;
	s->avail_out = (uint32_t)io->out_len;
	r = isal_inflate(s);
	if (r != ISAL_DECOMP_OK && r != ISAL_END_INPUT && r != ISAL_OUT_OVERFLOW)
		return -EBADMSG;
	*io = (struct inflate_io){ s->next_in, s->avail_in, s->next_out, s->avail_out };
	return s->block_state == ISAL_BLOCK_FINISH &&
	       s->tmp_out_processed == s->tmp_out_valid;
}
