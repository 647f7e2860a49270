/* SPDX-License-Identifier: MIT */
/*
 * review - minc_diff() and minc_apply() for the tests: one line per change.
 *
 * usage: review diff|apply DIR [base=DIR] [only=PATH] [exclude=PATH] [keep] [force]
 * [stop=N]
 *
 * Line: KIND PATH WHAT.. [!ERRNO]; PATH with \ooo for what is not printable or a blank.
 * The last line of stdout is "= RESULT". Exit status 0 unless the call failed, with its
 * message on stderr.
 */
#include <ctype.h>
#include <errno.h>
#include <minc/minc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errno-name.h"

static void print_escaped(const char *s)
{
	for (; *s; s++)
		if (isgraph((unsigned char)*s) && *s != '\\')
			putchar(*s);
		else
			printf("\\%03o", (unsigned char)*s);
}

static int show(const minc_change *ch, void *userdata)
{
	static const char *const words[] = { "type",   "content", "mode",
					     "owner",  "times",   "xattrs",
					     "target", "device",  "links" };
	int *stop = userdata;
	const char *name;

	printf("%c ", minc_change_kind(ch));
	print_escaped(minc_change_path(ch));
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (minc_change_what(ch) >> i & 1)
			printf(" %s", words[i]);
	if (minc_change_what(ch) & MINC_CHANGED_MODE)
		printf(" %o>%o", minc_change_mode(ch, MINC_BEFORE) & 07777,
		       minc_change_mode(ch, MINC_AFTER) & 07777);
	if (minc_change_what(ch) & MINC_CHANGED_OWNER)
		printf(" %u:%u>%u:%u", minc_change_uid(ch, MINC_BEFORE),
		       minc_change_gid(ch, MINC_BEFORE), minc_change_uid(ch, MINC_AFTER),
		       minc_change_gid(ch, MINC_AFTER));
	if (minc_change_what(ch) & MINC_CHANGED_TARGET)
		printf(" %s>%s", minc_change_target(ch, MINC_BEFORE),
		       minc_change_target(ch, MINC_AFTER));
	for (unsigned i = 0; (name = minc_change_xattr(ch, i)); i++)
		printf(" %s", name);
	if (minc_change_error(ch)) {
		printf(" !%s", errno_name(-minc_change_error(ch)));
		if (!*minc_change_reason(ch))
			abort();
	}
	putchar('\n');
	return *stop > 0 && --*stop == 0;
}

static int option(minc_changes *chs, const char *arg, int *stop)
{
	if (strncmp(arg, "only=", 5) == 0)
		return minc_changes_only(chs, arg + 5);
	if (strncmp(arg, "exclude=", 8) == 0)
		return minc_changes_exclude(chs, arg + 8);
	if (strcmp(arg, "keep") == 0)
		return minc_changes_set_flag(chs, MINC_CHANGES_KEEP, 1);
	if (strcmp(arg, "force") == 0)
		return minc_changes_set_flag(chs, MINC_CHANGES_FORCE, 1);
	if (strncmp(arg, "stop=", 5) == 0)
		*stop = atoi(arg + 5);
	return 0;
}

int main(int argc, char **argv)
{
	minc_ctx *c = minc_ctx_new();
	minc_changes *chs = NULL;
	const char *base = NULL;
	int r, stop = 0;

	if (!c || argc < 3)
		return 2;
	for (int i = 3; i < argc; i++)
		if (strncmp(argv[i], "base=", 5) == 0)
			base = argv[i] + 5;
	r = minc_changes_open(c, argv[2], base, &chs);
	for (int i = 3; r == 0 && i < argc; i++)
		r = option(chs, argv[i], &stop);
	if (r == 0)
		r = strcmp(argv[1], "apply") == 0 ? minc_apply(chs, show, &stop)
						  : minc_diff(chs, show, &stop);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", errno_name(-r), minc_error_message(c));
	printf("= %d\n", r);
	minc_changes_free(chs);
	minc_ctx_free(c);
	return r < 0;
}
