/* SPDX-License-Identifier: MIT */
/* ns - planning of everything but the user namespace; see ns.h. */
#include "ns/ns.h"

#include <minc/container.h>
#include <string.h>

void ns_plan_lifeline(struct plan *p, const struct spec *s)
{
	plan_append(p, STEP_LIFELINE, s->flag_origin[MINC_DIE_WITH_PARENT],
		    "nothing goes on if the caller dies");
	/* in the background it is held by the monitor */
	p->held = spec_flag(s, MINC_DIE_WITH_PARENT) || spec_flag(s, MINC_BACKGROUND) ||
		  s->idle;
	p->keeper = p->held || p->ids;
	p->clone_flags |= CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
}

/*
 * The kernel takes the group of whoever makes the namespace. clone3(2) makes it before it
 * puts the child into a group of its own, so then the child makes it afterwards. A kernel
 * without control groups takes the flag and makes nothing.
 */
void ns_plan_cgroup(struct plan *p)
{
	struct step *step;

	if (!p->cgroups && !p->scope) {
		p->clone_flags |= CLONE_NEWCGROUP;
		return;
	}
	step = plan_append(p, STEP_UNSHARE, NULL,
			   "its own control group is the top one that it sees");
	step->unshare.flags = CLONE_NEWCGROUP;
}

void ns_plan_net_move(struct plan *p, const struct spec *s)
{
	struct step *step;

	if (s->net != SPEC_NET_OWN)
		return;
	if (!s->net_if) {
		p->clone_flags |= CLONE_NEWNET;
		return;
	}
	step = plan_append(p, STEP_LINK_MOVE, s->net_origin,
			   "an own network with one of the host's interfaces");
	step->link_move.name = s->net_if;
}

void ns_plan_net_up(struct plan *p, const struct spec *s)
{
	struct step *step;

	if (s->net != SPEC_NET_OWN)
		return;
	step = plan_append(p, STEP_LINK_UP, s->net_origin,
			   "programs expect 127.0.0.1 to answer");
	step->link_up.name = "lo";
}

void ns_plan_uts(struct plan *p, const struct spec *s)
{
	const char *name = s->hostname ? s->hostname : s->name;
	struct step *step;

	if (!name)
		return;
	step = plan_append(p, STEP_HOSTNAME,
			   s->hostname ? s->hostname_origin : s->name_origin,
			   "the name it has for itself");
	step->hostname.name = name;
}

void ns_plan_cpus(struct plan *p, const struct spec *s)
{
	uint64_t *mask;

	if (!s->cpus_origin)
		return;
	mask = plan_alloc(p, sizeof(s->cpus));
	if (mask)
		memcpy(mask, s->cpus, sizeof(s->cpus));
	plan_append(p, STEP_AFFINITY, s->cpus_origin, "only these CPUs")->affinity.mask =
		mask;
}

void ns_plan_session(struct plan *p)
{
	plan_append(p, STEP_SESSION, NULL,
		    "a session of its own: it cannot type into the caller's terminal");
}
