/* SPDX-License-Identifier: MIT */
/*
 * group-place - see group-place.h.
 *
 * Beside the groups with limits there is always one in v2, if there is a v2 at all: the
 * child is born in it (CLONE_INTO_CGROUP), and it can be frozen and killed at once.
 *
 * In v2 only a group without processes can give controllers to its children ("no internal
 * processes", cgroups(7)), and the caller is a process in its own group: so the
 * container's is made beside the caller's group, or above, where that may be written.
 */
#include "cgroup/group-place.h"

#include <errno.h>
#include <minc/container.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/cgroup-rows.h"

enum { PROPERTY_WORDS_MAX = 32 };

static bool best_effort(const struct limiting *l)
{
	return spec_flag(l->s, MINC_BEST_EFFORT);
}

static const char delegation[] =
	"an ordinary user needs a control group of its own: systemd-run --user --scope "
	"-p Delegate=yes COMMAND, or root gives one with chown; see cgroups(7), "
	"delegation";

static const char scope_hint[] = "the user's systemd can limit what Delegate= in "
				 "user@.service lets it, by default cpu, "
				 "memory and pids; see systemd.resource-control(5)";
static const char delegation_v1[] = "on cgroup v1 an ordinary user needs one of root's "
				    "making: mkdir and chown a directory "
				    "in the hierarchy and start minc in it; "
				    "systemd.unified_cgroup_hierarchy=1 boots with v2";

int place_cannot(struct limiting *l, int r, const char *origin, const char *reason,
		 const char *hint)
{
	if (best_effort(l)) {
		plan_warn(l->p, "%s: not enforced: %s", origin, reason);
		return 0;
	}
	err_say(l->e, r, "%s: %s", origin, reason);
	snprintf(l->e->origin, sizeof(l->e->origin), "%s", origin);
	if (hint)
		err_hint(l->e, "%s", hint);
	return r;
}

/* The nearest level that may get a child with the controllers @needed. */
static const struct cgroup_level *choose_level(const struct cgroup_hierarchy *h,
					       unsigned needed)
{
	for (size_t i = 0; i < h->levels_len; i++) {
		const struct cgroup_level *v = &h->levels[i];

		if (!v->writable)
			return NULL; /* what is above is not the caller's either */
		if ((needed & ~v->controllers) == 0 &&
		    ((needed & ~v->enabled) == 0 || v->top || !v->busy))
			return v;
	}
	return NULL;
}

/*
 * As much of @needed as any level can give: limits that cannot be had are named singly.
 */
static void choose_v2(struct place *place, unsigned needed, unsigned *ret_given)
{
	const struct cgroup_hierarchy *h = place->h;

	place->level = choose_level(h, needed);
	if (place->level) {
		*ret_given = needed;
		return;
	}
	*ret_given = 0;
	for (unsigned c = 0; c < CGROUP_CONTROLLERS; c++)
		if (needed & 1u << c && choose_level(h, *ret_given | 1u << c))
			*ret_given |= 1u << c;
	place->level = choose_level(h, *ret_given);
}

static struct place *place_of_v1(struct limiting *l, unsigned controller)
{
	for (size_t i = 0; l->g && i < l->g->len; i++)
		if (!l->g->list[i].v2 && l->g->list[i].controllers & 1u << controller)
			return &l->places[i];
	return NULL;
}

static struct place *place_of_v2(struct limiting *l)
{
	for (size_t i = 0; l->g && i < l->g->len; i++)
		if (l->g->list[i].v2)
			return &l->places[i];
	return NULL;
}

/* A hierarchy for each controller, a level for each hierarchy. */
static void choose_places(struct limiting *l, unsigned needed)
{
	struct place *v2 = place_of_v2(l);
	const unsigned devices = 1u << CGROUP_DEVICES;
	unsigned from_v2 = 0, given = 0;

	for (size_t i = 0; l->g && i < l->g->len; i++)
		l->places[i].h = &l->g->list[i];
	if (!v2)
		needed |= 1u << CGROUP_FREEZER; /* of no limit, but what would stop it? */
	for (unsigned c = 0; c < CGROUP_CONTROLLERS; c++) {
		struct place *v1 = needed & 1u << c ? place_of_v1(l, c) : NULL;

		if (v1 && v1->h->levels_len && v1->h->levels[0].writable) {
			v1->level = &v1->h->levels[0];
			l->of[c] = v1;
		} else if (needed & 1u << c && (!v1 || c == CGROUP_DEVICES)) {
			from_v2 |= 1u << c;
		}
	}
	if (v2)
		choose_v2(v2, from_v2 & ~devices, &given);
	if (v2 && v2->level) /* which needs no controller for it */
		given |= from_v2 & devices;
	for (unsigned c = 0; c < CGROUP_CONTROLLERS; c++)
		if (given & 1u << c)
			l->of[c] = v2;
}

/*
 * An ordinary user without a delegated group: all that is left is to ask the user's own
 * service manager, which may move processes, for a scope with the limits.
 */
static void choose_scope(struct limiting *l, unsigned needed)
{
	static const struct cgroup_hierarchy v2 = { .v2 = true };

	for (unsigned c = 0; l->g && c < CGROUP_CONTROLLERS; c++) {
		if (!(needed & 1u << c) || place_of_v1(l, c))
			continue;
		if (l->of[c] && l->of[c] != &l->scope)
			return; /* there is a group of its own */
		if (l->g->scope_controllers & 1u << c)
			l->of[c] = &l->scope;
	}
	l->scope.h = &v2;
	l->properties =
		plan_alloc(l->p, (PROPERTY_WORDS_MAX + 1) * sizeof(*l->properties));
}

static void enter_scope(struct limiting *l)
{
	struct step *s;
	struct step_cgroup_scope *d;

	if (!l->count)
		return;
	s = plan_append(l->p, &step_cgroup_scope, NULL,
			"only the service manager may move an ordinary user's process");
	d = s->data;
	s->flags = best_effort(l) ? STEP_OPTIONAL : 0;
	d->unit = plan_text(l->p, "%s.scope", l->g->name);
	d->properties = l->properties;
	d->count = (unsigned)l->count;
	d->mount = plan_text(l->p, "%s", l->g->v2_mount);
	for (unsigned c = 0; c < CGROUP_CONTROLLERS; c++)
		if (l->of[c] == &l->scope)
			d->controllers |= 1u << c;
	l->p->scope = true;
	l->p->own_memory = true; /* the caller has work in the middle */
}

/*
 * What was not looked at as a place has the reason: 1 if there is none such, else as
 * place_cannot().
 */
static int place_left_out(struct limiting *l, unsigned controller, const char *origin)
{
	const struct place *place = place_of_v1(l, controller);
	const struct cgroup_hierarchy *h;

	if (!place)
		place = place_of_v2(l);
	h = place ? place->h : NULL;
	if (h && h->anothers && !h->levels_len)
		return place_cannot(
			l, -EPERM, origin,
			"another user can write to every control group that could hold one here, "
			"and so lift the limit",
			"start minc in a group of root's: systemd-run --scope COMMAND, as root");
	if (h && h->deep)
		return place_cannot(
			l, -E2BIG, origin,
			plan_text(
				l->p,
				"none of the %d control groups nearest to the caller can have one "
				"beside it with the %s controller, and others are not looked at",
				CGROUP_LEVELS_MAX,
				cgroup_controller_name(controller, false)),
			"start minc in a group that is less deep: /proc/self/cgroup names the "
			"caller's");
	return 1;
}

int place_missing(struct limiting *l, unsigned controller, const char *origin)
{
	const char *name = cgroup_controller_name(controller, false);
	const struct place *v2 = place_of_v2(l);
	bool exists = place_of_v1(l, controller), permitted = false;
	const int r = place_left_out(l, controller, origin);

	if (r <= 0)
		return r;
	for (size_t i = 0; v2 && i < v2->h->levels_len; i++) {
		exists = exists || v2->h->levels[i].controllers & 1u << controller;
		permitted = permitted || v2->h->levels[i].writable;
	}
	if (!exists)
		return place_cannot(
			l, -EOPNOTSUPP, origin,
			plan_text(l->p, "this host (cgroup %s) has no %s controller",
				  l->g ? cgroups_layout(l->g) : "none", name),
			"cgroups(7) must be mounted below /sys/fs/cgroup, the "
			"kernel built "
			"with the controller, and cgroup_disable= not name it");
	if (permitted && !place_of_v1(l, controller))
		return place_cannot(
			l, -EBUSY, origin,
			plan_text(l->p,
				  "no control group here can give away the %s "
				  "controller: each has processes or lacks it",
				  name),
			l->h->uid == 0
				? "start minc from a group beside which others may be "
				  "made; see cgroups(7), no internal processes"
				: delegation);
	return place_cannot(l, -EACCES, origin,
			    plan_text(l->p,
				      "no permission to make a control group with the %s "
				      "controller",
				      name),
			    place_of_v1(l, controller) ? delegation_v1
			    : l->g->scope_controllers  ? scope_hint
						       : delegation);
}

static void enable(struct limiting *l, const struct place *place)
{
	unsigned missing = 0;
	const char *text = "";
	struct step *s;
	struct step_cgroup_set *d;

	for (unsigned c = 0; place->h->v2 && c < CGROUP_CONTROLLERS; c++)
		if (l->of[c] == place && cgroup_controller_name(c, true) &&
		    !(place->level->enabled & 1u << c))
			missing |= 1u << c;
	for (unsigned c = 0; c < CGROUP_CONTROLLERS; c++)
		if (missing & 1u << c)
			text = plan_text(l->p, "%s%s+%s", text, *text ? " " : "",
					 cgroup_controller_name(c, true));
	if (!missing)
		return;
	s = plan_append(l->p, &step_cgroup_set, NULL,
			"groups beside the caller's get the controllers");
	d = s->data;
	s->flags = STEP_HOST | (best_effort(l) ? STEP_OPTIONAL : 0);
	d->at = SLOT_CWD;
	d->file = "cgroup.subtree_control";
	d->value = text;
	d->path = plan_text(l->p, "%s/cgroup.subtree_control", place->level->path);
}

static void make_group(struct limiting *l, struct place *place)
{
	const bool v2 = place->h->v2;
	/* with a list of devices it is entered late */
	const bool by_clone =
		v2 && l->h->kernel >= HOST_KERNEL(5, 7) && l->of[CGROUP_DEVICES] != place;
	struct step *s;
	struct step_cgroup *d;

	enable(l, place);
	place->slot = plan_slot(l->p);
	place->path = plan_text(l->p, "%s/%s", place->level->path, l->g->name);
	s = plan_append(l->p, &step_cgroup, NULL,
			v2 ? "a group to be born in, stopped and ended by"
			   : "a group for this hierarchy's limits");
	d = s->data;
	s->flags = STEP_HOST | (best_effort(l) ? STEP_OPTIONAL : 0);
	d->parent = place->level->path;
	d->path = place->path;
	d->v2 = v2;
	d->ret = place->slot;
	d->ret_procs = by_clone ? SLOT_NONE : plan_slot(l->p);
	if (!v2)
		d->controllers = place->h->controllers;
	for (unsigned c = 0; v2 && c < CGROUP_CONTROLLERS; c++)
		if (l->of[c] == place)
			d->controllers |= 1u << c;
	l->p->cgroups++;
}

static bool has_list(const struct plan *p, const struct step *made)
{
	const struct step_cgroup *group = made->data;

	for (size_t i = 0; i < p->len; i++) {
		const struct step_cgroup_devices *list = p->steps[i].data;

		if (p->steps[i].ops == &step_cgroup_devices && list->at == group->ret)
			return true;
	}
	return false;
}

/* Those that have a list of devices, or the others. */
static void join_groups(struct plan *p, const struct spec *spec, bool devices)
{
	for (size_t i = 0, steps = p->len; i < steps; i++) {
		const struct step made = p->steps[i];
		const struct step_cgroup *group = made.data;
		struct step_cgroup_join *d;
		struct step *s;

		if (made.ops != &step_cgroup || has_list(p, &made) != devices)
			continue;
		s = plan_append(p, &step_cgroup_join, NULL,
				"every process of the container is in the group");
		s->flags = spec_flag(spec, MINC_BEST_EFFORT) ? STEP_OPTIONAL : 0;
		d = s->data;
		d->by_clone = group->ret_procs == SLOT_NONE;
		d->slot = d->by_clone ? group->ret : group->ret_procs;
		d->path = plan_text(p, "%s/cgroup.procs", group->path);
	}
}

void cgroup_plan_devices(struct plan *p, const struct spec *s)
{
	join_groups(p, s, true);
}

static void add_property(struct limiting *l, const char *name, uint64_t value)
{
	if (l->properties_len + 4 > PROPERTY_WORDS_MAX || !l->properties)
		return; /* without memory plan_seal() fails */
	l->properties[l->properties_len++] = name;
	l->properties[l->properties_len++] = "t";
	l->properties[l->properties_len++] =
		plan_text(l->p, "%llu", (unsigned long long)value);
	l->count++;
}

/* What a v2 file is called by systemd.resource-control(5). */
static void set_property(struct limiting *l, const char *file, const char *value)
{
	static const struct {
		const char *file, *property;
	} names[] = { { "memory.max", "MemoryMax" },
		      { "memory.swap.max", "MemorySwapMax" },
		      { "cpu.weight", "CPUWeight" },
		      { "pids.max", "TasksMax" } };
	const bool none = str_starts_with(value, "max");
	uint64_t n = none ? UINT64_MAX : strtoull(value, NULL, 10), period;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_equal(file, names[i].file))
			add_property(l, names[i].property, n);
	if (!str_equal(file, "cpu.max") || !*value)
		return; /* empty: without memory plan_seal() fails */
	period = strtoull(value + strcspn(value, " "), NULL, 10);
	add_property(l, "CPUQuotaPerSecUSec", none ? n : n * 1000000 / period);
	add_property(l, "CPUQuotaPeriodUSec", period);
}

void place_set(struct limiting *l, const struct place *place, const char *origin,
	       const char *why, const char *file, const char *value)
{
	struct step *s;
	struct step_cgroup_set *d;

	if (place == &l->scope) {
		set_property(l, file, value);
		return;
	}
	s = plan_append(l->p, &step_cgroup_set, origin, why);
	d = s->data;
	s->flags = STEP_HOST | (best_effort(l) ? STEP_OPTIONAL : 0);
	d->at = place->slot;
	d->file = file;
	d->value = value;
	d->path = plan_text(l->p, "%s/%s", place->path, file);
}

void place_make(struct limiting *l, unsigned needed)
{
	choose_places(l, needed);
	if (l->g && l->g->scope_controllers)
		choose_scope(l, needed);
	for (size_t i = 0; l->g && i < l->g->len; i++)
		if (l->places[i].level)
			make_group(l, &l->places[i]);
}

void place_join(struct limiting *l)
{
	join_groups(l->p, l->s, false);
	enter_scope(l);
}
