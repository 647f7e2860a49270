/* SPDX-License-Identifier: MIT */
/* logs - what a background container has written; see minc/background.h. */
#include <errno.h>

#include "api/api.h"
#include "live/log.h"
#include "live/state.h"

enum {
	STREAMS = MINC_LOG_STDOUT | MINC_LOG_STDERR,
	KNOWN = STREAMS | MINC_LOG_FOLLOW | MINC_LOG_TIMESTAMPS
};

static const uint64_t ns_per_ms = 1000000;

static unsigned streams_of(unsigned flags)
{
	unsigned streams = 0;

	if (!(flags & STREAMS))
		flags |= STREAMS;
	if (flags & MINC_LOG_STDOUT)
		streams |= 1u << LOG_STDOUT;
	if (flags & MINC_LOG_STDERR)
		streams |= 1u << LOG_STDERR;
	return streams;
}

static int check(minc_ctx *c, const minc_container *ct, unsigned flags, int64_t since_ms,
		 long tail)
{
	int r = api_check_background(c, ct);

	if (r < 0)
		return r;
	if (flags & ~(unsigned)KNOWN)
		return err_say(&c->err, -EINVAL, "minc_logs: unknown flag");
	if (since_ms < 0)
		return err_say(&c->err, -EINVAL, "minc_logs: a time before the epoch");
	if (tail < -1)
		return err_say(&c->err, -EINVAL, "minc_logs: %ld is no number of lines",
			       tail);
	return 0;
}

MINC_EXPORT int minc_logs(minc_ctx *c, minc_container *ct, unsigned flags,
			  int64_t since_ms, long tail, minc_output_fn fn, void *userdata)
{
	struct log_query q;
	int r;

	if (!c || !ct || !fn)
		return -EINVAL;
	r = check(c, ct, flags, since_ms, tail);
	if (r < 0)
		return r;
	q = (struct log_query){
		.streams = streams_of(flags),
		.follow = flags & MINC_LOG_FOLLOW,
		.timestamps = flags & MINC_LOG_TIMESTAMPS,
		.since_ns = (uint64_t)since_ms > UINT64_MAX / ns_per_ms
				    ? UINT64_MAX
				    : (uint64_t)since_ms * ns_per_ms,
		.tail = tail,
	};
	return log_read(ct->state->dir, &q, fn, userdata, &c->err);
}
