/* SPDX-License-Identifier: MIT */
/*
 * stats - what containers use, once or again and again. CPU % is that of the time between
 * two looks, of 100 for one CPU; at the first look, of the time since the container
 * began.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "marten/call.h"
#include "marten/print/text.h"
#include "marten/values.h"

struct stats_values {
	bool once, json;
};

struct look {
	char id[65];
	uint64_t cpu_usec;
	int64_t ms;
};

struct stats {
	struct call *call;
	struct table table;
	struct look *looks; /* the last one at each container */
	size_t len;
	int seen;
};

static void cell_size(struct table *t, uint64_t bytes)
{
	char text[32];

	table_cell(t, "%s",
		   bytes == UINT64_MAX ? "-" : size_text(text, sizeof(text), bytes));
}

/* The last look at @ct, a new one if it is the first; NULL without memory. */
static struct look *find_look(struct stats *s, const minc_container *ct)
{
	const char *id = minc_container_id(ct);
	struct look *more;
	size_t i;

	for (i = 0; i < s->len; i++)
		if (strcmp(s->looks[i].id, id) == 0)
			return &s->looks[i];
	more = realloc(s->looks, (s->len + 1) * sizeof(*more));
	if (!more)
		return NULL;
	s->looks = more;
	more[s->len] = (struct look){ .ms = minc_container_created_ms(ct) };
	(void)snprintf(more[s->len].id, sizeof(more->id), "%s", id);
	return &more[s->len++];
}

static double cpu_percent(struct stats *s, const minc_container *ct, uint64_t cpu_usec)
{
	struct look *last = find_look(s, ct);
	int64_t now = time_now_ms();
	double percent = 0;

	if (!last || cpu_usec == UINT64_MAX)
		return 0;
	if (now > last->ms && cpu_usec > last->cpu_usec)
		percent = (double)(cpu_usec - last->cpu_usec) / 10 /
			  (double)(now - last->ms);
	last->cpu_usec = cpu_usec;
	last->ms = now;
	return percent;
}

static void print_number(const char *key, uint64_t n)
{
	if (n == UINT64_MAX)
		(void)printf(", \"%s\": null", key);
	else
		(void)printf(", \"%s\": %llu", key, (unsigned long long)n);
}

static void print_json(minc_container *ct, const struct minc_stats *u, double cpu)
{
	(void)fputs("{\"id\": ", stdout);
	print_json_string(minc_container_id(ct));
	(void)fputs(", \"name\": ", stdout);
	print_json_string(minc_container_name(ct));
	(void)printf(", \"cpu_percent\": %.2f", cpu);
	print_number("cpu_usec", u->cpu_usec);
	print_number("memory_bytes", u->memory_bytes);
	print_number("memory_limit_bytes", u->memory_limit_bytes);
	print_number("memory_peak_bytes", u->memory_peak_bytes);
	print_number("oom_kills", u->oom_kills);
	print_number("pids", u->pids);
	print_number("read_bytes", u->read_bytes);
	print_number("write_bytes", u->write_bytes);
	print_number("throttled", u->throttled);
	(void)printf(", \"in_groups\": %s, \"limits\": {",
		     u->in_groups ? "true" : "false");
}

struct enforcers {
	bool json;
	int count;
	char text[256]; /* "cgroup v1 memory, rlimit": each once */
};

static int note_enforcer(const char *limit, const char *enforced_by, void *userdata)
{
	struct enforcers *e = userdata;
	size_t len = strlen(e->text);

	if (e->json) {
		(void)fputs(e->count++ ? ", " : "", stdout);
		print_json_string(limit);
		(void)fputs(": ", stdout);
		print_json_string(enforced_by);
	} else if (!strstr(e->text, enforced_by)) {
		/* there is room for all kinds */
		(void)snprintf(e->text + len, sizeof(e->text) - len, "%s%s",
			       len ? ", " : "", enforced_by);
	}
	return 0;
}

static int show(minc_container *ct, void *userdata)
{
	struct stats *s = userdata;
	const struct stats_values *o = s->call->values;
	struct minc_stats u = { .size = sizeof(u) };
	int state = minc_container_state(ct), r;
	struct enforcers e = { .json = o->json };
	double cpu;

	if (state != MINC_STATE_RUNNING && state != MINC_STATE_PAUSED)
		return 0;
	r = minc_stats(s->call->c, ct, &u);
	if (r == -ESRCH)
		return 0; /* it ended just now */
	if (r < 0)
		return r;
	s->seen++;
	cpu = cpu_percent(s, ct, u.cpu_usec);
	if (o->json) {
		print_json(ct, &u, cpu);
		r = minc_limits(s->call->c, ct, note_enforcer, &e);
		(void)puts("}}");
		return r;
	}
	r = minc_limits(s->call->c, ct, note_enforcer, &e);
	if (r < 0)
		return r;
	table_cell(&s->table, "%.12s", minc_container_id(ct));
	table_cell(&s->table, "%s", minc_container_name(ct));
	table_cell(&s->table, "%.2f%%", cpu);
	cell_size(&s->table, u.memory_bytes);
	cell_size(&s->table, u.memory_limit_bytes);
	if (u.pids == UINT64_MAX)
		table_cell(&s->table, "-");
	else
		table_cell(&s->table, "%llu", (unsigned long long)u.pids);
	cell_size(&s->table, u.read_bytes);
	cell_size(&s->table, u.write_bytes);
	table_cell(&s->table, "%s", *e.text ? e.text : "-");
	return 0;
}

/* Those that were named, or all. */
static int look_at_all(struct stats *s)
{
	struct call *call = s->call;
	int i, status = 0;

	if (call->count == 0)
		return minc_foreach(call->c, show, s) < 0 ? fail_library(call) : 0;
	for (i = 0; i < call->count; i++) {
		minc_container *ct;

		if (minc_open(call->c, call->operands[i], &ct) < 0) {
			status = fail_library(call);
			continue;
		}
		if (show(ct, s) < 0)
			status = fail_library(call);
		minc_container_free(ct);
	}
	return status;
}

static int look(struct stats *s)
{
	static const char *const head[] = { "CONTAINER ID", "NAME",    "CPU %",
					    "MEMORY",       "LIMIT",   "PIDS",
					    "READ",         "WRITTEN", "LIMITS BY" };
	const struct stats_values *o = s->call->values;
	int status;
	size_t i;

	_Static_assert(sizeof(head) / sizeof(head[0]) <= TABLE_COLUMNS_MAX, "see text.h");
	s->seen = 0;
	s->table.columns = sizeof(head) / sizeof(head[0]);
	for (i = 0; !o->json && i < s->table.columns; i++)
		table_cell(&s->table, "%s", head[i]);
	status = look_at_all(s);
	if (status && !s->seen)
		s->table.failed = true; /* nothing but a head: print nothing */
	else if (!o->once && !o->json && isatty(STDOUT_FILENO))
		(void)fputs("\033[H\033[J", stdout);
	if (!table_print(&s->table))
		return status ? status : fail_say("out of memory");
	if (fflush(stdout) != 0)
		return EXIT_OURS; /* main() says so */
	return status;
}

static int run_stats(struct call *call)
{
	const struct stats_values *o = call->values;
	const struct timespec second = { .tv_sec = 1 };
	struct stats s = { .call = call };
	int status = look(&s);

	while (!o->once && status == 0 && s.seen > 0) {
		(void)nanosleep(&second, NULL); /* shorter does no harm */
		status = look(&s);
	}
	free(s.looks);
	return status;
}

// clang-format off
static const struct option stats_options[] = {
	{ "--no-stream", NULL, "Look once, not every second",
	  .offset = offsetof(struct stats_values, once) },
	{ "--format", "json", "One JSON object per line",
	  .offset = offsetof(struct stats_values, json), .read = read_format },
	{ .names = NULL }
};
const struct verb stats_verbs[] = {
	{ .names = "stats", .operands = "[CONTAINER...]", .most = -1,
	  .help = "Show what containers use", .options = stats_options, .run = run_stats },
	{ .names = NULL }
};
// clang-format on
