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

static const char functions[] =
	"set -eu\n"
	"t=$1\n"
	"umask 022\n"
	"priv= nest=\n"
	"\n"
	"# inside ROOT PATH: PATH with every symbolic link and \"..\" resolved inside ROOT\n"
	"inside() {\n"
	"\tleft=$2 seen=\n"
	"\twhile [ -n \"$left\" ]; do\n"
	"\t\tleft=${left#/}\n"
	"\t\tname=${left%%/*}\n"
	"\t\tcase $left in */*) left=${left#*/} ;; *) left= ;; esac\n"
	"\t\tcase $name in\n"
	"\t\t'' | .) continue ;;\n"
	"\t\t..) seen=${seen%/*}; continue ;;\n"
	"\t\tesac\n"
	"\t\tif [ -L \"$1$seen/$name\" ]; then\n"
	"\t\t\tlink=$(readlink \"$1$seen/$name\")\n"
	"\t\t\tcase $link in /*) seen= ;; esac\n"
	"\t\t\tleft=$link/$left\n"
	"\t\telse\n"
	"\t\t\tseen=$seen/$name\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tprintf '%s\\n' \"$1$seen\"\n"
	"}\n"
	"# place NAME SOURCE: a mount point of SOURCE's type\n"
	"place() { if [ -d \"$2\" ]; then mkdir \"$1\"; else : >\"$1\"; fi; }\n"
	"# like NOBODY DIR BELOW..: DIR is new over the first that is not as a layer without an entry\n"
	"# for its root; an owner NOBODY has no id here. Not in shell: lists and attributes.\n"
	"like() {\n"
	"\tnobody=$1 dir=$2 from=$3\n"
	"\tshift 2\n"
	"\tfor below; do\n"
	"\t\t[ -d \"$below\" ] || return 0\n"
	"\t\t[ \"$(stat -c '%a %Y' \"$below\")\" = '755 0' ] || { from=$below; break; }\n"
	"\tdone\n"
	"\tuid=$(stat -c %u \"$from\") gid=$(stat -c %g \"$from\")\n"
	"\t[ \"$uid\" = \"$nobody\" ] || chown \"$uid\" \"$dir\"\n"
	"\t[ \"$gid\" = \"$nobody\" ] || chgrp \"$gid\" \"$dir\"\n"
	"\tchmod \"$(stat -c %a \"$from\")\" \"$dir\"\n"
	"\ttouch -r \"$from\" \"$dir\"\n"
	"}\n"
	"# quiet DIR, loud: what is made in DIR in between does not show in its time\n"
	"quiet() {\n"
	"\tup=$1\n"
	"\twhile ! [ -d \"$up\" ]; do up=${up%/*}; done\n"
	"\ttime=$(stat -c %y \"$up\")\n"
	"}\n"
	"loud() { touch -d \"$time\" \"$up\" 2>/dev/null || :; }\n"
	"# attach MOUNT ROOT PATH [create|quiet]: move a mount to PATH inside ROOT, made if missing\n"
	"attach() {\n"
	"\ttarget=$(inside \"$2\" \"$3\")\n"
	"\tif [ -n \"${4-}\" ] && ! [ -e \"$target\" ]; then\n"
	"\t\tquiet \"$target\"\n"
	"\t\tif [ -d \"$1\" ]; then mkdir -p \"$target\"\n"
	"\t\telse mkdir -p \"${target%/*}\"; : >\"$target\"; fi\n"
	"\t\t[ \"$4\" = create ] || loud\n"
	"\tfi\n"
	"\tmount -n --move \"$1\" \"$target\"\n"
	"}\n"
	"# flags OPTIONS MOUNT: change a mount's flags; with -R as $3 also of all below it\n"
	"flags() {\n"
	"\tfindmnt ${3-} -rno TARGET \"$2\" | while IFS= read -r m; do\n"
	"\t\tmount -o \"remount,bind,$1\" \"$(printf '%b' \"$m\")\"\n"
	"\tdone\n"
	"}\n";

static const char tools[] =
	"# The host's programs for after the root has changed; see host().\n"
	"ld=$(ldd /bin/sh | sed -n 's,^[ \\t]*\\(/[^ ]*ld[^ ]*\\) .*,\\1,p')\n"
	"ld=$(readlink -f \"$ld\") ld=${ld#/usr/} libs=${ld%/*}\n"
	"umount=$(readlink -f \"$(command -v umount)\") umount=${umount#/usr/}\n"
	"setpriv=$(readlink -f \"$(command -v setpriv)\") setpriv=${setpriv#/usr/}\n"
	"unshare=$(readlink -f \"$(command -v unshare)\") unshare=${unshare#/usr/}\n"
	"env=$(readlink -f \"$(command -v env)\") env=${env#/usr/}\n";

/* Only now: where mounts are shared it would be on the host, too. */
static const char room[] =
	"mount -t tmpfs minc \"$t\" # room for what the steps below mount\n";

/* A name may hold a new line; what follows it must not become a command. */
static void put_line(FILE *out, const char *s)
{
	for (; *s; s++)
		fputc((unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s, out);
}

static void put_comment(const struct plan *p, const struct step_ops *ops, size_t i,
			FILE *out)
{
	const struct step *s = &p->steps[i];
	char object[256];

	ops[s->kind].name_object(object, sizeof(object), s);
	fprintf(out, "\n# %zu. %s%s", i + 1, ops[s->kind].name, *object ? " " : "");
	put_line(out, object);
	fprintf(out, ": %s", s->why);
	if (s->origin) {
		fputs(" (", out);
		put_line(out, s->origin);
		fputc(')', out);
	}
	fputc('\n', out);
}

static void put_step(const struct plan *p, const struct step_ops *ops, size_t i,
		     FILE *out)
{
	const struct step *s = &p->steps[i];

	put_comment(p, ops, i, out);
	if (s->flags & (STEP_IF_EXISTS | STEP_OPTIONAL))
		fputs("{ :\n", out);
	ops[s->kind].say(out, s);
	if (s->flags & STEP_IF_EXISTS)
		fputs("} 2>/dev/null || : skipped, for it does not exist\n", out);
	else if (s->flags & STEP_OPTIONAL)
		fputs("} || echo 'warning: this step failed' >&2\n", out);
}

static bool is_outside(const struct step *s)
{
	return s->kind == STEP_CGROUP || s->kind == STEP_CGROUP_SET ||
	       s->kind == STEP_CGROUP_DEVICES;
}

/* Groups are the caller's: made before the namespaces, removed after the container. */
static void put_groups(const struct plan *p, const struct step_ops *ops, FILE *out)
{
	if (!p->cgroups)
		return;
	fputs("undo() { rmdir \"$t\"; rmdir 2>/dev/null", out);
	for (size_t i = 0; i < p->len; i++) {
		if (p->steps[i].kind != STEP_CGROUP)
			continue;
		fputc(' ', out);
		quote_shell(out, p->steps[i].cgroup.path);
	}
	fputs("; }\ntrap undo EXIT\n", out);
	for (size_t i = 0; i < p->len; i++)
		if (is_outside(&p->steps[i]))
			put_step(p, ops, i, out);
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
	for (size_t i = 0; i < p->len; i++) {
		const struct step *s = &p->steps[i];

		if (s->kind != STEP_IDMAP)
			continue;
		if (s->idmap.uid_map) {
			fputs(" --map-user=0 --map-group=0", out); /* see say_idmap() */
		} else {
			fprintf(out,
				" --map-root-user --map-users=%s,%s,%s --map-groups=%s,%s,%s",
				s->idmap.uid_args[4], s->idmap.uid_args[3],
				s->idmap.uid_args[5], s->idmap.gid_args[4],
				s->idmap.gid_args[3], s->idmap.gid_args[5]);
		}
	}
	/* with hundreds of layers it is longer than an argument may be */
	fputs(" \\\n\tsh -c 'plan=$(cat <&8); exec 8<&-; eval \"$plan\"' minc \"$t\"",
	      out);
}

int explain_shell(const struct plan *p, const struct step_ops *ops, FILE *out)
{
	char end[64] = "END_OF_PLAN", *text = NULL;
	size_t len, n = 0;
	FILE *steps = open_memstream(&text, &len);

	if (!steps)
		return -ENOMEM;
	fputs(functions, steps);
	fputs(tools, steps);
	for (size_t i = 0; i < p->len; i++) {
		if (!is_outside(&p->steps[i]))
			put_step(p, ops, i, steps);
		if (p->steps[i].kind == STEP_PROPAGATION)
			fputs(room, steps);
	}
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
	put_groups(p, ops, out);
	put_unshare(p, out);
	fprintf(out, " 8<<'%s'\n%s%s\nexit $?\n", end, text, end);
	free(text);
	return 0;
}

void explain_json(const struct plan *p, const struct step_ops *ops, FILE *out)
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

		ops[s->kind].name_object(object, sizeof(object), s);
		fprintf(out, "    { \"number\": %zu, \"name\": ", i + 1);
		quote_json(out, ops[s->kind].name);
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
