/* SPDX-License-Identifier: MIT */
/* list - ps and lc: which containers there are, as docker(1) and as MINCS print it. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "values.h"
#include "verb.h"

enum { SHORT_ID = 12, COMMAND_MAX = 30 };

struct list_values {
	bool all, quiet, whole, json;
};

struct listing {
	const struct list_values *o;
	struct table table;
	int64_t now;
};

static bool runs(const minc_container *ct)
{
	int state = minc_container_state(ct);

	return state == MINC_STATE_RUNNING || state == MINC_STATE_PAUSED;
}

static const char *state_word(int state)
{
	switch (state) {
	case MINC_STATE_RUNNING:
		return "running";
	case MINC_STATE_PAUSED:
		return "paused";
	case MINC_STATE_EXITED:
		return "exited";
	default:
		return "lost";
	}
}

static int id_width(const struct listing *l)
{
	return l->o->whole ? -1 : SHORT_ID;
}

/* "sh -c 'echo …", in quotation marks as docker prints it. */
static void cell_command(struct listing *l, minc_container *ct)
{
	const char *const *argv = minc_container_command(ct);
	char text[4096];
	size_t len = 0, max = l->o->whole ? sizeof(text) - 8 : COMMAND_MAX;

	text[0] = '\0';
	for (; *argv && len < max; argv++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
					len ? " " : "", *argv);
	if (*argv || len > max) {
		/* not within a character */
		for (len = max; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;
		     len--)
			;
		(void)snprintf(text + len, sizeof(text) - len, "…");
	}
	table_cell(&l->table, "\"%s\"", text);
}

static void cell_status(struct listing *l, minc_container *ct)
{
	int state = minc_container_state(ct), status = 0;
	int64_t ended = minc_container_ended_ms(ct);
	char span[32];

	switch (state) {
	case MINC_STATE_RUNNING:
	case MINC_STATE_PAUSED:
		table_cell(&l->table, "Up %s%s",
			   time_span(span, sizeof(span),
				     l->now - minc_container_created_ms(ct)),
			   state == MINC_STATE_PAUSED ? " (paused)" : "");
		return;
	case MINC_STATE_EXITED:
		if (minc_wait(ct, 0, &status) == 0) {
			table_cell(&l->table, "Exited (%d) %s ago", status,
				   time_span(span, sizeof(span), l->now - ended));
			return;
		}
	}
	table_cell(&l->table, "Lost");
}

static void print_json(minc_container *ct)
{
	const char *const *argv = minc_container_command(ct);
	int status, state = minc_container_state(ct);
	bool comma = false;

	(void)fputs("{\"id\": ", stdout);
	print_json_string(minc_container_id(ct));
	(void)fputs(", \"name\": ", stdout);
	print_json_string(minc_container_name(ct));
	(void)printf(", \"state\": \"%s\", \"pid\": %d, \"created_ms\": %lld, "
		     "\"ended_ms\": %lld, ",
		     state_word(state), runs(ct) ? minc_container_pid(ct) : 0,
		     (long long)minc_container_created_ms(ct),
		     (long long)minc_container_ended_ms(ct));
	if (state == MINC_STATE_EXITED && minc_wait(ct, 0, &status) == 0)
		(void)printf("\"exit_status\": %d, ", status);
	else
		(void)fputs("\"exit_status\": null, ", stdout);
	(void)fputs("\"command\": [", stdout);
	for (; *argv; argv++) {
		(void)fputs(comma ? ", " : "", stdout);
		print_json_string(*argv);
		comma = true;
	}
	(void)puts("]}");
}

static int show(minc_container *ct, void *userdata)
{
	struct listing *l = userdata;
	char span[32];

	if (!l->o->all && !runs(ct))
		return 0;
	if (l->o->json) {
		print_json(ct);
		return 0;
	}
	if (l->o->quiet) {
		(void)printf("%.*s\n", id_width(l), minc_container_id(ct));
		return 0;
	}
	table_cell(&l->table, "%.*s", id_width(l), minc_container_id(ct));
	cell_command(l, ct);
	table_cell(&l->table, "%s ago",
		   time_span(span, sizeof(span), l->now - minc_container_created_ms(ct)));
	cell_status(l, ct);
	table_cell(&l->table, "%s", minc_container_name(ct));
	return 0;
}

static void warn(const char *line, void *userdata)
{
	(void)fprintf(stderr, "marten: warning: %s\n", line);
}

static int run_ps(struct call *call)
{
	static const char *const head[] = { "CONTAINER ID", "COMMAND", "CREATED",
					    "STATUS", "NAMES" };
	struct listing l = { .o = call->values, .now = time_now_ms() };
	size_t i;

	l.table.columns = sizeof(head) / sizeof(head[0]);
	if (!l.o->quiet && !l.o->json)
		for (i = 0; i < l.table.columns; i++)
			table_cell(&l.table, "%s", head[i]);
	minc_set_log(call->c, warn, NULL);
	if (minc_foreach(call->c, show, &l) < 0)
		return fail_library(call);
	return table_print(&l.table) ? 0 : fail_say("out of memory");
}

/* MINCS's table: tabulators between ID, PID and NAME. */
static int show_line(minc_container *ct, void *userdata)
{
	const struct list_values *o = userdata;
	char name[128];

	(void)printf("%.*s\t", o->whole ? -1 : SHORT_ID, minc_container_id(ct));
	if (runs(ct))
		(void)printf("%d", minc_container_pid(ct));
	else
		(void)putchar('-');
	(void)printf("\t%s\n", printable(name, sizeof(name), minc_container_name(ct)));
	return 0;
}

static int run_lc(struct call *call)
{
	struct list_values o = *(const struct list_values *)call->values;

	(void)puts("ID\tPID\tNAME");
	minc_set_log(call->c, warn, NULL);
	return minc_foreach(call->c, show_line, &o) < 0 ? fail_library(call) : 0;
}

// clang-format off
static const struct option ps_options[] = {
	{ "-a --all", NULL, "Those that have ended, too",
	  offsetof(struct list_values, all), NULL },
	{ "-q --quiet", NULL, "Only the ids",
	  offsetof(struct list_values, quiet), NULL },
	{ "--no-trunc", NULL, "Whole ids and commands",
	  offsetof(struct list_values, whole), NULL },
	{ "--format", "json", "One JSON object per line",
	  offsetof(struct list_values, json), read_format },
	{ .names = NULL }
};
static const struct option lc_options[] = {
	{ "-l --long", NULL, "Whole ids", offsetof(struct list_values, whole), NULL },
	{ .names = NULL }
};
const struct verb list_verbs[] = {
	{ .names = "ps", .operands = "", .help = "List running containers",
	  .options = ps_options, .run = run_ps },
	{ .names = "lc list", .operands = "",
	  .help = "List all containers as ID, PID and NAME", .options = lc_options,
	  .run = run_lc },
	{ .names = NULL }
};
// clang-format on
