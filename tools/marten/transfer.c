/* SPDX-License-Identifier: MIT */
/* transfer - see transfer.h. */
#include "transfer.h"

#include <errno.h>
#include <stdio.h>

enum { EXIT_KILLED = 128 };

/* In between the lines that are drawn. */
static void warn(const char *line, void *userdata)
{
	struct transfer *x = userdata;

	progress_clear(&x->progress);
	warn_line(line, NULL);
}

bool transfer_begin(struct transfer *x, struct call *call, bool quiet)
{
	minc_store *store = call_store(call);

	*x = (struct transfer){ .call = call };
	if (!store)
		return false;
	x->t = minc_transfer_new(store);
	if (!x->t) {
		(void)fail_say("out of memory");
		return false;
	}
	progress_begin(&x->progress, x->t, quiet);
	minc_set_log(call->c, warn, x);
	return true;
}

bool transfer_policy(struct call *call, bool insecure)
{
	if (!insecure || minc_set_flag(call->c, MINC_INSECURE_POLICY, 1) == 0)
		return true;
	(void)fail_library(call);
	return false;
}

void transfer_text(struct transfer *x, enum minc_transfer_option option,
		   const char *value)
{
	if (value && !x->failed && minc_transfer_set(x->t, option, value) < 0) {
		x->failed = true;
		(void)fail_library(x->call);
	}
}

void transfer_number(struct transfer *x, enum minc_transfer_number option, uint64_t value)
{
	if (!x->failed && minc_transfer_set_number(x->t, option, value) < 0) {
		x->failed = true;
		(void)fail_library(x->call);
	}
}

void transfer_budget(struct transfer *x, const struct budget *b)
{
	if (b->bytes.given)
		transfer_number(x, MINC_TRANSFER_MAX_BYTES, b->bytes.n);
	if (b->entries.given)
		transfer_number(x, MINC_TRANSFER_MAX_ENTRIES, b->entries.n);
}

int transfer_say_id(minc_image *image, void *userdata)
{
	struct transfer *x = userdata;

	progress_flush(&x->progress);
	(void)printf("%s\n", minc_image_id(image));
	return 0;
}

static int fail_interrupted(void)
{
	(void)fail_say("interrupted");
	return EXIT_KILLED + progress_cancelled();
}

int transfer_end(struct transfer *x, int r)
{
	int status = 0;

	if (!x->t)
		return EXIT_OURS;
	minc_set_log(x->call->c, warn_line, NULL);
	progress_end(&x->progress, r >= 0 && !x->failed);
	if (x->failed)
		status = EXIT_OURS;
	else if (progress_cancelled()) /* whether it has succeeded or not */
		status = fail_interrupted();
	else if (r < 0)
		status = fail_library(x->call);
	minc_transfer_free(x->t);
	x->t = NULL;
	return status;
}
