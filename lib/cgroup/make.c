/* SPDX-License-Identifier: MIT */
/*
 * make - the caller's side of making groups: directories with a lease, and what is
 * written to their files. Done before the clone, so this is not child code.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/lease.h"
#include "base/str.h"
#include "cgroup/cgroup-rows.h"
#include "cgroup/cgroup.h"
#include "cgroup/devices.h"

/*
 * To be passed through, so that all in the container can read their limits, and not to be
 * read: who can open the directory could hold the lease, and hang its starter or keep the
 * group for ever.
 */
enum { GROUP_MODE = 0711 };

enum { SWEEP_FEW = 64, TRIES_MAX = 16 };

/* "minc-" and 16 hexadecimal digits. */
static bool is_ours(const char *name)
{
	return str_starts_with(name, "minc-") && str_is_hex(name + 5, 16);
}

/*
 * Remove groups without a lease beside @own. If there are processes in one, their
 * container was set free by its starter (minc_container_free(3)) and goes on: the kernel
 * then refuses. A thousand containers may run here, and reading the directory alone takes
 * half a millisecond: among many only a sixteenth of the starts looks, and at a sixteenth
 * of the groups, those whose random name ends as its own does. Each has its turn.
 */
static void sweep(const char *parent, const char *own)
{
	const size_t len = strlen(own);
	struct stat st;
	struct dirent *d;
	DIR *list;
	bool many;

	if (stat(parent, &st) < 0)
		return;
	many = st.st_nlink > SWEEP_FEW; /* one for each directory in it */
	if (many && own[len - 2] != '0')
		return;
	list = opendir(parent);
	while (list && (d = readdir(list)))
		if (is_ours(d->d_name) &&
		    (!many || d->d_name[strlen(d->d_name) - 1] == own[len - 1]))
			lease_sweep(dirfd(list), d->d_name, AT_REMOVEDIR);
	if (list)
		closedir(list);
}

/*
 * Open @path with its lease; -ESTALE if another one's sweep was faster, or if, where
 * another user may make groups too, that user has made this one since.
 */
static int lease(const char *path, int *ret)
{
	cleanup_close int fd =
		open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid())
		return -ESTALE;
	if (fchmod(fd, GROUP_MODE) < 0) /* whatever umask says */
		return -errno;
	r = lease_take(fd, AT_FDCWD, path);
	if (r == 0)
		*ret = take_fd(&fd);
	return r;
}

int run_cgroup(struct runner *r, const struct step *s)
{
	const struct step_cgroup *d = s->data;
	cleanup_close int fd = -EBADF;
	int ret = -ESTALE, procs;

	sweep(d->parent, d->path);
	for (int i = 0; ret == -ESTALE && i < TRIES_MAX; i++) {
		if (mkdir(d->path, GROUP_MODE) < 0)
			return -errno;
		ret = lease(d->path, &fd);
	}
	if (ret == 0 && d->ret_procs != SLOT_NONE) {
		procs = openat(fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		ret = procs < 0 ? -errno : runner_put(r, d->ret_procs, procs);
	}
	if (ret < 0) {
		(void)rmdir(d->path); /* the failure above is what is reported */
		return ret;
	}
	return runner_put(r, d->ret, take_fd(&fd));
}

static int write_at(int dir, const char *file, const char *value)
{
	cleanup_close int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* in one piece: these files parse each write on its own */
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

int run_cgroup_devices(struct runner *r, const struct step *s)
{
	const struct step_cgroup_devices *d = s->data;
	const int dir = runner_fd(r, d->at);
	int ret;

	if (dir < 0)
		return dir;
	if (d->v2)
		return device_attach(dir, d->program, d->len);
	ret = write_at(dir, "devices.deny", "a");
	for (const char *const *i = d->rules; *i && ret == 0; i++)
		ret = write_at(dir, "devices.allow", *i);
	return ret;
}

int run_cgroup_set(struct runner *r, const struct step *s)
{
	const struct step_cgroup_set *d = s->data;
	const bool above = d->at == SLOT_CWD;

	return write_at(runner_fd(r, d->at), above ? d->path : d->file, d->value);
}

void clone_cgroup_join(struct sys_clone_args *a, const struct step *s, const int *slots)
{
	const struct step_cgroup_join *d = s->data;

	if (!d->by_clone || slots[d->slot] < 0)
		return;
	a->flags |= CLONE_INTO_CGROUP;
	a->cgroup = (uint64_t)slots[d->slot];
}
