/* SPDX-License-Identifier: MIT */
/*
 * probe - what a process inside a container is and what it may do, one line per fact.
 * Static, so that it runs in a root that holds nothing else. It changes nothing that
 * outlives the container.
 *
 *	probe state		ids, capabilities, limits, descriptors, environment
 *	probe try [MARKER]	forbidden things; "try NAME ERRNO", or "try NAME ok"
 *	probe mounts		mountinfo, without what differs from run to run
 *	probe orphans N		leave N orphans behind that end at once
 *	probe argv ARG..	each argument between brackets
 *	probe lists DIR		how long an access control list may be, "list BYTES ERRNO"
 *	                        for
 *	                        those that are refused, "longest BYTES" for the first that
 *	is not,
 *	                        and how many directories may have two of these,
 *	"directories N"
 *	probe look		for each line read: what can be seen of the other
 *	                        processes,
 *	                        "PID fd=ERRNO exe=.. mem=.. root=.. trace=..
 *	cmdline=TEXT",
 *				then an empty line
 *	probe spy FILE		each file that another process was seen to execute, "saw
 *	                        INODE NAME",
 *				when FILE is there
 *	probe trace FIFO	trace the next process that can be, write "seized", and
 *	                        never let it go;
 *	probe trace FIFO stop	or the next that executes no file of the root: stop it,
 *	                        write "stopped"
 *	probe offer		let others trace this one, read a line, and exit with 3
 *
 * MARKER is a path that exists on the host only: seeing it means the root was left.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "errno-name.h"

extern char **environ;

static void report(const char *name, long result)
{
	printf("try %s %s\n", name, result < 0 ? errno_name(errno) : "ok");
}

static void print_status(void)
{
	static const char *const keys[] = { "Cap",           "NoNewPrivs:", "Seccomp:",
					    "Cpus_allowed:", "Groups:",     "SigBlk:",
					    "SigIgn:" };
	char line[4096];
	FILE *f = fopen("/proc/self/status", "re");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			if (!strncmp(line, keys[i], strlen(keys[i])))
				fputs(line, stdout);
	fclose(f);
}

static void print_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	char fds[1024] = "";
	size_t len = 0;

	for (struct dirent *e; d && (e = readdir(d)) && len < sizeof(fds) - 16;)
		if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(d))
			len += (size_t)sprintf(fds + len, " %s", e->d_name);
	printf("fds%s\n", fds);
	if (d)
		closedir(d);
}

static int state(void)
{
	char cwd[4096] = "?", host[256] = "?";

	printf("uid %u gid %u euid %u egid %u\n", getuid(), getgid(), geteuid(),
	       getegid());
	printf("pid %d ppid %d sid %d\n", getpid(), getppid(), getsid(0));
	if (!getcwd(cwd, sizeof(cwd)))
		strcpy(cwd, "?");
	gethostname(host, sizeof(host));
	printf("cwd %s\nhostname %s\numask %03o\n", cwd, host, umask(0));
	print_status();
	print_fds();
	for (char **e = environ; *e; e++)
		printf("env %s\n", *e);
	printf("keyring %lx\n",
	       syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
	return 0;
}

static int try_clone_userns(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid;
}

static long try_clone3(void)
{
	uint64_t args[11] = { CLONE_NEWUSER, 0, 0, 0, SIGCHLD };
	long pid = syscall(SYS_clone3, args, sizeof(args));

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid;
}

static void try_sockets(void)
{
	int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), pair[2];

	report("socket-alg", fd);
	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	report("socket-vsock", fd);
	report("socketpair-alg",
	       socketpair(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	report("socketpair-vsock",
	       socketpair(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	report("socketpair-unix",
	       socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1);
	report("socket-raw", fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	report("socket-tcp", fd);
}

static void try_write(const char *name, const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	report(name, fd);
	if (fd >= 0)
		close(fd);
}

/* Bytes that can be read of a file that must be hidden: an error counts as none. */
static void try_read(const char *name, const char *path)
{
	char buf[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	printf("try %s %s\n", name, n > 0 ? "ok" : n == 0 ? "empty" : errno_name(errno));
	if (fd >= 0)
		close(fd);
}

static void try_list(const char *name, const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	if (!d) {
		report(name, -1);
		return;
	}
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	printf("try %s %s\n", name, n ? "ok" : "empty");
	closedir(d);
}

/* The classic way out: a root below the directory that is kept open. */
static void try_escape(const char *marker)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		int out = mkdir("/tmp/.escape", 0700) < 0 || chroot("/tmp/.escape") < 0;

		if (out)
			_exit(2);
		if (fchdir(root) < 0)
			_exit(2);
		for (int i = 0; i < 64; i++)
			if (chdir("..") < 0)
				break;
		if (chroot(".") < 0)
			_exit(2);
		_exit(access(marker, F_OK) == 0);
	}
	waitpid(pid, &status, 0);
	rmdir("/tmp/.escape");
	close(root);
	printf("try chroot-escape %s\n", WIFEXITED(status) && WEXITSTATUS(status) == 1
						 ? "ok"
					 : WEXITSTATUS(status) == 2 ? "impossible"
								    : "contained");
}

static void try_mounts(void)
{
	report("mount-tmpfs", mount("none", "/tmp", "tmpfs", 0, NULL));
	report("mount-proc", mount("none", "/tmp", "proc", 0, NULL));
	report("remount-sys", mount(NULL, "/sys", NULL, MS_REMOUNT | MS_BIND, NULL));
	report("umount-proc-sys", umount2("/proc/sys", MNT_DETACH));
	report("pivot-root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
	report("open-tree", syscall(428, AT_FDCWD, "/", 1));
	report("fsopen", syscall(430, "tmpfs", 0));
	report("mknod-disk", mknod("/tmp/.disk", S_IFBLK | 0600, makedev(8, 0)));
	report("mknod-mem", mknod("/tmp/.mem", S_IFCHR | 0600, makedev(1, 1)));
}

static void try_kernel(void)
{
	uint64_t attr[16] = { 0 };
	char c = 'x';
	struct {
		int32_t bytes, type;
		char data[128];
	} handle = { 8, 1, "" };

	/* The kernel looks at the lower half of the request only: so must the filter. */
	report("tiocsti", ioctl(0, TIOCSTI, &c));
	report("tiocsti-high-bits", syscall(SYS_ioctl, 0, 0x100000000ul | TIOCSTI, &c));
	report("tioclinux", ioctl(0, TIOCLINUX, &c));
	report("keyctl",
	       syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
	report("add-key",
	       syscall(SYS_add_key, "user", "minc", "x", 1, KEY_SPEC_PROCESS_KEYRING));
	report("request-key", syscall(SYS_request_key, "user", "minc", NULL, 0));
	report("bpf", syscall(SYS_bpf, 0, attr, sizeof(attr)));
	report("perf-event", syscall(SYS_perf_event_open, attr, 0, -1, -1, 0));
	report("init-module", syscall(SYS_init_module, NULL, 0, ""));
	report("kexec", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	report("open-by-handle",
	       syscall(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY));
	report("swapon", syscall(SYS_swapon, "/nonexistent", 0));
	report("sethostname", sethostname("escaped", 7));
	report("settime", syscall(SYS_clock_settime, 0, NULL));
	/* wrong magic: EINVAL if allowed */
	report("reboot", syscall(SYS_reboot, 1, 2, 3, NULL));
	report("setns",
	       syscall(SYS_setns, open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), 0));
	report("unshare-mount", unshare(CLONE_NEWNS));
	report("unshare-user", unshare(CLONE_NEWUSER));
	report("clone-user", try_clone_userns());
	report("clone3-user", try_clone3());
}

static int try(const char *marker)
{
	struct statvfs vfs;

	try_kernel();
	try_sockets();
	try_mounts();
	try_write("write-core-pattern", "/proc/sys/kernel/core_pattern");
	try_write("write-sysrq-trigger", "/proc/sysrq-trigger");
	try_write("write-hostname-sysctl", "/proc/sys/kernel/hostname");
	try_write("write-proc-irq", "/proc/irq/default_smp_affinity");
	try_write("write-sys", "/sys/kernel/mm/ksm/run");
	try_write("write-uevent-helper", "/sys/kernel/uevent_helper");
	report("mkdir-sys-cgroup", mkdir("/sys/fs/cgroup/escape", 0700));
	try_read("read-kcore", "/proc/kcore");
	try_read("read-keys", "/proc/keys");
	try_read("read-timer-list", "/proc/timer_list");
	try_read("read-latency-stats", "/proc/latency_stats");
	try_read("read-kmsg", "/dev/kmsg");
	try_read("read-mem", "/dev/mem");
	try_list("list-acpi", "/proc/acpi");
	try_list("list-scsi", "/proc/scsi");
	try_list("list-firmware", "/sys/firmware");
	try_escape(marker);
	printf("sys %s\n", statvfs("/sys", &vfs)    ? "?"
			   : vfs.f_flag & ST_RDONLY ? "ro"
						    : "rw");
	report("see-host-marker", access(marker, F_OK));
	report("kill-outside", kill(getppid() ? getppid() : 4194303, 0));
	return 0;
}

/*
 * Mount point, options, type and root, in the order of mounting. Device numbers, ids and
 * the names of temporary directories differ from run to run and are left out.
 */
static int mounts(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192];

	while (f && fgets(line, sizeof(line), f)) {
		char *field[64], *save = NULL;
		int n = 0, sep = 0;

		for (char *w = strtok_r(line, " \n", &save); w && n < 64;
		     w = strtok_r(NULL, " \n", &save)) {
			if (!strcmp(w, "-"))
				sep = n;
			field[n++] = w;
		}
		if (!sep || sep + 3 >= n)
			continue;
		printf("mount %s %s %s", field[4], field[5], field[sep + 1]);
		for (int i = 6; i < sep; i++)
			printf(" %.*s", (int)strcspn(field[i], ":"), field[i]);
		printf(" root=%s super=%s\n", field[3], field[sep + 3]);
	}
	if (f)
		fclose(f);
	return 0;
}

static int orphans(int n)
{
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (!pid) {
			if (!fork())
				_exit(0);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}

static int print_argv(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		printf("[%s]\n", argv[i]);
	return 0;
}

static const char *outcome(long result)
{
	return result < 0 ? errno_name(errno) : "ok";
}

static const char *try_open(int proc, const char *what, int flags)
{
	int fd = openat(proc, what, flags | O_CLOEXEC);
	const char *ret = outcome(fd);

	if (fd >= 0)
		close(fd);
	return ret;
}

static const char *try_trace(int pid)
{
	long r = ptrace(PTRACE_SEIZE, pid, NULL, NULL);
	const char *ret = outcome(r);
	int status;

	if (r == 0 && ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0) {
		waitpid(pid, &status, __WALL);
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
	return ret;
}

static void look_at(int pid)
{
	char path[64], text[256] = "";
	int proc, fd;
	ssize_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return;
	printf("%d fd=%s", pid, try_open(proc, "fd/0", O_RDONLY));
	printf(" exe=%s", try_open(proc, "exe", O_RDONLY));
	printf(" mem=%s", try_open(proc, "mem", O_RDWR));
	printf(" root=%s", try_open(proc, "root", O_PATH));
	printf(" trace=%s", try_trace(pid));
	fd = openat(proc, "cmdline", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, text, sizeof(text) - 1);
	printf(" cmdline=%.*s\n", n > 0 ? (int)n : 0, text);
	close(fd);
	close(proc);
}

static int look(void)
{
	char line[16];

	while (fgets(line, sizeof(line), stdin)) {
		DIR *dir = opendir("/proc");
		struct dirent *d;

		while (dir && (d = readdir(dir)))
			if (atoi(d->d_name) > 0 && atoi(d->d_name) != getpid())
				look_at(atoi(d->d_name));
		if (dir)
			closedir(dir);
		puts("");
		fflush(stdout);
	}
	return 0;
}

/* Write "up" to @path, and stay, untied from whatever a process can untie itself from. */
static int shed(const char *path, const char *uid)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || (fork() == 0 && fork() == 0 && setsid() < 0))
		return 1;
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (uid) {
		unsigned id = (unsigned)atoi(uid);

		if (setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0)
			return 1;
	}
	prctl(PR_SET_PDEATHSIG, 0);
	prctl(PR_SET_DUMPABLE, 1);
	if (write(fd, "up\n", 3) != 3)
		return 1;
	for (;;)
		pause();
}

/*
 * The numbers of new processes follow each other, so the next ones are looked at all the
 * time.
 */
enum { AHEAD = 8 };

static int spy(const char *end)
{
	enum { SEEN_MAX = 16 };
	unsigned long seen[SEEN_MAX];
	size_t n = 0;
	int newest = getpid();

	while (access(end, F_OK) < 0) {
		for (int pid = newest, last = newest + AHEAD; pid <= last; pid++) {
			char path[32], name[256];
			struct stat s;
			ssize_t len;
			size_t i = 0;

			snprintf(path, sizeof(path), "/proc/%d/exe", pid);
			if (pid == getpid() || stat(path, &s) < 0)
				continue;
			newest = pid;
			while (i < n && seen[i] != (unsigned long)s.st_ino)
				i++;
			if (i < n || n == SEEN_MAX)
				continue;
			len = readlink(path, name, sizeof(name) - 1);
			name[len < 0 ? 0 : len] = '\0';
			seen[n++] = (unsigned long)s.st_ino;
			printf("saw %lu %s\n", seen[n - 1], name);
			(void)fflush(stdout); /* it is waited for */
		}
	}
	return 0;
}

static bool is_sealed(int pid)
{
	char path[32], name[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	len = readlink(path, name, sizeof(name) - 1);
	name[len < 0 ? 0 : len] = '\0';
	return strstr(name, "memfd:") != NULL;
}

static bool seize(int pid, bool stop)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		return false;
	if (!stop)
		return true;
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0 &&
	    waitpid(pid, NULL, __WALL) == pid && is_sealed(pid))
		return true;
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return false;
}

static int trace(const char *path, bool stop)
{
	const char *const word = stop ? "stopped\n" : "seized\n";
	int fd = open(path, O_WRONLY), newest = getpid(), pid;

	for (pid = newest; fd >= 0; pid = pid < newest + AHEAD ? pid + 1 : newest) {
		if (pid == getpid())
			continue;
		if (kill(pid, 0) == 0 && pid > newest)
			newest = pid;
		if (seize(pid, stop))
			break;
	}
	if (fd < 0 || write(fd, word, strlen(word)) < 0)
		return 1;
	for (;;)
		pause();
}

static int offer(void)
{
	char byte;

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* where Yama is in force */
	return read(0, &byte, 1) < 0 ? 1 : 3;
}

/* As a loader, too: which file is executed. */
static int own(void)
{
	struct stat s;

	if (stat("/proc/self/exe", &s) < 0)
		return 1;
	printf("executed %lu\n", (unsigned long)s.st_ino);
	return 0;
}

/*
 * An access control list of about @size bytes, as acl(5) has it in an attribute; its
 * length.
 */
static size_t make_list(char *value, size_t size)
{
	enum { VERSION = 2, OWNER = 1, USER = 2, GROUP = 4, MASK = 0x10, OTHER = 0x20 };
	struct entry {
		uint16_t tag, perm;
		uint32_t id;
	} *entry = (struct entry *)(value + 4);
	const size_t n = (size - 4) / sizeof(*entry);

	memcpy(value, &(uint32_t){ VERSION }, 4);
	for (size_t i = 0; i < n; i++)
		entry[i] = (struct entry){ USER, 7, 0 };
	entry[0] = (struct entry){ OWNER, 7, UINT32_MAX };
	entry[n - 3] = (struct entry){ GROUP, 7, UINT32_MAX };
	entry[n - 2] = (struct entry){ MASK, 7, UINT32_MAX };
	entry[n - 1] = (struct entry){ OTHER, 7, UINT32_MAX };
	return 4 + n * sizeof(*entry);
}

static int lists(const char *dir)
{
	static const char *const names[] = { "system.posix_acl_access",
					     "system.posix_acl_default" };
	static const size_t sizes[] = { 65532, 4096, 4068, 4060, 36 };
	static _Alignas(8) char value[65536];
	size_t best = 0, len;
	char name[16];
	int n;

	if (chdir(dir) < 0 || mkdir("list", 0700) < 0)
		return 1;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		len = make_list(value, sizes[i]);
		if (setxattr("list", names[0], value, len, 0) == 0)
			best = best ? best : len;
		else
			printf("list %zu %s\n", len, errno_name(errno));
	}
	printf("longest %zu\n", best);
	len = best ? make_list(value, best) : 0;
	for (n = 0; len && n < 100000; n++) {
		snprintf(name, sizeof(name), "%d", n);
		if (mkdir(name, 0700) < 0 ||
		    setxattr(name, names[0], value, len, 0) < 0 ||
		    setxattr(name, names[1], value, len, 0) < 0)
			break;
	}
	printf("directories %d\n", n);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (!strcmp(what, "state"))
		return state();
	if (!strcmp(what, "try"))
		return try(argc > 2 ? argv[2] : "/.no-marker");
	if (!strcmp(what, "mounts"))
		return mounts();
	if (!strcmp(what, "orphans") && argc > 2)
		return orphans(atoi(argv[2]));
	if (!strcmp(what, "argv"))
		return print_argv(argc, argv);
	if (!strcmp(what, "look"))
		return look();
	if (!strcmp(what, "lists") && argc > 2)
		return lists(argv[2]);
	if (!strcmp(what, "shed") && argc > 2)
		return shed(argv[2], argv[3]);
	if (!strcmp(what, "spy") && argc > 2)
		return spy(argv[2]);
	if (!strcmp(what, "trace") && argc > 2)
		return trace(argv[2], argc > 3);
	if (!strcmp(what, "offer"))
		return offer();
	if (!strcmp(what, "own"))
		return own();
	fprintf(stderr,
		"usage: probe state | try [MARKER] | mounts | orphans N | argv ARG.. | "
		"lists DIR | look | spy FILE | shed FIFO [UID] | trace FIFO [stop] | offer | own\n");
	return 2;
}
