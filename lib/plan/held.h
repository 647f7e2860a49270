/* SPDX-License-Identifier: MIT */
/*
 * held - things that a step of the caller makes and that last as long as the container: a
 * server, a pipe, a control group; later an address, a port of a bridge, a helper
 * program. The row of the step says how to undo it (struct held_ops); the code that
 * starts, waits for and frees a container knows nothing else of it.
 *
 * Three may hold it, one after the other or one instead of the other:
 * - the handle (struct minc_container): it undoes the thing at the end;
 * - the keeper, if there is one (run/keeper.h): it holds what is watched, and ends the
 *   container itself;
 * - the monitor, in the background: it holds a lease, and while it lives no sweep removes
 *   the thing.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Places in a handle: a group in each hierarchy, two pipes, and what else there may be.
 */
enum { HELD_MAX = 20, HELD_WATCHED_MAX = 2 };

struct held;

struct held_ops {
	/*
	 * The container has ended, or nothing was started: undo it, then held_close().
	 * NULL: the thing stays until it is released.
	 */
	void (*end)(struct held *h);
	/*
	 * The handle is freed, and the container may go on: undo what it does not need,
	 * held_close().
	 */
	void (*release)(struct held *h);
	/*
	 * When the descriptor hangs up, the container has lost something that it needs,
	 * and is ended.
	 */
	bool watched;
	/*
	 * The descriptor is a lease: in the background the monitor holds it, and undoes
	 * it or leaves that to the next start's sweep.
	 */
	bool leased;
};

struct held {
	const struct held_ops *ops; /* NULL: a free place */
	bool made;                  /* else its step has not been done, or has failed */
	int slot;   /* while the start is under way the descriptor is there; SLOT_NONE */
	int fd;     /* afterwards; or -EBADF */
	int number; /* for the row's own use */
	void *data; /* the same, from malloc(3) */
};

struct held_list {
	size_t len;
	struct held list[HELD_MAX];
};

/* A place for what the step will make, in @slot or SLOT_NONE; NULL if there is none. */
struct held *held_add(struct held_list *l, const struct held_ops *ops, int slot);
/*
 * Close its descriptor, free its data and its place. Serves as release() where that is
 * enough.
 */
void held_close(struct held *h);

/*
 * The start is over: take the descriptors out of @slots. With a @keeper, the keeper holds
 * the watched ones.
 */
void held_take(struct held_list *l, int *slots, bool keeper);
/* The last made first. */
void held_end(struct held_list *l);
void held_release(struct held_list *l);
/* The monitor has the leases. */
void held_hand_over(struct held_list *l);

/* What to poll for hang-ups: how many. */
size_t held_watch(const struct held_list *l, struct pollfd p[HELD_WATCHED_MAX]);
/* A watched thing was lost: stop watching it. */
void held_unwatch(struct held_list *l);
