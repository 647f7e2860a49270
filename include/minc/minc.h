/* SPDX-License-Identifier: MIT */
/**
 * minc.h - everything of libminc
 *
 *	#include <minc/minc.h>
 *	#include <stdio.h>
 *
 *	int main(void)
 *	{
 *		minc_ctx *c = minc_ctx_new();
 *		int status = 125;
 *
 *		minc_set_hostname(c, "sandbox");
 *		if (minc_run(c, (const char *[]){ "id", NULL }, &status) < 0)
 *			fprintf(stderr, "%s\n", minc_error_message(c));
 *		minc_ctx_free(c);
 *		return status;
 *	}
 *
 * minc_ctx_new() may return NULL without memory. Every call takes NULL as a context and
 * fails with -EINVAL, and minc_error_message(NULL) says that there is no memory.
 *
 * Build with: cc example.c $(pkg-config --cflags --libs libminc)
 */
#ifndef MINC_MINC_H
#define MINC_MINC_H

#include <minc/background.h>
#include <minc/change.h>
#include <minc/container.h>
#include <minc/error.h>
#include <minc/image.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * minc_version() - version of the library that is loaded
 *
 * Returns a static string such as "0.1.0"; never NULL.
 */
const char *minc_version(void);

#ifdef __cplusplus
}
#endif

#endif
