/* SPDX-License-Identifier: MIT */
/*
 * build - from spec and host facts to a plan: the order in which the mechanisms append
 * their steps. All policy that combines them (rootless? template? which environment?) is
 * here; the steps only do.
 */
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <minc/container.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/module.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "ns/ns.h"
#include "run/build.h"
#include "run/record.h"
#include "run/run-rows.h"
#include "run/run.h"
#include "sec/sec.h"
#include "tty/tty.h"

static const char default_path[] =
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* What stands for the root of an image, which has no path: not "/". */
static const char image_root[] = "image";

/* The root directory must be one, and readable: an unreadable one shows up empty. */
static int open_root(struct build *b)
{
	const char *origin = b->s->root_origin;
	int r = 0;

	if (b->s->image.layers_len) {
		if (b->s->root_flags & MINC_ROOT_DIRECT)
			return err_say(
				b->e, -EINVAL,
				"%s: an image is never written to, so not with --direct",
				origin);
		b->root = strdup(image_root);
		return b->root ? 0 : -ENOMEM;
	}
	b->root = realpath(b->s->root, NULL);
	b->root_fd = b->root ? open(b->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (b->root_fd < 0 || faccessat(b->root_fd, ".", R_OK | X_OK, AT_EACCESS) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	snprintf(b->e->origin, sizeof(b->e->origin), "%s", origin ? origin : "");
	return err_set(b->e, r, "root directory %s%s%s%s", b->s->root, origin ? " (" : "",
		       origin ? origin : "", origin ? ")" : "");
}

static int resolve_identity(struct build *b)
{
	cleanup_close int upper = -EBADF;
	const char *path;

	if (b->storage && spec_user(b->s, NULL)) {
		path = plan_text(b->p, "%s/storage", b->storage);
		/* may not be there yet */
		upper = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return passwd_resolve(b->s, b->root_fd, upper, &b->id, b->e);
}

/* Without FUSE they become files, where there is a place for them. */
static int choose_unpacking(struct build *b)
{
	int r = b->h->fuse;

	if (b->storage) {
		b->m.unpacked = b->p->unpack = true;
		return 0;
	}
	err_set(b->e, r, "%s: /dev/fuse", b->s->image.name);
	err_hint(
		b->e,
		"load the module (modprobe fuse) or give access to it; or name a directory "
		"where the image is unpacked: minc_set_storage()");
	return r;
}

/* Where the layers of an image come from. */
static int choose_layers(struct build *b)
{
	char program[PATH_MAX];
	uint64_t ids = 1;
	int r;

	b->m.loops = b->h->loops && !b->map.own;
	if (!b->s->image.layers_len || b->m.loops)
		return 0;
	if (b->h->fuse < 0)
		return choose_unpacking(b);
	r = module_program("minc-fuse", b->e, program, sizeof(program));
	if (r < 0)
		return r;
	b->m.server = plan_text(b->p, "%s", program);
	if (b->map.single) {
		b->m.uid = b->id.uid;
		b->m.gid = b->id.gid;
		b->m.server_ids = plan_text(b->p, "single:%u:%u", b->m.uid, b->m.gid);
		return 0;
	}
	for (size_t i = 0; i < b->map.ranges.uids_len; i++)
		ids += b->map.ranges.uids[i].count;
	b->m.server_ids =
		plan_text(b->p, "limit:%u", b->map.own ? (unsigned)ids : UINT32_MAX);
	return 0;
}

static int find_submounts(struct build *b)
{
	const unsigned flags = b->s->root_flags;
	const bool locked = b->map.own || !b->h->initial_userns;
	struct submount *list = NULL;
	void *table;
	int r;

	b->m.recursive = flags & MINC_ROOT_SUBMOUNTS ||
			 (strcmp(b->root, "/") == 0 && !(flags & MINC_ROOT_NOSUBMOUNTS));
	/*
	 * In a user namespace "/" must be split around its mounts even if none is shown.
	 */
	if (b->s->image.layers_len || flags & MINC_ROOT_DIRECT ||
	    !(b->m.recursive || (locked && strcmp(b->root, "/") == 0)))
		return 0;
	r = module_symbol("mounts", "mount_table", b->e, &table);
	if (r < 0) {
		err_hint(b->e, "--no-submounts does without it");
		return r;
	}
	r = ((mount_table_fn *)table)(b->root, &b->arena, &list, &b->m.submounts_len,
				      b->e);
	b->m.submounts = list;
	for (size_t i = 0; r == 0 && i < b->m.submounts_len; i++) {
		list[i].path = plan_text(b->p, "%s", list[i].path);
		list[i].fstype = plan_text(b->p, "%s", list[i].fstype);
	}
	return r;
}

/* By name, of places in the list. */
static int compare_names(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	const size_t x_len = strcspn(x, "="), y_len = strcspn(y, "=");
	const int r = memcmp(x, y, x_len < y_len ? x_len : y_len);

	return r ? r : (x_len > y_len) - (x_len < y_len);
}

/*
 * In the place of an older one. An image may have hundreds of thousands, with names of
 * its choice: no hashes.
 */
static void put_env(struct build *b, const char *text)
{
	const char ***found = tfind(&text, &b->env_names, compare_names);

	if (found) {
		**found = text;
	} else if (b->env_len < b->env_size) {
		b->env[b->env_len] = text;
		if (tsearch(&b->env[b->env_len], &b->env_names, compare_names))
			b->env_len++;
		else
			b->p->failed = -ENOMEM;
	}
}

static bool has_env(const struct build *b, const char *text)
{
	return tfind(&text, &b->env_names, compare_names);
}

static void forget_names(struct build *b)
{
	for (size_t i = 0; i < b->env_len; i++)
		(void)tdelete(&b->env[i], &b->env_names, compare_names);
}

static void add_env(struct build *b, const char *name, const char *value)
{
	const char *text = plan_text(b->p, "%s=%s", name, value);

	if (*text) /* else there is no memory: plan_seal() fails */
		put_env(b, text);
}

/* What the image says; one whose own name is broken is left out. */
static void add_image_env(struct build *b)
{
	for (const char *const *i = b->s->image.env; i && *i; i++) {
		const size_t len = strcspn(*i, "=");

		if (len && (*i)[len])
			put_env(b, plan_text(b->p, "%s", *i));
	}
}

static const char apt_env[] = MOUNT_APT_VARIABLE "=" MOUNT_APT_VALUE;

/*
 * Ours, also if a command that enters has it from its container: the child leaves it out
 * where there is no apt.
 */
static void put_apt_first(struct build *b)
{
	for (size_t i = 0; i < b->env_len; i++) {
		const char *apt = b->env[i];

		if (!str_equal(apt, apt_env))
			continue;
		memmove(b->env + 1, b->env, i * sizeof(*b->env));
		b->env[0] = apt;
		return;
	}
}

extern char **environ;

void build_environment(struct build *b)
{
	size_t n = 8; /* what is set here, at most, and the end */

	for (const struct spec_env *i = b->s->env; i; i = i->next)
		n++;
	for (const char *const *i = b->s->image.env; i && *i; i++)
		n++;
	for (char **i = environ; i && *i; i++)
		n++;
	b->env_size = n - 1;
	b->env = plan_alloc(b->p, n * sizeof(*b->env));
	if (!b->env)
		return; /* plan_seal() fails */
	if (spec_flag(b->s, MINC_INHERIT_ENV)) {
		for (char **i = environ; i && *i; i++)
			if (!str_starts_with(*i, "MINC_") && strchr(*i, '=') &&
			    !has_env(b, *i)) /* getenv(3) finds the first */
				put_env(b, plan_text(b->p, "%s", *i));
	} else {
		add_env(b, "PATH", default_path);
		add_env(b, "HOME", b->id.home);
		if (spec_flag(b->s, MINC_TERMINAL) && b->h->term)
			add_env(b, "TERM", b->h->term);
	}
	if (mount_has_apt(&b->m))
		add_env(b, MOUNT_APT_VARIABLE, MOUNT_APT_VALUE);
	add_image_env(b);
	for (const struct spec_env *i = b->s->env; i; i = i->next) {
		const char *value = i->value ? i->value : getenv(i->name);

		if (value)
			add_env(b, i->name, value);
	}
	forget_names(b);
	put_apt_first(b);
}

static const char *get_env(const struct build *b, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; b->env && i < b->env_len; i++)
		if (strncmp(b->env[i], name, len) == 0 && b->env[i][len] == '=')
			return b->env[i] + len + 1;
	return NULL;
}

/* execvp(3)'s candidates, made here because the child cannot. */
static const char *const *search_path(struct build *b, const char *name)
{
	const char *path = get_env(b, "PATH");
	const char **list;
	size_t n = 2;

	if (!path)
		path = default_path;
	for (const char *p = path; *p; p++)
		n += *p == ':';
	list = plan_alloc(b->p, (n + 1) * sizeof(*list));
	if (!list)
		return NULL;
	n = 0;
	if (strchr(name, '/')) {
		list[n++] = plan_text(b->p, "%s", name);
		return list;
	}
	for (const char *p = path; *name && p;) {
		size_t len = strcspn(p, ":");

		list[n++] = len ? plan_text(b->p, "%.*s/%s", (int)len, p, name)
				: plan_text(b->p, "./%s", name);
		p = p[len] ? p + len + 1 : NULL;
	}
	return list;
}

/* The user's shell, or the one that every system has. */
static void default_command(struct build *b, struct step *s)
{
	struct step_exec *d = s->data;
	const char **argv = plan_alloc(b->p, 2 * sizeof(*argv));
	const char **list = plan_alloc(b->p, 3 * sizeof(*list));
	const char *shell = b->h->shell;
	size_t n = 0;

	if (!argv || !list)
		return; /* plan_seal() fails */
	if (shell && *shell == '/')
		list[n++] = plan_text(b->p, "%s", shell);
	list[n] = "/bin/sh";
	argv[0] = list[0];
	d->argv = argv;
	d->candidates = list;
}

/* argv of the sealed program, which does what @name says; see sealed.h. */
static const char *const *sealed_argv(struct build *b, const struct step *s, size_t step,
				      const char *name)
{
	const struct step_exec *d = s->data;
	size_t candidates = 0, args = 0, n = 0;
	const char **argv;

	while (d->candidates && d->candidates[candidates])
		candidates++;
	while (d->argv && d->argv[args])
		args++;
	argv = plan_alloc(b->p, (3 + candidates + args + 1) * sizeof(*argv));
	if (!argv)
		return NULL;
	argv[n++] = name;
	argv[n++] = plan_text(b->p, "%d:%zu", d->channel_fd, step);
	argv[n++] = plan_text(b->p, "%zu", candidates);
	for (size_t i = 0; i < candidates; i++)
		argv[n++] = d->candidates[i];
	for (size_t i = 0; i < args; i++)
		argv[n++] = d->argv[i];
	return argv;
}

void build_command(struct build *b, const char *const *argv)
{
	struct step *s;
	struct step_exec *d;
	size_t index = b->p->len;

	s = plan_append(b->p, &step_exec, NULL,
			"no shell in between: arguments arrive as given");
	d = s->data;
	d->envp = b->env;
	if (b->env && b->env_len && str_equal(b->env[0], apt_env))
		d->env_needs = MOUNT_APT_NEEDS;
	d->umask = b->s->umask;
	d->channel_fd = b->p->lowest_fd;
	if (argv) {
		size_t n = 0;
		const char **copy;

		while (argv[n])
			n++;
		copy = plan_alloc(b->p, (n + 1) * sizeof(*copy));
		for (size_t i = 0; copy && i < n; i++)
			copy[i] = plan_text(b->p, "%s", argv[i]);
		d->argv = copy;
		d->candidates = search_path(b, argv[0]);
	} else {
		default_command(b, s);
	}
	b->p->command = d->argv ? d->argv[0] : "";
	d->init = spec_flag(b->s, MINC_INIT) && !b->entering;
	d->sealed_argv = sealed_argv(b, s, index,
				     b->s->idle    ? "hold"
				     : b->entering ? "enter"
				     : d->init     ? "init"
						   : "exec");
}

void build_cwd(struct build *b)
{
	struct step *s =
		plan_append(b->p, &step_cwd, b->s->cwd_origin,
			    b->s->cwd ? "where the command starts"
				      : "the caller's directory if it is there, else /");
	struct step_cwd *d = s->data;
	const char **list = plan_alloc(b->p, 3 * sizeof(*list));
	const char *image = b->s->image.cwd;
	size_t n = 0;

	d->candidates = list;
	if (!list)
		return; /* plan_seal() fails */
	if (b->s->cwd) {
		list[n++] = plan_text(b->p, "%s", b->s->cwd);
		return;
	}
	if (image && *image == '/')
		list[n++] = plan_text(b->p, "%s", image);
	if (strcmp(b->root, "/") == 0 && b->h->cwd && *b->h->cwd == '/')
		list[n++] = plan_text(b->p, "%s", b->h->cwd);
	list[n] = "/";
}

void build_fds(struct build *b)
{
	struct step *s = plan_append(b->p, &step_fds, NULL,
				     "nothing that the caller has open leaks inside");
	struct step_fds *d = s->data;
	int(*map)[2], highest = 2;
	size_t n = 0;

	for (const struct spec_fd *i = b->s->fds; i; i = i->next, n++)
		highest = i->target > highest ? i->target : highest;
	map = plan_alloc(b->p, (n + 1) * sizeof(*map));
	n = 0;
	for (const struct spec_fd *i = b->s->fds; i && map; i = i->next, n++) {
		map[n][0] = i->fd;
		map[n][1] = i->target;
	}
	d->map = (const int(*)[2])map;
	d->len = n;
	d->lowest_free = b->p->lowest_fd = highest + 1;
}

struct tty_user build_tty_user(const struct build *b)
{
	const bool own = b->map.own;

	return (struct tty_user){
		.uid = b->id.uid,
		.same = b->map.single || b->id.uid == (own ? 0 : b->h->uid),
		.own_userns = own,
		.privileged = !own && b->h->initial_userns &&
			      b->h->caps_permitted >> CAP_FOWNER & 1,
	};
}

void build_streams(struct build *b)
{
	const struct tty_user user = build_tty_user(b);

	if (!b->map.single) /* else there are no others */
		tty_plan_streams(b->p, b->s, &user);
}

static void plan_terminal(struct build *b)
{
	const struct tty_user user = build_tty_user(b);
	size_t first;
	int slot;

	ns_plan_session(b->p);
	if (!spec_flag(b->s, MINC_TERMINAL))
		return;
	tty_plan(b->p, b->s, b->m.devpts, &user);
	if (spec_flag(b->s, MINC_HOST_DEV))
		return; /* the host's console stays what it is */
	first = b->p->len;
	slot = mount_tree(b->p, &b->m, b->m.devpts, "0", false, NULL,
			  "the first terminal of the new instance");
	mount_attach(b->p, slot, b->m.dev, "console", CREATE_LIKE_MOUNT, NULL,
		     "what speaks to the console speaks to this terminal");
	while (first < b->p->len) /* the explained script has no terminal of its own */
		b->p->steps[first++].flags |= STEP_IF_EXISTS;
}

/* The root directory, and what the kernel has for it. */
static int plan_root(struct build *b)
{
	int r = mount_plan_sources(b->p, &b->m);

	if (b->m.template)
		ns_plan_template(b->p, b->h);
	if (r == 0)
		r = mount_plan_root(b->p, &b->m);
	return r == 0 ? mount_plan_api(b->p, &b->m) : r;
}

/* What its files need, and nothing that its command would. */
static int plan_files(struct build *b)
{
	static const char *const argv[] = { "hold", NULL };
	struct plan *p = b->p;
	int r;

	ns_plan_lifeline(p, b->s);
	r = ns_plan_user(p, b->s, b->h, &b->map, &b->id);
	if (r == 0)
		r = plan_root(b);
	if (r < 0)
		return r;
	mount_plan_volumes(p, &b->m);
	r = mount_plan_user(p, &b->m);
	mount_plan_cwd(p, &b->m);
	mount_plan_enter(p, &b->m);
	build_fds(b);
	build_command(b, argv);
	return r;
}

static int plan_groups(struct build *b, bool *ret_late)
{
	struct cgroup_devices devices;
	int r = build_devices(b->s, b->h, b->map.own, b->e, &devices);

	*ret_late = devices.mknod || devices.rdonly;
	if (r == 0)
		r = build_check_rdonly(b);
	return r < 0 ? r : cgroup_plan(b->p, b->s, b->h, &devices, b->e);
}

static int plan_all(struct build *b, const char *const *argv)
{
	struct plan *p = b->p;
	bool late;
	int r = plan_groups(b, &late);

	if (r < 0)
		return r;
	p->ids = sec_remembers(b->s, b->h, b->map.single);
	ns_plan_lifeline(p, b->s);
	if (!late)
		ns_plan_cgroup(p);
	r = ns_plan_user(p, b->s, b->h, &b->map, &b->id);
	ns_plan_net_move(p, b->s);
	if (r == 0)
		r = plan_root(b);
	if (r < 0)
		return r;
	plan_terminal(b);
	mount_plan_volumes(p, &b->m);
	r = mount_plan_user(p, &b->m);
	mount_plan_cwd(p, &b->m);
	ns_plan_uts(p, b->s);
	ns_plan_net_up(p, b->s);
	ns_plan_cpus(p, b->s);
	if (late) {
		cgroup_plan_devices(p, b->s);
		ns_plan_cgroup(p);
	}
	mount_plan_enter(p, &b->m);
	if (r == 0)
		r = sec_plan_keyring(p, b->s);
	build_streams(b);
	build_fds(b);
	cgroup_plan_rlimits(p, b->s);
	if (r == 0)
		r = sec_plan_ids(p, b->s, b->h, &b->id, b->map.own, b->map.single, b->e);
	build_cwd(b);
	if (r == 0)
		r = sec_plan_seccomp(p, b->s, b->h, b->map.own, b->e);
	sec_plan_fake(p, b->s, b->h, &b->id, b->map.single);
	build_command(b, argv);
	return r;
}

static int check_argv(struct build *b, const char *const *argv)
{
	if (!argv || argv[0])
		return 0;
	return err_say(b->e, -EINVAL, "empty command");
}

/* "host-gateway" with a network in which the host is not. */
static int check_names(struct build *b)
{
	for (const struct spec_name *n = b->s->names; n; n = n->next)
		if (n->gateway && b->s->net != SPEC_NET_HOST)
			return err_say(b->e, -EINVAL,
				       "%s: the host is not in the container's network",
				       n->origin);
	return 0;
}

bool build_fits(const struct plan *p, const char *const *argv)
{
	const struct step_exec *command = exec_of(p);
	const char *const *planned = command ? command->argv : NULL;
	size_t i = 0;

	if (!p->reusable || !planned || !argv)
		return false;
	while (planned[i] && argv[i] && strcmp(planned[i], argv[i]) == 0)
		i++;
	return !planned[i] && !argv[i];
}

/* What is to be made of the image's files before the start, and whose they are. */
static void note_owners(struct build *b)
{
	for (const struct spec_mount *i = b->s->mounts; i; i = i->next)
		b->p->volumes |= (i->flags & MINC_BIND_VOLUME) != 0;
	b->p->owners.single = b->map.single;
	b->p->owners.range = b->map.own && !b->map.single;
	b->p->owners.few = !b->h->initial_userns;
	b->p->owners.uid = b->id.uid;
	b->p->owners.gid = b->id.gid;
}

/* What may change between two starts without a call on the context. */
static bool is_reusable(const struct build *b)
{
	if (b->m.recursive || spec_user(b->s, NULL) ||
	    spec_flag(b->s, MINC_INHERIT_ENV) || spec_flag(b->s, MINC_TERMINAL) ||
	    b->p->cgroups || spec_limits_group(b->s))
		return false;
	for (const struct spec_env *i = b->s->env; i; i = i->next)
		if (!i->value)
			return false;
	return b->s->image.layers_len || *b->s->root == '/';
}

int build_plan(struct plan *p, const struct spec *s, const struct host *h,
	       const char *const *argv, const char *storage, struct err *e)
{
	struct build b = {
		.p = p, .s = s, .h = h, .e = e, .storage = storage, .root_fd = -1
	};
	int r;

	if (!argv)
		argv = s->argv ? s->argv : s->image.argv;
	memset(p, 0, sizeof(*p));
	p->storage = storage ? plan_text(p, "%s", storage) : NULL;
	r = check_argv(&b, argv);
	if (r == 0)
		r = check_names(&b);
	if (r == 0)
		r = open_root(&b);
	if (r == 0)
		r = resolve_identity(&b);
	if (r == 0)
		r = idmap_choose(s, h, &b.map, e);
	if (r == 0)
		r = find_submounts(&b);
	if (r == 0)
		r = choose_layers(&b);
	if (r == 0) {
		b.m.spec = s;
		b.m.host = h;
		b.m.in_userns = b.map.own || !h->initial_userns;
		b.m.fake_root = sec_fakes(s, b.map.single);
		b.m.many_ids = b.map.own && !b.map.single;
		b.m.template = h->template_fd >= 0 && !b.map.own && !b.m.recursive &&
			       !storage && (b.m.loops || !s->image.layers_len);
		b.m.storage = p->storage;
		b.m.user = b.id.uid;
		b.m.group = b.id.gid;
		note_owners(&b);
		b.m.root_path = plan_text(p, "%s", b.root);
		build_environment(&b);
		r = s->idle ? plan_files(&b) : plan_all(&b, argv);
		if (r == 0 && p->storage && !(s->root_flags & MINC_ROOT_DIRECT))
			p->record = record_describe(p, &b.m);
		p->reusable = is_reusable(&b);
	}
	if (r == 0)
		r = plan_seal(p);
	if (r < 0) /* and nobody has said more */
		err_set(e, r, "plan");
	fd_closep(&b.root_fd);
	free(b.root);
	arena_done(&b.arena);
	if (r < 0)
		plan_done(p);
	return r;
}
