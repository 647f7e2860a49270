/* SPDX-License-Identifier: MIT */
/* inodes - see inodes.h. Open addressing, at most half full. */
#include "change/inodes.h"

#include <stdlib.h>
#include <string.h>

static struct inode *place(const struct inodes *t, uint64_t dev, uint64_t ino)
{
	size_t i =
		(size_t)((ino ^ dev << 17) * 0x9e3779b97f4a7c15u >> 20) & (t->size - 1);

	while (t->v[i].ino && (t->v[i].ino != ino || t->v[i].dev != dev))
		i = (i + 1) & (t->size - 1);
	return &t->v[i];
}

struct inode *inodes_find(const struct inodes *t, uint64_t dev, uint64_t ino)
{
	struct inode *i = t->size ? place(t, dev, ino) : NULL;

	return i && i->ino ? i : NULL;
}

static int grow(struct inodes *t)
{
	struct inodes more = { .size = t->size ? t->size * 2 : 64, .used = t->used };

	more.v = calloc(more.size, sizeof(*more.v));
	if (!more.v)
		return -1;
	for (size_t i = 0; i < t->size; i++)
		if (t->v[i].ino)
			*place(&more, t->v[i].dev, t->v[i].ino) = t->v[i];
	free(t->v);
	*t = more;
	return 0;
}

struct inode *inodes_put(struct inodes *t, uint64_t dev, uint64_t ino)
{
	struct inode *i = inodes_find(t, dev, ino);

	if (i)
		return i;
	if (t->used * 2 >= t->size && grow(t) < 0)
		return NULL;
	i = place(t, dev, ino);
	*i = (struct inode){ .dev = dev, .ino = ino };
	t->used++;
	return i;
}

void inodes_done(struct inodes *t)
{
	for (size_t i = 0; i < t->size; i++)
		free(t->v[i].text);
	free(t->v);
	memset(t, 0, sizeof(*t));
}
