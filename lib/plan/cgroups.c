/* SPDX-License-Identifier: MIT */
/* cgroups - see cgroups.h. */
#include "plan/cgroups.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/str.h"

static const char *const names[CGROUP_CONTROLLERS][2] = {
	[CGROUP_CPU] = { "cpu", "cpu" },
	[CGROUP_CPUACCT] = { "cpuacct", NULL },
	[CGROUP_CPUSET] = { "cpuset", "cpuset" },
	[CGROUP_MEMORY] = { "memory", "memory" },
	[CGROUP_PIDS] = { "pids", "pids" },
	[CGROUP_IO] = { "blkio", "io" },
	[CGROUP_FREEZER] = { "freezer", NULL },
	[CGROUP_DEVICES] = { "devices", NULL },
};

const char *cgroup_controller_name(enum cgroup_controller c, bool v2)
{
	return names[c][v2];
}

unsigned cgroup_controllers_parse(const char *text, char separator, bool v2)
{
	const char separators[] = { separator, '\n', '\0' };
	unsigned ret = 0;

	while (*text) {
		size_t len = strcspn(text, separators);

		for (unsigned c = 0; c < CGROUP_CONTROLLERS; c++)
			if (names[c][v2] && strlen(names[c][v2]) == len &&
			    strncmp(names[c][v2], text, len) == 0)
				ret |= 1u << c;
		text += len + (text[len] != '\0');
	}
	return ret;
}

/* The first line of file @name in @dir, cut at @len; false if it cannot be read. */
static bool read_line(const char *dir, const char *name, char *buf, size_t len)
{
	cleanup_close int fd = -EBADF;
	char path[4096];
	ssize_t n;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, len - 1);
	if (n < 0)
		return false;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return true;
}

/* Whether @dir has file @name and the caller has the access @mode to it. */
static bool allows(const char *dir, const char *name, int mode)
{
	char path[4096];

	return snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path) &&
	       faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

static bool exists(const char *dir, const char *name)
{
	return allows(dir, name, F_OK);
}

/*
 * The caller's path in the hierarchy of @controllers (v2: 0), of a text whose lines are
 * "ID:CONTROLLERS:PATH"; *@ret_len of it. NULL if it has none there.
 */
static const char *own_path(const char *self, unsigned controllers, bool v2,
			    size_t *ret_len)
{
	while (*self) {
		const char *list = self + strcspn(self, ":\n");
		const char *path = *list == ':' ? strpbrk(list + 1, ":\n") : NULL;
		char text[256];

		if (path && *path == ':' && path - list - 1 < (long)sizeof(text)) {
			snprintf(text, sizeof(text), "%.*s", (int)(path - list - 1),
				 list + 1);
			*ret_len = strcspn(path + 1, "\n");
			if (v2 ? !*text
			       : (cgroup_controllers_parse(text, ',', false) &
				  controllers) != 0)
				return path + 1;
		}
		self += strcspn(self, "\n");
		self += *self == '\n';
	}
	return NULL;
}

static unsigned read_controllers(const char *dir, const char *name)
{
	char line[512];

	return read_line(dir, name, line, sizeof(line))
		       ? cgroup_controllers_parse(line, ' ', true)
		       : 0;
}

static void read_level(struct cgroup_level *l, bool v2)
{
	char line[32];

	l->writable = allows(l->path, ".", W_OK | X_OK);
	if (!v2)
		return;
	/* a move needs the right to write this in the group above both places */
	l->writable = l->writable && allows(l->path, "cgroup.procs", W_OK);
	l->controllers = read_controllers(l->path, "cgroup.controllers");
	l->enabled = read_controllers(l->path, "cgroup.subtree_control");
	l->busy = !read_line(l->path, "cgroup.procs", line, sizeof(line)) || *line;
	l->top = !exists(l->path, "cgroup.type");
}

/*
 * Whether somebody who is neither the caller nor root can write it. Root's number may not
 * be mapped in a user namespace; in the machine's own that one is a user's as any other.
 */
static bool is_anothers(const struct host_cgroups *g, const char *dir, const char *name)
{
	enum { UNMAPPED = 65534, GROUP_WRITES = 020, OTHERS_WRITE = 02 };
	char path[4096];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    stat(path, &st) < 0)
		return false;
	if (st.st_uid != 0 && st.st_uid != geteuid() &&
	    !(g->in_userns && st.st_uid == UNMAPPED))
		return true;
	if (g->in_userns && st.st_gid == UNMAPPED)
		return st.st_mode & OTHERS_WRITE;
	return st.st_mode & OTHERS_WRITE ||
	       (st.st_mode & GROUP_WRITES && st.st_gid != 0 &&
		(geteuid() == 0 || st.st_gid != getegid()));
}

/*
 * The caller's directory and, in v2, those above it up to the mount point. What is
 * delegated to another user is left out, with all below it, however far above that is:
 * that user could move processes out of a group there, and freeze, kill and set free from
 * its limits whatever is in it. Root is in such a place when it was asked by sudo(8) from
 * a desktop, where the user's service manager has the group of each terminal.
 */
static int read_levels(struct host_cgroups *g, struct cgroup_hierarchy *h,
		       const char *mount, const char *below)
{
	const size_t most = h->v2 ? CGROUP_LEVELS_MAX : 1, mount_len = strlen(mount);
	char *path = arena_printf(&g->arena, "%s%s", mount, below);

	while (path) {
		const size_t len = strlen(path);

		if (is_anothers(g, path, ".") || is_anothers(g, path, "cgroup.procs")) {
			h->anothers = true;
			h->deep = false; /* those are left out as well */
			h->levels_len = 0;
		} else if (h->levels_len < most) {
			h->levels[h->levels_len].path = path;
			read_level(&h->levels[h->levels_len++], h->v2);
		} else {
			h->deep = h->v2;
		}
		if (len <= mount_len)
			return 0;
		if (h->levels_len && h->levels[h->levels_len - 1].path == path)
			path = arena_strdup(&g->arena, path);
		if (path)
			*strrchr(path, '/') = '\0';
	}
	return -ENOMEM;
}

static int add_hierarchy(struct host_cgroups *g, const char *root, const char *mount,
			 bool v2, unsigned controllers, const char *self)
{
	struct cgroup_hierarchy *h = &g->list[g->len];
	size_t len, skip = str_equal(root, "/") ? 0 : strlen(root);
	const char *own = own_path(self, controllers, v2, &len);
	char *below;

	if (!own || g->len == CGROUP_HIERARCHIES_MAX)
		return 0;
	for (size_t i = 0; i < g->len; i++) /* mounted twice */
		if (v2 ? g->list[i].v2 : (g->list[i].controllers & controllers) != 0)
			return 0;
	/* outside of what is mounted: then there is no directory for the caller */
	if (len < skip || strncmp(own, root, skip) != 0 || strncmp(own, "/..", 3) == 0)
		return 0;
	below = arena_printf(&g->arena, "%.*s", (int)(len - skip), own + skip);
	if (!below)
		return -ENOMEM;
	if (str_equal(below, "/"))
		*below = '\0';
	h->v2 = v2;
	h->controllers = controllers;
	g->len++;
	return read_levels(g, h, mount, below);
}

/*
 * One line of proc(5) mountinfo: "36 35 0:30 ROOT MOUNT OPTIONS ... - TYPE SOURCE SUPER".
 * The room mountinfo does not serve here: it has neither ROOT nor SUPER, and is a module
 * with libmount, which a start without submounts does not load.
 */
static int read_mount(struct host_cgroups *g, char *line, const char *self)
{
	char *field[6], *rest = strstr(line, " - "), *type, *super, *save = NULL, *target;
	bool v2;

	if (!rest || strncmp(rest + 3, "cgroup", 6) != 0)
		return 0;
	*rest = '\0';
	type = strtok_r(rest + 3, " ", &save);
	v2 = str_equal(type, "cgroup2");
	if (!v2 && !str_equal(type, "cgroup"))
		return 0;
	(void)strtok_r(NULL, " ", &save); /* the source says nothing */
	super = strtok_r(NULL, " ", &save);
	field[0] = strtok_r(line, " ", &save);
	for (int i = 1; i < 6; i++)
		field[i] = strtok_r(NULL, " ", &save);
	if (!super || !field[5])
		return 0;
	str_unescape_octal(field[3]);
	str_unescape_octal(field[4]);
	target = arena_strdup(&g->arena, field[4]);
	if (!target)
		return -ENOMEM;
	if (v2 && !g->v2_mount)
		g->v2_mount = target;
	if (v2)
		return add_hierarchy(g, field[3], target, true, 0, self);
	if (!cgroup_controllers_parse(super, ',', false))
		return 0; /* named, or with controllers that limit nothing here */
	return add_hierarchy(g, field[3], target, false,
			     cgroup_controllers_parse(super, ',', false), self);
}

/* Keep the line of a file in @ret, if it has one; 0 or -ENOMEM. */
static int keep_line(struct host_cgroups *g, const char *dir, const char *name,
		     const char **ret)
{
	char line[4096];

	if (*ret || !read_line(dir, name, line, sizeof(line)) || !*line)
		return 0;
	*ret = arena_strdup(&g->arena, line);
	return *ret ? 0 : -ENOMEM;
}

static int read_v1_details(struct host_cgroups *g, const struct cgroup_hierarchy *h)
{
	const char *dir = h->levels[0].path;
	int r = 0;

	if (!h->levels_len)
		return 0;
	if (h->controllers & 1u << CGROUP_MEMORY)
		g->swap = exists(dir, "memory.memsw.limit_in_bytes");
	if (h->controllers & 1u << CGROUP_CPUSET) {
		r = keep_line(g, dir, "cpuset.cpus", &g->cpus);
		if (r == 0)
			r = keep_line(g, dir, "cpuset.mems", &g->mems);
	}
	return r;
}

/* Of the nearest level that shows it: not each has every controller. */
static int read_v2_details(struct host_cgroups *g, const struct cgroup_hierarchy *h)
{
	bool swap_seen = false;
	int r = 0;

	for (size_t i = 0; i < h->levels_len && r == 0; i++) {
		const struct cgroup_level *l = &h->levels[i];

		r = keep_line(g, l->path, "cpuset.cpus.effective", &g->cpus);
		if (r == 0)
			r = keep_line(g, l->path, "cpuset.mems.effective", &g->mems);
		if (!g->io_weight && exists(l->path, "io.bfq.weight"))
			g->io_weight = "io.bfq.weight";
		/*
		 * the machine's own group has no weight, but this where groups have one
		 */
		if (!g->io_weight &&
		    (exists(l->path, "io.weight") || exists(l->path, "io.cost.qos")))
			g->io_weight = "io.weight";
		if (!swap_seen && exists(l->path, "memory.max")) {
			g->swap = exists(l->path, "memory.swap.max");
			swap_seen = true;
		}
	}
	return r;
}

int cgroups_read(struct host_cgroups *g, char *mountinfo, char *self)
{
	char *save = NULL;
	int r = 0;

	g->swap = true;
	for (char *line = strtok_r(mountinfo, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save))
		r = read_mount(g, line, self);
	for (size_t i = 0; i < g->len && r == 0; i++)
		if (!g->list[i].v2)
			r = read_v1_details(g, &g->list[i]);
	for (size_t i = 0; i < g->len && r == 0; i++)
		if (g->list[i].v2)
			r = read_v2_details(g, &g->list[i]);
	return r;
}

int cgroups_find_systemd(struct host_cgroups *g, unsigned uid, const char *runtime)
{
	const unsigned possible =
		1u << CGROUP_CPU | 1u << CGROUP_MEMORY | 1u << CGROUP_PIDS;
	const char *service;

	if (!g->v2_mount || !runtime || *runtime != '/' ||
	    !exists(runtime, "systemd/private") || !exists("/usr/bin", "busctl"))
		return 0;
	service = arena_printf(&g->arena, "%s/user.slice/user-%u.slice/user@%u.service",
			       g->v2_mount, uid, uid);
	if (!service)
		return -ENOMEM;
	g->scope_controllers = read_controllers(service, "cgroup.controllers") & possible;
	return 0;
}

const char *cgroups_layout(const struct host_cgroups *g)
{
	bool v1 = false, v2 = false;

	for (size_t i = 0; i < g->len; i++) {
		v1 = v1 || !g->list[i].v2;
		v2 = v2 || g->list[i].v2;
	}
	return v1 && v2 ? "hybrid" : v1 ? "v1" : v2 ? "v2" : "none";
}
