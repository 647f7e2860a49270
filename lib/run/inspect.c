/* SPDX-License-Identifier: MIT */
/* inspect - see inspect.h; the fields are those of minc_inspect() in background.h. */
#include "run/inspect.h"

#include <errno.h>
#include <inttypes.h>
#include <minc/background.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/quote.h"
#include "run/background.h"
#include "run/log.h"
#include "run/state.h"

enum { NS_PER_MS = 1000000 };

static const char *state_word(int state)
{
	static const char *const words[] = { [MINC_STATE_RUNNING] = "running",
					     [MINC_STATE_PAUSED] = "paused",
					     [MINC_STATE_EXITED] = "exited",
					     [MINC_STATE_LOST] = "lost" };

	return words[state];
}

static void print_string(FILE *out, const char *key, const char *value)
{
	fprintf(out, "  \"%s\": ", key);
	if (value)
		quote_json(out, value);
	else
		fputs("null", out);
	fputs(",\n", out);
}

/* A number, or null while it is not known. */
static void print_number(FILE *out, const char *key, bool known, uint64_t n)
{
	if (known)
		fprintf(out, "  \"%s\": %" PRIu64 ",\n", key, n);
	else
		fprintf(out, "  \"%s\": null,\n", key);
}

static void print_command(FILE *out, const char *const *argv)
{
	fputs("  \"command\": [", out);
	for (size_t i = 0; argv[i]; i++) {
		fputs(i ? ", " : "", out);
		quote_json(out, argv[i]);
	}
	fputs("],\n", out);
}

/* Indented like the rest. */
static void print_config(FILE *out, const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		len--;
	fputs("  \"config\": ", out);
	for (size_t i = 0; i < len; i++) {
		fputc(text[i], out);
		if (text[i] == '\n')
			fputs("  ", out);
	}
	fputc('\n', out);
}

static int print(FILE *out, const struct minc_container *ct, const char *config)
{
	const struct state *s = ct->state;
	const struct state_facts *f = &s->facts;
	uint64_t ended_ns = 0, lost = 0;
	int status = 0, state = background_state(ct);
	bool alive = state == MINC_STATE_RUNNING || state == MINC_STATE_PAUSED;
	bool ended = state_status(s, &status, &ended_ns, &lost) == 0;
	char log[PATH_MAX];

	if (snprintf(log, sizeof(log), "%s/" LOG_NAME, s->path) >= (int)sizeof(log))
		return -ENAMETOOLONG;
	fputs("{\n", out);
	print_string(out, "id", s->id);
	print_string(out, "name", *s->name ? s->name : f->hostname);
	print_string(out, "state", state_word(state));
	print_number(out, "pid", alive, (uint64_t)f->pid);
	print_number(out, "created", true, f->created_ns / NS_PER_MS);
	print_number(out, "ended", ended, ended_ns / NS_PER_MS);
	print_number(out, "exit_status", ended, (uint64_t)status);
	print_command(out, f->command);
	fprintf(out, "  \"terminal\": %s,\n  \"auto_remove\": %s,\n",
		f->terminal ? "true" : "false", f->auto_remove ? "true" : "false");
	print_string(out, "log", log);
	print_number(out, "log_lost_bytes", ended, lost);
	print_string(out, "storage", f->storage);
	print_string(out, "state_dir", s->path);
	print_config(out, config);
	fputs("}\n", out);
	return 0;
}

int inspect_json(const struct minc_container *ct, const char *config, char **ret)
{
	cleanup_free char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int r;

	if (!out)
		return -ENOMEM;
	r = print(out, ct, config);
	if (fclose(out) != 0 && r == 0)
		r = -ENOMEM;
	if (r == 0)
		*ret = take_ptr(&text);
	return r;
}
