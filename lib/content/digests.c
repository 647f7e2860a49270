/* SPDX-License-Identifier: MIT */
/* digests - see digests.h. */
#include "content/digests.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

#include "base/array.h"

void digests_done(struct digests *q)
{
	for (size_t i = 0; i < q->len; i++) {
		(void)tdelete(q->v[i], &q->seen, digest_compare);
		free(q->v[i]);
	}
	free(q->v);
	*q = (struct digests){ .v = NULL };
}

int digests_add(struct digests *q, const struct digest *d)
{
	struct digest *copy, **more;

	if (tfind(d, &q->seen, digest_compare))
		return 0;
	more = array_grow(q->v, &q->room, q->len + 1, sizeof(struct digest *));
	if (!more)
		return -ENOMEM;
	q->v = more;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *d;
	if (!tsearch(copy, &q->seen, digest_compare)) {
		free(copy);
		return -ENOMEM;
	}
	q->v[q->len++] = copy;
	return 1;
}

const struct digest *digests_next(struct digests *q)
{
	return q->at < q->len ? q->v[q->at++] : NULL;
}
