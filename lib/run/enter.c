/* SPDX-License-Identifier: MIT */
/*
 * enter - another command in a running container: minc_exec(). A plan as for a start, but
 * its steps join what exists instead of making it:
 *
 *	lifeline, join the namespaces by pidfd, terminal, CPUs, keyring, descriptors,
 *	ids, capabilities, no_new_privs, directory, seccomp, exec
 *
 * What is inside is hostile. The process that carries out the steps is not in the
 * container's pid namespace, so nobody there sees it (CVE-2016-9962); paths of the
 * container are resolved inside its root, without magic links; its directory must lie
 * below the root (CVE-2024-21626). At last it executes a small program of ours, from a
 * sealed memfd, and only that forks into the pid namespace: what is seen there is as
 * confined as the command, and a command or an interpreter named /proc/self/exe is that
 * file and not a program of the host, which root inside could overwrite (CVE-2019-5736).
 *
 * The description is the container's own, loaded from its config.json by the caller, with
 * the context's words over it.
 */
#include <errno.h>
#include <linux/nsfs.h>
#include <minc/container.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/io.h"
#include "cgroup/cgroup-rows.h"
#include "cgroup/cgroup.h"
#include "cgroup/set.h"
#include "mount/mount-rows.h"
#include "ns/ns-rows.h"
#include "run/build.h"
#include "run/run.h"
#include "sec/sec.h"
#include "tty/tty.h"

/* What a process may be told, and a container be the source of. */
static const uint32_t process_flags = 1u << MINC_PRIVILEGED | 1u << MINC_BEST_EFFORT |
				      1u << MINC_TERMINAL | 1u << MINC_DIE_WITH_PARENT |
				      1u << MINC_INHERIT_ENV | 1u << MINC_COPY_OUTPUT,
		      kept_flags = 1u << MINC_PRIVILEGED | 1u << MINC_BEST_EFFORT |
				   1u << MINC_FAKE_ROOT | 1u << MINC_HOST_DEV;

/* Where it runs. */
struct target {
	int proc;  /* /proc/PID */
	int flags; /* CLONE_NEW* of the namespaces to join */
	bool own_userns;
	bool below; /* process 1 has left the container's user namespace for one in it */
	/* its uid_map and gid_map as the caller sees them */
	char map[4096], gid_map[4096];
	bool rename;       /* the command has other ids than the only ones there */
	unsigned uid, gid; /* these */
};

static bool has_ended(const struct minc_container *ct)
{
	struct pollfd fd = { .fd = ct->pidfd, .events = POLLIN };

	return ct->ended || poll(&fd, 1, 0) > 0;
}

static int say_ended(struct err *e)
{
	err_clear(e);
	return err_say(e, -ESRCH, "exec: the container has ended");
}

/* The origin of the first word in @s that describes a container, or NULL. */
static const char *container_word(const struct spec *s)
{
	const char *const origins[] = { s->root_origin,     s->storage_origin,
					s->hostname_origin, s->name_origin,
					s->net_origin,      s->userns_origin,
					s->cpuset_origin };

	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
		if (origins[i])
			return origins[i];
	for (size_t i = 0; i < SPEC_LIMITS; i++)
		if (s->limits[i].set)
			return s->limits[i].origin;
	if (s->mounts)
		return s->mounts->origin;
	if (s->names)
		return s->names->origin;
	if (s->io)
		return s->io->origin;
	if (s->rlimits)
		return s->rlimits->origin;
	for (unsigned i = 0; i < sizeof(s->flag_origin) / sizeof(s->flag_origin[0]); i++)
		if (s->flags & ~process_flags & 1u << i)
			return s->flag_origin[i];
	return NULL;
}

int enter_check(struct minc_ctx *c, struct minc_container *ct, const char *const *argv)
{
	const char *word = container_word(&c->spec);

	if (word)
		return err_say(&c->err, -EINVAL,
			       "%s: describes a container, not a process to enter one",
			       word);
	if (!argv || !argv[0])
		return err_say(&c->err, -EINVAL, "empty command");
	if (has_ended(ct))
		return say_ended(&c->err);
	return 0;
}

static int add_environment(struct spec *s, const struct spec_env *env)
{
	int r = 0;

	for (; env && r == 0; env = env->next)
		r = spec_add_env(s, env->name, env->value);
	return r;
}

/* The context's words over those of the container, in @s. */
static int override(struct spec *s, const struct spec *x)
{
	struct spec_cap **caps = &s->caps;

	s->flags = (s->flags & kept_flags) | x->flags;
	for (unsigned i = 0; i < sizeof(s->flag_origin) / sizeof(s->flag_origin[0]); i++)
		if (x->flags & 1u << i)
			s->flag_origin[i] = x->flag_origin[i];
	if (spec_flag(x, MINC_PRIVILEGED)) { /* what was taken from the container, too */
		s->caps = NULL;
		s->seccomp = NULL;
	}
	while (*caps)
		caps = &(*caps)->next;
	*caps = x->caps;
	if (x->seccomp) {
		s->seccomp = x->seccomp;
		s->seccomp_origin = x->seccomp_origin;
	}
	if (x->user) {
		s->user = x->user;
		s->user_origin = x->user_origin;
	}
	if (x->cwd) {
		s->cwd = x->cwd;
		s->cwd_origin = x->cwd_origin;
	}
	if (x->cpus_origin) {
		memcpy(s->cpus, x->cpus, sizeof(s->cpus));
		s->cpus_origin = x->cpus_origin;
	}
	if (x->umask_given)
		s->umask = x->umask;
	s->fds = x->fds;
	return add_environment(s, x->env);
}

/* Which namespaces differ from ours: entering the same again would need privilege. */
static int find_namespaces(struct target *t)
{
	static const struct {
		const char *name, *ours;
		int flag;
	} kinds[] = {
		{ "user", "user", CLONE_NEWUSER },
		{ "mnt", "mnt", CLONE_NEWNS },
		{ "pid", "pid_for_children", CLONE_NEWPID },
		{ "ipc", "ipc", CLONE_NEWIPC },
		{ "uts", "uts", CLONE_NEWUTS },
		{ "net", "net", CLONE_NEWNET },
		{ "cgroup", "cgroup", CLONE_NEWCGROUP },
		{ "time", "time_for_children", CLONE_NEWTIME },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char theirs[32], ours[64];
		struct stat a, b;

		snprintf(theirs, sizeof(theirs), "ns/%s", kinds[i].name);
		snprintf(ours, sizeof(ours), "/proc/thread-self/ns/%s", kinds[i].ours);
		if (stat(ours, &b) < 0) {
			if (errno == ENOENT) /* a kernel without this kind */
				continue;
			return -errno;
		}
		if (fstatat(t->proc, theirs, &a, 0) < 0)
			return -errno;
		if (!is_same_file(&a, &b))
			t->flags |= kinds[i].flag;
	}
	t->own_userns = t->flags & CLONE_NEWUSER;
	return 0;
}

static int read_text(int proc, const char *name, char ret[4096])
{
	cleanup_close int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, ret, 4095);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

/*
 * Whether process 1 has given up root where there is one id, and so is in a user
 * namespace of its own (sealed/sealed-ids.c). That of the container is who owns its
 * mounts.
 */
static int find_below(struct target *t)
{
	cleanup_close int mounts = openat(t->proc, "ns/mnt", O_RDONLY | O_CLOEXEC),
			  owner = -EBADF;
	struct stat its, theirs;

	if (mounts < 0)
		return -errno;
	owner = ioctl(mounts, NS_GET_USERNS);
	if (owner < 0 || fstat(owner, &theirs) < 0 ||
	    fstatat(t->proc, "ns/user", &its, 0) < 0)
		return -errno;
	t->below = !is_same_file(&its, &theirs);
	return 0;
}

/* The maps of the container: the keeper, process 1's parent, is in its user namespace. */
static int read_maps(const struct minc_container *ct, struct target *t)
{
	cleanup_close int keeper = -EBADF;
	char text[4096], path[32];
	const char *parent;
	int proc = t->proc, r = 0;

	if (t->below) {
		r = read_text(t->proc, "status", text);
		parent = r == 0 ? strstr(text, "\nPPid:\t") : NULL;
		snprintf(path, sizeof(path), "/proc/%d",
			 parent ? atoi(parent + 7) : ct->pid);
		proc = keeper = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (keeper < 0)
			return -errno;
	}
	r = read_text(proc, "uid_map", t->map);
	return r < 0 ? r : read_text(proc, "gid_map", t->gid_map);
}

/* Look at process 1, through one directory, which stays that process's. */
static int find_target(const struct minc_container *ct, struct target *t, struct err *e)
{
	char path[32];
	int r;

	snprintf(path, sizeof(path), "/proc/%d", ct->pid);
	t->proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* If the process is alive now, it had the number a moment ago. */
	if (t->proc >= 0 && !has_ended(ct)) {
		r = find_namespaces(t);
		if (r == 0 && t->own_userns)
			r = find_below(t);
		if (r == 0 && t->own_userns)
			r = read_maps(ct, t);
	} else {
		r = t->proc < 0 ? -errno : -ESRCH;
	}
	if (r < 0 && has_ended(ct))
		return say_ended(e);
	if (r == -ENOENT) /* they are the first thread's, to a pidfd, too: setns(2) */
		return err_say(
			e, -ESRCH,
			"exec: the first thread of process 1 has ended: the container cannot be entered");
	return r < 0 ? err_set(e, r, "exec: namespaces of the container") : 0;
}

/* Whether @map has one id, which is then in @ret. */
static bool has_one(const char *map, unsigned *ret)
{
	unsigned outside, count, more;

	return sscanf(map, "%u %u %u %u", ret, &outside, &count, &more) == 3 &&
	       count == 1;
}

/* Who the command is, by the container's own names, among the ids that it has. */
static int find_identity(struct build *b, struct target *t)
{
	int r;

	if (b->s->user) {
		b->root_fd = openat(t->proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (b->root_fd < 0)
			return err_set(b->e, -errno, "exec: root of the container");
	}
	r = passwd_resolve(b->s, b->root_fd, -EBADF, &b->id, b->e);
	if (r < 0 || !t->own_userns)
		return r;
	b->map.own = true;
	b->map.single = has_one(t->map, &t->uid) && has_one(t->gid_map, &t->gid);
	if (!b->map.single)
		return 0;
	if (!b->s->user) {
		b->id.uid = t->uid;
		b->id.gid = t->gid;
	}
	t->rename = b->id.uid != t->uid || b->id.gid != t->gid;
	return 0;
}

/* Before the paths of the host are gone: the container's limits begin here. */
static void plan_groups(struct build *b, const struct cgroup_set *set)
{
	for (size_t i = 0; i < set->len; i++) {
		struct step *s = plan_append(b->p, &step_cgroup_join, NULL,
					     "the container's limits are its own, too");
		struct step_cgroup_join *d = s->data;

		d->slot = SLOT_NONE;
		d->path = plan_text(b->p, "%s/cgroup.procs", set->dirs[i].path);
		if (spec_flag(b->s, MINC_BEST_EFFORT))
			s->flags |= STEP_OPTIONAL;
	}
}

/* The one id that a container has gets the number that was asked for, as at a start. */
static void plan_rename(struct build *b, const struct target *t, int proc)
{
	struct step_rename *d =
		plan_append(b->p, &step_rename, b->s->user_origin,
			    "the container has one id: it gets another number for this "
			    "process")
			->data;

	d->proc = proc;
	d->uid_map = plan_text(b->p, "%u %u 1\n", b->id.uid, t->uid);
	d->gid_map = plan_text(b->p, "%u %u 1\n", b->id.gid, t->gid);
}

/* Ourselves, by the host's /proc. */
static int plan_own_proc(struct build *b)
{
	struct step_open *d =
		plan_append(
			b->p, &step_open, b->s->user_origin,
			"for its maps: what the container has on /proc is not trusted")
			->data;

	d->at = SLOT_CWD;
	d->path = "/proc/self";
	d->directory = true;
	d->ret = plan_slot(b->p);
	return d->ret;
}

static void plan_join(struct build *b, const struct minc_container *ct,
		      const struct target *t, const struct cgroup_set *groups)
{
	struct step_lifeline *lifeline =
		plan_append(b->p, &step_lifeline, NULL,
			    "nothing goes on if the caller dies meanwhile")
			->data;
	struct step_join *join;
	int proc = SLOT_NONE;

	lifeline->die_with_parent = true;
	plan_groups(b, groups);
	if (t->rename)
		proc = plan_own_proc(b);
	if (t->below) {
		join = plan_append(b->p, &step_join, NULL,
				   "the container's user namespace: its process 1 has "
				   "left it when it gave up root")
			       ->data;
		join->type = CLONE_NEWUSER;
		join->owner_of = plan_text(b->p, "/proc/%d/ns/mnt", ct->pid);
		join->name = "the container's user namespace";
	}
	join = plan_append(b->p, &step_join, NULL,
			   "all of the container's namespaces at once")
		       ->data;
	join->fd = ct->pidfd;
	join->type = t->below ? t->flags & ~CLONE_NEWUSER : t->flags;
	join->name = "the container's namespaces";
	if (t->rename)
		plan_rename(b, t, proc);
	b->p->held = spec_flag(b->s, MINC_DIE_WITH_PARENT);
	b->p->watched = b->p->held || b->p->ids;
	b->p->forks = b->p->own_memory = true;
}

/* Its own devpts, wherever links inside may point. */
static void plan_tty(struct build *b)
{
	const struct tty_user user = build_tty_user(b);
	struct step *s;
	struct step_open *d;

	if (!spec_flag(b->s, MINC_TERMINAL))
		return;
	s = plan_append(b->p, &step_open, b->s->flag_origin[MINC_TERMINAL],
			"the container's own terminals");
	d = s->data;
	d->at = SLOT_CWD;
	d->path = "/dev/pts";
	d->in_root = d->directory = true;
	d->ret = plan_slot(b->p);
	tty_plan(b->p, b->s, d->ret, &user);
}

/* One who makes device files comes in only where they do not work. */
static int check_devices(struct build *b, const struct cgroup_set *groups)
{
	struct cgroup_devices devices;
	int r = build_devices(b->s, b->h, b->map.own, b->e, &devices);
	const char *why = devices.mknod;

	if (r < 0 || !why || cgroup_set_confines_devices(groups))
		return r;
	if (spec_flag(b->s, MINC_BEST_EFFORT)) {
		plan_warn(b->p, "%s: not enforced: the container has no list of devices",
			  why);
		return 0;
	}
	r = err_say(b->e, -EPERM, "%s: the container has no list of devices", why);
	err_hint(b->e,
		 "one that is started with this capability has one; --privileged does "
		 "without");
	return r;
}

static int plan_all(struct build *b, struct minc_container *ct, const struct target *t,
		    const char *const *argv)
{
	struct cgroup_set groups;
	int r = check_devices(b, cgroup_set_of(&ct->held, &groups));

	if (r < 0)
		return r;
	/* of the mounts the container's own /dev is all that counts here */
	b->m.spec = b->s;
	b->m.fake_root = sec_fakes(b->s, b->map.single);
	build_environment(b);
	b->p->ids = sec_remembers(b->s, b->h, b->map.single);
	plan_join(b, ct, t, &groups);
	plan_tty(b);
	ns_plan_cpus(b->p, b->s);
	r = sec_plan_keyring(b->p, b->s);
	build_streams(b);
	build_fds(b);
	cgroup_plan_rlimits(b->p, b->s);
	if (r == 0)
		r = sec_plan_ids(b->p, b->s, b->h, &b->id, b->map.own, b->map.single,
				 b->e);
	build_cwd(b);
	if (r == 0)
		r = sec_plan_seccomp(b->p, b->s, b->h, b->map.own, b->e);
	sec_plan_fake(b->p, b->s, b->h, &b->id, b->map.single);
	build_command(b, argv);
	if (r == 0)
		r = plan_seal(b->p);
	return r < 0 ? err_set(b->e, r, "plan") : 0;
}

int enter_plan(struct plan *p, struct spec *s, const struct host *h,
	       struct minc_container *ct, const char *const *argv, struct err *e)
{
	struct target t = { .proc = -EBADF };
	/* the root is not ours to free */
	struct build b = { .p = p,
			   .s = s,
			   .h = h,
			   .e = e,
			   .root = (char *)s->root,
			   .root_fd = -EBADF,
			   .entering = true };
	int r = find_target(ct, &t, e);

	memset(p, 0, sizeof(*p));
	if (r == 0)
		r = find_identity(&b, &t);
	if (r == 0)
		r = plan_all(&b, ct, &t, argv);
	fd_closep(&b.root_fd);
	fd_closep(&t.proc);
	if (r < 0)
		plan_done(p);
	return r;
}

int enter_exec(struct minc_ctx *c, struct minc_container *ct, struct spec *s,
	       const char *const *argv, struct minc_container *ret,
	       const struct spawn_fault *fault)
{
	const struct spawn_options options = {
		.log = c->log, .log_data = c->log_data, .fault = fault, .lock = -EBADF
	};
	struct plan plan = { 0 };
	int r = override(s, &c->spec);

	if (r == 0)
		r = enter_plan(&plan, s, &c->host, ct, argv, &c->err);
	if (r == 0)
		r = spawn_plan(&plan, &options, ret, &c->err);
	plan_done(&plan);
	if (r < 0 && has_ended(ct)) /* which explains whatever went wrong */
		return say_ended(&c->err);
	return r;
}
