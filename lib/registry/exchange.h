/* SPDX-License-Identifier: MIT */
/*
 * exchange - one thing wanted from a registry, in as many requests as it takes:
 * redirects, a login, retries with growing pauses, the next mirror. Any number of them go
 * on at once in the caller's thread. What is wanted is said by functions of the owner
 * (registry.c, blobs.c, upload.c, token.c).
 *
 * Each ends. Retries are counted, and only what is new begins the count anew: bytes
 * beyond those that there were once, a stage that was not reached before. A pause has a
 * bound, and a request has one for the time in which nothing comes. What is waited for is
 * said.
 */
#pragma once

#include "registry/auth.h"
#include "registry/http.h"
#include "registry/mirrors.h"
#include "registry/registry-module.h"

/* Where to ask: the registry itself, or a mirror of it. */
struct place {
	const char *host, *repository; /* as they are in URLs */
	const char *registry;          /* what credentials are kept for */
	bool insecure;
	enum mirror_use use;
	struct trust trust;
	/* Learned. */
	bool plain;   /* speaks http */
	bool settled; /* has answered */
	bool looked_up;
	bool demanded; /* the caller gives the credentials: to go on without is no way */
	struct credentials credentials;
	const char *withheld;      /* the server that is not shown them, or NULL */
	const char *authorization; /* or NULL */
	unsigned generation;       /* of it */
};

struct registry {
	struct err *err;
	struct arena arena;
	struct ref ref;
	const char *name; /* "docker.io/library/alpine" */
	struct registry_options o;
	bool push;
	const char *const
		*mounts;      /* repositories to mount from; NULL-terminated, or NULL */
	struct place *places; /* in the order they are asked */
	size_t len, first;    /* the first that had the manifest */
	CURLM *multi, *side;  /* the latter for tokens */
	int64_t told_ms;      /* when progress was called */
};

enum exchange_state { EXCHANGE_WAITS, EXCHANGE_RUNS, EXCHANGE_ENDED };

struct exchange {
	/* The owner's, set before it begins. */
	struct registry *reg;
	char what[96];    /* "blob 5f70bf18a086" */
	struct place *at; /* NULL: elsewhere, without login */
	/*
	 * Say in @http what is asked for next. @again: not as the next stage, but since
	 * what was asked for before must be repeated.
	 */
	int (*begin)(struct exchange *x, bool again);
	/*
	 * There is a successful answer (any, if @any_status). 0: that was all; 1: begin
	 * the next stage; -EAGAIN: as if the connection had broken; -errno with
	 * exchange_fail().
	 */
	int (*finish)(struct exchange *x);
	/* Go elsewhere after a failure; false: nowhere. NULL: never. */
	bool (*next)(struct exchange *x);
	void *data;
	bool any_status;
	/* what is done is only sent: no progress while it has to be sent again */
	bool sends;
	uint64_t done, total; /* for progress; @total 0: tell nothing */
	/* ended; the owner says 0 when it begins at the first again */
	unsigned stages;

	/* exchange.c's. */
	struct http http;
	struct err err;
	enum exchange_state state;
	bool next_stage, moved, reported;
	unsigned tries, logins, generation;
	uint64_t most_done; /* that @done was at the end of a try */
	unsigned most_stages;
	uint64_t heard; /* of the request, when that last changed: at @heard_ms */
	int64_t heard_ms, due_ms;
	bool silent; /* that nothing comes was said */
	int result;
};

void exchange_init(struct exchange *x, struct registry *reg, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void exchange_done(struct exchange *x);
/* Record "NAME: WHAT: ..." as x's failure; returns @r. */
int exchange_fail(struct exchange *x, int r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The answer's status as x's failure, with the server's own words. */
int exchange_refused(struct exchange *x);
/*
 * Do all of them, @most at a time. @ended is called for each that is done. The first
 * failure ends the others and is recorded in reg->err.
 */
int exchange_run(struct registry *reg, CURLM *multi, struct exchange *xs, size_t len,
		 unsigned most, int (*ended)(struct exchange *x, void *data), void *data);

/* "https://HOST/v2/..."; from malloc(3), NULL without memory. */
char *place_url(const struct place *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Whether @url is of the same origin. */
bool place_is_own(const struct place *p, const char *url);
