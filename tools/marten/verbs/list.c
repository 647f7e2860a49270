/* SPDX-License-Identifier: MIT */
/*
 * list - ps and lc: which containers there are, as docker(1) and as MINCS print it. Those
 * of the store that run, or whose end is known, are one with what minc_foreach() visits.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marten/call.h"
#include "marten/container/kept.h"
#include "marten/print/text.h"
#include "marten/values.h"

enum { SHORT_ID = 12, COMMAND_MAX = 30, WORDS_SHOWN = 64 };

struct list_values {
	bool all, quiet, whole, json;
};

struct listing {
	const struct list_values *o;
	struct kept_list kept;
	struct table table;
	int64_t now;
};

static bool runs(int state)
{
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
static void cell_command(struct listing *l, const char *const *argv)
{
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

static void cell_image(struct listing *l, const struct kept *k)
{
	table_cell(&l->table, "%s",
		   k && k->readable && *k->recipe.image ? k->recipe.image : "-");
}

static void cell_status(struct listing *l, minc_container *ct, int state)
{
	int status = 0;
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
				   time_span(span, sizeof(span),
					     l->now - minc_container_ended_ms(ct)));
			return;
		}
	}
	table_cell(&l->table, "Lost");
}

static void print_array(const char *key, const char *const *words)
{
	bool comma = false;

	(void)printf("\"%s\": [", key);
	for (; *words; words++) {
		(void)fputs(comma ? ", " : "", stdout);
		print_json_string(*words);
		comma = true;
	}
	(void)putchar(']');
}

/* What only the store knows. */
static void print_kept(const struct kept *k)
{
	const bool known = k && k->readable;
	size_t i;

	(void)fputs("\"image\": ", stdout);
	print_json_string(known ? k->recipe.image : "");
	(void)fputs(", \"labels\": [", stdout);
	for (i = 0; known && i < k->recipe.labels.len; i++) {
		(void)fputs(i ? ", " : "", stdout);
		print_json_string(k->recipe.labels.v[i]);
	}
	(void)putchar(']');
}

static void print_json(const struct listing *l, minc_container *ct, int state)
{
	int status;

	(void)fputs("{\"id\": ", stdout);
	print_json_string(minc_container_id(ct));
	(void)fputs(", \"name\": ", stdout);
	print_json_string(minc_container_name(ct));
	(void)printf(", \"state\": \"%s\", \"pid\": %d, \"created_ms\": %lld, "
		     "\"ended_ms\": %lld, ",
		     state_word(state), runs(state) ? minc_container_pid(ct) : 0,
		     (long long)minc_container_created_ms(ct),
		     (long long)minc_container_ended_ms(ct));
	if (state == MINC_STATE_EXITED && minc_wait(ct, 0, &status) == 0)
		(void)printf("\"exit_status\": %d, ", status);
	else
		(void)fputs("\"exit_status\": null, ", stdout);
	print_array("command", minc_container_command(ct));
	(void)fputs(", ", stdout);
	print_kept(kept_list_find(&l->kept, minc_container_id(ct)));
	(void)puts("}");
}

static int show(minc_container *ct, void *userdata)
{
	struct listing *l = userdata;
	int state = minc_container_state(ct); /* once: it reads files */
	struct kept *k = kept_list_find(&l->kept, minc_container_id(ct));
	char span[32];

	if (k)
		k->seen = true;
	if (!l->o->all && !runs(state))
		return 0;
	if (l->o->json) {
		print_json(l, ct, state);
		return 0;
	}
	if (l->o->quiet) {
		(void)printf("%.*s\n", id_width(l), minc_container_id(ct));
		return 0;
	}
	table_cell(&l->table, "%.*s", id_width(l), minc_container_id(ct));
	cell_image(l, k);
	cell_command(l, minc_container_command(ct));
	table_cell(&l->table, "%s ago",
		   time_span(span, sizeof(span), l->now - minc_container_created_ms(ct)));
	cell_status(l, ct, state);
	table_cell(&l->table, "%s", minc_container_name(ct));
	return 0;
}

/* The first words of what was typed after the image. */
static const char *const *operands(const struct kept *k, const char **argv, size_t max)
{
	const struct words *words = &k->recipe.operands;
	size_t i;

	for (i = 0; i < words->len && i < max; i++)
		argv[i] = words->v[i];
	return argv;
}

/*
 * One of the store of which nothing else is known: it was never started, or so long ago;
 * or it runs in the foreground of a minc.
 */
static void show_kept(struct listing *l, const struct kept *k)
{
	const bool used = kept_in_use(k);
	const char *state = used ? "running" : kept_has_run(k) ? "exited" : "created";
	const char *words[WORDS_SHOWN + 1] = { NULL };
	const char *const *argv = k->readable ? operands(k, words, WORDS_SHOWN) : words;
	char span[32];

	if (l->o->quiet && !l->o->json) {
		(void)printf("%.*s\n", id_width(l), k->id);
		return;
	}
	if (l->o->json) {
		(void)printf("{\"id\": \"%s\", \"name\": ", k->id);
		print_json_string(k->name);
		(void)printf(", \"state\": \"%s\", \"pid\": 0, \"created_ms\": %lld, "
			     "\"ended_ms\": 0, \"exit_status\": null, ",
			     state, (long long)k->created_ms);
		print_array("command", argv);
		(void)fputs(", ", stdout);
		print_kept(k);
		(void)puts("}");
		return;
	}
	table_cell(&l->table, "%.*s", id_width(l), k->id);
	cell_image(l, k);
	cell_command(l, argv);
	table_cell(&l->table, "%s ago",
		   time_span(span, sizeof(span), l->now - k->created_ms));
	table_cell(&l->table, "%s", used ? "Up" : *state == 'e' ? "Exited" : "Created");
	table_cell(&l->table, "%s", k->name);
}

static int run_ps(struct call *call)
{
	static const char *const head[] = { "CONTAINER ID", "IMAGE",  "COMMAND",
					    "CREATED",      "STATUS", "NAMES" };
	struct listing l = { .o = call->values, .now = time_now_ms() };
	size_t i;
	int r;

	l.table.columns = sizeof(head) / sizeof(head[0]);
	if (!l.o->quiet && !l.o->json)
		for (i = 0; i < l.table.columns; i++)
			table_cell(&l.table, "%s", head[i]);
	(void)kept_list(call, &l.kept); /* a warning is enough: the others are shown */
	r = minc_foreach(call->c, show, &l);
	for (i = 0; r >= 0 && i < l.kept.len; i++)
		if (!l.kept.v[i]->seen && (l.o->all || kept_in_use(l.kept.v[i])))
			show_kept(&l, l.kept.v[i]);
	kept_list_done(&l.kept);
	if (r < 0)
		l.table.failed = true; /* print nothing */
	if (!table_print(&l.table) && r >= 0)
		return fail_say("out of memory");
	return r < 0 ? fail_library(call) : 0;
}

/* MINCS's table: tabulators between ID, PID and NAME. */
static int show_line(minc_container *ct, void *userdata)
{
	struct listing *l = userdata;
	struct kept *k = kept_list_find(&l->kept, minc_container_id(ct));
	char name[128];

	if (k)
		k->seen = true;
	if (l->o->json) {
		print_json(l, ct, minc_container_state(ct));
		return 0;
	}
	(void)printf("%.*s\t", id_width(l), minc_container_id(ct));
	if (runs(minc_container_state(ct)))
		(void)printf("%d", minc_container_pid(ct));
	else
		(void)putchar('-');
	(void)printf("\t%s\n", printable(name, sizeof(name), minc_container_name(ct)));
	return 0;
}

static int run_lc(struct call *call)
{
	struct listing l = { .o = call->values };
	char name[128];
	size_t i;
	int r;

	if (!l.o->json)
		(void)puts("ID\tPID\tNAME");
	(void)kept_list(call, &l.kept); /* a warning is enough: the others are shown */
	r = minc_foreach(call->c, show_line, &l);
	for (i = 0; r >= 0 && i < l.kept.len; i++) {
		const struct kept *k = l.kept.v[i];

		if (!k->seen && l.o->json)
			show_kept(&l, k);
		else if (!k->seen)
			(void)printf("%.*s\t-\t%s\n", id_width(&l), k->id,
				     printable(name, sizeof(name),
					       *k->name ? k->name : "(noname)"));
	}
	kept_list_done(&l.kept);
	return r < 0 ? fail_library(call) : 0;
}

// clang-format off
static const struct option ps_options[] = {
	{ "-a --all", NULL, "Those that have ended, too",
	  .offset = offsetof(struct list_values, all) },
	{ "-q --quiet", NULL, "Only the ids", .offset = offsetof(struct list_values, quiet) },
	{ "--no-trunc", NULL, "Whole ids and commands",
	  .offset = offsetof(struct list_values, whole) },
	{ "--format", "json|table", "json: one object per line",
	  .offset = offsetof(struct list_values, json), .read = read_format },
	{ .names = NULL }
};
static const struct option lc_options[] = {
	{ "-l --long --no-trunc", NULL, "Whole ids",
	  .offset = offsetof(struct list_values, whole) },
	{ "--format", "json|table", "json: one object per line",
	  .offset = offsetof(struct list_values, json), .read = read_format },
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
