/* SPDX-License-Identifier: MIT */
/* ns-say - the steps of the namespaces as shell; see plan/explain.c for the script. */
#include "base/quote.h"
#include "ns/ns.h"

void say_lifeline(FILE *out, const struct step *s)
{
	(void)s;
	fputs("# unshare --kill-child, below\n", out);
}

/* mount(8) serves root only, so another user comes at the end, by one more namespace. */
void say_idmap(FILE *out, const struct step *s)
{
	unsigned uid = 0, gid = 0;

	fputs("# unshare --map-..., below\n", out);
	if (!s->idmap.uid_map)
		return;
	(void)sscanf(s->idmap.uid_map, "%u", &uid); /* our own text */
	(void)sscanf(s->idmap.gid_map, "%u", &gid);
	if (uid || gid)
		fprintf(out, "nest=\"$nest --user --map-user=%u --map-group=%u\"\n", uid,
			gid);
}

void say_join(FILE *out, const struct step *s)
{
	fprintf(out, "# no shell equivalent: nothing can be executed in %s\n",
		s->join.name);
}

void say_rename(FILE *out, const struct step *s)
{
	fprintf(out, "# no shell equivalent: unshare(1) --user with the map %s",
		s->rename.uid_map);
}

void say_unshare(FILE *out, const struct step *s)
{
	/* the groups are entered by then, which the first unshare is too early for */
	if (s->unshare.flags & CLONE_NEWCGROUP)
		fputs("nest=\"$nest --cgroup\"\n", out);
	else
		fputs("# unshare, below\n", out);
}

void say_hostname(FILE *out, const struct step *s)
{
	fputs("hostname ", out);
	quote_shell(out, s->hostname.name);
	fputc('\n', out);
}

void say_link_up(FILE *out, const struct step *s)
{
	fputs("ip link set ", out);
	quote_shell(out, s->link_up.name);
	fputs(" up\n", out);
}

void say_link_move(FILE *out, const struct step *s)
{
	fputs("nsenter --net=/proc/self/fd/9 ip link set ", out);
	quote_shell(out, s->link_move.name);
	fputs(" netns $$\n", out);
}

void say_affinity(FILE *out, const struct step *s)
{
	int top = 15;

	while (top > 0 && s->affinity.mask[top] == 0)
		top--;
	fputs("taskset -p ", out);
	for (int i = top; i >= 0; i--)
		fprintf(out, i == top ? "%llx" : "%016llx",
			(unsigned long long)s->affinity.mask[i]);
	fputs(" $$ >/dev/null\n", out);
}

void say_session(FILE *out, const struct step *s)
{
	(void)s;
	fputs("# setsid, below\n", out);
}
