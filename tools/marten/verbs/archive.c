/* SPDX-License-Identifier: MIT */
/*
 * archive - import, load, save, export, commit: images from files and to files, and
 * images made of what a container wrote.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "marten/call.h"
#include "marten/print/text.h"
#include "marten/transfer.h"
#include "marten/values.h"

struct import_values {
	struct budget budget;
	const char *input, *message, *platform;
	struct words changes;
	bool quiet, insecure_policy;
};

static void free_import(void *values)
{
	free(((struct import_values *)values)->changes.v);
}

/* The ids that were there before. */
struct known {
	char **ids;
	size_t len;
	bool failed;
};

static int note_id(minc_image *image, void *userdata)
{
	struct known *k = userdata;
	char **more =
		k->len % 64 ? k->ids : realloc(k->ids, (k->len + 64) * sizeof(*more));

	if (more) {
		k->ids = more;
		more[k->len] = strdup(minc_image_id(image));
	}
	if (!more || !more[k->len])
		k->failed = true;
	else
		k->len++;
	return k->failed;
}

static bool is_known(const struct known *k, const char *id)
{
	size_t i;

	for (i = 0; i < k->len; i++)
		if (strcmp(k->ids[i], id) == 0)
			return true;
	return false;
}

static void forget(struct known *k)
{
	size_t i;

	for (i = 0; i < k->len; i++)
		free(k->ids[i]);
	free(k->ids);
}

struct import {
	struct transfer x;
	struct known known;
};

static int say_imported(minc_image *image, void *userdata)
{
	struct import *i = userdata;

	(void)transfer_say_id(image, &i->x); /* returns 0 */
	if (is_known(&i->known, minc_image_id(image)))
		(void)puts("already imported.");
	return 0;
}

static void set_changes(struct transfer *x, const struct words *changes)
{
	size_t i;

	for (i = 0; i < changes->len; i++)
		transfer_text(x, MINC_TRANSFER_CHANGE, changes->v[i]);
}

static int run_import(struct call *call)
{
	const struct import_values *o = call->values;
	struct import i = { .known = { .ids = NULL } };
	struct transfer *x = &i.x;
	int r = 0, status;

	if (transfer_policy(call, o->insecure_policy) &&
	    transfer_begin(x, call, o->quiet)) {
		transfer_text(x, MINC_TRANSFER_NAME, call->operands[1]);
		transfer_text(x, MINC_TRANSFER_MESSAGE, o->message);
		transfer_text(x, MINC_TRANSFER_PLATFORM, o->platform);
		transfer_budget(x, &o->budget);
		set_changes(x, &o->changes);
		r = minc_image_foreach(call->store, note_id, &i.known);
		if (i.known.failed) {
			x->failed = true;
			(void)fail_say("out of memory");
		}
		if (r == 0 && !x->failed)
			r = minc_import(x->t, call->operands[0], say_imported, &i);
	}
	status = transfer_end(x, r);
	forget(&i.known);
	return status;
}

static int say_loaded(minc_image *image, void *userdata)
{
	const char *name = minc_image_name(image);
	struct transfer *x = userdata;
	char text[600];

	progress_flush(&x->progress);
	if (*name)
		(void)printf("Loaded image: %s\n", printable(text, sizeof(text), name));
	else
		(void)printf("Loaded image ID: sha256:%s\n", minc_image_id(image));
	return 0;
}

static int run_load(struct call *call)
{
	const struct import_values *o = call->values;
	const char *source = o->input ? o->input : "-";
	struct transfer x;
	int r = 0;

	if (strcmp(source, "-") == 0 && isatty(STDIN_FILENO))
		return fail_usage(
			call, "load: standard input is a terminal: -i FILE is needed");
	if (!transfer_policy(call, o->insecure_policy))
		return EXIT_OURS;
	if (transfer_begin(&x, call, o->quiet)) {
		transfer_text(&x, MINC_TRANSFER_PLATFORM, o->platform);
		transfer_budget(&x, &o->budget);
		if (!x.failed)
			r = minc_import(x.t, source, say_loaded, &x);
	}
	return transfer_end(&x, r);
}

struct save_values {
	const char *output, *format;
	bool quiet;
};

enum { UNREAD = -1 };

/* An exit status; UNREAD: the reader of stdout has closed it. */
static int write_images(struct call *call, const char *const *names, const char *format)
{
	const struct save_values *o = call->values;
	const char *target = o->output ? o->output : "-";
	struct transfer x;
	int r = 0;

	if (strcmp(target, "-") == 0 && isatty(STDOUT_FILENO))
		return fail_usage(call,
				  "standard output is a terminal: -o FILE is needed");
	if (transfer_begin(&x, call, o->quiet)) {
		transfer_text(&x, MINC_TRANSFER_FORMAT, format);
		if (!x.failed)
			r = minc_export(x.t, names, target);
	}
	if (r == -EPIPE && strcmp(target, "-") == 0) {
		x.failed = true; /* nothing is to be said */
		return transfer_end(&x, r) == EXIT_OURS ? UNREAD : EXIT_OURS;
	}
	return transfer_end(&x, r);
}

static int end_writing(int status)
{
	return status == UNREAD ? end_unread() : status;
}

static int run_save(struct call *call)
{
	const struct save_values *o = call->values;
	const char *format = o->format ? o->format : "docker-archive";

	if (strcmp(format, "oci") == 0 && (!o->output || strcmp(o->output, "-") == 0))
		return fail_usage(call,
				  "--format oci: makes a directory: -o DIR is needed");
	return end_writing(write_images(call, (const char *const *)call->operands,
					format));
}

static int take_id(minc_image *image, void *userdata)
{
	(void)snprintf(userdata, 65, "%s", minc_image_id(image));
	return 0;
}

/* What a container shows as its root: its image with what it wrote, for the moment. */
static int export_container(struct call *call, const char *name, const char *format)
{
	char id[65] = "";
	const char *const names[] = { id, NULL };
	struct transfer x;
	int status;

	if (!transfer_begin(&x, call, true))
		return transfer_end(&x, 0);
	status = transfer_end(&x, minc_commit(x.t, name, take_id, id));
	if (status)
		return status;
	status = write_images(call, names, format);
	if (minc_image_remove(call->store, id, 0, NULL, NULL) < 0 && !status)
		status = fail_library(call);
	return status;
}

static int run_export(struct call *call)
{
	const struct save_values *o = call->values;
	const char *format = o->format ? o->format : "tar";
	minc_store *store = call_store(call);
	minc_kept *k;

	if (!store)
		return EXIT_OURS;
	if (strcmp(format, "dir") == 0 && (!o->output || strcmp(o->output, "-") == 0))
		return fail_usage(call, "--format dir: -o DIR is needed");
	if (minc_store_container(store, call->operands[0], &k) < 0)
		return end_writing(write_images(call, (const char *const *)call->operands,
						format));
	minc_kept_free(k);
	return end_writing(export_container(call, call->operands[0], format));
}

struct commit_values {
	const char *author, *message, *sign;
	struct words changes;
	bool quiet, insecure_policy;
};

static void free_commit(void *values)
{
	free(((struct commit_values *)values)->changes.v);
}

static int run_commit(struct call *call)
{
	const struct commit_values *o = call->values;
	struct transfer x = { .t = NULL };
	int r = 0;

	if (transfer_policy(call, o->insecure_policy) &&
	    transfer_begin(&x, call, o->quiet)) {
		transfer_text(&x, MINC_TRANSFER_NAME, call->operands[1]);
		transfer_text(&x, MINC_TRANSFER_AUTHOR, o->author);
		transfer_text(&x, MINC_TRANSFER_MESSAGE, o->message);
		transfer_text(&x, MINC_TRANSFER_SIGN_KEY, o->sign);
		set_changes(&x, &o->changes);
		if (!x.failed)
			r = minc_commit(x.t, call->operands[0], transfer_say_id, &x);
	}
	return transfer_end(&x, r);
}

// clang-format off
#define OPTION_OUTPUT \
	{ "-o --output", "FILE", "Instead of standard output; must not exist", \
	  .offset = offsetof(struct save_values, output) }
#define OPTIONS_OF_TAKING \
	{ "--platform", "OS/ARCH", "Of an index the image for this platform", \
	  .offset = offsetof(struct import_values, platform) }, \
	OPTIONS_BUDGET(struct import_values, budget), \
	OPTION_INSECURE_POLICY(struct import_values), \
	OPTION_NO_PROGRESS(struct import_values)

static const struct option import_options[] = {
	{ "-m --message", "TEXT", "Of the image's history",
	  .offset = offsetof(struct import_values, message) },
	{ "-c --change", "INSTRUCTION", "Such as 'ENV A=B', 'CMD [\"sh\"]'; several times",
	  .offset = offsetof(struct import_values, changes), .read = read_word },
	OPTIONS_OF_TAKING,
	{ .names = NULL }
};
static const struct option load_options[] = {
	{ "-i --input", "FILE", "Instead of standard input",
	  .offset = offsetof(struct import_values, input) },
	OPTIONS_OF_TAKING,
	{ .names = NULL }
};
static const struct option save_options[] = {
	OPTION_OUTPUT,
	{ "--format", "docker-archive|oci-archive|oci", "The first is the default",
	  .offset = offsetof(struct save_values, format) },
	OPTION_NO_PROGRESS(struct save_values),
	{ .names = NULL }
};
static const struct option export_options[] = {
	OPTION_OUTPUT,
	{ "--format", "tar|dir|squashfs", "The first is the default",
	  .offset = offsetof(struct save_values, format) },
	OPTION_NO_PROGRESS(struct save_values),
	{ .names = NULL }
};
static const struct option commit_options[] = {
	{ "-a --author", "NAME", "Of the image", .offset = offsetof(struct commit_values, author) },
	{ "-m --message", "TEXT", "Of the image's history",
	  .offset = offsetof(struct commit_values, message) },
	{ "-c --change", "INSTRUCTION", "Such as 'ENV A=B', 'CMD [\"sh\"]'; several times",
	  .offset = offsetof(struct commit_values, changes), .read = read_word },
	{ "--sign-by", "KEY", "Sign it with this private key",
	  .offset = offsetof(struct commit_values, sign) },
	OPTION_INSECURE_POLICY(struct commit_values),
	OPTION_NO_PROGRESS(struct commit_values),
	{ .names = NULL }
};
const struct verb archive_verbs[] = {
	{ .names = "import", .operands = "SOURCE [NAME]", .complete = "FILE", .least = 1, .most = 2,
	  .help = "Take images from a directory or file, - is standard input",
	  .options = import_options, .run = run_import, .done = free_import },
	{ .names = "load", .operands = "", .help = "Take images from an archive",
	  .options = load_options, .run = run_load },
	{ .names = "save", .operands = "IMAGE...", .least = 1, .most = -1,
	  .help = "Write images to an archive", .options = save_options, .run = run_save },
	{ .names = "export", .operands = "CONTAINER|IMAGE", .least = 1, .most = 1,
	  .help = "Write a root file system to an archive", .options = export_options,
	  .run = run_export },
	{ .names = "commit", .operands = "CONTAINER [NAME]", .least = 1, .most = 2,
	  .help = "Make an image of what a container wrote", .options = commit_options,
	  .run = run_commit, .done = free_commit },
	{ .names = NULL }
};
// clang-format on
