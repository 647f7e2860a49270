/* SPDX-License-Identifier: MIT */
/*
 * helper - the programs docker-credential-NAME: a verb as argument, text on stdin, JSON
 * on stdout. No shell is between, and what they say has bounds. See
 * docker-credential-helpers.
 */
#include "registry/helper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "process/program.h"
#include "registry/auth.h"
#include "registry/http.h"
#include "registry/registry-module.h"
#include "json/json-text.h"

/* It may ask somebody who has to find a password first. */
enum { NAME_BYTES = 64, HELPER_SECONDS = 300, SAY_MS = 3000 };

/* One that runs. */
struct asked {
	const struct registry_options *o;
	const char *program;
	int64_t begun_ms; /* of clock_ms() */
	bool said;
};

/* Who is told what is waited for can cancel it. */
static int watch(void *data)
{
	struct asked *q = data;
	char line[128];

	if (clock_ms() - q->begun_ms < SAY_MS)
		return 0;
	snprintf(line, sizeof(line), "%s: waits up to %d seconds for it", q->program,
		 HELPER_SECONDS);
	if (!q->said && q->o->say)
		q->o->say(line, q->o->data);
	q->said = true;
	return q->o->progress && q->o->progress(q->program, 0, 0, q->o->data) ? -ECANCELED
									      : 0;
}

/* It becomes part of a program's name: no directory, no option. */
static bool is_name(const char *name)
{
	size_t n = strspn(
		name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n > 0 && n <= NAME_BYTES && !name[n] && name[0] != '.' && name[0] != '-';
}

/* Run it, and say what went wrong. 0, or -ENOENT: it has none. */
static int ask(struct err *e, const struct registry_options *o, const char *name,
	       const char *verb, const char *input, char **ret)
{
	char program[32 + NAME_BYTES], said[200];
	const char *const argv[] = { program, verb, NULL };
	struct asked q = { .o = o, .program = program };
	const struct program helper = { .argv = argv,
					.in = -EBADF,
					.input = input,
					.out_max = AUTH_TEXT_MAX,
					.own_err = true,
					.timeout_ms = HELPER_SECONDS * 1000,
					.watch = o ? watch : NULL,
					.watch_data = &q };
	cleanup_free char *text = NULL;
	struct program_end end;
	int r;

	if (!is_name(name)) {
		http_printable(name, strlen(name), said, sizeof(said));
		return err_say(e, -EINVAL, "credential helper '%s': not a name", said);
	}
	snprintf(program, sizeof(program), "docker-credential-%s", name);
	q.begun_ms = clock_ms();
	r = program_run(&helper, &end);
	text = end.out;
	if (r == 0 && end.status == 0) {
		*ret = take_ptr(&text);
		return 0;
	}
	if (r == -ENOENT) /* -ENOENT would mean that it has none */
		return err_say(e, -ENOEXEC, "%s: there is no such program", program);
	if (r < 0) {
		snprintf(said, sizeof(said), "%s %s", program, verb);
		return program_fail(e, r, &helper, said);
	}
	if (text && strstr(text, "credentials not found"))
		return -ENOENT;
	http_printable(text ? text : "", text ? strcspn(text, "\n") : 0, said,
		       sizeof(said));
	return err_say(e, -EACCES, "%s %s: %s (status %d)", program, verb,
		       *said ? said : "it failed", end.status);
}

int helper_parse(struct arena *a, const char *text, size_t len, struct credentials *ret)
{
	const char *user, *secret;
	json_t *answer = NULL;
	int r = json_text_read(text, len, &answer, NULL);

	if (r < 0)
		return r;
	r = -EBADMSG;
	user = json_string_value(json_object_get(answer, "Username"));
	secret = json_string_value(json_object_get(answer, "Secret"));
	if (user && secret && !strchr(user, ':')) {
		struct credentials c = { 0 };
		char *copy = arena_strdup(a, secret);

		if (strcmp(user, "<token>") == 0) {
			c.identity = copy;
		} else {
			c.user = arena_strdup(a, user);
			c.password = copy;
		}
		r = copy && (c.identity || c.user) ? 0 : -ENOMEM;
		if (r == 0)
			*ret = c;
	}
	json_decref(answer);
	return r;
}

int helper_get(struct arena *a, struct err *e, const struct registry_options *o,
	       const char *name, const char *server, struct credentials *ret)
{
	cleanup_free char *text = NULL;
	int r = ask(e, o, name, "get", server, &text);

	if (r < 0 || !text)
		return r == -ENOENT ? 0 : r;
	r = helper_parse(a, text, strlen(text), ret);
	explicit_bzero(text, strlen(text));
	if (r == 0)
		ret->where = arena_printf(a, "docker-credential-%s", name);
	return r < 0 ? err_set(e, r, "docker-credential-%s get", name) : 0;
}

static char *as_request(const char *server, const char *user, const char *password)
{
	json_t *request = json_pack("{s:s, s:s, s:s}", "ServerURL", server, "Username",
				    user, "Secret", password);
	char *text = NULL;

	if (request)
		/* or there is none */
		(void)json_text_write(request, JSON_COMPACT, &text, NULL);
	json_decref(request);
	return text;
}

int helper_store(struct err *e, const struct registry_options *o, const char *name,
		 const char *server, const char *user, const char *password)
{
	cleanup_free char *text = NULL;
	char *input = as_request(server, user, password);
	int r;

	if (!input)
		return err_set(e, -ENOMEM, "docker-credential-%s store", name);
	r = ask(e, o, name, "store", input, &text);
	explicit_bzero(input, strlen(input));
	free(input);
	return r;
}

int helper_erase(struct err *e, const struct registry_options *o, const char *name,
		 const char *server)
{
	cleanup_free char *text = NULL;

	return ask(e, o, name, "erase", server, &text);
}
