/* SPDX-License-Identifier: MIT */
/* inflate-zlib - see inflate.h; zlib checks what a member ends with. */
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "tar/inflate.h"

enum { GZIP_ONLY = 16 + MAX_WBITS };

struct inflater {
	z_stream z;
};

struct inflater *inflater_new(void)
{
	struct inflater *i = calloc(1, sizeof(*i));

	if (i && inflateInit2(&i->z, GZIP_ONLY) == Z_OK)
		return i;
	free(i);
	return NULL;
}

struct inflater *inflater_free(struct inflater *i)
{
	if (i)
		(void)inflateEnd(&i->z); /* the state is consistent */
	free(i);
	return NULL;
}

int inflater_begin(struct inflater *i)
{
	return inflateReset(&i->z) == Z_OK ? 0 : -EBADMSG;
}

int inflater_run(struct inflater *i, struct inflate_io *io)
{
	z_stream *z = &i->z;
	int r;

	z->next_in = (Bytef *)io->in; /* only read */
	z->avail_in = (uInt)io->in_len;
	z->next_out = io->out;
	z->avail_out = (uInt)io->out_len;
	r = inflate(z, Z_NO_FLUSH);
	if (r == Z_MEM_ERROR)
		return -ENOMEM;
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return -EBADMSG;
	*io = (struct inflate_io){ z->next_in, z->avail_in, z->next_out, z->avail_out };
	return r == Z_STREAM_END;
}
