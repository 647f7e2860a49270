/* SPDX-License-Identifier: MIT */
/**
 * container.h - describe a container, start it, wait for it
 *
 *	#include <minc/minc.h>
 *	#include <stdio.h>
 *
 *	int main(void)
 *	{
 *		minc_ctx *c = minc_ctx_new();
 *		minc_container *ct = NULL;
 *		int status = 125;
 *
 *		minc_set_root(c, "/srv/debian", 0);
 *		minc_add_bind(c, "/srv/data", "/data", MINC_BIND_RDONLY);
 *		if (minc_start(c, (const char *[]){ "ls", "/data", NULL }, &ct) < 0)
 *			fprintf(stderr, "%s\n", minc_error_message(c));
 *		else if (minc_wait(ct, -1, &status) < 0)
 *			fprintf(stderr, "its exit status is not known\n");
 *		minc_container_free(ct);
 *		minc_ctx_free(c);
 *		return status;
 *	}
 *
 * A context (minc_ctx) is a description; it may start any number of containers, one
 * after the other or at the same time. It is not locked: use it from one thread at a
 * time. Strings are copied. The library prints nothing, installs no signal handler,
 * never exits, and waits only for its own processes.
 *
 * Without other calls a container is: new mount, pid, ipc and uts namespaces (and, for
 * a caller without privilege, a user namespace); a disposable overlay of the caller's
 * root and every mount below it; its own /dev, /proc, /tmp and a read-only /sys; eleven
 * capabilities; no_new_privs; the default seccomp filter; a clean environment.
 */
#ifndef MINC_CONTAINER_H
#define MINC_CONTAINER_H

#include <minc/error.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct minc_container minc_container;

/**
 * minc_ctx_new() - a new description with the defaults above
 *
 * Returns a context to be freed with minc_ctx_free(), or NULL without memory.
 */
minc_ctx *minc_ctx_new(void);

/**
 * minc_ctx_free() - forget a description; containers started from it go on
 * @c: context or NULL
 *
 * Returns NULL.
 */
minc_ctx *minc_ctx_free(minc_ctx *c);

/**
 * minc_ctx_clear_error() - forget the failure of a configuration call
 * @c: context or NULL
 *
 * What the failed call was to set stays as it was; the context can be used on.
 */
void minc_ctx_clear_error(minc_ctx *c);

/**
 * minc_set_origin() - name the option of the user that the following calls carry out
 * @c: context
 * @text: such as "--bind /a:/b", for messages and minc_explain(); NULL: the call's name
 *
 * Returns 0, or -ENOMEM.
 */
int minc_set_origin(minc_ctx *c, const char *text);

/** enum minc_root_flags - how the root directory is used */
enum minc_root_flags {
	MINC_ROOT_DIRECT = 1 << 0,     /* no overlay: writes reach the directory */
	MINC_ROOT_RDONLY = 1 << 1,     /* the root cannot be written */
	MINC_ROOT_SUBMOUNTS = 1 << 2,  /* mounts below the directory are shown too */
	MINC_ROOT_NOSUBMOUNTS = 1 << 3 /* they appear as empty directories */
};

/**
 * minc_set_root() - the directory the container sees as /
 * @c: context
 * @dir: absolute or relative host path; "/" is the default
 * @flags: MINC_ROOT_*. Without a flag about them, submounts are shown for "/" and not for
 *	any other directory
 *
 * The directory is only read, unless MINC_ROOT_DIRECT: what the container writes goes to
 * a private tmpfs, or to the directory of minc_set_storage().
 *
 * Returns 0, or -EINVAL: empty path, control characters, unknown or contradicting flags;
 * -ENOMEM. If the directory cannot be used, the start fails.
 */
int minc_set_root(minc_ctx *c, const char *dir, unsigned flags);

/**
 * minc_set_storage() - keep what the container writes
 * @c: context
 * @dir: existing host directory; storage/ and work/ are made in it, or reused. NULL: the
 *	library makes a new directory below $XDG_RUNTIME_DIR (else /run for root, else
 *	$TMPDIR or /tmp)
 *
 * Only one container at a time may use a directory. See "upper" in mount(8), overlay.
 *
 * Returns 0, or -EINVAL: empty path or control characters; -ENOMEM. The start fails with
 * -EBUSY while another container uses @dir.
 */
int minc_set_storage(minc_ctx *c, const char *dir);

/**
 * minc_storage() - the directory chosen by minc_set_storage()
 * @c: context
 *
 * Returns its absolute path after a container has started, owned by @c; else NULL.
 */
const char *minc_storage(const minc_ctx *c);

/** enum minc_bind_flags - how a host file or directory is shown */
enum minc_bind_flags {
	MINC_BIND_RDONLY = 1 << 0, /* the container cannot write it; a device: minc(7) */
	MINC_BIND_DEV = 1 << 1,    /* device files in it work; implied if it is one */
	MINC_BIND_SUID = 1 << 2,   /* set-user-ID bits and file capabilities in it work */
	/* a directory that begins with what the image has there */
	MINC_BIND_VOLUME = 1 << 3,
	MINC_BIND_NOEXEC = 1 << 4, /* programs in it cannot be executed */
	MINC_BIND_NOCOPY = 1 << 5  /* with MINC_BIND_VOLUME: it begins empty */
};

/**
 * minc_add_bind() - show a host file or directory inside
 * @c: context
 * @src: host path, absolute or relative to the caller's directory
 * @dst: path inside, absolute; NULL means the absolute @src. Created if missing, never
 *	in a directory that the container only reads
 * @flags: MINC_BIND_*
 *
 * Binds and tmpfs are mounted after the root and the API file systems. No mount hides
 * another, whatever the order of the calls: a @dst with fewer components is mounted
 * first; with an equal number, call order counts. Mounts below @src come with it. A
 * symbolic link in @dst is followed inside the root.
 *
 * MINC_BIND_VOLUME needs an absolute @src and a @dst. If @src is missing, or new from
 * minc_volume_create(), it becomes a copy of the directory @dst of the image, with
 * contents, owners and modes, before the command starts: once, and whole or not at
 * all. If the image has no such directory, or with MINC_BIND_NOCOPY, @src becomes an
 * empty directory of the command's user. The directory above @src must belong to the
 * caller and be closed to others; it is made if it is missing.
 *
 * Returns 0, or -EINVAL: empty or relative @dst, "..", control characters, unknown
 * flag, a volume without a path, MINC_BIND_NOCOPY without MINC_BIND_VOLUME, another mount
 * on @dst (the same call again is accepted); -ENOMEM. The start fails if @src is missing,
 * if @src is a file and @dst a directory of the container, or the other way round.
 * See open_tree(2), move_mount(2), mount_setattr(2).
 */
int minc_add_bind(minc_ctx *c, const char *src, const char *dst, unsigned flags);

/** enum minc_tmpfs_flags - flags in the mode of minc_add_tmpfs() */
enum minc_tmpfs_flags {
	MINC_TMPFS_RDONLY = 1 << 16, /* nobody can write it: it stays empty */
	MINC_TMPFS_NOEXEC = 1 << 17  /* programs in it cannot be executed */
};

/**
 * minc_add_tmpfs() - an empty, writable, disposable directory
 * @c: context
 * @dst: path inside, absolute; created if missing
 * @size_bytes: limit of its contents; it also limits the number of files, to one for
 *	each 8 KiB. 0: as MINC_LIMIT_SCRATCH
 * @mode: permissions 0..07777, and MINC_TMPFS_*
 *
 * Mounted in the order that minc_add_bind() describes. Device files and set-user-ID
 * bits in it do not work. Every container has /dev/shm: there a call sets the size,
 * and a later call replaces an earlier one.
 *
 * Returns 0, or -EINVAL: bad path, mode or flag, or another mount on @dst;
 * -ENOMEM. See tmpfs(5).
 */
int minc_add_tmpfs(minc_ctx *c, const char *dst, uint64_t size_bytes, unsigned mode);

/**
 * minc_set_tmpfs_owner() - owner of the directory of the last minc_add_tmpfs()
 * @c: context
 * @uid: user id inside; without this call the owner is root
 * @gid: group id inside
 *
 * Returns 0, or -EINVAL: no minc_add_tmpfs() before it, or an id above 4294967294. An id
 * that the container's user namespace lacks fails the start.
 */
int minc_set_tmpfs_owner(minc_ctx *c, uint32_t uid, uint32_t gid);

/**
 * minc_set_hostname() - host name inside
 * @c: context
 * @name: 1 to 64 printable bytes; without this call the host's name
 *
 * Returns 0, or -EINVAL: empty or unprintable; -ENAMETOOLONG; -ENOMEM.
 * See sethostname(2).
 */
int minc_set_hostname(minc_ctx *c, const char *name);

/**
 * minc_add_host() - a name that can be looked up inside
 * @c: context
 * @name_address: "NAME:ADDRESS", with an IPv4 address, an IPv6 address with or without
 *	brackets, or "host-gateway": 127.0.0.1, which is the host with the host's network
 *
 * The name gets a line in the container's /etc/hosts, before all others.
 *
 * Returns 0, or -EINVAL: not a name and an address; -ENAMETOOLONG: a name longer than 253
 * bytes; -ENOMEM. "host-gateway" fails the start with another network. See hosts(5).
 */
int minc_add_host(minc_ctx *c, const char *name_address);

/**
 * minc_set_user() - user and group of the command
 * @c: context
 * @user: "UID", "UID:GID", "NAME" or "NAME:GROUP"; ":GROUP" is root with another group. A
 *	number is never looked up as a name; names are those of the container's
 *	/etc/passwd and /etc/group
 *
 * Default 0:0. Without a group ("UID" or "UID:"), the group is that of the container's
 * passwd(5), else 0. Supplementary groups come from the container's group(5).
 *
 * Returns 0, or -EINVAL: empty, unprintable, a number with a sign or above 4294967294;
 * -ENOMEM. An unknown name fails the start with -ENOENT.
 */
int minc_set_user(minc_ctx *c, const char *user);

/**
 * minc_add_env() - set one environment variable of the command
 * @c: context
 * @name: not empty, no '='
 * @value: any text; NULL copies the value that the caller has, if any
 *
 * The environment is otherwise PATH, HOME (from the container's passwd) and, with a
 * terminal, TERM. A later call replaces an earlier one.
 *
 * Returns 0, or -EINVAL: NULL or empty @name, or '=' in it; -ENOMEM. See environ(7).
 */
int minc_add_env(minc_ctx *c, const char *name, const char *value);

/**
 * minc_set_cwd() - working directory of the command
 * @c: context
 * @dir: absolute path inside; it must exist. Default: the caller's directory where the
 *	root is "/" and it exists inside, else "/"
 *
 * Returns 0, or -EINVAL: relative, "..", unprintable; -ENOMEM.
 */
int minc_set_cwd(minc_ctx *c, const char *dir);

/**
 * minc_set_umask() - permissions that new files of the command do not get
 * @c: context
 * @mask: 0 to 0777; -1: the caller's own, as it is now. Default: 022
 *
 * Returns 0, or -EINVAL: another number; -ENOSYS: -1, and /proc does not
 * show the caller's umask.
 * See umask(2).
 */
int minc_set_umask(minc_ctx *c, int mask);

/**
 * minc_add_cap() / minc_drop_cap() - change the command's capabilities
 * @c: context
 * @names: comma-separated names with or without "CAP_", in any case, or "all"
 *
 * Default: chown dac_override fowner fsetid kill net_bind_service setfcap setgid
 * setpcap setuid sys_chroot. Calls apply in order. Without a user namespace mknod needs a
 * control group, which lists the devices that work; not with MINC_PRIVILEGED or
 * MINC_HOST_DEV, which allow all devices.
 *
 * Returns 0, or -EINVAL: unknown name; -ENOMEM. See capabilities(7).
 */
int minc_add_cap(minc_ctx *c, const char *names);
int minc_drop_cap(minc_ctx *c, const char *names);

/**
 * minc_set_seccomp() - which system calls the command may make
 * @c: context
 * @profile: "default", "unconfined", or the path of a profile in the JSON form of
 *	podman(1) --security-opt seccomp=
 *
 * Returns 0, or -EINVAL: empty; -ENOMEM. A bad profile fails the start. See seccomp(2).
 */
int minc_set_seccomp(minc_ctx *c, const char *profile);

/**
 * minc_set_network() - the container's network
 * @c: context
 * @mode: "host": the caller's network, the default; "none" or "raw": a network namespace
 *	of its own with only the loopback interface; "raw,IFNAME": the same, with the
 *	interface IFNAME of the host moved into it
 *
 * Returns 0, or -EINVAL: unknown mode or impossible interface name; -ENOMEM.
 * See network_namespaces(7).
 */
int minc_set_network(minc_ctx *c, const char *mode);

/**
 * minc_set_userns() - which ids the container uses
 * @c: context
 * @mode: "auto": none for a privileged caller, else "range" if /etc/subuid and
 *	newuidmap(1) allow it, else "single"; "host": no user namespace; "single": the
 *	caller becomes the container's user; "range": the caller becomes 0, and its
 *	subordinate ids become 1 and up
 *
 * Returns 0, or -EINVAL: unknown mode; -ENOMEM. See user_namespaces(7), subuid(5).
 */
int minc_set_userns(minc_ctx *c, const char *mode);

/**
 * minc_set_cpus() - CPUs the command may run on
 * @c: context
 * @mask: hexadecimal, as taskset(1), such as "3" or "0x3"
 *
 * Returns 0, or -EINVAL: not hexadecimal, or zero; -ERANGE: a CPU above 1023; -ENOMEM.
 * See sched_setaffinity(2).
 */
int minc_set_cpus(minc_ctx *c, const char *mask);

/** enum minc_limit - what minc_set_limit() limits */
enum minc_limit {
	MINC_LIMIT_MEMORY = 1,        /* bytes */
	MINC_LIMIT_MEMORY_SWAP = 2,   /* bytes of memory and swap together */
	MINC_LIMIT_MEMORY_KERNEL = 3, /* bytes of kernel memory; cgroup v1 before 5.16 */
	MINC_LIMIT_CPU_SHARES = 4,    /* 2 to 262144, relative to others' 1024 */
	MINC_LIMIT_CPU_QUOTA_US = 5,  /* microseconds of CPU time in each period */
	MINC_LIMIT_CPU_PERIOD_US = 6, /* 1000 to 1000000; default 100000 */
	MINC_LIMIT_PIDS = 7,          /* processes and threads */
	MINC_LIMIT_IO_WEIGHT = 8,     /* 10 to 1000, relative to others' 100 */
	MINC_LIMIT_SCRATCH = 9        /* bytes that are written and not kept */
};

/**
 * minc_set_limit() - limit a resource of all processes in the container together
 * @c: context
 * @limit: one of enum minc_limit
 * @value: in the unit that is named there; -1: no limit, for MEMORY, MEMORY_SWAP,
 *	CPU_QUOTA_US, PIDS and SCRATCH
 *
 * Limits are enforced by control groups of version 1 or 2, whichever has the controller.
 * A limit that this host or this caller cannot enforce fails the start; with
 * MINC_BEST_EFFORT it is a warning. A process that exceeds the memory is killed: status
 * 137. MEMORY_SWAP needs MEMORY and is at least as large; without it swap is not limited.
 * SCRATCH needs no group. It is the size of one tmpfs for all that is written to the
 * overlay, /tmp and /dev/shm and not kept; the default is a quarter of the machine's
 * memory. A program that writes more, or makes more than one file for each 8 KiB, gets
 * ENOSPC.
 *
 * Returns 0, or -EINVAL: unknown limit; -ERANGE: value out of range; -ENOMEM.
 * See cgroups(7).
 */
int minc_set_limit(minc_ctx *c, enum minc_limit limit, int64_t value);

/**
 * minc_set_cpuset() - CPUs and memory nodes of the container
 * @c: context
 * @cpus: list such as "0-1,3"; NULL: not limited
 * @mems: list of NUMA nodes; NULL: not limited
 *
 * The command cannot leave these CPUs, unlike those of minc_set_cpus(). The start
 * fails if the caller's own control group lacks one of the CPUs or nodes.
 *
 * Returns 0, or -EINVAL: not such a list; -ERANGE: above 1023; -ENOMEM. See cpuset(7).
 */
int minc_set_cpuset(minc_ctx *c, const char *cpus, const char *mems);

/** enum minc_io_limit - what minc_set_io_limit() limits */
enum minc_io_limit {
	MINC_IO_READ_BPS = 1, /* bytes per second */
	MINC_IO_WRITE_BPS = 2,
	MINC_IO_READ_IOPS = 3, /* operations per second */
	MINC_IO_WRITE_IOPS = 4
};

/**
 * minc_set_io_limit() - limit the use of a block device
 * @c: context
 * @device: absolute path of a whole disk, not of a partition; or "MAJOR:MINOR"
 * @which: one of enum minc_io_limit
 * @value: per second, not 0
 *
 * A later call for the same device and @which replaces an earlier one. Enforced as in
 * minc_set_limit(). Writes through the page cache are only limited on cgroup v2.
 *
 * Returns 0, or -EINVAL: relative path, unknown @which, value 0; -ENOMEM. The start
 * fails if @device is missing or is no block device.
 */
int minc_set_io_limit(minc_ctx *c, const char *device, enum minc_io_limit which,
		      uint64_t value);

#define MINC_RLIMIT_INFINITY UINT64_MAX

/**
 * minc_set_rlimit() - limit a resource of each process on its own
 * @c: context
 * @name: resource of setrlimit(2) in lower case without "RLIMIT_", such as "nofile"
 * @soft: limit; MINC_RLIMIT_INFINITY: none
 * @hard: limit to which the command may raise @soft
 *
 * Without this call the command has the caller's limit. Raising a hard limit needs
 * CAP_SYS_RESOURCE; without that capability the start fails.
 *
 * Returns 0, or -EINVAL: unknown name, @soft above @hard; -ENOMEM.
 */
int minc_set_rlimit(minc_ctx *c, const char *name, uint64_t soft, uint64_t hard);

/**
 * minc_pass_fd() - give the command an open file
 * @c: context
 * @fd: open descriptor of the caller, which keeps it; it must stay open until the start
 * @target: its number inside, 0 to 1023
 *
 * The command has 0, 1, 2 and these descriptors, and no other.
 *
 * Returns 0, or -EBADF: @fd is not open; -EINVAL: bad or repeated @target; -EMFILE: more
 * than 64; -ENOMEM. A start fails with -EBADF if @fd has been closed.
 */
int minc_pass_fd(minc_ctx *c, int fd, int target);

/**
 * minc_set_stdio() - the command's standard input, output and error output
 * @c: context
 * @in: open descriptor of the caller, which keeps it; it must stay open until the start.
 *	-1: the caller's own standard input
 * @out: the same of output
 * @err: the same of error output; may be @out
 *
 * May be called again: it replaces what was said of these three before, also by
 * minc_pass_fd(). In the background they are the log's, and all must be -1.
 *
 * Returns 0, or -EBADF: one is not open; -EMFILE: the command would have more than
 * 64 descriptors of the caller; -ENOMEM. A start fails with -EBADF if one was closed.
 */
int minc_set_stdio(minc_ctx *c, int in, int out, int err);

/** enum minc_flag - switches of minc_set_flag() */
enum minc_flag {
	/* all capabilities, no seccomp, no masks, writable /sys */
	MINC_PRIVILEGED = 1,
	MINC_BEST_EFFORT = 2,     /* warn if a protection or limit cannot be applied */
	MINC_INIT = 3,            /* a minimal init is process 1 and reaps orphans */
	MINC_TERMINAL = 4,        /* a terminal of its own: minc_container_terminal() */
	MINC_DIE_WITH_PARENT = 5, /* the container is killed when its starter ends */
	MINC_HOST_DEV = 6,        /* the host's devtmpfs on /dev */
	MINC_DEBUGFS = 7,         /* debugfs on /sys/kernel/debug */
	MINC_INHERIT_ENV = 8,     /* the caller's environment, less MINC_* */
	MINC_BACKGROUND = 9,      /* it lives on without the starter: background.h */
	MINC_AUTO_REMOVE = 10,    /* with MINC_BACKGROUND: minc_delete() at its end */
	/*
	 * calls that change owners report success and do nothing, and a process that
	 * gives up root sees the new id; default: on for an image with a single id
	 */
	MINC_FAKE_ROOT = 11,
	/* with MINC_BACKGROUND: the starter is attached to it; see minc_attach() */
	MINC_ATTACHED = 12,
	MINC_INSECURE_POLICY = 13, /* the policy of mincs-policy(5) does not apply */
	/*
	 * if the command's user could not open the output by name, the command gets a
	 * pipe, and minc_foreground() copies
	 */
	MINC_COPY_OUTPUT = 14,
	/* minc_attach() without a terminal forwards no signals */
	MINC_KEEP_SIGNALS = 15
};

/**
 * minc_set_flag() - turn a switch on or off
 * @c: context
 * @flag: one of enum minc_flag
 * @on: 0 or 1
 *
 * Returns 0, or -EINVAL: unknown flag or value; -ENOMEM.
 */
int minc_set_flag(minc_ctx *c, enum minc_flag flag, int on);

/**
 * minc_load_config() - take the description from an OCI config.json
 * @c: context
 * @path: host file; a relative root.path in it is relative to the directory of @path
 *
 * Fields that this version does not support are refused, never ignored. process.args is
 * the command if minc_start() gets NULL as @argv.
 *
 * Returns 0, or -EINVAL: not strict JSON, or a refused field, named in the message;
 * -ENOENT and other errors of open(2); -ENOSYS: built without jansson, or its module is
 * missing; -ENOMEM. See the OCI runtime specification, config.md.
 */
int minc_load_config(minc_ctx *c, const char *path);

/** typedef minc_log_fn - receives warnings, one line each, in the caller's thread */
typedef void (*minc_log_fn)(const char *line, void *userdata);

/**
 * minc_set_log() - where warnings go
 * @c: context
 * @fn: called during minc_start() with each warning of MINC_BEST_EFFORT, and during any
 *	long wait with what it waits for: locks, registries, the end of killed processes.
 *	NULL: warnings are dropped
 * @userdata: handed to @fn
 */
void minc_set_log(minc_ctx *c, minc_log_fn fn, void *userdata);

/** enum minc_format - languages of minc_explain() */
enum minc_format {
	MINC_FORMAT_SHELL = 1, /* a commented, runnable POSIX shell script */
	MINC_FORMAT_JSON = 2,  /* the steps, for programs */
	MINC_FORMAT_OCI = 3    /* an OCI config.json */
};

/**
 * minc_explain() - print what minc_start() would do, without doing it
 * @c: context
 * @argv: the command, NULL-terminated; NULL: the user's shell
 * @format: one of enum minc_format
 * @ret: on success a string for free(3)
 *
 * Returns 0, or the error minc_start() would return while planning.
 */
int minc_explain(minc_ctx *c, const char *const *argv, enum minc_format format,
		 char **ret);

/**
 * minc_start() - start the command in a new container
 * @c: context
 * @argv: the command, found in PATH inside, and its arguments, NULL-terminated; NULL:
 *	$SHELL, else /bin/sh
 * @ret: on success the container, to be freed with minc_container_free()
 *
 * Returns after execve(2) succeeded, so 0 means the command runs. Its standard files are
 * the caller's, or its own terminal with MINC_TERMINAL. The time taken does not depend
 * on the caller's memory, unless minc_set_user() or "range" ids are used.
 *
 * Returns 0; the first error of a configuration call; -ENOMEM; or the error of a step,
 * with minc_error_step(). Nothing is left behind then. -ENOENT, -EACCES, -ENOEXEC of the
 * command itself: see minc_error_exit_status().
 * See clone(2), namespaces(7).
 */
int minc_start(minc_ctx *c, const char *const *argv, minc_container **ret);

/**
 * minc_start_idle() - the files of a container, without its command
 * @c: context that describes the container, as for minc_start(). Calls about the command,
 *	the network and limits have no effect
 * @ret: on success the container, for minc_copy(); minc_container_free() ends it
 *
 * No program of the container is executed: one process of the library holds the file
 * tree that a start would have, with its mounts. With minc_set_storage() files can be
 * copied to and from a container that is not running; the directory is in use meanwhile.
 * minc_copy() refuses to write to what is in memory only and would be lost: a tmpfs, and
 * without storage the root. The process ends with the caller in any case.
 *
 * Returns 0, or as minc_start().
 */
int minc_start_idle(minc_ctx *c, minc_container **ret);

/**
 * minc_run() - minc_start(), minc_foreground(), minc_container_free()
 * @c: context
 * @argv: as minc_start()
 * @ret_status: as minc_wait()
 *
 * Returns 0, or as minc_start() and minc_foreground().
 */
int minc_run(minc_ctx *c, const char *const *argv, int *ret_status);

/**
 * minc_container_pid() - process id of the container's process 1, in the caller's view
 * @ct: container
 *
 * For display: use the pidfd to act on it. Returns a positive number.
 */
int minc_container_pid(const minc_container *ct);

/**
 * minc_container_pidfd() - descriptor that becomes readable when the command ended
 * @ct: container
 *
 * Returns a descriptor owned by @ct, for poll(2). See pidfd_open(2).
 */
int minc_container_pidfd(const minc_container *ct);

/**
 * minc_container_terminal() - master side of the container's own terminal
 * @ct: container
 *
 * Returns a descriptor owned by @ct, or -ENOTTY without MINC_TERMINAL. See pty(7).
 */
int minc_container_terminal(const minc_container *ct);

/**
 * minc_wait() - wait for the command's end
 * @ct: container
 * @timeout_ms: milliseconds, 0 to look only, -1 for ever
 * @ret_status: the exit status, or 128+N if signal N ended it; may be NULL
 *
 * May be called again, and then returns the same status. Waits for this process only.
 *
 * Returns 0, or -ETIMEDOUT: it still runs; -EINTR: a signal handler ran; -ECHILD: before
 * Linux 6.15, something else reaped the process (SIGCHLD ignored, or a wait(2) of the
 * program); since then its status is known all the same. See waitid(2).
 */
int minc_wait(minc_container *ct, int timeout_ms, int *ret_status);

/**
 * minc_kill() - send a signal to the container's process 1
 * @ct: container
 * @sig: signal number; 0 to check
 *
 * The kernel withholds from process 1 a signal that it neither catches nor ignores (see
 * pid_namespaces(7)). The library then does what @sig would do to any other process: it
 * ends the container, stops it, or does nothing. minc_wait() reports 128+@sig.
 *
 * Returns 0, or -EINVAL: no such signal; -ESRCH: it has ended.
 */
int minc_kill(minc_container *ct, int sig);

/**
 * minc_foreground() - wait, and connect the container to the caller's terminal
 * @ct: container
 * @ret_status: as minc_wait()
 *
 * Copies between the caller's terminal (the first of descriptors 0, 1 and 2 that is
 * one) and the container's, in raw mode, which ends before every return; passes on
 * changes of the window size; forwards INT, QUIT, TERM, HUP, USR1, USR2, TSTP and
 * CONT. These signals are blocked in the calling thread meanwhile and read by
 * signalfd(2): a program with other threads should have them blocked there too.
 *
 * Returns 0, or as minc_wait().
 */
int minc_foreground(minc_container *ct, int *ret_status);

/**
 * minc_container_free() - forget a container
 * @ct: container or NULL
 *
 * A running container goes on; with MINC_TERMINAL, until it uses its terminal.
 *
 * Returns NULL.
 */
minc_container *minc_container_free(minc_container *ct);

#ifdef __cplusplus
}
#endif

#endif
