/* SPDX-License-Identifier: MIT */
/* files - the standard files, and small ones for scripts. */
#ifndef FILES_H
#define FILES_H

/*
 * What is opened later must not become standard input, output or error. The stand-ins
 * are opened the wrong way round: using them fails, as using the closed ones would have.
 * Exits with 125 if that fails.
 */
void files_fill_standard(void);

/* A new file with @text, or none: 0 or -errno. */
int files_write_new(const char *path, const char *text);

/*
 * Print @line to standard output at once. If that is closed, full or broken, standard error
 * has it, as a warning of @tool that it is @what: what was done stays done.
 */
void files_print_or_warn(const char *tool, const char *what, const char *line);

#endif
