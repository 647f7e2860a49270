/* SPDX-License-Identifier: MIT */
/* places - see places.h. */
#include "places.h"

#include <errno.h>
#include <grp.h>
#include <minc/minc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"

enum { ORDINARY_USER = 65534 };

char scene_tree[64];
int scene_in = -1, scene_out = -1;
static char state_dir[64], io_dir[64];

static void host_root(struct minc_ctx *c)
{
	minc_set_root(c, "/", 0);
}

static void directory(struct minc_ctx *c)
{
	minc_set_root(c, scene_tree, 0);
}

static void own_network(struct minc_ctx *c)
{
	directory(c);
	minc_set_network(c, "none");
}

static void with_init(struct minc_ctx *c)
{
	directory(c);
	minc_set_flag(c, MINC_INIT, 1);
}

static void another_user(struct minc_ctx *c)
{
	directory(c);
	minc_set_user(c, "bob");
	minc_add_env(c, "GREETING", "hello");
	minc_set_cwd(c, "/usr");
}

static void fewer_caps(struct minc_ctx *c)
{
	directory(c);
	minc_drop_cap(c, "CHOWN,SETFCAP");
	minc_add_cap(c, "NET_ADMIN");
}

static void privileged(struct minc_ctx *c)
{
	directory(c);
	minc_set_flag(c, MINC_PRIVILEGED, 1);
}

static void limited(struct minc_ctx *c)
{
	directory(c);
	minc_set_limit(c, MINC_LIMIT_PIDS, 100);
	minc_set_rlimit(c, "nofile", 256, 256);
}

static void single_id(struct minc_ctx *c)
{
	directory(c);
	minc_set_userns(c, "single");
}

static void single_id_and_user(struct minc_ctx *c)
{
	directory(c);
	minc_set_userns(c, "single");
	minc_set_user(c, "1500:1501");
}

static void range_of_ids(struct minc_ctx *c)
{
	directory(c);
	minc_set_userns(c, "range");
	minc_set_network(c, "none");
}

static void range_and_user(struct minc_ctx *c)
{
	directory(c);
	minc_set_userns(c, "range");
	minc_set_user(c, "bob");
}

static void makes_devices(struct minc_ctx *c)
{
	directory(c);
	minc_add_cap(c, "mknod");
}

const struct scene scenes[] = {
	{ "root of the host", false, false, false, host_root },
	{ "directory", false, false, false, directory },
	{ "own network", false, false, false, own_network },
	{ "init", false, true, false, with_init },
	{ "another user", false, false, false, another_user },
	{ "other capabilities", false, false, false, fewer_caps },
	{ "mknod", false, false, false, makes_devices },
	{ "privileged", false, false, false, privileged },
	{ "limits", false, false, false, limited },
	{ "single id", false, false, false, single_id },
	{ "range of ids", false, false, true, range_of_ids },
	{ "user: root of the host", true, false, false, host_root },
	{ "user: single id", true, false, false, single_id },
	{ "user: single id, init", true, true, false, with_init },
	{ "user: single id and user", true, false, false, single_id_and_user },
	{ "user: range of ids", true, false, true, range_of_ids },
	{ "user: range and user", true, false, true, range_and_user },
};
const size_t scenes_len = sizeof(scenes) / sizeof(scenes[0]);

static int copy_program(const char *from, const char *to)
{
	cleanup_close int in = open(from, O_RDONLY | O_CLOEXEC), out = -EBADF;
	ssize_t n;

	if (in < 0)
		return -errno;
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (out < 0)
		return -errno;
	do
		n = sendfile(out, in, NULL, 1 << 20);
	while (n > 0);
	return n < 0 ? -errno : fchmod(out, 0755) < 0 ? -errno : 0;
}

static int write_file(const char *path, const char *text)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : io_write_all(fd, text, strlen(text));
}

int scene_make_tree(void)
{
	static const char *const dirs[] = { "", "/bin", "/etc", "/usr", "/tmp" };
	static const char *const tools[] = { "sh",  "sleep",    "cat",  "true",
					     "id",  "ls",       "env",  "pwd",
					     "tty", "readlink", "touch" };
	char path[128];
	int r;

	strcpy(scene_tree, "/tmp/minc-enter.XXXXXX");
	if (!mkdtemp(scene_tree))
		return -errno;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", scene_tree, dirs[i]);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		if (chmod(path, 0755) < 0)
			return -errno;
	}
	snprintf(path, sizeof(path), "%s/bin/busybox", scene_tree);
	r = copy_program("/usr/bin/busybox", path);
	for (size_t i = 0; r == 0 && i < sizeof(tools) / sizeof(tools[0]); i++) {
		snprintf(path, sizeof(path), "%s/bin/%s", scene_tree, tools[i]);
		r = symlink("busybox", path) < 0 ? -errno : 0;
	}
	snprintf(path, sizeof(path), "%s/bin/probe", scene_tree);
	if (r == 0 && getenv("PROBE"))
		r = copy_program(getenv("PROBE"), path);
	snprintf(path, sizeof(path), "%s/etc/passwd", scene_tree);
	r = r ? r
	      : write_file(path, "root:x:0:0::/root:/bin/sh\n"
				 "bob:x:1500:1501::/home/bob:/bin/sh\n");
	snprintf(path, sizeof(path), "%s/etc/group", scene_tree);
	r = r ? r : write_file(path, "root:x:0:\nbob:x:1501:\nextra:x:1777:bob\n");
	return r;
}

static void remove_below(const char *dir)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/rm", "rm", "-rf", "--one-file-system", dir, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		/* what it leaves shows */
		(void)sys_call(SYS_wait4, pid, NULL, 0, NULL, 0);
}

void scene_remove_tree(void)
{
	if (*scene_tree)
		remove_below(scene_tree);
}

/* Subordinate ids for root and for the ordinary user, in this mount namespace alone. */
static int give_ids(void)
{
	static const char *const files[] = { "/etc/subuid", "/etc/subgid" };
	char path[] = "/tmp/minc-subids.XXXXXX";
	int r = 0, fd = mkstemp(path);

	if (fd < 0)
		return -errno;
	r = io_write_all(fd, "0:200000:65536\n65534:300000:65536\n", 34);
	if (fchmod(fd, 0644) < 0)
		r = -errno;
	close(fd);
	for (size_t i = 0; r == 0 && i < 2; i++)
		r = mount(path, files[i], NULL, MS_BIND, NULL) < 0 ? -errno : 0;
	unlink(path);
	return r;
}

static int become_user(const struct scene *s)
{
	if (geteuid() != 0)
		return s->as_user ? 0 : -EPERM;
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	if (s->range)
		(void)give_ids(); /* else there are no ranges: the start says so */
	if (!s->as_user)
		return 0;
	if (setgroups(0, NULL) < 0 ||
	    setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) < 0 ||
	    setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER) < 0 ||
	    /* a change of ids made /proc/self root's: an ordinary program has its own */
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

int scene_become(const struct scene *s)
{
	int r = become_user(s);

	if (r < 0)
		return r;
	strcpy(state_dir, "/tmp/minc-state.XXXXXX");
	if (!mkdtemp(state_dir) || setenv("MINC_STATE_DIR", state_dir, 1) < 0)
		return -errno;
	return 0;
}

const char *scene_why_not(int r)
{
	return r == -EPERM && geteuid() != 0 ? "needs root" : strerror(-r);
}

const struct scene *scene_find(const char *name)
{
	for (size_t i = 0; i < scenes_len; i++)
		if (strcmp(scenes[i].name, name) == 0)
			return &scenes[i];
	abort();
}

static void scene_forget(void)
{
	fd_closep(&scene_in);
	fd_closep(&scene_out);
	remove_below(io_dir);
	remove_below(state_dir);
}

/* Open for both directions: nobody waits for the other side, and none sees an end. */
static int open_fifo(const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", io_dir, name);
	if (mkfifo(path, 0666) < 0 || chmod(path, 0666) < 0)
		return -1;
	return open(path, O_RDWR | O_CLOEXEC);
}

struct minc_container *scene_start(const struct scene *s, const char *const *argv,
				   char why[1024])
{
	struct minc_ctx *c = minc_ctx_new();
	struct minc_container *ct = NULL;

	strcpy(io_dir, "/tmp/minc-io.XXXXXX");
	if (!mkdtemp(io_dir) || chmod(io_dir, 0755) < 0)
		return NULL;
	scene_in = open_fifo("in");
	scene_out = open_fifo("out");
	s->describe(c);
	minc_add_bind(c, io_dir, "/io", 0);
	minc_set_flag(c, MINC_BACKGROUND, 1);
	(void)minc_start(c, argv, &ct); /* the caller asks whether there is one */
	snprintf(why, 1024, "%s", minc_error_message(c));
	if (!ct)
		scene_forget();
	minc_ctx_free(c);
	return ct;
}

void scene_end(struct minc_container *ct)
{
	struct minc_ctx *c = minc_ctx_new();

	if (minc_delete(c, ct, MINC_DELETE_FORCE) < 0)
		printf("# delete: %s\n", minc_error_message(c));
	minc_container_free(ct);
	minc_ctx_free(c);
	scene_forget();
}
