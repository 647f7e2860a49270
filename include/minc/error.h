/* SPDX-License-Identifier: MIT */
/**
 * error.h - what failed, and why: a message on the context
 *
 *	#include <minc/minc.h>
 *	#include <stdio.h>
 *
 *	int main(void)
 *	{
 *		minc_ctx *c = minc_ctx_new();
 *
 *		if (minc_add_bind(c, "/srv/data", "relative", 0) < 0)
 *			fprintf(stderr, "%s\n", minc_error_message(c));
 *		minc_ctx_free(c);
 *	}
 *
 * Calls return 0 or more on success and a negative errno(3) value on failure. The first
 * failure of a configuration call stays on the context: minc_start(), minc_run() and
 * minc_explain() return it, so a program may check once. The failure of a
 * start stays until the next start.
 */
#ifndef MINC_ERROR_H
#define MINC_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct minc_ctx minc_ctx;

/**
 * minc_error_message() - one line that says what failed and why
 * @c: context, or NULL for the failure of minc_ctx_new()
 *
 * Form: "step 12 of 31, bind /a on /b (--bind /a:/b): No such file or directory" or
 * "--user 0x: not a number". No newline, no full stop, control characters shown as '?'.
 *
 * Returns a string owned by @c, valid until the next call on @c; "" without a failure.
 */
const char *minc_error_message(const minc_ctx *c);

/**
 * minc_error_hint() - advice for a known cause, such as the sysctl(8) to change
 * @c: context
 *
 * Returns a string owned by @c, or "" when there is none.
 */
const char *minc_error_hint(const minc_ctx *c);

/**
 * minc_error_origin() - the option or call that caused the failed step
 * @c: context
 *
 * Returns the text given to minc_set_origin(), else the name of the call; "" if unknown.
 * The string is owned by @c.
 */
const char *minc_error_origin(const minc_ctx *c);

/**
 * minc_error_code() - the failure as a negative errno(3) value
 * @c: context
 *
 * Returns the value the failing call returned, or 0.
 */
int minc_error_code(const minc_ctx *c);

/**
 * minc_error_step() - which step of the plan failed
 * @c: context
 *
 * Returns its number, counted from 1 as minc_explain() prints it; 0 if no step failed.
 */
int minc_error_step(const minc_ctx *c);

/**
 * minc_error_exit_status() - the exit status a command line tool should report
 * @c: context
 *
 * Returns 127 if the command was not found, 126 if it was found but could not be
 * executed, 125 for any other failure, 0 without a failure. See env(1).
 */
int minc_error_exit_status(const minc_ctx *c);

#ifdef __cplusplus
}
#endif

#endif
