/* SPDX-License-Identifier: MIT */
/* change - stop, kill, pause, unpause, rm, rename: what is done to a container. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "marten/call.h"
#include "marten/container/kept.h"
#include "marten/values.h"

struct stop_values {
	int signal, grace_ms;
};

struct rm_values {
	bool force, volumes;
};

enum { KILLED_AT_ONCE = 64 /* each has some descriptors */ };

/* One that was asked to end. */
struct asked {
	char id[65];
	int64_t deadline_ms; /* then it is killed; INT64_MAX: never */
	bool late;
};

struct stopping {
	struct asked *v;
	size_t len;
};

/* As clock_ms() of the library, which a tool cannot include. */
static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_asked(const struct stopping *s, const char *id)
{
	size_t i;

	for (i = 0; i < s->len; i++)
		if (strcmp(s->v[i].id, id) == 0)
			return true;
	return false;
}

static int ask(struct call *call, minc_container *ct)
{
	struct stop_values o = *(const struct stop_values *)call->values;
	struct stopping *s = call->own;
	struct asked *a = &s->v[s->len];
	struct kept *k = NULL;
	int r;

	/* named twice: some programs take a second signal as "at once" */
	if (is_asked(s, minc_container_id(ct)))
		return 0;
	if (!o.signal || o.grace_ms == GRACE_UNSAID)
		k = kept_find(call, minc_container_id(ct));
	kept_complete_stop(call, k, &o.signal, &o.grace_ms);
	kept_free(k);
	if (minc_container_state(ct) == MINC_STATE_PAUSED)
		/* if that fails it is killed at the end of its time */
		(void)minc_resume(call->c, ct);
	r = minc_kill(ct, o.signal);
	if (r == 0)
		(void)minc_kill(ct, SIGCONT); /* a stopped process takes no other */
	if (r < 0 && r != -ESRCH)
		return fail_say("%.64s: %s", minc_container_name(ct), strerror(-r));
	(void)snprintf(a->id, sizeof(a->id), "%s", minc_container_id(ct));
	a->deadline_ms = o.signal == SIGKILL ? 0
			 : o.grace_ms < 0    ? INT64_MAX
					     : now_ms() + o.grace_ms;
	s->len++;
	return 0;
}

/* 0 with *ret, or -errno. One that is gone has ended, and was removed: no failure. */
static int open_asked(struct call *call, const struct asked *a, minc_container **ret,
		      int *ret_status)
{
	int r = minc_open(call->c, a->id, ret);

	*ret_status = r < 0 && r != -ENOENT ? fail_library(call) : 0;
	return r;
}

/* Until its end, or until its time is over: then it is killed, and not waited for yet. */
static int await(struct call *call, struct asked *a)
{
	const int64_t left = a->deadline_ms - now_ms();
	minc_container *ct;
	int status, code, r;

	if (open_asked(call, a, &ct, &status) < 0)
		return status;
	r = minc_wait(ct,
		      a->deadline_ms == INT64_MAX ? -1
		      : left < 0                  ? 0
						  : (int)left,
		      &code);
	a->late = r == -ETIMEDOUT;
	if (a->late)
		(void)minc_kill(ct, SIGKILL); /* it may have ended */
	else if (r < 0)
		status = fail_say("%.64s: %s", minc_container_name(ct), strerror(-r));
	minc_container_free(ct);
	return status;
}

static int finish(struct call *call, const struct asked *a)
{
	minc_container *ct;
	int status;

	if (open_asked(call, a, &ct, &status) < 0)
		return status;
	if (minc_stop(call->c, ct, SIGKILL, -1, NULL) < 0)
		status = fail_library(call);
	minc_container_free(ct);
	return status;
}

static int by_deadline(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;

	return x->deadline_ms < y->deadline_ms ? -1 : x->deadline_ms > y->deadline_ms;
}

/*
 * All are asked before the first is waited for, so that there is one time of grace; none
 * is held open, for there may be any number. One of the store that does not run has
 * nothing to be stopped: that is no failure.
 */
static int run_stop(struct call *call)
{
	struct stopping s = { .v = calloc((size_t)call->count, sizeof(*s.v)) };
	int status, r;
	size_t i;

	if (!s.v)
		return fail_say("out of memory");
	/* cppcheck-suppress autoVariables ; ask() is the only one to use it */
	call->own = &s;
	status = each_kept(call, ask, NULL);
	call->own = NULL;
	qsort(s.v, s.len, sizeof(*s.v), by_deadline);
	for (i = 0; i < s.len; i++) {
		r = await(call, &s.v[i]);
		status = r ? r : status;
	}
	for (i = 0; i < s.len; i++) {
		r = s.v[i].late ? finish(call, &s.v[i]) : 0;
		status = r ? r : status;
	}
	free(s.v);
	return status;
}

/* NULL, after a message, if it was not sent. */
static minc_container *send_to(struct call *call, const char *name)
{
	const struct stop_values *o = call->values;
	minc_container *ct;
	int r = minc_open(call->c, name, &ct);

	if (r < 0) {
		(void)say_unknown(call, name);
		return NULL;
	}
	r = minc_kill(ct, o->signal);
	if (r == 0)
		return ct;
	(void)fail_say("%.64s: %s", minc_container_name(ct),
		       r == -ESRCH ? "it has ended" : strerror(-r));
	minc_container_free(ct);
	return NULL;
}

/*
 * All get the signal before anything is waited for, as the end of the first may take a
 * while. Only after SIGKILL the end is waited for.
 */
static int kill_some(struct call *call, const char *const *names, int count)
{
	const struct stop_values *o = call->values;
	minc_container *sent[KILLED_AT_ONCE];
	int status = 0, i;

	for (i = 0; i < count; i++) {
		sent[i] = send_to(call, names[i]);
		if (!sent[i])
			status = EXIT_OURS;
	}
	for (i = 0; i < count; i++) {
		if (!sent[i])
			continue;
		if (o->signal == SIGKILL &&
		    minc_stop(call->c, sent[i], SIGKILL, -1, NULL) < 0)
			status = fail_library(call);
		minc_container_free(sent[i]);
	}
	return status;
}

static int run_kill(struct call *call)
{
	int status = 0, i;

	for (i = 0; i < call->count; i += KILLED_AT_ONCE) {
		const int left = call->count - i;
		const int r = kill_some(call, (const char *const *)call->operands + i,
					left < KILLED_AT_ONCE ? left : KILLED_AT_ONCE);

		if (r != 0)
			status = r;
	}
	return status;
}

static int pause_one(struct call *call, minc_container *ct)
{
	if (!is_alive(ct))
		return EXIT_OURS;
	return minc_pause(call->c, ct) < 0 ? fail_library(call) : 0;
}

static int run_pause(struct call *call)
{
	return each_container(call, pause_one);
}

static int resume(struct call *call, minc_container *ct)
{
	if (!is_alive(ct))
		return EXIT_OURS;
	return minc_resume(call->c, ct) < 0 ? fail_library(call) : 0;
}

static int run_resume(struct call *call)
{
	return each_container(call, resume);
}

static int delete_kept(struct call *call, const char *name)
{
	minc_kept *k;
	int r = minc_store_container(call->store, name, &k);

	if (r < 0)
		return fail_library(call);
	r = minc_store_delete(call->store, k) < 0 ? fail_library(call) : 0;
	minc_kept_free(k);
	return r;
}

/* What the store has of it, once its keeper has ended. */
static int delete_rest(struct call *call, const char *id)
{
	kept_await_end(call, id);
	return has_kept(call, id) ? delete_kept(call, id) : 0;
}

static int delete_both(struct call *call, minc_container *ct)
{
	const struct rm_values *o = call->values;
	char id[65];

	(void)snprintf(id, sizeof(id), "%s", minc_container_id(ct));
	if (minc_delete(call->c, ct, o->force ? MINC_DELETE_FORCE : 0) < 0)
		return fail_library(call);
	return delete_rest(call, id);
}

/*
 * One whose state cannot be read. The store may have another of this name: its own has
 * its id.
 */
static int delete_damaged(struct call *call, const char *name)
{
	const struct rm_values *o = call->values;
	char id[65];

	if (minc_forget(call->c, name, o->force ? MINC_DELETE_FORCE : 0, id) < 0)
		return fail_library(call);
	return delete_rest(call, id);
}

/*
 * Containers of the store, read once for all names, when the first is not known
 * otherwise.
 */
struct known {
	struct kept_list list;
	bool read, whole;
};

static int delete_stored(struct call *call, struct known *known, const char *name)
{
	const char *id = name;
	const struct kept *k;

	if (!known->read)
		known->whole = kept_list(call, &known->list) == 0;
	known->read = true;
	k = kept_list_named(&known->list, name);
	if (k)
		id = k->id;
	/* not in the list: one that is damaged has an id */
	if ((!k && known->whole && name[strspn(name, "0123456789abcdef")]) ||
	    !has_kept(call, id))
		return fail_say("%.64s: no such container", name);
	return delete_kept(call, id);
}

/* All are killed before the first is waited for; failures are said in their order. */
static void kill_first(struct call *call)
{
	int i;

	for (i = 0; i < call->count; i++) {
		minc_container *ct;

		if (minc_open(call->c, call->operands[i], &ct) < 0)
			continue;
		(void)minc_kill(ct, SIGKILL); /* it may have ended */
		minc_container_free(ct);
	}
}

static int run_rm(struct call *call)
{
	const struct rm_values *o = call->values;
	struct known known = { .read = false };
	int status = 0, i;

	if (o->force && call->count > 1)
		kill_first(call);
	for (i = 0; i < call->count; i++) {
		minc_container *ct;
		int r = minc_open(call->c, call->operands[i], &ct);

		if (r == 0) {
			r = delete_both(call, ct);
			minc_container_free(ct);
		} else if (r == -EBADMSG) {
			r = delete_damaged(call, call->operands[i]);
		} else if (r != -ENOENT) {
			r = fail_library(call);
		} else {
			r = delete_stored(call, &known, call->operands[i]);
		}
		if (r != 0)
			status = r;
	}
	kept_list_done(&known.list);
	return status;
}

static int rename_kept(struct call *call, const char *old, const char *name)
{
	minc_kept *k;
	int r = minc_store_container(call->store, old, &k);

	if (r < 0)
		return fail_library(call);
	r = minc_store_rename(call->store, k, name) < 0 ? fail_library(call) : 0;
	minc_kept_free(k);
	return r;
}

/* The state first, which is more likely to fail: the store then has the old name. */
static int run_rename(struct call *call)
{
	const char *old = call->operands[0], *name = call->operands[1];
	minc_container *ct;
	int status, r;

	kept_release_name(call, name);
	r = minc_open(call->c, old, &ct);
	if (r < 0 && r != -ENOENT)
		return fail_library(call);
	if (r < 0)
		return has_kept(call, old) ? rename_kept(call, old, name)
					   : fail_say("%.64s: no such container", old);
	status = minc_rename(call->c, ct, name) < 0 ? fail_library(call) : 0;
	if (status == 0 && has_kept(call, minc_container_id(ct)))
		status = rename_kept(call, minc_container_id(ct), name);
	minc_container_free(ct);
	return status;
}

static const struct stop_values stop_defaults = { .grace_ms = GRACE_UNSAID };
static const struct stop_values kill_defaults = { .signal = SIGKILL };

// clang-format off
static const struct option stop_options[] = {
	{ "-s --signal", "SIGNAL", "Instead of TERM, or what the image says",
	  .offset = offsetof(struct stop_values, signal), .read = read_signal },
	{ "-t --time", "SECONDS", "Until it is killed; default 10, -1: never",
	  .offset = offsetof(struct stop_values, grace_ms), .read = read_grace },
	{ .names = NULL }
};
static const struct option kill_options[] = {
	{ "-s --signal", "SIGNAL", "Instead of KILL",
	  .offset = offsetof(struct stop_values, signal), .read = read_signal },
	{ .names = NULL }
};
static const struct option rm_options[] = {
	{ "-f --force", NULL, "Kill it if it runs", .offset = offsetof(struct rm_values, force) },
	{ "-v --volumes", NULL, "And its volumes without a name, which go in any case",
	  .offset = offsetof(struct rm_values, volumes) },
	{ .names = NULL }
};
const struct verb change_verbs[] = {
	{ .names = "stop", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Ask containers to end, then make them", .options = stop_options,
	  .defaults = &stop_defaults, .size = sizeof(stop_defaults), .run = run_stop },
	{ .names = "kill", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Send containers a signal", .options = kill_options,
	  .defaults = &kill_defaults, .size = sizeof(kill_defaults), .run = run_kill },
	{ .names = "pause", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Freeze containers", .options = no_options, .run = run_pause },
	{ .names = "unpause resume", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Let them go on", .options = no_options, .run = run_resume },
	{ .names = "rm", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Forget containers that have ended", .options = rm_options, .run = run_rm },
	{ .names = "rename", .operands = "CONTAINER NAME", .least = 2, .most = 2,
	  .help = "Give a container another name", .options = no_options, .run = run_rename },
	{ .names = NULL }
};
// clang-format on
