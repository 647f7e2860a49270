/* SPDX-License-Identifier: MIT */
/* devices - planning of a container's list of devices; see devices.h. */
#include "cgroup/devices.h"

#include <dirent.h>
#include <errno.h>
#include <minc/container.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "cgroup/cgroup-rows.h"
#include "cgroup/group-place.h"

/*
 * Others allow 5:1 as well, which is the machine's console: a container's own is a
 * terminal of its devpts, and whoever made that file would read what is typed at the
 * machine.
 */
const struct device_rule device_rules[] = {
	{ 'c', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD }, /* package managers make some */
	{ 'b', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD },
	{ 'c', 1, 3, DEVICE_ALL },            /* null */
	{ 'c', 1, 5, DEVICE_ALL },            /* zero */
	{ 'c', 1, 7, DEVICE_ALL },            /* full */
	{ 'c', 1, 8, DEVICE_ALL },            /* random */
	{ 'c', 1, 9, DEVICE_ALL },            /* urandom */
	{ 'c', 5, 0, DEVICE_ALL },            /* tty */
	{ 'c', 5, 2, DEVICE_ALL },            /* ptmx */
	{ 'c', 136, DEVICE_ANY, DEVICE_ALL }, /* pts */
	{ 0 },
};

enum { RULES_MAX = 512, DEPTH_MAX = 4, ENTRIES_MAX = 4096 };

struct list {
	struct device_rule rules[RULES_MAX];
	size_t len, entries;
	bool kept; /* a new node may be found, and works, in another container */
};

static bool is_device(const struct stat *st)
{
	return S_ISBLK(st->st_mode) || S_ISCHR(st->st_mode);
}

/* Every container may write it. */
static bool is_common(const struct stat *st)
{
	const char type = S_ISBLK(st->st_mode) ? 'b' : 'c';

	for (const struct device_rule *i = device_rules; i->type; i++)
		if (i->access & DEVICE_WRITE && i->type == type &&
		    i->major == (int)major(st->st_rdev) &&
		    (i->minor == DEVICE_ANY || i->minor == (int)minor(st->st_rdev)))
			return true;
	return false;
}

const struct spec_mount *cgroup_rdonly_device(const struct spec_mount *m)
{
	struct stat st;

	for (; m; m = m->next)
		if (m->src && m->flags & MINC_BIND_RDONLY && stat(m->src, &st) == 0 &&
		    is_device(&st) && !is_common(&st))
			return m;
	return NULL;
}

const struct spec_mount *cgroup_rdonly_terminal(const struct spec_mount *m)
{
	/* majors of the kernel's devices.txt */
	enum { UNIX98_FIRST = 136, UNIX98_LAST = 143 };
	struct stat st;

	for (; m; m = m->next)
		if (m->src && m->flags & MINC_BIND_RDONLY && stat(m->src, &st) == 0 &&
		    S_ISCHR(st.st_mode) && major(st.st_rdev) >= UNIX98_FIRST &&
		    major(st.st_rdev) <= UNIX98_LAST)
			return m;
	return NULL;
}

/*
 * Whether a directory of the host is shown in which device files work. What is made there
 * is found by the next container that it is shown to, and then is on that one's list.
 */
static bool shows_directory(const struct spec *s)
{
	struct stat st;

	for (const struct spec_mount *m = s->mounts; m; m = m->next)
		if (m->src && m->flags & MINC_BIND_DEV && stat(m->src, &st) == 0 &&
		    S_ISDIR(st.st_mode))
			return true;
	return false;
}

static bool is_same_rule(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor &&
	       a->access == b->access;
}

static int add(struct list *list, const struct device_rule *rule)
{
	for (size_t i = 0; i < list->len; i++)
		if (is_same_rule(&list->rules[i], rule))
			return 0;
	if (list->len == RULES_MAX)
		return -E2BIG;
	list->rules[list->len++] = *rule;
	return 0;
}

static int add_device(struct list *list, const struct stat *st, unsigned access)
{
	const struct device_rule rule = { .type = S_ISBLK(st->st_mode) ? 'b' : 'c',
					  .major = (int)major(st->st_rdev),
					  .minor = (int)minor(st->st_rdev),
					  .access = access };

	return add(list, &rule);
}

/* The devices in and below directory @name of @at, as they are now. */
static int add_directory(struct list *list, int at, const char *name, unsigned access,
			 unsigned depth)
{
	DIR *dir = io_list(openat(at, name,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	struct dirent *d;
	struct stat st;
	int r = 0;

	if (!dir)
		return 0; /* no other container sees its contents either */
	while (r == 0 && (d = readdir(dir))) {
		if (str_equal(d->d_name, ".") || str_equal(d->d_name, "..") ||
		    fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (list->entries++ == ENTRIES_MAX)
			r = -E2BIG;
		else if (is_device(&st))
			r = add_device(list, &st, access);
		else if (S_ISDIR(st.st_mode))
			r = depth == 0 ? -E2BIG
				       : add_directory(list, dirfd(dir), d->d_name,
						       access, depth - 1);
	}
	closedir(dir);
	return r;
}

/* What a bind shows with devices that work. */
static int add_bind(struct limiting *l, struct list *list, const struct spec_mount *m)
{
	const unsigned access = DEVICE_READ |
				(m->flags & MINC_BIND_RDONLY ? 0 : DEVICE_WRITE) |
				(list->kept ? 0 : DEVICE_MKNOD);
	struct stat st;
	int r = 0;

	if (!m->src || stat(m->src, &st) < 0)
		return 0; /* no bind, or one whose step fails */
	if (is_device(&st))
		r = add_device(list, &st, access);
	else if (S_ISDIR(st.st_mode) && m->flags & MINC_BIND_DEV)
		r = add_directory(list, AT_FDCWD, m->src, access, DEPTH_MAX);
	if (r == -E2BIG) {
		err_say(l->e, r, "%s: too large to look for the device files in it",
			m->origin);
		err_hint(l->e, "bind the devices one by one");
	}
	return r;
}

static int fill(struct limiting *l, struct list *list)
{
	int r = 0;

	list->kept = shows_directory(l->s);
	for (const struct device_rule *i = device_rules; i->type && r == 0; i++)
		if (i->access != DEVICE_MKNOD || !list->kept)
			r = add(list, i);
	for (const struct spec_mount *m = l->s->mounts; m && r == 0; m = m->next)
		r = add_bind(l, list, m);
	return r;
}

/* "c 1:3 rwm", as v1 and people read it. */
static const char *describe(struct plan *p, const struct device_rule *rule)
{
	const char *major =
		rule->major == DEVICE_ANY ? "*" : plan_text(p, "%d", rule->major);
	const char *minor =
		rule->minor == DEVICE_ANY ? "*" : plan_text(p, "%d", rule->minor);

	return plan_text(p, "%c %s:%s %s%s%s", rule->type, major, minor,
			 rule->access & DEVICE_READ ? "r" : "",
			 rule->access & DEVICE_WRITE ? "w" : "",
			 rule->access & DEVICE_MKNOD ? "m" : "");
}

static void append(struct limiting *l, const struct place *place, const struct list *list,
		   const struct cgroup_devices *why)
{
	const char **texts = plan_alloc(l->p, (list->len + 1) * sizeof(*texts));
	struct bpf_insn *program =
		plan_alloc(l->p, DEVICE_PROGRAM_MAX(list->len) * sizeof(*program));
	struct step *s = plan_append(
		l->p, &step_cgroup_devices, why->mknod ? why->mknod : why->rdonly,
		why->mknod ? "it may make device files, but only harmless ones work"
			   : "a read-only mount binds no device files, this does");
	struct step_cgroup_devices *d = s->data;

	if (!texts || !program)
		return; /* plan_seal() fails */
	for (size_t i = 0; i < list->len; i++)
		texts[i] = describe(l->p, &list->rules[i]);
	s->flags = STEP_HOST | (spec_flag(l->s, MINC_BEST_EFFORT) ? STEP_OPTIONAL : 0);
	d->at = place->slot;
	d->path = place->path;
	d->v2 = place->h->v2;
	d->rules = texts;
	d->program = program;
	d->len = (unsigned)device_program(list->rules, list->len, program);
}

/* 0 if that is only a warning. */
static int cannot(struct limiting *l, const struct cgroup_devices *why)
{
	return place_cannot(
		l, -EOPNOTSUPP, why->mknod ? why->mknod : why->rdonly,
		plan_text(
			l->p,
			"no control group that confines devices can be made here (cgroup %s)",
			l->g ? cgroups_layout(l->g) : "none"),
		why->mknod
			? "without one it reaches every disk of the host by its number; "
			  "--best-effort starts it all the same"
			: "without one the device can be written, for a read-only mount does not "
			  "bind it; --best-effort starts it all the same");
}

int device_plan(struct limiting *l, const struct cgroup_devices *why)
{
	struct list *list;
	int r;

	if (!l->of[CGROUP_DEVICES])
		return cannot(l, why);
	list = plan_alloc(l->p, sizeof(*list));
	if (!list)
		return 0; /* plan_seal() fails */
	r = fill(l, list);
	if (r == 0)
		append(l, l->of[CGROUP_DEVICES], list, why);
	return r;
}
