/* SPDX-License-Identifier: MIT */
/*
 * review - diff and apply: see what a container wrote to a kept directory, and take it
 * over. Nothing is applied that was not shown, since the directory stays locked between.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "marten/call.h"
#include "marten/container/kept.h"
#include "marten/print/text.h"
#include "marten/values.h"

struct review_values {
	struct words only, exclude;
	const char *base;
	bool json, yes, keep, force;
};

static const struct {
	unsigned bit;
	const char *word;
} what_words[] = {
	{ MINC_CHANGED_TYPE, "type" },     { MINC_CHANGED_CONTENT, "content" },
	{ MINC_CHANGED_MODE, "mode" },     { MINC_CHANGED_OWNER, "owner" },
	{ MINC_CHANGED_TIMES, "time" },    { MINC_CHANGED_XATTRS, "xattrs" },
	{ MINC_CHANGED_TARGET, "target" }, { MINC_CHANGED_DEVICE, "device" },
	{ MINC_CHANGED_LINKS, "links" },
};

enum { WHAT_WORDS = sizeof(what_words) / sizeof(what_words[0]) };

/* A path may hold anything: one line, and no sequences for the terminal. */
static void print_escaped(FILE *out, const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f || *s == '\\')
			(void)fprintf(out, "\\%03o", (unsigned char)*s);
		else
			(void)fputc(*s, out);
}

/* " (content, mode 0644 to 0600)" */
static void print_what(const minc_change *ch)
{
	unsigned what = minc_change_what(ch), i;
	const char *between = " (", *name;

	for (i = 0; i < WHAT_WORDS; i++) {
		if (!(what & what_words[i].bit))
			continue;
		(void)printf("%s%s", between, what_words[i].word);
		between = ", ";
		if (what_words[i].bit == MINC_CHANGED_MODE)
			(void)printf(" %04o to %04o",
				     minc_change_mode(ch, MINC_BEFORE) & 07777,
				     minc_change_mode(ch, MINC_AFTER) & 07777);
		if (what_words[i].bit == MINC_CHANGED_OWNER)
			(void)printf(" %u:%u to %u:%u", minc_change_uid(ch, MINC_BEFORE),
				     minc_change_gid(ch, MINC_BEFORE),
				     minc_change_uid(ch, MINC_AFTER),
				     minc_change_gid(ch, MINC_AFTER));
	}
	for (i = 0; (name = minc_change_xattr(ch, i)); i++) {
		(void)putchar(' ');
		print_escaped(stdout, name);
	}
	if (*between == ',')
		(void)putchar(')');
}

static void print_side(const minc_change *ch, enum minc_change_side side, const char *key)
{
	const char *target = minc_change_target(ch, side);

	(void)printf(
		", \"%s\": {\"mode\": \"%07o\", \"uid\": %u, \"gid\": %u, \"size\": %llu",
		key, minc_change_mode(ch, side), minc_change_uid(ch, side),
		minc_change_gid(ch, side),
		(unsigned long long)minc_change_size(ch, side));
	if (target) {
		(void)fputs(", \"target\": ", stdout);
		print_json_string(target);
	}
	(void)putchar('}');
}

static int show_json(const minc_change *ch, void *userdata)
{
	const char *between = "";
	unsigned i;

	(void)printf("{\"kind\": \"%c\", \"path\": ", minc_change_kind(ch));
	print_json_string(minc_change_path(ch));
	(void)fputs(", \"what\": [", stdout);
	for (i = 0; i < WHAT_WORDS; i++)
		if (minc_change_what(ch) & what_words[i].bit) {
			(void)printf("%s\"%s\"", between, what_words[i].word);
			between = ", ";
		}
	(void)putchar(']');
	if (minc_change_kind(ch) != MINC_ADDED)
		print_side(ch, MINC_BEFORE, "before");
	if (minc_change_kind(ch) != MINC_DELETED)
		print_side(ch, MINC_AFTER, "after");
	if (minc_change_error(ch)) {
		(void)fputs(", \"refused\": ", stdout);
		print_json_string(minc_change_reason(ch));
	}
	(void)puts("}");
	return ferror(stdout);
}

static int show(const minc_change *ch, void *userdata)
{
	(void)printf("%c ", minc_change_kind(ch));
	print_escaped(stdout, minc_change_path(ch));
	print_what(ch);
	if (minc_change_error(ch))
		(void)printf(" [refused: %s]", minc_change_reason(ch));
	(void)putchar('\n');
	return ferror(stdout);
}

static int show_refused(const minc_change *ch, void *userdata)
{
	if (minc_change_error(ch)) {
		(void)fputs("marten: ", stderr);
		print_escaped(stderr, minc_change_path(ch));
		(void)fprintf(stderr, ": %s\n", minc_change_reason(ch));
	}
	return 0;
}

static int choose(minc_changes *chs, const struct review_values *o)
{
	size_t i;
	int r = 0;

	for (i = 0; i < o->only.len && r == 0; i++)
		r = minc_changes_only(chs, o->only.v[i]);
	for (i = 0; i < o->exclude.len && r == 0; i++)
		r = minc_changes_exclude(chs, o->exclude.v[i]);
	if (r == 0 && o->keep)
		r = minc_changes_set_flag(chs, MINC_CHANGES_KEEP, 1);
	if (r == 0 && o->force)
		r = minc_changes_set_flag(chs, MINC_CHANGES_FORCE, 1);
	return r;
}

/*
 * The operand is a container, or with a slash the directory that minc -k or -t named: a
 * container in the foreground has no other name. NULL: it has not been started.
 */
static int open_changes(struct call *call, minc_changes **ret)
{
	const struct review_values *o = call->values;
	const char *word = call->operands[0], *storage = word;
	minc_container *ct = NULL;
	struct kept *k = NULL;
	int status = 0;

	if (!strchr(word, '/') && minc_open(call->c, word, &ct) == 0) {
		storage = minc_container_storage(ct);
	} else if (!strchr(word, '/')) {
		k = minc_error_code(call->c) == -ENOENT ? kept_find(call, word) : NULL;
		if (!k)
			return say_unknown(call, word);
		if (!kept_has_storage(k)) { /* and so has changed nothing */
			kept_free(k);
			return 0;
		}
		storage = k->dir;
	}
	if (!storage)
		status = fail_say("%.64s: nothing is kept: it was started without -k",
				  word);
	else if (minc_changes_open(call->c, storage, o->base, ret) < 0)
		status = fail_library(call);
	minc_container_free(ct);
	kept_free(k);
	if (status == 0 && choose(*ret, o) < 0) {
		status = fail_library(call);
		*ret = minc_changes_free(*ret);
	}
	return status;
}

static void free_words(void *values)
{
	const struct review_values *o = values;

	free(o->only.v);
	free(o->exclude.v);
}

static int run_diff(struct call *call)
{
	const struct review_values *o = call->values;
	minc_changes *chs = NULL;
	int status = open_changes(call, &chs);

	if (status == 0 && chs && minc_diff(chs, o->json ? show_json : show, NULL) < 0 &&
	    !ferror(stdout)) /* main() tells that */
		status = fail_library(call);
	minc_changes_free(chs);
	return status;
}

static bool agreed(int changes)
{
	char answer[16];

	(void)fprintf(stderr, "Write %d change%s to the base? [y/N] ", changes,
		      changes == 1 ? "" : "s");
	if (!fgets(answer, sizeof(answer), stdin))
		answer[0] = '\0';
	return strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0;
}

static int apply(struct call *call, minc_changes *chs)
{
	const struct review_values *o = call->values;
	int changes = minc_diff(chs, show, NULL), refused;

	if (changes < 0 || fflush(stdout) != 0)
		return changes < 0 && !ferror(stdout) ? fail_library(call) : EXIT_OURS;
	if (changes == 0)
		return 0;
	if (!o->yes && !agreed(changes))
		return fail_say("nothing was applied");
	refused = minc_apply(chs, show_refused, NULL);
	if (refused < 0)
		return fail_library(call);
	return refused ? fail_say("%d of %d changes refused", refused, changes) : 0;
}

static int run_apply(struct call *call)
{
	const struct review_values *o = call->values;
	minc_changes *chs = NULL;
	int status;

	if (!o->yes && !isatty(STDIN_FILENO))
		status =
			fail_usage(call, "--yes is missing: nobody is there to be asked");
	else
		status = open_changes(call, &chs);
	/* before it is listed: what would be asked then cannot be done */
	if (status == 0 && chs)
		status = minc_changes_can_apply(chs) < 0 ? fail_library(call)
							 : apply(call, chs);
	minc_changes_free(chs);
	return status;
}

// clang-format off
#define ONLY { "--only", "PATH", "Only this path and what is below it; may be repeated", .offset = offsetof(struct review_values, only), .read = read_word }
#define EXCLUDE { "--exclude", "PATH", "Not this one; may be repeated", .offset = offsetof(struct review_values, exclude), .read = read_word }
#define BASE { "--base", "DIR", "Not the root the container had, but this one", .offset = offsetof(struct review_values, base) }
#define FORCE { "--force", NULL, "Even where the base changed meanwhile", .offset = offsetof(struct review_values, force) }
static const struct option diff_options[] = {
	ONLY, EXCLUDE, BASE, FORCE,
	{ "--format", "json", "One JSON object per line",
	  .offset = offsetof(struct review_values, json), .read = read_format },
	{ .names = NULL }
};
static const struct option apply_options[] = {
	ONLY, EXCLUDE, BASE, FORCE,
	{ "-y --yes", NULL, "Do not ask", .offset = offsetof(struct review_values, yes) },
	{ "--keep", NULL, "Leave what was applied in the container's directory, too",
	  .offset = offsetof(struct review_values, keep) },
	{ .names = NULL }
};
const struct verb review_verbs[] = {
	{ .names = "diff", .operands = "CONTAINER|DIR", .least = 1, .most = 1,
	  .help = "List what a container wrote", .options = diff_options,
	  .size = sizeof(struct review_values), .run = run_diff, .done = free_words },
	{ .names = "apply", .operands = "CONTAINER|DIR", .least = 1, .most = 1,
	  .help = "Write it to what it was started over", .options = apply_options,
	  .size = sizeof(struct review_values), .run = run_apply, .done = free_words },
	{ .names = NULL }
};
// clang-format on
