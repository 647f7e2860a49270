/* SPDX-License-Identifier: MIT */
/* cgroup-say - limits as shell; see plan/explain.c for where the lines go. */
#include <inttypes.h>
#include <sys/resource.h>

#include "base/quote.h"
#include "cgroup/cgroup-rows.h"

void say_cgroup(FILE *out, const struct step *s)
{
	const struct step_cgroup *d = s->data;

	fputs("mkdir ", out);
	quote_shell(out, d->path);
	fputc('\n', out);
}

void say_cgroup_set(FILE *out, const struct step *s)
{
	const struct step_cgroup_set *d = s->data;

	fputs("echo ", out);
	quote_shell(out, d->value);
	fputs(" >", out);
	quote_shell(out, d->path);
	fputc('\n', out);
}

void say_cgroup_devices(FILE *out, const struct step *s)
{
	const struct step_cgroup_devices *d = s->data;

	if (d->v2) {
		fputs("echo 'warning: no shell equivalent of bpf(2): all devices work' >&2\n",
		      out);
		fputs("# allowed would be:", out);
	} else {
		fputs("echo a >", out);
		quote_shell(out, d->path);
		fputs("/devices.deny\nfor rule in", out);
	}
	for (const char *const *i = d->rules; i && *i; i++)
		fprintf(out, " '%s'", *i);
	if (!d->v2) {
		fputs("; do echo \"$rule\" >", out);
		quote_shell(out, d->path);
		fputs("/devices.allow; done", out);
	}
	fputc('\n', out);
}

void say_cgroup_join(FILE *out, const struct step *s)
{
	const struct step_cgroup_join *d = s->data;

	fputs("echo 0 >", out);
	quote_shell(out, d->path);
	fputc('\n', out);
}

void say_cgroup_scope(FILE *out, const struct step *s)
{
	const struct step_cgroup_scope *d = s->data;

	fputs(": no shell equivalent from inside: systemd moves this process to a scope "
	      "with",
	      out);
	for (const char *const *p = d->properties; p && *p; p++) {
		fputc(' ', out);
		quote_shell(out, *p);
	}
	fputc('\n', out);
}

/* The letter of dash's ulimit, and the size of its unit. */
static const struct {
	int resource;
	char letter;
	unsigned unit;
} letters[] = {
	{ RLIMIT_CPU, 't', 1 },        { RLIMIT_FSIZE, 'f', 512 },
	{ RLIMIT_DATA, 'd', 1024 },    { RLIMIT_STACK, 's', 1024 },
	{ RLIMIT_CORE, 'c', 512 },     { RLIMIT_RSS, 'm', 1024 },
	{ RLIMIT_MEMLOCK, 'l', 1024 }, { RLIMIT_NPROC, 'p', 1 },
	{ RLIMIT_NOFILE, 'n', 1 },     { RLIMIT_AS, 'v', 1024 },
	{ RLIMIT_LOCKS, 'w', 1 },      { RLIMIT_RTPRIO, 'r', 1 },
};

static void say_ulimit(FILE *out, const char *which, char letter, uint64_t value,
		       unsigned unit)
{
	if (value == UINT64_MAX)
		fprintf(out, "ulimit %s-%c unlimited\n", which, letter);
	else
		fprintf(out, "ulimit %s-%c %" PRIu64 "\n", which, letter, value / unit);
}

void say_rlimit(FILE *out, const struct step *s)
{
	const struct step_rlimit *d = s->data;

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		if (letters[i].resource != d->resource)
			continue;
		say_ulimit(out, "", letters[i].letter, d->hard, letters[i].unit);
		if (d->soft != d->hard)
			say_ulimit(out, "-S ", letters[i].letter, d->soft,
				   letters[i].unit);
		return;
	}
	fprintf(out, ": no shell equivalent: limit on %s\n", d->name);
}
