/* SPDX-License-Identifier: MIT */
/*
 * host - see host.h.
 *
 * The template: a copy of the caller's mount namespace costs time for every mount the
 * host has, twice (copy and teardown). The kernel's own kdevtmpfs thread has lived in a
 * mount namespace with a single mount since boot; namespaces(7) ioctls of Linux 6.12 find
 * it as the one made next after the initial one. Only its emptiness matters, and that is
 * checked; who owns it does not, because a container gets a private copy.
 */
#include "plan/host.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/sys.h"

struct mnt_ns_info {
	uint32_t size, nr_mounts;
	uint64_t mnt_ns_id;
};
#define NS_MNT_GET_NEXT _IOR(0xb7, 11, struct mnt_ns_info) /* 6.12 */

enum { TEMPLATE_MOUNTS_MAX = 2, MOUNTINFO_MAX_BYTES = 16 * 1024 * 1024 };

/* What podman and runc hide and protect: the OCI default, read off containers/common. */
const struct host_api_path host_api_paths[] = {
	{ "sys", false, true, false },
	{ "sysrq-trigger", false, false, false },
	{ "irq", false, true, false },
	{ "bus", false, true, false },
	{ "fs", false, true, false },
	{ "asound", false, true, false },
	{ "acpi", false, true, true },
	{ "kcore", false, false, true },
	{ "keys", false, false, true },
	{ "latency_stats", false, false, true },
	{ "sched_debug", false, false, true },
	{ "scsi", false, true, true },
	{ "timer_list", false, false, true },
	{ "timer_stats", false, false, true },
	{ "firmware", true, true, true },
	{ "fs/selinux", true, true, true },
	{ "dev/block", true, true, true },
	{ "devices/virtual/powercap", true, true, true },
};
const size_t host_api_paths_len = sizeof(host_api_paths) / sizeof(host_api_paths[0]);

/*
 * The container gets a new /proc and /sys, which have all there is. So where the caller
 * sees none, or no more than processes (subset=pid), everything may be there.
 */
static uint32_t find_api_paths(uint32_t *ret_unseen)
{
	cleanup_close int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int sys = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const bool proc_seen = faccessat(proc, "sys/kernel", F_OK, 0) == 0;
	const bool sys_seen = faccessat(sys, "devices", F_OK, 0) == 0;
	uint32_t found = 0;

	*ret_unseen = 0;
	for (size_t i = 0; i < host_api_paths_len; i++) {
		const struct host_api_path *p = &host_api_paths[i];

		if (!(p->sysfs ? sys_seen : proc_seen))
			*ret_unseen |= 1u << i;
		else if (faccessat(p->sysfs ? sys : proc, p->path, F_OK, 0) == 0)
			found |= 1u << i;
	}
	return found | *ret_unseen;
}

/* 0.0: an old kernel. Not by scanf(3), which is much code for the first start. */
static unsigned kernel_version(const char *release)
{
	char *end;
	unsigned long major = strtoul(release, &end, 10), minor = 0;

	if (end != release && *end == '.')
		minor = strtoul(end + 1, NULL, 10);
	return HOST_KERNEL(major, minor);
}

static void find_names(struct host *h)
{
	struct utsname u;

	if (uname(&u) < 0)
		return;
	h->kernel = kernel_version(u.release);
	(void)snprintf(h->nodename, sizeof(h->nodename), "%s", u.nodename);
}

static int find_template(void)
{
	struct mnt_ns_info info = { .size = sizeof(info) };
	/* kthreadd never leaves the initial namespace */
	cleanup_close int initial = open("/proc/2/ns/mnt", O_RDONLY | O_CLOEXEC);
	cleanup_close int next = -EBADF;

	if (initial < 0)
		return -EBADF;
	next = ioctl(initial, NS_MNT_GET_NEXT, &info);
	if (next < 0 || info.nr_mounts > TEMPLATE_MOUNTS_MAX)
		return -EBADF;
	return take_fd(&next);
}

static void read_caps(struct host *h)
{
	struct __user_cap_header_struct header = { .version =
							   _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	for (unsigned cap = 0; cap < 64; cap++) {
		int set = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (set < 0)
			break;
		h->caps_known |= 1ull << cap;
		if (set)
			h->caps_bounding |= 1ull << cap;
	}
	if (sys_call(SYS_capget, &header, data, 0, 0, 0) == 0) {
		h->caps_permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
		h->privileged =
			data[CAP_SYS_ADMIN / 32].effective >> (CAP_SYS_ADMIN % 32) & 1;
	}
}

/* The initial user namespace maps every id to itself. */
static bool in_initial_userns(void)
{
	cleanup_close int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	char buf[64] = "", *p;
	unsigned long inside, outside;

	if (fd < 0 || read(fd, buf, sizeof(buf) - 1) <= 0)
		return true; /* no /proc or no user namespaces: nothing is mapped */
	inside = strtoul(buf, &p, 10);
	outside = strtoul(p, &p, 10);
	return inside == 0 && outside == 0 && strtoul(p, NULL, 10) == UINT32_MAX;
}

/*
 * The root of a user namespace may see the machine's /run, with what its root keeps
 * there.
 */
static bool run_is_ours(void)
{
	struct stat st;

	return access("/run", W_OK) == 0 &&
	       (stat("/run/minc", &st) < 0 || st.st_uid == 0);
}

static bool setgroups_denied(void)
{
	cleanup_close int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);
	char buf[8] = "";

	return fd >= 0 && read(fd, buf, sizeof(buf) - 1) > 0 &&
	       strncmp(buf, "deny", 4) == 0;
}

static bool is_cgroup2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (unsigned)fs.f_type == CGROUP2_SUPER_MAGIC;
}

static bool is_device(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISCHR(st.st_mode);
}

/*
 * A caller with a limit of its own on RLIMIT_LOCKS, which has no effect, is not seen in
 * the wild.
 */
static bool has_listeners(void)
{
	const uint32_t action = SECCOMP_RET_USER_NOTIF;
	struct rlimit locks;

	return sys_call(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action, 0, 0) == 0 &&
	       getrlimit(RLIMIT_LOCKS, &locks) == 0 && locks.rlim_cur == RLIM_INFINITY &&
	       locks.rlim_max == RLIM_INFINITY;
}

/* Where it is so, it is until the machine starts again. */
static bool is_untraceable(void)
{
	cleanup_close int fd =
		open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	char scope = 0;

	return fd >= 0 && read(fd, &scope, 1) == 1 && scope == '3';
}

int host_probe(struct host *h)
{
	memset(h, 0, sizeof(*h));
	h->template_fd = -EBADF;
	find_names(h);
	h->uid = geteuid();
	h->gid = getegid();
	read_caps(h);
	h->initial_userns = in_initial_userns();
	h->owns_run = h->uid == 0 && (h->initial_userns || run_is_ours());
	h->groups_denied = !h->initial_userns && setgroups_denied();
	h->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	h->listeners = has_listeners();
	h->untraceable = is_untraceable();
	h->overlay_fds = h->kernel >= HOST_KERNEL(6, 13);
	h->api_paths = find_api_paths(&h->api_unseen);
	h->sys = access("/sys/kernel", F_OK) == 0;
	h->sys_cgroup2 = is_cgroup2("/sys/fs/cgroup");
	h->resolv_conf = access("/etc/resolv.conf", F_OK) == 0;
	h->hosts = access("/etc/hosts", F_OK) == 0;
	if (h->privileged && h->initial_userns && h->overlay_fds)
		h->template_fd = find_template();
	h->shell = getenv("SHELL");
	h->path = getenv("PATH");
	h->term = getenv("TERM");
	h->cwd = getcwd(NULL, 0);
	return !h->cwd && errno == ENOMEM ? -ENOMEM : 0;
}

int host_probe_cgroups(struct host *h)
{
	cleanup_free char *mounts = NULL, *self = NULL;
	struct host_cgroups *g;
	int r;

	if (h->cgroups)
		return 0;
	r = io_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX_BYTES, &mounts,
			 NULL);
	if (r == 0)
		r = io_read_file(AT_FDCWD, "/proc/self/cgroup", MOUNTINFO_MAX_BYTES,
				 &self, NULL);
	g = r == -ENOMEM ? NULL : calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->in_userns = !h->initial_userns;
	if (r == 0)
		r = cgroups_read(g, mounts, self);
	if (r == 0 && !h->privileged)
		r = cgroups_find_systemd(g, h->uid, getenv("XDG_RUNTIME_DIR"));
	if (r == -ENOMEM) {
		arena_done(&g->arena);
		free(g);
		return -ENOMEM;
	}
	h->cgroups = g; /* without /proc no group is found */
	return 0;
}

/* Opened, for a device may be there and forbidden, or have no driver. */
static int probe_fuse(void)
{
	cleanup_close int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : is_device("/dev/fuse") ? 0 : -ENODEV;
}

void host_probe_image(struct host *h)
{
	if (h->image_probed)
		return;
	h->image_probed = true;
	h->loops = h->privileged && h->initial_userns && is_device("/dev/loop-control") &&
		   access("/dev/loop-control", R_OK | W_OK) == 0;
	h->fuse = probe_fuse();
}

void host_name_cgroup(struct host *h)
{
	uint64_t random;

	if (!h->cgroups)
		return;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) {
		struct timespec now;

		/* early in boot; a name in use is noticed and fails the start */
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		random = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^
			 (uint64_t)getpid();
	}
	snprintf(h->cgroups->name, sizeof(h->cgroups->name), "minc-%016llx",
		 (unsigned long long)random);
}

void host_done(struct host *h)
{
	if (h->cgroups)
		arena_done(&h->cgroups->arena);
	free(h->cgroups);
	h->cgroups = NULL;
	fd_closep(&h->template_fd);
	free((char *)h->cwd);
	h->cwd = NULL;
}
