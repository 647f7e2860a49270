/* SPDX-License-Identifier: MIT */
/* held - see held.h. */
#include "plan/held.h"

#include <stdlib.h>

#include "base/fd.h"
#include "plan/plan.h"

struct held *held_add(struct held_list *l, const struct held_ops *ops, int slot)
{
	size_t watched = 0;
	struct held *h;

	while (l->len && !l->list[l->len - 1].ops)
		l->len--;
	for (size_t i = 0; i < l->len; i++)
		watched += l->list[i].ops && l->list[i].ops->watched;
	if (l->len == HELD_MAX || (ops->watched && watched == HELD_WATCHED_MAX))
		return NULL;
	h = &l->list[l->len++];
	*h = (struct held){ .ops = ops, .slot = slot, .fd = -EBADF };
	return h;
}

void held_close(struct held *h)
{
	fd_closep(&h->fd);
	free(take_ptr(&h->data));
	h->ops = NULL;
}

void held_take(struct held_list *l, int *slots, bool keeper)
{
	for (size_t i = 0; i < l->len; i++) {
		struct held *h = &l->list[i];

		if (h->made && h->slot != SLOT_NONE && !(keeper && h->ops->watched))
			h->fd = take_fd(&slots[h->slot]);
		h->slot = SLOT_NONE;
	}
}

void held_end(struct held_list *l)
{
	for (size_t i = l->len; i-- > 0;) {
		struct held *h = &l->list[i];

		if (h->ops && !h->made)
			held_close(h);
		else if (h->ops && h->ops->end)
			h->ops->end(h);
	}
}

void held_release(struct held_list *l)
{
	for (size_t i = l->len; i-- > 0;) {
		struct held *h = &l->list[i];

		if (h->ops && !h->made)
			held_close(h);
		else if (h->ops)
			h->ops->release(h);
	}
	l->len = 0;
}

void held_hand_over(struct held_list *l)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->list[i].ops && l->list[i].ops->leased)
			held_close(&l->list[i]);
}

size_t held_watch(const struct held_list *l, struct pollfd p[HELD_WATCHED_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < l->len; i++)
		if (l->list[i].ops && l->list[i].ops->watched && l->list[i].fd >= 0)
			p[n++] = (struct pollfd){ .fd = l->list[i].fd };
	return n;
}

void held_unwatch(struct held_list *l)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->list[i].ops && l->list[i].ops->watched)
			fd_closep(&l->list[i].fd);
}
