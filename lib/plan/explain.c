/* SPDX-License-Identifier: MIT */
/*
 * explain - a plan in words. The script makes every mount at a place of its own below $t
 * and moves it where it belongs, as the steps do with descriptors: slot N of the plan is
 * the variable sN. After the root changed, the host's programs run through the dynamic
 * loader from the working directory, which is still in the host's /usr.
 */
#include "plan/explain.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "base/sys.h"

static const struct {
	uint64_t flag;
	const char *option;
} namespaces[] = {
	{ CLONE_NEWNS, "--mount --propagation unchanged" },
	{ CLONE_NEWPID, "--pid --fork --kill-child" },
	{ CLONE_NEWIPC, "--ipc" },
	{ CLONE_NEWUTS, "--uts" },
	{ CLONE_NEWNET, "--net" },
	{ CLONE_NEWUSER, "--user" },
	{ CLONE_NEWCGROUP, "--cgroup" },
};

static const char prologue[] =
	"#!/bin/sh\n"
	"# What starting this container does, as a script: needs util-linux 2.38, coreutils,\n"
	"# iproute2 and a merged /usr. Run it as the user who would start the container.\n"
	"set -eu\n"
	"PATH=${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin # pivot_root and losetup, for users too\n"
	"export PATH\n"
	"t=$(mktemp -d) # a mount point, hidden from the container and removed at the end\n"
	"trap 'rmdir \"$t\"' EXIT\n"
	"exec 9</proc/self/ns/net # the host's network, for moving an interface\n";

static const char head[] = "set -eu\n"
			   "t=$1\n"
			   "umask 022\n"
			   "priv= nest=\n";

static const char tools[] =
	"# The host's programs for after the root has changed; see host().\n"
	"ld=$(ldd /bin/sh | sed -n 's,^[ \\t]*\\(/[^ ]*ld[^ ]*\\) .*,\\1,p')\n"
	"ld=$(readlink -f \"$ld\") ld=${ld#/usr/} libs=${ld%/*}\n"
	"umount=$(readlink -f \"$(command -v umount)\") umount=${umount#/usr/}\n"
	"setpriv=$(readlink -f \"$(command -v setpriv)\") setpriv=${setpriv#/usr/}\n"
	"unshare=$(readlink -f \"$(command -v unshare)\") unshare=${unshare#/usr/}\n"
	"env=$(readlink -f \"$(command -v env)\") env=${env#/usr/}\n";

/* A name may hold a new line; what follows it must not become a command. */
static void put_line(FILE *out, const char *s)
{
	for (; *s; s++)
		fputc((unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s, out);
}

static void put_comment(const struct plan *p, size_t i, FILE *out)
{
	const struct step *s = &p->steps[i];
	char object[256];

	step_name_object(object, sizeof(object), s);
	fprintf(out, "\n# %zu. %s%s", i + 1, s->ops->name, *object ? " " : "");
	put_line(out, object);
	fprintf(out, ": %s", s->why);
	if (s->origin) {
		fputs(" (", out);
		put_line(out, s->origin);
		fputc(')', out);
	}
	fputc('\n', out);
}

static void put_step(const struct plan *p, size_t i, FILE *out)
{
	const struct step *s = &p->steps[i];

	put_comment(p, i, out);
	if (s->flags & (STEP_IF_EXISTS | STEP_OPTIONAL))
		fputs("{ :\n", out);
	s->ops->say(out, s);
	if (s->flags & STEP_IF_EXISTS)
		fputs("} 2>/dev/null || : skipped, for it does not exist\n", out);
	else if (s->flags & STEP_OPTIONAL)
		fputs("} || echo 'warning: this step failed' >&2\n", out);
}

/* Made by the caller before the namespaces, and removed after the container. */
static void put_first(const struct plan *p, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < p->len; i++)
		any |= p->steps[i].ops->first;
	if (!any)
		return;
	fputs("undo() { rmdir \"$t\"; rmdir 2>/dev/null", out);
	for (size_t i = 0; i < p->len; i++) {
		const struct step *s = &p->steps[i];

		if (!s->ops->leaves)
			continue;
		fputc(' ', out);
		quote_shell(out, s->ops->leaves(s));
	}
	fputs("; }\ntrap undo EXIT\n", out);
	for (size_t i = 0; i < p->len; i++)
		if (p->steps[i].ops->first)
			put_step(p, i, out);
	fputc('\n', out);
}

static void put_warnings(const struct plan *p, FILE *out)
{
	for (size_t i = 0; i < p->warnings_len; i++) {
		fputs("# warning: ", out);
		put_line(out, p->warnings[i]);
		fputc('\n', out);
	}
}

/* What a start does before its plan is made; see run/storage.c. */
static void put_storage(const struct plan *p, FILE *out)
{
	if (!p->storage)
		return;
	fputs("# for nobody else: there may be set-user-ID programs in what the container writes\n"
	      "kept=",
	      out);
	quote_shell(out, p->storage);
	fputs("\n[ -d \"$kept\" ] || mkdir -m 700 \"$kept\"\n"
	      "[ \"$(stat -c %u \"$kept\")\" = \"$(id -u)\" ] || {\n"
	      "\techo \"$kept: belongs to another user\" >&2\n\texit 125\n}\n"
	      "chmod go-rwx \"$kept\"\n",
	      out);
}

static void put_unshare(const struct plan *p, FILE *out)
{
	fputs("set +e\nsetsid --wait unshare", out);
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
		if (p->clone_flags & namespaces[i].flag)
			fprintf(out, " %s", namespaces[i].option);
	for (size_t i = 0; i < p->len; i++)
		if (p->steps[i].ops->say_clone)
			p->steps[i].ops->say_clone(out, &p->steps[i]);
	/* with hundreds of layers it is longer than an argument may be */
	fputs(" \\\n\tsh -c 'plan=$(cat <&8); exec 8<&-; eval \"$plan\"' minc \"$t\"",
	      out);
}

int explain_shell(const struct plan *p, const struct mechanism *const *all, FILE *out)
{
	char end[64] = "END_OF_PLAN", *text = NULL;
	size_t len, n = 0;
	FILE *steps = open_memstream(&text, &len);

	if (!steps)
		return -ENOMEM;
	fputs(head, steps);
	for (; *all; all++)
		if ((*all)->functions)
			fputs((*all)->functions, steps);
	fputs(tools, steps);
	for (size_t i = 0; i < p->len; i++)
		if (!p->steps[i].ops->first)
			put_step(p, i, steps);
	if (fclose(steps) != 0) {
		free(text);
		return -ENOMEM;
	}
	/* No argument of the command may end the script early. */
	while (strstr(text, end))
		snprintf(end, sizeof(end), "END_OF_PLAN_%zu", n++);
	fputs(prologue, out);
	put_warnings(p, out);
	put_storage(p, out);
	put_first(p, out);
	put_unshare(p, out);
	fprintf(out, " 8<<'%s'\n%s%s\nexit $?\n", end, text, end);
	free(text);
	return 0;
}

void explain_json(const struct plan *p, FILE *out)
{
	fputs("{\n  \"version\": 1,\n  \"namespaces\": [", out);
	for (size_t i = 0, n = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		static const char *const names[] = { "mount",   "pid",  "ipc",   "uts",
						     "network", "user", "cgroup" };

		if (p->clone_flags & namespaces[i].flag)
			fprintf(out, "%s\"%s\"", n++ ? ", " : "", names[i]);
	}
	fputs("],\n  \"steps\": [\n", out);
	for (size_t i = 0; i < p->len; i++) {
		const struct step *s = &p->steps[i];
		char object[256];

		step_name_object(object, sizeof(object), s);
		fprintf(out, "    { \"number\": %zu, \"name\": ", i + 1);
		quote_json(out, s->ops->name);
		fputs(", \"object\": ", out);
		quote_json(out, object);
		fputs(", \"why\": ", out);
		quote_json(out, s->why);
		if (s->origin) {
			fputs(", \"origin\": ", out);
			quote_json(out, s->origin);
		}
		fprintf(out, "%s%s }%s\n",
			s->flags & STEP_OPTIONAL ? ", \"optional\": true" : "",
			s->flags & STEP_IF_EXISTS ? ", \"if_exists\": true" : "",
			i + 1 < p->len ? "," : "");
	}
	fputs("  ]\n}\n", out);
}
