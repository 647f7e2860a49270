/* SPDX-License-Identifier: MIT */
/*
 * options - see options.h. The grammar is that of MINCS's minc: options come first, the
 * first word that does not begin with "-" is the command, short options are not
 * clustered, and -n takes the next word only if that names a mode. getopt_long(3) can
 * express neither of the last two.
 */
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/limit.h"
#include "common/switch.h"
#include "images.h"

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* "--bind /a:/b": the option as the user wrote it; NULL without memory. */
static char *spelling(const struct given *g)
{
	bool joined = strchr(g->word, '=') && begins(g->word, "--");
	const char *value = joined || !g->value ? "" : g->value;
	size_t len = strlen(g->word) + strlen(value) + 2;
	char *text = malloc(len);

	if (text)
		(void)snprintf(text, len, *value ? "%s %s" : "%s", g->word, value);
	return text;
}

/* "OPTION: REASON", one printable line. Returns -EINVAL. */
static int complain(struct options *o, const char *option, const char *reason)
{
	char *p;

	/* The reason is what matters of an over-long option. */
	(void)snprintf(o->message, sizeof(o->message), "%.300s: %s", option, reason);
	for (p = o->message; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return -EINVAL;
}

int options_refuse(struct options *o, const char *format, ...)
{
	char reason[160], *option = spelling(o->now);
	va_list args;
	int r;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args); /* may be cut */
	va_end(args);
	r = complain(o, option ? option : o->now->word, reason);
	free(option);
	return r;
}

static const struct option *find(const char *word, size_t len)
{
	const struct option *row;
	const char *name;

	for (row = option_table; row->names; row++)
		for (name = row->names; *name; name += strspn(name, " ")) {
			size_t n = strcspn(name, " ");

			if (n == len && strncmp(name, word, n) == 0)
				return row;
			name += n;
		}
	return NULL;
}

static int read_switch(struct options *o, struct given *g, const char *value)
{
	bool on;

	if (!switch_read(value, &on))
		return complain(o, g->word, "neither true nor false");
	g->off = !on;
	return 0;
}

static int read_option(struct options *o, struct given *g, char **argv, int *i)
{
	const char *equals = strchr(g->word, '=');
	size_t len = equals ? (size_t)(equals - g->word) : strlen(g->word);
	const char *next = argv[*i + 1];
	char name[64], reason[96];
	bool required;

	g->option = find(g->word, len);
	if (!begins(g->word, "--") && equals && !(g->option && !g->option->argument)) {
		equals = NULL; /* only a switch has one after a short name */
		len = strlen(g->word);
		g->option = find(g->word, len);
	}
	(void)snprintf(name, sizeof(name), "%.*s", len < 60 ? (int)len : 60, g->word);
	if (!g->option)
		return complain(o, name, "unknown option");
	required = g->option->argument && *g->option->argument != '[';
	if (equals && !g->option->argument)
		return read_switch(o, g, equals + 1);
	if (equals)
		g->value = equals + 1;
	else if (required || (g->option->takes && next && g->option->takes(next)))
		g->value = next;
	if (!g->value && required) {
		(void)snprintf(reason, sizeof(reason), "%s is missing",
			       g->option->argument);
		return complain(o, name, reason);
	}
	if (g->value && !*g->value)
		return complain(o, name, "empty value ''");
	*i += g->value == next && next;
	if (!g->option->argument)
		return 0; /* it may be taken back: note_switches() */
	o->now = g;
	return g->option->note ? g->option->note(o, g->value) : 0;
}

/* What a later "=false" takes back is off, too. */
static int note_switches(struct options *o)
{
	size_t i, k;
	int r = 0;

	for (i = 0; i < o->given_len; i++)
		for (k = 0; k < i && o->given[i].off; k++)
			if (o->given[k].option == o->given[i].option)
				o->given[k].off = true;
	for (i = 0; i < o->given_len && r == 0; i++) {
		const struct given *g = &o->given[i];

		if (g->off || g->option->argument || !g->option->note)
			continue;
		o->now = g;
		r = g->option->note(o, NULL);
	}
	return r;
}

int options_read(struct options *o, int argc, char **argv)
{
	int i, r;

	o->given = argc < (int)(sizeof(o->few) / sizeof(o->few[0]))
			   ? o->few
			   : calloc((size_t)argc + 1, sizeof(*o->given));
	if (!o->given)
		return complain(o, "options", "out of memory");
	for (i = 1; i < argc && *argv[i] == '-'; i++) {
		struct given *g = &o->given[o->given_len];

		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		*g = (struct given){ .word = argv[i] };
		r = read_option(o, g, argv, &i);
		if (r < 0)
			return r;
		o->given_len++;
		if (g->option->alone && !g->off)
			break; /* help and the like */
	}
	o->command = i < argc ? (const char *const *)argv + i : NULL;
	return note_switches(o);
}

static bool was_given(const struct options *o, const char *name)
{
	const struct option *row = find(name, strlen(name));
	size_t i;

	for (i = 0; i < o->given_len; i++)
		if (o->given[i].option == row && !o->given[i].off)
			return true;
	return false;
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

	for (i = 0; i < o->given_len; i++)
		if (strcmp(o->given[i].word, "-it") == 0)
			return o->background || isatty(STDIN_FILENO);
	if (o->background || !isatty(STDIN_FILENO))
		return false;
	return fstat(STDOUT_FILENO, &out) < 0 || !S_ISFIFO(out.st_mode);
}

static int set_origin(struct options *o, const struct given *g)
{
	char *text = spelling(g);
	int r = text ? minc_set_origin(o->c, text) : -ENOMEM;

	free(text);
	o->now = g;
	return r;
}

static int set_limit(struct options *o, const struct option *row, const char *value)
{
	const char *wrong = row->limit(o->c, value);

	if (wrong == limit_refused)
		return minc_error_code(o->c);
	return wrong ? options_refuse(o, "%s", wrong) : 0;
}

static int apply_one(struct options *o, const struct given *g)
{
	const struct option *row = g->option;
	int r = g->off ? 0 : set_origin(o, g);

	if (g->off)
		return 0;
	if (r == 0 && row->set)
		r = row->set(o, g->value);
	if (r == 0 && row->call)
		r = row->call(o->c, g->value);
	if (r == 0 && row->limit)
		r = set_limit(o, row, g->value);
	if (r == 0 && row->flag)
		r = minc_set_flag(o->c, row->flag, 1);
	return r;
}

static bool is_config(const struct given *g)
{
	return strcmp(g->option->names, "--config") == 0;
}

/* A config.json is the whole description: it comes first, and without our defaults. */
static int apply_given(struct options *o)
{
	size_t i;
	int r = 0;

	for (i = 0; i < o->given_len && r == 0; i++)
		if (is_config(&o->given[i]))
			r = apply_one(o, &o->given[i]);
	if (r == 0)
		r = minc_set_origin(o->c, NULL);
	if (r == 0 && !was_given(o, "--config"))
		r = default_env(o);
	for (i = 0; i < o->given_len && r == 0; i++)
		if (!is_config(&o->given[i]))
			r = apply_one(o, &o->given[i]);
	return r;
}

static int apply_root(struct options *o)
{
	int r = set_origin(o, o->root_given);

	if (r < 0)
		return r;
	if (!o->root && was_given(o, "--config"))
		return options_refuse(o, "needs --rootdir beside --config");
	r = o->root ? images_root(o, o->root) : 0;
	if (r < 0)
		return r;
	if (r == 1)
		return minc_set_root(o->c, "/", o->root_flags); /* the image is below */
	return minc_set_root(o->c, o->root ? o->root : "/", o->root_flags);
}

int options_apply(struct options *o)
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
	return r < 0 ? r : minc_set_origin(o->c, NULL);
}

void options_done(struct options *o)
{
	if (o->given != o->few)
		free(o->given);
	o->given = NULL;
	o->given_len = 0;
}
