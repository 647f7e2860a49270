/* SPDX-License-Identifier: MIT */
/* discard - see discard.h. */
#include "store/discard.h"

#include <errno.h>

#include "change/subtree.h"
#include "ns/userns.h"

struct target {
	int dir;
	const char *name; /* valid in a child, too: it has a copy */
};

static int remove_target(struct err *e, void *data)
{
	const struct target *t = data;

	(void)e; /* the caller names the object */
	return subtree_remove(t->dir, t->name);
}

int discard(struct err *e, int dir, const char *name)
{
	struct target t = { dir, name };
	int n, r = subtree_remove(dir, name);

	if (r != -EACCES && r != -EPERM)
		return r;
	n = userns_run(e, remove_target, &t, sizeof(t));
	return n == -ENOTSUP ? r : n;
}
