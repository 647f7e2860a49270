/* SPDX-License-Identifier: MIT */
/* ns-say - the steps of the namespaces as shell; see plan/explain.c for the script. */
#include "base/quote.h"
#include "ns/ns-rows.h"

void say_lifeline(FILE *out, const struct step *s)
{
	(void)s;
	fputs("# unshare --kill-child, below\n", out);
}

/* mount(8) serves root only, so another user comes at the end, by one more namespace. */
void say_idmap(FILE *out, const struct step *s)
{
	const struct step_idmap *d = s->data;
	unsigned uid = 0, gid = 0;

	fputs("# unshare --map-..., below\n", out);
	if (!d->uid_map)
		return;
	(void)sscanf(d->uid_map, "%u", &uid); /* our own text */
	(void)sscanf(d->gid_map, "%u", &gid);
	if (uid || gid)
		fprintf(out, "nest=\"$nest --user --map-user=%u --map-group=%u\"\n", uid,
			gid);
}

void say_clone_idmap(FILE *out, const struct step *s)
{
	const struct step_idmap *d = s->data;

	if (d->uid_map)
		fputs(" --map-user=0 --map-group=0", out); /* see say_idmap() */
	else
		fprintf(out,
			" --map-root-user --map-users=%s,%s,%s --map-groups=%s,%s,%s",
			d->uid_args[4], d->uid_args[3], d->uid_args[5], d->gid_args[4],
			d->gid_args[3], d->gid_args[5]);
}

void say_join(FILE *out, const struct step *s)
{
	const struct step_join *d = s->data;

	fprintf(out, "# no shell equivalent: nothing can be executed in %s\n", d->name);
}

void say_rename(FILE *out, const struct step *s)
{
	const struct step_rename *d = s->data;

	fprintf(out, "# no shell equivalent: unshare(1) --user with the map %s",
		d->uid_map);
}

void say_unshare(FILE *out, const struct step *s)
{
	const struct step_unshare *d = s->data;

	/* the groups are entered by then, which the first unshare is too early for */
	if (d->flags & CLONE_NEWCGROUP)
		fputs("nest=\"$nest --cgroup\"\n", out);
	else
		fputs("# unshare, below\n", out);
}

void say_hostname(FILE *out, const struct step *s)
{
	const struct step_hostname *d = s->data;

	fputs("hostname ", out);
	quote_shell(out, d->name);
	fputc('\n', out);
}

void say_link_up(FILE *out, const struct step *s)
{
	const struct step_link_up *d = s->data;

	fputs("ip link set ", out);
	quote_shell(out, d->name);
	fputs(" up\n", out);
}

void say_link_move(FILE *out, const struct step *s)
{
	const struct step_link_move *d = s->data;

	fputs("nsenter --net=/proc/self/fd/9 ip link set ", out);
	quote_shell(out, d->name);
	fputs(" netns $$\n", out);
}

void say_affinity(FILE *out, const struct step *s)
{
	const struct step_affinity *d = s->data;
	int top = 15;

	while (top > 0 && d->mask[top] == 0)
		top--;
	fputs("taskset -p ", out);
	for (int i = top; i >= 0; i--)
		fprintf(out, i == top ? "%llx" : "%016llx",
			(unsigned long long)d->mask[i]);
	fputs(" $$ >/dev/null\n", out);
}

void say_session(FILE *out, const struct step *s)
{
	(void)s;
	fputs("# setsid, below\n", out);
}
