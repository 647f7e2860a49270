/* SPDX-License-Identifier: MIT */
/* upkeep - prune, df, fsck: what the store needs, and whether it is whole. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "marten/call.h"
#include "marten/print/text.h"
#include "marten/values.h"
#include "volume.h"

enum { EXIT_DAMAGED = 1 };

struct prune_values {
	bool all, containers, only_containers, volumes, force, dry;
};

struct pruning {
	struct call *call;
	bool dry;
	uint64_t bytes;
	int count;
};

/* Its state goes with the container, where there is some. */
static void forget_state(minc_ctx *c, const char *id)
{
	minc_container *ct;

	if (minc_open(c, id, &ct) < 0)
		return;
	(void)minc_delete(c, ct, 0); /* one that was started again meanwhile stays */
	minc_container_free(ct);
}

static int say_pruned(const char *what, const char *name, uint64_t bytes,
		      const char *reason, void *userdata)
{
	struct pruning *p = userdata;
	char text[512], size[32];

	(void)reason;
	(void)printf("%s %s %s %s\n", p->dry ? "would remove" : "removed", what,
		     printable(text, sizeof(text), name),
		     size_text(size, sizeof(size), bytes));
	p->bytes += bytes;
	p->count++;
	if (!p->dry && strcmp(what, "container") == 0)
		forget_state(p->call->c, name);
	return 0;
}

bool upkeep_agrees(const char *what)
{
	char answer[8] = "";

	(void)fprintf(stderr, "This removes %s. Go on? [y/N] ", what);
	return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

static int run_prune(struct call *call)
{
	const struct prune_values *o = call->values;
	bool containers = o->containers || o->only_containers;
	unsigned flags = (o->only_containers ? 0 : MINC_PRUNE_UNNAMED) |
			 (o->all ? MINC_PRUNE_UNUSED : 0) |
			 (containers ? MINC_PRUNE_CONTAINERS : 0) |
			 (o->dry ? MINC_PRUNE_DRY : 0);
	struct pruning p = { .call = call, .dry = o->dry };
	const char *what =
		o->all && containers ? "containers that have ended and images without one"
		: o->only_containers ? "containers that have ended"
		: o->all             ? "images that no container uses"
		: containers ? "containers that have ended and images without a name"
			     : "images without a name";
	minc_store *store = call_store(call);
	char size[32], all[160];
	int status = 0;

	(void)snprintf(all, sizeof(all), "%s%s", what,
		       o->volumes ? ", and volumes that no container uses" : "");
	if (!store)
		return EXIT_OURS;
	if (!o->force && !o->dry && !isatty(STDIN_FILENO))
		return fail_usage(call, "prune: nobody to ask: -f is needed");
	if (!o->force && !o->dry && !upkeep_agrees(all))
		return EXIT_OURS;
	if (minc_store_prune(store, flags, say_pruned, &p) < 0)
		return fail_library(call);
	if (o->volumes) /* containers first: those that are gone use none */
		status = volumes_prune(call, o->dry);
	(void)printf("%s: %s\n", o->dry ? "To be reclaimed" : "Total reclaimed space",
		     size_text(size, sizeof(size), p.bytes));
	return status;
}

struct df_values {
	bool verbose, json;
};

struct sum {
	const char *what, *title;
	int count, unused;
	uint64_t bytes, unused_bytes;
};

struct usage {
	const struct df_values *o;
	struct table table;
	struct sum sums[4];
};

static void print_usage_json(const char *what, const char *name, uint64_t bytes,
			     const char *reason)
{
	(void)fputs("{\"type\": ", stdout);
	print_json_string(what);
	(void)fputs(", \"name\": ", stdout);
	print_json_string(name);
	(void)printf(", \"size\": %llu, \"unused\": %s}\n", (unsigned long long)bytes,
		     *reason ? "true" : "false");
}

static int add_up(const char *what, const char *name, uint64_t bytes, const char *reason,
		  void *userdata)
{
	struct usage *u = userdata;
	char size[32];
	size_t i;

	for (i = 0; i < 4; i++) {
		struct sum *s = &u->sums[i];

		if (strcmp(s->what, what) != 0)
			continue;
		s->count++;
		s->bytes += bytes;
		s->unused += *reason != '\0';
		s->unused_bytes += *reason ? bytes : 0;
	}
	if (u->o->json) {
		print_usage_json(what, name, bytes, reason);
	} else if (u->o->verbose) {
		table_cell(&u->table, "%s", what);
		table_cell(&u->table, "%s", name);
		table_cell(&u->table, "%s", size_text(size, sizeof(size), bytes));
		table_cell(&u->table, "%s", *reason ? reason : "-");
	}
	return 0;
}

static void cells(struct table *t, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		table_cell(t, "%s", words[i]);
}

static void sum_up(struct usage *u)
{
	static const char *const head[] = { "TYPE", "TOTAL", "UNUSED", "SIZE",
					    "RECLAIMABLE" };
	char size[32];
	size_t i;

	u->table.columns = 5;
	cells(&u->table, head, 5);
	for (i = 0; i < 4; i++) {
		const struct sum *s = &u->sums[i];

		table_cell(&u->table, "%s", s->title);
		table_cell(&u->table, "%d", s->count);
		table_cell(&u->table, "%d", s->unused);
		table_cell(&u->table, "%s", size_text(size, sizeof(size), s->bytes));
		table_cell(&u->table, "%s",
			   size_text(size, sizeof(size), s->unused_bytes));
	}
}

static int run_df(struct call *call)
{
	static const char *const head[] = { "TYPE", "NAME", "SIZE", "" };
	struct usage u = { .o = call->values,
			   .table = { .columns = 4 },
			   .sums = { { .what = "image", .title = "Images" },
				     { .what = "layer", .title = "Layers" },
				     { .what = "blob", .title = "Blobs" },
				     { .what = "container", .title = "Containers" } } };
	minc_store *store = call_store(call);

	if (!store)
		return EXIT_OURS;
	if (u.o->verbose && !u.o->json)
		cells(&u.table, head, 4);
	if (minc_store_usage(store, add_up, &u) < 0) {
		u.table.failed = true; /* print nothing */
		(void)table_print(&u.table);
		return fail_library(call);
	}
	if (!u.o->verbose && !u.o->json)
		sum_up(&u);
	return table_print(&u.table) ? 0 : fail_say("out of memory");
}

struct fsck_values {
	bool repair;
};

static int say_fault(const char *what, const char *name, uint64_t bytes,
		     const char *reason, void *userdata)
{
	char path[512], why[512];

	(void)what;
	(void)bytes;
	(void)userdata;
	(void)printf("%s: %s\n", printable(path, sizeof(path), name),
		     printable(why, sizeof(why), reason));
	return 0;
}

static int run_fsck(struct call *call)
{
	const struct fsck_values *o = call->values;
	minc_store *store = call_store(call);
	int r;

	if (!store)
		return EXIT_OURS;
	r = minc_store_fsck(store, o->repair ? MINC_FSCK_REPAIR : 0, say_fault, NULL);
	if (r < 0)
		return fail_library(call);
	if (r > 0)
		(void)fail_say("%.300s: %d fault%s", minc_store_path(store), r,
			       r > 1 ? "s" : "");
	return r > 0 ? EXIT_DAMAGED : 0;
}

// clang-format off
static const struct option prune_options[] = {
	{ "-a --all", NULL, "Images that no container uses, even with a name",
	  .offset = offsetof(struct prune_values, all) },
	{ "--containers", NULL, "Containers that have ended, too",
	  .offset = offsetof(struct prune_values, containers) },
	{ "--only-containers", NULL, "These, and no images",
	  .offset = offsetof(struct prune_values, only_containers) },
	{ "--volumes", NULL, "Volumes that no container uses, too",
	  .offset = offsetof(struct prune_values, volumes) },
	{ "-f --force", NULL, "Do not ask", .offset = offsetof(struct prune_values, force) },
	{ "--dry-run", NULL, "Only say what would go",
	  .offset = offsetof(struct prune_values, dry) },
	{ .names = NULL }
};
static const struct option df_options[] = {
	{ "-v --verbose", NULL, "Each thing", .offset = offsetof(struct df_values, verbose) },
	{ "--format", "json|table", "json: one object per line and thing",
	  .offset = offsetof(struct df_values, json), .read = read_format },
	{ .names = NULL }
};
static const struct option fsck_options[] = {
	{ "--repair", NULL, "Mend what can be, drop what is lost",
	  .offset = offsetof(struct fsck_values, repair) },
	{ .names = NULL }
};
const struct verb upkeep_verbs[] = {
	{ .names = "prune", .operands = "", .help = "Remove what nothing needs",
	  .options = prune_options, .run = run_prune },
	{ .names = "df", .operands = "", .help = "Show what takes how much space",
	  .options = df_options, .run = run_df },
	{ .names = "fsck", .operands = "", .help = "Compare the store with its digests",
	  .options = fsck_options, .run = run_fsck },
	{ .names = NULL }
};
// clang-format on
