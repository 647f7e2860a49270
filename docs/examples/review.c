/* SPDX-License-Identifier: MIT */
/*
 * review - show what a container changed that was started with "minc -t DIR", and nothing
 * more. Usage: review DIR
 */
#include <ctype.h>
#include <minc/minc.h>
#include <stdio.h>

/* A name may hold anything but "/" and NUL: nothing of it may reach the terminal raw. */
static void print_escaped(const char *s)
{
	for (; *s; s++)
		if (isprint((unsigned char)*s) && *s != '\\')
			putchar(*s);
		else
			printf("\\%03o", (unsigned char)*s);
}

static void print_details(const minc_change *ch)
{
	static const char *const words[] = { "type",   "content", "mode",
					     "owner",  "times",   "xattrs",
					     "target", "device",  "links" };
	unsigned what = minc_change_what(ch);
	const char *name;

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (what >> i & 1)
			printf(" %s", words[i]);
	if (what & MINC_CHANGED_MODE)
		printf(" %o->%o", minc_change_mode(ch, MINC_BEFORE) & 07777,
		       minc_change_mode(ch, MINC_AFTER) & 07777);
	for (unsigned i = 0; (name = minc_change_xattr(ch, i)); i++) {
		putchar(' ');
		print_escaped(name);
	}
	if (minc_change_error(ch))
		printf(" [cannot be applied: %s]", minc_change_reason(ch));
}

static int show(const minc_change *ch, void *userdata)
{
	(void)userdata;
	printf("%c ", minc_change_kind(ch));
	print_escaped(minc_change_path(ch));
	print_details(ch);
	return putchar('\n') == EOF;
}

int main(int argc, char **argv)
{
	minc_ctx *c = minc_ctx_new();
	minc_changes *chs = NULL;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: review DIR\n");
		minc_ctx_free(c);
		return 125;
	}
	r = minc_changes_open(c, argv[1], NULL, &chs);
	if (r == 0)
		r = minc_diff(chs, show, NULL);
	if (r < 0)
		fprintf(stderr, "review: %s\n", minc_error_message(c));
	minc_changes_free(chs);
	minc_ctx_free(c);
	return r < 0 ? 125 : 0;
}
