/* SPDX-License-Identifier: MIT */
/* files - the standard files, and small ones for scripts. */
#ifndef FILES_H
#define FILES_H

#include <stddef.h>

/*
 * What is opened later must not become standard input, output or error. The stand-ins
 * are opened the wrong way round: using them fails, as using the closed ones would have.
 * Exits with 125 if that fails.
 */
void files_fill_standard(void);

/* A file that tells a script a number or an id. */
struct text_file {
	const char *option; /* the option that asks for it */
	const char *path;   /* NULL: it was not asked for; must not exist */
	const char *text;
};

enum { TEXT_FILES_MAX = 2 };

/* Make all @len of @list or none: 0, or -errno with the one that failed in *ret. */
int files_write_new(const struct text_file *list, size_t len,
		    const struct text_file **ret);

/*
 * Print @line to standard output at once; if that fails, to standard error, with a
 * warning of @tool that it is @what.
 */
void files_print_or_warn(const char *tool, const char *what, const char *line);

#endif
