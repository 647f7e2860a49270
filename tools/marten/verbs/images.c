/* SPDX-License-Identifier: MIT */
/*
 * images - images, li, history, tag, renamei, rmi: which images there are, what they are
 * called, and that they are not needed any more.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marten/call.h"
#include "marten/print/text.h"
#include "marten/transfer.h"
#include "marten/values.h"

enum { SHORT_ID = 12, CREATED_BY_MAX = 45, EXIT_IN_USE = 1 };

struct images_values {
	bool quiet, whole, digests, json;
};

struct listing {
	const struct images_values *o;
	const char *only; /* a repository, or a name with its tag; NULL: all */
	struct table table;
	int64_t now;
};

static int id_width(const struct images_values *o)
{
	return o->whole ? -1 : SHORT_ID;
}

/* How much of "quay.io:5000/a/b:1.2" is the repository; the tag is *@ret_tag, or "". */
static int split_name(const char *name, const char **ret_tag)
{
	const char *slash = strrchr(name, '/'), *at = strchr(name, '@');
	const char *colon = strchr(slash ? slash : name, ':');

	if (at && (!colon || at < colon)) {
		*ret_tag = "";
		return (int)(at - name);
	}
	*ret_tag = colon ? colon + 1 : "";
	return colon ? (int)(colon - name) : (int)strlen(name);
}

static bool is_wanted(const struct listing *l, const char *name)
{
	const char *tag;
	int len = split_name(name, &tag);

	return !l->only || strcmp(l->only, name) == 0 ||
	       ((int)strlen(l->only) == len && strncmp(l->only, name, (size_t)len) == 0);
}

static void print_pair(const char *key, const char *value)
{
	(void)printf("\"%s\": ", key);
	print_json_string(value);
	(void)fputs(", ", stdout);
}

static void print_json(minc_image *image)
{
	(void)putchar('{');
	print_pair("id", minc_image_id(image));
	print_pair("name", minc_image_name(image));
	print_pair("digest", minc_image_digest(image));
	(void)printf("\"created_ms\": %lld, \"size\": %llu}\n",
		     (long long)minc_image_created_ms(image),
		     (unsigned long long)minc_image_size(image));
}

static void cell_ago(struct table *t, int64_t now, int64_t ms)
{
	char span[32];

	if (ms == 0)
		table_cell(t, "N/A");
	else
		table_cell(t, "%s ago", time_span(span, sizeof(span), now - ms));
}

static int show(minc_image *image, void *userdata)
{
	struct listing *l = userdata;
	const char *name = minc_image_name(image), *tag;
	int len = split_name(name, &tag);
	char size[32];

	if (!is_wanted(l, name))
		return 0;
	if (l->o->json) {
		print_json(image);
		return 0;
	}
	if (l->o->quiet) {
		(void)printf("%.*s\n", id_width(l->o), minc_image_id(image));
		return 0;
	}
	table_cell(&l->table, "%.*s", *name ? len : 6, *name ? name : "<none>");
	table_cell(&l->table, "%s", *tag ? tag : "<none>");
	if (l->o->digests)
		table_cell(&l->table, "%s", minc_image_digest(image));
	table_cell(&l->table, "%.*s", id_width(l->o), minc_image_id(image));
	cell_ago(&l->table, l->now, minc_image_created_ms(image));
	table_cell(&l->table, "%s",
		   size_text(size, sizeof(size), minc_image_size(image)));
	return 0;
}

static void head(struct listing *l)
{
	const struct images_values *o = l->o;

	l->table.columns = o->digests ? 6 : 5;
	if (o->json || o->quiet)
		return;
	table_cell(&l->table, "REPOSITORY");
	table_cell(&l->table, "TAG");
	if (o->digests)
		table_cell(&l->table, "DIGEST");
	table_cell(&l->table, "IMAGE ID");
	table_cell(&l->table, "CREATED");
	table_cell(&l->table, "SIZE");
}

static int run_images(struct call *call)
{
	struct listing l = { .o = call->values,
			     .only = call->operands[0],
			     .now = time_now_ms() };
	minc_store *store = call_store(call);

	if (!store)
		return EXIT_OURS;
	head(&l);
	if (minc_image_foreach(store, show, &l) < 0) {
		l.table.failed = true; /* print nothing */
		(void)table_print(&l.table);
		return fail_library(call);
	}
	return table_print(&l.table) ? 0 : fail_say("out of memory");
}

/* MINCS's table: tabulators between ID, SIZE and NAME, where ":latest" is not said. */
static int show_line(minc_image *image, void *userdata)
{
	const struct images_values *o = userdata;
	const char *name = minc_image_name(image), *tag;
	int len = split_name(name, &tag);
	char text[600], size[32], *blank;

	if (o->json) {
		print_json(image);
		return 0;
	}
	(void)size_text(size, sizeof(size), minc_image_size(image));
	blank = strchr(size, ' ');
	if (blank) /* "5.1M", as du(1) */
		(void)snprintf(blank, 2, "%c", blank[1]);
	if (strcmp(tag, "latest") != 0)
		len = (int)strlen(name);
	(void)printable(text, sizeof(text), *name ? name : "(noname)");
	if (*name && len < (int)sizeof(text))
		text[len] = '\0';
	(void)printf("%.*s\t%s\t%s\n", id_width(o), minc_image_id(image), size, text);
	return 0;
}

static int run_li(struct call *call)
{
	struct images_values o = *(const struct images_values *)call->values;
	minc_store *store = call_store(call);

	if (!store)
		return EXIT_OURS;
	if (!o.json)
		(void)puts("ID\tSIZE\tNAME");
	return minc_image_foreach(store, show_line, &o) < 0 ? fail_library(call) : 0;
}

static int show_step(int64_t created_ms, const char *created_by, const char *comment,
		     uint64_t size_bytes, int empty_layer, void *userdata)
{
	struct listing *l = userdata;
	int max = l->o->whole ? -1 : CREATED_BY_MAX;
	char size[32];

	if (l->o->json) {
		(void)printf("{\"created_ms\": %lld, ", (long long)created_ms);
		print_pair("created_by", created_by);
		print_pair("comment", comment);
		(void)printf("\"size\": %llu, \"empty_layer\": %s}\n",
			     (unsigned long long)size_bytes,
			     empty_layer ? "true" : "false");
		return 0;
	}
	cell_ago(&l->table, l->now, created_ms);
	table_cell(&l->table, "%.*s", max, created_by);
	table_cell(&l->table, "%s", size_text(size, sizeof(size), size_bytes));
	table_cell(&l->table, "%s", comment);
	return 0;
}

static int run_history(struct call *call)
{
	struct listing l = { .o = call->values,
			     .now = time_now_ms(),
			     .table = { .columns = 4 } };
	static const char *const titles[] = { "CREATED", "CREATED BY", "SIZE",
					      "COMMENT" };
	minc_store *store = call_store(call);
	minc_image *image;
	size_t i;

	if (!store)
		return EXIT_OURS;
	if (minc_image_find(store, call->operands[0], &image) < 0)
		return fail_library(call);
	for (i = 0; i < 4 && !l.o->json; i++)
		table_cell(&l.table, "%s", titles[i]);
	(void)minc_image_history(image, show_step, &l); /* show_step() ends nothing */
	minc_image_free(image);
	return table_print(&l.table) ? 0 : fail_say("out of memory");
}

struct name_values {
	bool insecure_policy;
};

/* @away: the name it was found by goes. */
static int give_name(struct call *call, bool away)
{
	const struct name_values *o = call->values;
	const char *name = call->operands[1];
	minc_store *store = call_store(call);
	minc_image *image;
	char *old;
	int r;

	if (!store || !transfer_policy(call, o->insecure_policy))
		return EXIT_OURS;
	if (minc_image_find(store, call->operands[0], &image) < 0)
		return fail_library(call);
	old = strdup(minc_image_name(image));
	r = old ? minc_image_tag(store, image, name) : -ENOMEM;
	minc_image_free(image);
	/* the same name, written in another way, must not be taken away again */
	if (r == 0 && away && *old && minc_image_find(store, name, &image) == 0) {
		if (strcmp(minc_image_name(image), old) != 0)
			r = minc_image_remove(store, old, MINC_REMOVE_UNTAG, NULL, NULL);
		minc_image_free(image);
	}
	if (r < 0)
		r = old ? fail_library(call) : fail_say("out of memory");
	free(old);
	return r;
}

static int run_tag(struct call *call)
{
	return give_name(call, false);
}

static int run_renamei(struct call *call)
{
	return give_name(call, true);
}

struct rmi_values {
	bool force;
};

struct removing {
	struct call *call;
	int at; /* which operand is at hand */
	bool failed, in_use;
};

static int say_dependent(const char *kind, const char *id, const char *name,
			 void *userdata)
{
	const struct removing *rm = userdata;

	(void)fail_say("%.200s: %s %.12s%s%.100s depends on it",
		       rm->call->operands[rm->at], kind, id, *name ? " " : "", name);
	return 0;
}

static int say_removal(const char *name, int error, void *userdata)
{
	struct removing *rm = userdata;

	(void)name;
	rm->at++;
	if (error < 0)
		(void)fail_library(rm->call);
	if (error == -EBUSY)
		rm->in_use = true;
	else if (error < 0)
		rm->failed = true;
	return 0;
}

static int run_rmi(struct call *call)
{
	const struct rmi_values *o = call->values;
	struct removing rm = { .call = call };
	minc_store *store = call_store(call);

	if (!store)
		return EXIT_OURS;
	if (minc_images_remove(store, (const char *const *)call->operands,
			       o->force ? MINC_REMOVE_FORCE : 0, say_dependent,
			       say_removal, &rm) < 0)
		return fail_library(call);
	return rm.failed ? EXIT_OURS : rm.in_use ? EXIT_IN_USE : 0;
}

// clang-format off
#define OPTION_JSON { "--format", "json|table", "json: one object per line", .offset = offsetof(struct images_values, json), .read = read_format }
static const struct option images_options[] = {
	{ "-q --quiet", NULL, "Only the ids", .offset = offsetof(struct images_values, quiet) },
	{ "--no-trunc -l --long", NULL, "Whole ids",
	  .offset = offsetof(struct images_values, whole) },
	{ "--digests", NULL, "The digests of the manifests, too",
	  .offset = offsetof(struct images_values, digests) },
	OPTION_JSON,
	{ .names = NULL }
};
static const struct option li_options[] = {
	{ "-l --long --no-trunc", NULL, "Whole ids",
	  .offset = offsetof(struct images_values, whole) },
	OPTION_JSON,
	{ .names = NULL }
};
static const struct option history_options[] = {
	{ "--no-trunc", NULL, "Whole commands", .offset = offsetof(struct images_values, whole) },
	OPTION_JSON,
	{ .names = NULL }
};
static const struct option name_options[] = {
	OPTION_INSECURE_POLICY(struct name_values),
	{ .names = NULL }
};
static const struct option rmi_options[] = {
	{ "-f --force", NULL, "Whatever depends on it, and with all its names",
	  .offset = offsetof(struct rmi_values, force) },
	{ .names = NULL }
};
const struct verb images_verbs[] = {
	{ .names = "images", .operands = "[NAME]", .complete = "IMAGE", .most = 1,
	  .help = "List images", .options = images_options, .run = run_images },
	{ .names = "li", .operands = "", .help = "List images as ID, SIZE and NAME",
	  .options = li_options, .run = run_li },
	{ .names = "history", .operands = "IMAGE", .least = 1, .most = 1,
	  .help = "Show how an image was made", .options = history_options, .run = run_history },
	{ .names = "tag", .operands = "IMAGE NAME", .least = 2, .most = 2,
	  .help = "Give an image one more name", .options = name_options, .run = run_tag },
	{ .names = "renamei", .operands = "IMAGE NAME", .least = 2, .most = 2,
	  .help = "Give an image another name", .options = name_options, .run = run_renamei },
	{ .names = "rmi", .operands = "IMAGE...", .least = 1, .most = -1,
	  .help = "Remove images", .options = rmi_options, .run = run_rmi },
	{ .names = NULL }
};
// clang-format on
