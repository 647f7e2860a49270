/* SPDX-License-Identifier: MIT */
/* line - see line.h. */
#include "line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "images.h"

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

int line_read(struct options *o, int argc, char **argv)
{
	struct reading *r = &o->words;
	int bad;

	r->grammar = minc.grammar;
	r->command = true;
	r->tables[0].rows = minc.options;
	r->tables[0].values = o;
	bad = options_read(r, argc > 0 ? argv + 1 : argv);
	o->command = bad == 0 && r->count > 0 ? (const char *const *)r->operands : NULL;
	return bad;
}

static const struct given *find_given(const struct options *o, const char *name)
{
	const struct option *row = option_find(minc.options, name, strlen(name));
	size_t i;

	for (i = 0; i < o->words.len; i++)
		if (o->words.given[i].row == row && !o->words.given[i].off)
			return &o->words.given[i];
	return NULL;
}

static bool was_given(const struct options *o, const char *name)
{
	return find_given(o, name) != NULL;
}

static int pass_env(struct options *o, const char *const *names)
{
	int r = 0;

	for (; *names && r == 0; names++)
		if (getenv(*names))
			r = minc_add_env(o->c, *names, NULL);
	return r;
}

/*
 * Of the caller's environment: what describes the terminal and the language; who the
 * caller is, where the container is a copy of the host and the user the same.
 */
static int default_env(struct options *o)
{
	static const char *const always[] = { "TERM",   "COLORTERM", "NO_COLOR",
					      "LANG",   "LANGUAGE",  "TZ",
					      "EDITOR", "PAGER",     NULL };
	static const char *const self[] = { "USER", "LOGNAME", "SHELL", "HOME", NULL };
	static const char *const path[] = { "PATH", NULL };
	bool host = !o->root || strcmp(o->root, "/") == 0;
	char name[32], **e;
	int r = minc_add_env(o->c, "container", "minc"); /* as systemd and others do */

	if (r == 0)
		r = pass_env(o, always);
	for (e = environ; *e && r == 0; e++) {
		size_t len = strcspn(*e, "=");

		if (!begins(*e, "LC_") || len >= sizeof(name))
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, *e);
		r = minc_add_env(o->c, name, NULL);
	}
	if (r == 0 && host)
		r = pass_env(o, path);
	if (r == 0 && host && !was_given(o, "--user"))
		r = pass_env(o, self);
	return r;
}

/*
 * An own terminal where the user sits at one. Not in a pipeline: its other programs use
 * the terminal too, and a pager would share the keys and the modes with us.
 */
static bool wants_terminal(const struct options *o)
{
	struct stat out;
	size_t i;

	for (i = 0; i < o->words.len; i++)
		if (strcmp(o->words.given[i].word, "-it") == 0)
			return o->background || isatty(STDIN_FILENO);
	if (o->background || !isatty(STDIN_FILENO))
		return false;
	return fstat(STDOUT_FILENO, &out) < 0 || !S_ISFIFO(out.st_mode);
}

static bool is_config(const struct given *g)
{
	return strcmp(g->row->names, "--config") == 0;
}

/* A config.json is the whole description: it comes first, and without our defaults. */
static int apply_given(struct options *o)
{
	size_t i;
	int r = 0;

	for (i = 0; i < o->words.len && r == 0; i++)
		if (is_config(&o->words.given[i]))
			r = options_apply_one(&o->words, o->c, &o->words.given[i]);
	if (r == 0)
		r = minc_set_origin(o->c, NULL);
	if (r == 0 && !was_given(o, "--config"))
		r = default_env(o);
	for (i = 0; i < o->words.len && r == 0; i++)
		if (!is_config(&o->words.given[i]))
			r = options_apply_one(&o->words, o->c, &o->words.given[i]);
	return r;
}

static int apply_root(struct options *o)
{
	const struct given *g = &o->words.given[o->root_given - 1];
	int r = options_set_origin(&o->words, o->c, g);

	if (r < 0)
		return r;
	if (!o->root && was_given(o, "--config"))
		return options_refuse(&o->words, g, "needs --rootdir beside --config");
	r = o->root ? images_root(o, o->root) : 0;
	if (r < 0)
		return r;
	if (r == 1)
		return minc_set_root(o->c, "/", o->root_flags); /* the image is below */
	return minc_set_root(o->c, o->root ? o->root : "/", o->root_flags);
}

/* Only what is in the background or in the store has an id. Both are known at the end. */
static int check_cidfile(struct options *o)
{
	const struct given *g = find_given(o, "--cidfile");
	bool made = o->fresh_image && !o->tempdir;

	if (!g || o->background || made || *o->container)
		return 0;
	return options_refuse(&o->words, g, "only with --background or an image");
}

int line_apply(struct options *o)
{
	int r = minc_set_flag(o->c, MINC_DIE_WITH_PARENT, 1);

	if (r == 0 && !o->background)
		r = minc_set_flag(o->c, MINC_COPY_OUTPUT, 1);
	if (r == 0 && wants_terminal(o))
		r = minc_set_flag(o->c, MINC_TERMINAL, 1);
	if (r == 0)
		r = apply_given(o);
	if (r == 0 && o->root_given)
		r = apply_root(o);
	if (r == 0)
		r = check_cidfile(o);
	return r < 0 ? r : minc_set_origin(o->c, NULL);
}
