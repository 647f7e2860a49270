/* SPDX-License-Identifier: MIT */
/* convert - see convert.h. */
#include "transfer/convert.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "store/store-file.h"
#include "transfer/layer.h"

enum { WORKERS_MAX = 8, TELL_NS = 200 * 1000 * 1000 };

struct work {
	struct digest blob, diff_id;
	bool taken, fresh;
};

struct converter {
	struct minc_transfer *t;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct work *work;
	size_t len, room;
	bool no_more;
	struct err e;
	int failed;
	pthread_t threads[WORKERS_MAX];
	size_t started, running;
	struct {
		/*
		 * what one of them does, for who waits; "" until there is something to
		 * tell
		 */
		char what[64];
		uint64_t done, total;
	} now;
};

static bool wait_for_work(struct converter *c, struct work *ret)
{
	bool found = false;

	pthread_mutex_lock(&c->lock);
	while (!found && !c->failed) {
		size_t i = 0;

		while (i < c->len && c->work[i].taken)
			i++;
		if (i < c->len) {
			c->work[i].taken = found = true;
			*ret = c->work[i];
		} else if (c->no_more) {
			break;
		} else {
			pthread_cond_wait(&c->moved, &c->lock);
		}
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}

static void note_failure(struct converter *c, int r, const struct err *e)
{
	pthread_mutex_lock(&c->lock);
	if (!c->failed) {
		c->failed = r;
		c->e = *e;
	}
	pthread_cond_broadcast(&c->moved);
	pthread_mutex_unlock(&c->lock);
}

/*
 * A worker's progress: who waits tells it, and ends what goes on when something has
 * failed.
 */
static int note_progress(const char *what, uint64_t done, uint64_t total, void *data)
{
	struct converter *c = data;
	int r;

	pthread_mutex_lock(&c->lock);
	snprintf(c->now.what, sizeof(c->now.what), "%s", what);
	c->now.done = done;
	c->now.total = total;
	r = c->failed;
	pthread_mutex_unlock(&c->lock);
	return r;
}

static void *run(void *data)
{
	struct converter *c = data;
	struct store store = *c->t->store;
	struct minc_transfer t = *c->t;
	struct err e = { 0 };
	struct work w;
	int r = 0;

	store.err = t.err = &e; /* messages of one thread are its own */
	store.warn = NULL;
	t.store = &store;
	t.progress = note_progress;
	t.data = c;
	while (r == 0 && wait_for_work(c, &w)) {
		if (w.fresh || !store_has_layer(&store, &w.diff_id))
			r = layer_from_blob(&t, &w.blob, &w.diff_id, 1);
	}
	if (r < 0)
		note_failure(c, r, &e);
	pthread_mutex_lock(&c->lock);
	c->running--;
	pthread_cond_broadcast(&c->moved);
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static size_t cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (size_t)CPU_COUNT(&set) < WORKERS_MAX ? (size_t)CPU_COUNT(&set)
						     : WORKERS_MAX;
}

int converter_new(struct minc_transfer *t, struct converter **ret)
{
	struct converter *c = calloc(1, sizeof(*c));
	const size_t wanted = cpus();
	pthread_condattr_t clock;
	sigset_t all, old;
	int r = 0;

	if (!c)
		return err_set(t->err, -ENOMEM, "layers");
	c->t = t;
	(void)pthread_mutex_init(&c->lock, NULL); /* cannot fail with these attributes */
	(void)pthread_condattr_init(&clock);      /* nor can these */
	(void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&c->moved, &clock);
	(void)pthread_condattr_destroy(&clock);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the caller's */
	pthread_mutex_lock(&c->lock);                   /* until they are counted */
	while (c->started < wanted && r == 0) {
		r = -pthread_create(&c->threads[c->started], NULL, run, c);
		c->started += r == 0;
	}
	c->running = c->started;
	pthread_mutex_unlock(&c->lock);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (c->started == 0) {
		(void)converter_free(c, t->err);
		return err_set(t->err, r, "layers");
	}
	*ret = c;
	return 0;
}

void converter_add(struct converter *c, const struct image_layer *l)
{
	struct work *more;
	struct err e = { 0 };

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->len; i++)
		if (digest_equal(&c->work[i].diff_id, &l->diff_id) &&
		    digest_equal(&c->work[i].blob, &l->digest)) {
			pthread_mutex_unlock(&c->lock);
			return;
		}
	more = array_grow(c->work, &c->room, c->len + 1, sizeof(*more));
	if (!more) {
		pthread_mutex_unlock(&c->lock);
		note_failure(c, err_set(&e, -ENOMEM, "layers"), &e);
		return;
	}
	c->work = more;
	c->work[c->len++] = (struct work){ .blob = l->digest,
					   .diff_id = l->diff_id,
					   .fresh = l->fresh };
	pthread_cond_broadcast(&c->moved);
	pthread_mutex_unlock(&c->lock);
}

int converter_failed(struct converter *c)
{
	int r;

	pthread_mutex_lock(&c->lock);
	r = c->failed;
	pthread_mutex_unlock(&c->lock);
	return r;
}

/* Not longer than TELL_NS; under the lock. */
static void wait_a_moment(struct converter *c)
{
	struct timespec end;

	(void)clock_gettime(CLOCK_MONOTONIC, &end); /* cannot fail */
	end.tv_nsec += TELL_NS;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	/* either is a reason to look */
	(void)pthread_cond_timedwait(&c->moved, &c->lock, &end);
}

/* Until the workers have ended; who is told of it may cancel. */
static void attend(struct converter *c)
{
	const struct minc_transfer *t = c->t;
	struct err e = { 0 };

	pthread_mutex_lock(&c->lock);
	while (c->running > 0) {
		char what[sizeof(c->now.what)];
		uint64_t done, total;
		int stop;

		wait_a_moment(c);
		memcpy(what, c->now.what, sizeof(what));
		done = c->now.done;
		total = c->now.total;
		if (!t->progress || !*what || c->failed)
			continue;
		pthread_mutex_unlock(&c->lock);
		stop = t->progress(what, done, total, t->data);
		if (stop)
			note_failure(c, err_say(&e, -ECANCELED, "%s: cancelled", what),
				     &e);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
}

int converter_free(struct converter *c, struct err *e)
{
	int r;

	pthread_mutex_lock(&c->lock);
	c->no_more = true;
	pthread_cond_broadcast(&c->moved);
	pthread_mutex_unlock(&c->lock);
	attend(c);
	for (size_t i = 0; i < c->started; i++)
		(void)pthread_join(c->threads[i], NULL);
	r = c->failed;
	if (r < 0 && !e->code)
		*e = c->e;
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->moved);
	free(c->work);
	free(c);
	return r;
}
