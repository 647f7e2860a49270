/* SPDX-License-Identifier: MIT */
/* ns - planning of everything but the user namespace; see ns.h. */
#include "ns/ns.h"

#include <minc/container.h>
#include <string.h>

#include "ns/ns-rows.h"

void ns_plan_lifeline(struct plan *p, const struct spec *s)
{
	plan_append(p, &step_lifeline, s->flag_origin[MINC_DIE_WITH_PARENT],
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
	struct step_unshare *d;

	if (!p->cgroups && !p->scope) {
		p->clone_flags |= CLONE_NEWCGROUP;
		return;
	}
	d = plan_append(p, &step_unshare, NULL,
			"its own control group is the top one that it sees")
		    ->data;
	d->flags = CLONE_NEWCGROUP;
}

void ns_plan_net_move(struct plan *p, const struct spec *s)
{
	struct step_link_move *d;

	if (s->net != SPEC_NET_OWN)
		return;
	if (!s->net_if) {
		p->clone_flags |= CLONE_NEWNET;
		return;
	}
	d = plan_append(p, &step_link_move, s->net_origin,
			"an own network with one of the host's interfaces")
		    ->data;
	d->name = s->net_if;
}

void ns_plan_net_up(struct plan *p, const struct spec *s)
{
	struct step_link_up *d;

	if (s->net != SPEC_NET_OWN)
		return;
	d = plan_append(p, &step_link_up, s->net_origin,
			"programs expect 127.0.0.1 to answer")
		    ->data;
	d->name = "lo";
}

void ns_plan_uts(struct plan *p, const struct spec *s)
{
	const char *name = s->hostname ? s->hostname : s->name;
	struct step_hostname *d;

	if (!name)
		return;
	d = plan_append(p, &step_hostname,
			s->hostname ? s->hostname_origin : s->name_origin,
			"the name it has for itself")
		    ->data;
	d->name = name;
}

void ns_plan_cpus(struct plan *p, const struct spec *s)
{
	struct step_affinity *d;
	uint64_t *mask;

	if (!s->cpus_origin)
		return;
	mask = plan_alloc(p, sizeof(s->cpus));
	if (mask)
		memcpy(mask, s->cpus, sizeof(s->cpus));
	d = plan_append(p, &step_affinity, s->cpus_origin, "only these CPUs")->data;
	d->mask = mask;
}

void ns_plan_session(struct plan *p)
{
	plan_append(p, &step_session, NULL,
		    "a session of its own: it cannot type into the caller's terminal");
}

void ns_plan_template(struct plan *p, const struct host *h)
{
	struct step_join *join =
		plan_append(p, &step_join, NULL,
			    "start where almost nothing is mounted, not with a copy of "
			    "everything")
			->data;
	struct step_unshare *copy =
		plan_append(p, &step_unshare, NULL, "a copy of it for this container")
			->data;

	join->fd = h->template_fd;
	join->type = CLONE_NEWNS;
	join->name = "a nearly empty mount namespace";
	copy->flags = CLONE_NEWNS;
}
