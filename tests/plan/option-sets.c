/* SPDX-License-Identifier: MIT */
/* option-sets - see option-sets.h. */
#include "option-sets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <minc/container.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const true_argv[] = { "true", NULL };
static const char *const odd_argv[] = { "/bin/printf", "%s\n",        "it's",
					"a b",         "END_OF_PLAN", NULL };

static void set_host(struct spec *s, const struct places *at)
{
	(void)s; /* "/", with all defaults */
	(void)at;
}

static void set_root(struct spec *s, const struct places *at)
{
	spec_set_origin(s, "-r ROOT");
	spec_set_root(s, at->root, 0);
	spec_set_origin(s, NULL);
}

static void set_direct(struct spec *s, const struct places *at)
{
	spec_set_origin(s, "--direct ROOT");
	spec_set_root(s, at->root, MINC_ROOT_DIRECT);
	spec_set_origin(s, NULL);
	spec_set_cwd(s, "/etc");
}

static void set_user(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_origin(s, "--user alice");
	spec_set_user(s, "alice");
	spec_set_origin(s, "--cap-add net_raw");
	spec_change_caps(s, true, "net_raw,CAP_SYS_TIME");
	spec_set_origin(s, "--cap-drop kill");
	spec_change_caps(s, false, "kill");
}

static void set_group(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_user(s, "77:staff");
	spec_change_caps(s, false, "all");
}

static void set_net_none(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_origin(s, "--net none");
	spec_set_network(s, "none");
}

static void set_net_raw(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_origin(s, "--net raw,minctest0");
	spec_set_network(s, "raw,minctest0");
	spec_set_origin(s, "--name box");
	spec_set_hostname(s, "box");
}

static void add_binds(struct spec *s, const struct places *at)
{
	spec_set_origin(s, "--bind DATA:/mnt/data");
	spec_add_bind(s, at->data, "/mnt/data", 0);
	spec_set_origin(s, "--bind-ro FILE");
	spec_add_bind(s, at->file, "/mnt/it's a file", MINC_BIND_RDONLY);
	spec_set_origin(s, "--bind /dev/zero");
	spec_add_bind(s, "/dev/zero", NULL, MINC_BIND_DEV | MINC_BIND_SUID);
	spec_set_origin(s, "--tmpfs /srv/t");
	spec_add_tmpfs(s, "/srv/t", 1 << 20, 01755);
	spec_set_origin(s, NULL);
}

static void set_binds(struct spec *s, const struct places *at)
{
	set_root(s, at);
	add_binds(s, at);
	spec_add_env(s, "A", "1");
	spec_add_env(s, "MINCTEST_CALLER", NULL);
	spec_add_env(s, "HOME", "/it's $HOME");
}

static void set_cpus(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_origin(s, "--cpu 0x1");
	spec_set_cpus(s, "0x1");
	spec_set_origin(s, "--die-with-parent");
	spec_set_flag(s, MINC_DIE_WITH_PARENT, 1);
}

static void set_privileged(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_origin(s, "--privileged");
	spec_set_flag(s, MINC_PRIVILEGED, 1);
}

static void set_devices(struct spec *s, const struct places *at)
{
	set_privileged(s, at);
	spec_set_origin(s, "--usedev");
	spec_set_flag(s, MINC_HOST_DEV, 1);
	spec_set_origin(s, "--debugfs");
	spec_set_flag(s, MINC_DEBUGFS, 1);
}

static void set_best_effort(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_flag(s, MINC_BEST_EFFORT, 1);
}

static void set_rdonly(struct spec *s, const struct places *at)
{
	spec_set_origin(s, "--read-only");
	spec_set_root(s, at->root, MINC_ROOT_RDONLY);
	spec_set_seccomp(s, "unconfined");
}

static void set_init(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_origin(s, "--init");
	spec_set_flag(s, MINC_INIT, 1);
	spec_set_origin(s, "--tty");
	spec_set_flag(s, MINC_TERMINAL, 1);
}

static void set_storage(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_origin(s, "-t DIR");
	spec_set_storage(s, at->storage);
	spec_set_hostname(s, "kept");
}

static void set_fds(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_pass_fd(s, at->fd, 3);
	spec_pass_fd(s, at->fd, 200);
}

static void set_submounts(struct spec *s, const struct places *at)
{
	spec_set_origin(s, "-r TREE");
	spec_set_root(s, at->tree, MINC_ROOT_SUBMOUNTS);
	spec_set_origin(s, NULL);
}

static void set_single(struct spec *s)
{
	spec_set_origin(s, "--userns single");
	spec_set_userns(s, "single");
	spec_set_origin(s, NULL);
}

static void set_user_one(struct spec *s, const struct places *at)
{
	set_root(s, at);
	set_single(s);
}

static void set_user_name(struct spec *s, const struct places *at)
{
	set_user_one(s, at);
	spec_set_user(s, "alice");
	spec_set_network(s, "none");
	spec_set_hostname(s, "box");
}

static void set_user_binds(struct spec *s, const struct places *at)
{
	set_user_one(s, at);
	add_binds(s, at);
}

static void set_user_direct(struct spec *s, const struct places *at)
{
	set_user_one(s, at);
	spec_set_root(s, at->root, MINC_ROOT_DIRECT | MINC_ROOT_RDONLY);
}

static void set_user_storage(struct spec *s, const struct places *at)
{
	set_user_one(s, at);
	spec_set_storage(s, at->storage);
	spec_set_flag(s, MINC_INIT, 1);
}

static void set_user_tree(struct spec *s, const struct places *at)
{
	set_user_one(s, at);
	spec_set_root(s, at->tree, MINC_ROOT_SUBMOUNTS);
}

static void set_user_host(struct spec *s, const struct places *at)
{
	(void)at;
	spec_set_userns(s, "single");
}

static void set_user_best(struct spec *s, const struct places *at)
{
	set_user_one(s, at);
	spec_set_flag(s, MINC_BEST_EFFORT, 1);
	spec_set_flag(s, MINC_TERMINAL, 1);
}

static void set_limits(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_origin(s, "--memory 64m");
	spec_set_limit(s, MINC_LIMIT_MEMORY, 64 << 20);
	spec_set_origin(s, "--memory-swap 96m");
	spec_set_limit(s, MINC_LIMIT_MEMORY_SWAP, 96 << 20);
	spec_set_origin(s, "--cpu-shares 512");
	spec_set_limit(s, MINC_LIMIT_CPU_SHARES, 512);
	spec_set_origin(s, "--cpus 0.5");
	spec_set_limit(s, MINC_LIMIT_CPU_PERIOD_US, 100000);
	spec_set_limit(s, MINC_LIMIT_CPU_QUOTA_US, 50000);
	spec_set_origin(s, "--pids-limit 30");
	spec_set_limit(s, MINC_LIMIT_PIDS, 30);
	spec_set_origin(s, "--cpuset-cpus 0");
	spec_set_cpuset(s, "0", NULL);
	spec_set_origin(s, "--ulimit nofile=64:128");
	spec_set_rlimit(s, "nofile", 64, 128);
	spec_set_origin(s, "--ulimit core=0");
	spec_set_rlimit(s, "core", 0, 0);
	spec_set_origin(s, NULL);
}

static void set_limits_io(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_origin(s, "--io-weight 500");
	spec_set_limit(s, MINC_LIMIT_IO_WEIGHT, 500);
	spec_set_origin(s, "--device-read-bps 8:0:1m");
	spec_set_io_limit(s, "8:0", MINC_IO_READ_BPS, 1 << 20);
	spec_set_origin(s, "--device-write-iops 8:0:100");
	spec_set_io_limit(s, "8:0", MINC_IO_WRITE_IOPS, 100);
	spec_set_origin(s, "--ulimit msgqueue=4096");
	spec_set_rlimit(s, "msgqueue", 4096, UINT64_MAX);
	spec_set_origin(s, NULL);
}

static void set_limits_best(struct spec *s, const struct places *at)
{
	set_best_effort(s, at);
	spec_set_origin(s, "--memory 64m");
	spec_set_limit(s, MINC_LIMIT_MEMORY, 64 << 20);
	spec_set_origin(s, "--pids-limit 30");
	spec_set_limit(s, MINC_LIMIT_PIDS, 30);
	spec_set_origin(s, NULL);
}

static void set_sizes(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_origin(s, "--scratch-size 64m");
	spec_set_limit(s, MINC_LIMIT_SCRATCH, 64 << 20);
	spec_set_origin(s, "--shm-size 8m");
	spec_add_tmpfs(s, "/dev/shm", 8 << 20, 01777);
	spec_set_origin(s, "--tmpfs /srv/t");
	spec_add_tmpfs(s, "/srv/t", 0, 0755);
	spec_set_origin(s, NULL);
}

static void set_mknod(struct spec *s, const struct places *at)
{
	set_root(s, at);
	spec_set_origin(s, "--cap-add mknod");
	spec_change_caps(s, true, "chown,CAP_MKNOD");
	spec_set_origin(s, "--bind-ro /dev/zero");
	spec_add_bind(s, "/dev/zero", "/dev/nothing", MINC_BIND_RDONLY);
	spec_set_origin(s, NULL);
}

static void set_user_mknod(struct spec *s, const struct places *at)
{
	set_mknod(s, at);
	set_single(s); /* whatever subordinate ids this machine gives */
}

static void set_mknod_best(struct spec *s, const struct places *at)
{
	set_mknod(s, at);
	spec_set_flag(s, MINC_BEST_EFFORT, 1);
}

static void set_mknod_usedev(struct spec *s, const struct places *at)
{
	set_mknod(s, at);
	spec_set_origin(s, "--usedev");
	spec_set_flag(s, MINC_HOST_DEV, 1);
	spec_set_origin(s, NULL);
}

static void set_user_limits(struct spec *s, const struct places *at)
{
	set_user_one(s, at);
	spec_set_origin(s, "--pids-limit -1");
	spec_set_limit(s, MINC_LIMIT_PIDS, -1);
	spec_set_origin(s, "--memory 64m");
	spec_set_limit(s, MINC_LIMIT_MEMORY, 64 << 20);
	spec_set_origin(s, NULL);
}

static void set_user_scope(struct spec *s, const struct places *at)
{
	set_user_limits(s, at);
	spec_set_origin(s, "--cpus 0.5");
	spec_set_limit(s, MINC_LIMIT_CPU_QUOTA_US, 50000);
	spec_set_limit(s, MINC_LIMIT_CPU_SHARES, 512);
	spec_set_flag(s, MINC_BEST_EFFORT, 1);
	spec_set_origin(s, "--cpuset-cpus 0");
	spec_set_cpuset(s, "0", NULL);
	spec_set_origin(s, NULL);
}

static void set_image(struct spec *s, const struct places *at)
{
	static const char *const env[] = { "COLOUR=blue", "broken", NULL };
	static const char *const argv[] = { "/usr/bin/server", "--fast", NULL };
	char low[128], high[128];
	static const char *const volumes[] = { "/var/lib/web", NULL };
	const char *const layers[] = { low, high };
	const struct spec_image image = { .name = "image web",
					  .layers = layers,
					  .layers_len = 2,
					  .cwd = "/srv",
					  .env = env,
					  .volumes = volumes,
					  .argv = argv };

	snprintf(low, sizeof(low), "%s/low.sqfs", at->base);
	snprintf(high, sizeof(high), "%s/high.sqfs", at->base);
	spec_set_image(s, &image);
}

#ifdef HAVE_FUSE
static void set_user_image(struct spec *s, const struct places *at)
{
	set_image(s, at);
	set_single(s);
}
#endif

static void set_image_mknod(struct spec *s, const struct places *at)
{
	set_image(s, at);
	spec_set_origin(s, "--cap-add mknod");
	spec_change_caps(s, true, "mknod");
	spec_set_origin(s, NULL);
}

// clang-format off
const struct option_set option_sets[] = {
	{ "host",          SET_SUBMOUNTS,                   set_host,        NULL },
	{ "root",          SET_API_PATHS | SET_RESOLV,      set_root,        true_argv },
	{ "template",      SET_API_PATHS | SET_RESOLV | SET_TEMPLATE, set_root, true_argv },
	{ "old-kernel",    SET_OLD_KERNEL,                  set_root,        true_argv },
	{ "direct",        SET_RESOLV,                      set_direct,      true_argv },
	{ "user",          0,                               set_user,        true_argv },
	{ "group",         SET_TEMPLATE,                    set_group,       true_argv },
	{ "net-none",      SET_RESOLV,                      set_net_none,    true_argv },
	{ "net-raw",       SET_TEMPLATE | SET_LINK,         set_net_raw,     true_argv },
	{ "binds",         0,                               set_binds,       odd_argv },
	{ "binds-template", SET_TEMPLATE,                   set_binds,       true_argv },
	{ "cpus",          SET_TEMPLATE,                    set_cpus,        true_argv },
	{ "privileged",    SET_API_PATHS,                   set_privileged,  true_argv },
	{ "devices",       SET_MAY_LACK,                    set_devices,     true_argv },
	{ "best-effort",   SET_API_PATHS | SET_TEMPLATE,    set_best_effort, true_argv },
	{ "read-only",     SET_TEMPLATE,                    set_rdonly,      true_argv },
	{ "init",          SET_TEMPLATE,                    set_init,        true_argv },
	{ "storage",       SET_STORAGE,                     set_storage,     true_argv },
	{ "fds",           SET_TEMPLATE,                    set_fds,         true_argv },
	{ "submounts",     SET_SUBMOUNTS,                   set_submounts,   true_argv },
	{ "user-single",   SET_USER | SET_API_PATHS | SET_RESOLV, set_user_one, true_argv },
	{ "user-old-kernel", SET_USER | SET_OLD_KERNEL,     set_user_one,    true_argv },
	{ "user-name",     SET_USER,                        set_user_name,   true_argv },
	{ "user-binds",    SET_USER,                        set_user_binds,  true_argv },
	{ "user-direct",   SET_USER | SET_RESOLV,           set_user_direct, true_argv },
	{ "user-storage",  SET_USER | SET_STORAGE,          set_user_storage, true_argv },
	{ "user-tree",     SET_USER | SET_SUBMOUNTS,        set_user_tree,   true_argv },
	{ "user-host",     SET_USER | SET_SUBMOUNTS | SET_RUN_ONLY, set_user_host, true_argv },
	{ "user-best",     SET_USER | SET_API_PATHS,        set_user_best,   true_argv },
	{ "image",         SET_PLAN_ONLY,                   set_image,       NULL },
	{ "image-template", SET_PLAN_ONLY | SET_TEMPLATE | SET_RESOLV, set_image, true_argv },
	{ "image-old-kernel", SET_PLAN_ONLY | SET_OLD_KERNEL, set_image,     true_argv },
#ifdef HAVE_FUSE
	{ "user-image",    SET_PLAN_ONLY | SET_USER,        set_user_image,  NULL },
	{ "user-image-old-kernel", SET_PLAN_ONLY | SET_USER | SET_OLD_KERNEL, set_user_image, NULL },
#endif
	{ "limits",        SET_TEMPLATE | SET_MAY_LACK | SET_V1 | SET_V2, set_limits, true_argv },
	{ "limits-v1",     SET_PLAN_ONLY | SET_V1,          set_limits,      true_argv },
	{ "limits-v2",     SET_PLAN_ONLY | SET_V2,          set_limits,      true_argv },
	{ "limits-v2-old", SET_PLAN_ONLY | SET_V2 | SET_OLD_KERNEL, set_limits, true_argv },
	{ "limits-io",     SET_MAY_LACK | SET_V1 | SET_V2,  set_limits_io,   true_argv },
	{ "limits-io-v2",  SET_PLAN_ONLY | SET_V2,          set_limits_io,   true_argv },
	{ "limits-best",   SET_API_PATHS | SET_MAY_LACK,    set_limits_best, true_argv },
	{ "mknod",         SET_TEMPLATE | SET_MAY_LACK | SET_V1 | SET_V2, set_mknod, true_argv },
	{ "mknod-v2",      SET_PLAN_ONLY | SET_V2,          set_mknod,       true_argv },
	{ "mknod-best",    SET_PLAN_ONLY,                   set_mknod_best,  true_argv },
	{ "mknod-usedev",  SET_PLAN_ONLY | SET_V2,          set_mknod_usedev, true_argv },
	{ "user-mknod",    SET_USER | SET_PLAN_ONLY | SET_V2, set_user_mknod,  true_argv },
	{ "image-mknod",   SET_PLAN_ONLY | SET_V2,          set_image_mknod, NULL },
	{ "sizes",         SET_TEMPLATE,                    set_sizes,       true_argv },
	{ "user-scope",    SET_USER | SET_PLAN_ONLY | SET_V2 | SET_SYSTEMD, set_user_scope, true_argv },
	{ "user-limits",   SET_USER | SET_PLAN_ONLY | SET_V2, set_user_limits, true_argv },
};
// clang-format on
const size_t option_sets_len = sizeof(option_sets) / sizeof(option_sets[0]);

static int write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *out;
	int r;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "we");
	if (!out)
		return -errno;
	r = fputs(text, out) < 0 ? -errno : 0;
	if (fclose(out) != 0 && r == 0)
		r = -errno;
	return r == 0 && chmod(path, 0644) < 0 ? -errno : r;
}

static int make_dir(char *buf, size_t len, const char *dir, const char *name)
{
	snprintf(buf, len, "%s/%s", dir, name);
	return mkdir(buf, 0755) == 0 && chmod(buf, 0755) == 0 ? 0 : -errno;
}

int places_make(struct places *at)
{
	char base[] = "/tmp/minc-sets-XXXXXX", path[128], *real;
	int r, fd;

	real = mkdtemp(base) ? realpath(base, NULL) : NULL;
	if (!real)
		return -errno;
	snprintf(at->base, sizeof(at->base), "%s", real);
	free(real);
	r = chmod(at->base, 0755);
	r += make_dir(at->root, sizeof(at->root), at->base, "root");
	r += make_dir(at->tree, sizeof(at->tree), at->base, "tree");
	r += make_dir(at->data, sizeof(at->data), at->base, "data");
	r += make_dir(at->storage, sizeof(at->storage), at->base, "kept");
	/* /proc and /sys exist in one root, in the other nothing does: both happen */
	r += make_dir(path, sizeof(path), at->root, "etc");
	r += write_file(path, "passwd",
			"root:x:0:0::/root:/bin/sh\n"
			"alice:x:1234:100:Alice:/home/alice:/bin/sh\n");
	r += write_file(path, "group",
			"users:x:100:\naudio:x:29:bob,alice\n"
			"staff:x:50:alice\n");
	r += write_file(path, "mtab", "/dev/old / ext2 rw 0 0\n");
	/* direct: there is something to show it over */
	r += write_file(path, "resolv.conf", "");
	r += make_dir(path, sizeof(path), at->root, "proc");
	r += make_dir(path, sizeof(path), at->root, "sys");
	/* direct: nothing is made in the directory that the user did not ask for */
	r += make_dir(path, sizeof(path), at->root, "dev");
	r += make_dir(path, sizeof(path), at->root, "tmp");
	r += make_dir(path, sizeof(path), at->tree, "srv");
	r += make_dir(path, sizeof(path), at->tree, "srv/mnt");
	snprintf(at->file, sizeof(at->file), "%s/file", at->data);
	r += write_file(at->data, "file", "text\n");
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	at->fd = 50;
	if (r != 0 || fd < 0 || dup3(fd, at->fd, O_CLOEXEC) < 0)
		return -EIO;
	(void)close(fd); /* number 50 is what is used */
	return 0;
}

static void remove_below(int dir, const char *name)
{
	struct dirent *d;
	DIR *list;
	int fd;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return;
	if (fchmodat(dir, name, 0700, 0) < 0) /* overlayfs leaves work/work at mode 0 */
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	list = fd < 0 ? NULL : fdopendir(fd);
	while (list && (d = readdir(list)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			remove_below(fd, d->d_name);
	if (list)
		closedir(list);
	(void)unlinkat(dir, name, AT_REMOVEDIR); /* the next run has another directory */
}

void places_empty(const char *path)
{
	DIR *list = opendir(path);
	struct dirent *d;

	while (list && (d = readdir(list)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			remove_below(dirfd(list), d->d_name);
	if (list)
		closedir(list);
}

bool places_is_empty(const char *path)
{
	DIR *list = opendir(path);
	struct dirent *d;
	int n = 0;

	if (!list)
		return false;
	while ((d = readdir(list)))
		n++;
	closedir(list);
	return n == 2;
}

void places_remove(const struct places *at)
{
	(void)close(at->fd);
	places_empty(at->base);
	(void)rmdir(at->base);
}
