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

/* A file that was made: in @dir, whatever its path leads to by now. */
struct new_file {
	int dir;
	char name[256];
};

/*
 * A new file with @text, or none: 0 or -errno. With 0 @ret is for one of the two below.
 */
int files_write_new(const char *path, const char *text, struct new_file *ret);
void files_keep(struct new_file *f);
void files_remove(struct new_file *f);

/*
 * Print @line to standard output at once. If that is closed, full or broken, standard error
 * has it, as a warning of @tool that it is @what: what was done stays done.
 */
void files_print_or_warn(const char *tool, const char *what, const char *line);

#endif
