/* SPDX-License-Identifier: MIT */
/**
 * background.h - containers in the background: find, attach, exec, stop
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
 *		minc_set_flag(c, MINC_BACKGROUND, 1);
 *		minc_set_name(c, "web");
 *		if (minc_start(c, (const char *[]){ "sleep", "1", NULL }, &ct) < 0)
 *			fprintf(stderr, "%s\n", minc_error_message(c));
 *		ct = minc_container_free(ct);
 *		if (minc_open(c, "web", &ct) == 0 && minc_wait(ct, -1, &status) == 0)
 *			minc_delete(c, ct, 0);
 *		minc_container_free(ct);
 *		minc_ctx_free(c);
 *		return status;
 *	}
 *
 * A container of MINC_BACKGROUND does not need its starter. It has one small process
 * beside it, the monitor, which keeps its terminal and its log, serves attached
 * clients, and records its exit status. Its state lies in a directory of its own,
 * below /run/minc for root and $XDG_RUNTIME_DIR/minc (else /tmp/minc-UID) for others;
 * MINC_STATE_DIR names another place. No other process is involved: these functions
 * read that directory, talk to the monitor, and act on the container by its pidfd.
 * They work on the caller's own containers, with or without privilege. If the monitor
 * dies, the container dies too.
 *
 * The context @c of these functions receives the message of a failure (error.h); its
 * description is not changed, nor used if the text does not say so.
 */
#ifndef MINC_BACKGROUND_H
#define MINC_BACKGROUND_H

#include <minc/container.h>
#include <minc/error.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * minc_set_name() - name by which a background container can be found
 * @c: context
 * @name: 1 to 64 of [a-zA-Z0-9_.-], first a letter or digit. minc_open() finds it by the
 *	whole name only, unlike an id
 *
 * The start fails with -EEXIST while another container of the caller has the name. It is
 * also the host name, unless minc_set_hostname() gives one.
 *
 * Returns 0, or -EINVAL: another character, or empty; -ENAMETOOLONG; -ENOMEM.
 */
int minc_set_name(minc_ctx *c, const char *name);

/**
 * minc_set_id() - identifier of a background container, instead of a random one
 * @c: context
 * @id: 64 lower-case hexadecimal digits; NULL: a random one
 *
 * The start fails with -EEXIST while a container of the caller has this id, also one that
 * has ended.
 *
 * Returns 0, or -EINVAL: anything else; -ENOMEM.
 */
int minc_set_id(minc_ctx *c, const char *id);

/**
 * minc_set_log_size() - how much of a background container's output is kept
 * @c: context
 * @bytes: at least 4096. A log that reaches this size becomes the old log, and the old
 *	log before it is removed: at most twice this size is kept. Default: 64 MiB
 *
 * Returns 0, or -EINVAL: below 4096.
 */
int minc_set_log_size(minc_ctx *c, uint64_t bytes);

/**
 * minc_container_id() - identifier of a background container
 * @ct: container
 *
 * Returns 64 lower-case hexadecimal digits, owned by @ct; "" for a container that is not
 * in the background.
 */
const char *minc_container_id(const minc_container *ct);

/**
 * minc_container_name() - name from minc_set_name() or minc_rename(), else the host name
 * @ct: container
 *
 * Returns a string owned by @ct, valid until minc_rename(); "" for a container that is
 * not in the background.
 */
const char *minc_container_name(const minc_container *ct);

/**
 * minc_container_dir() - the directory with a background container's state and log
 * @ct: container
 *
 * Returns an absolute path, owned by @ct; "" for a container that is not in the
 * background.
 */
const char *minc_container_dir(const minc_container *ct);

/**
 * minc_container_command() - command of a background container
 * @ct: container
 *
 * Returns the command and its arguments, NULL-terminated, owned by @ct; an empty array
 * for a container that is not in the background.
 */
const char *const *minc_container_command(const minc_container *ct);

/**
 * minc_container_storage() - directory in which a background container keeps its files
 * @ct: container
 *
 * Returns the directory of minc_set_storage(), absolute, owned by @ct; NULL without one.
 */
const char *minc_container_storage(const minc_container *ct);

/**
 * minc_container_created_ms() / minc_container_ended_ms() - times of a background
 * container
 * @ct: container
 *
 * Returns milliseconds since the epoch; 0 for a container that is not in the background;
 * minc_container_ended_ms() also while it has not ended, or if its end was not recorded.
 */
int64_t minc_container_created_ms(const minc_container *ct);
int64_t minc_container_ended_ms(const minc_container *ct);

/** enum minc_state - state of a container */
enum minc_state {
	MINC_STATE_RUNNING = 1,
	MINC_STATE_PAUSED = 2,
	MINC_STATE_EXITED = 3, /* minc_wait() has its status */
	MINC_STATE_LOST = 4    /* it ended with its monitor: the status is not known */
};

/**
 * minc_container_state() - state of a container at this moment
 * @ct: container
 *
 * Returns one of enum minc_state, or -EINVAL: @ct is NULL.
 */
int minc_container_state(const minc_container *ct);

/**
 * minc_open() - find a background container
 * @c: context, for the error
 * @id: its name, its id, or the beginning of an id
 * @ret: on success the container, to be freed with minc_container_free()
 *
 * A whole name is preferred to an id. Containers that have ended are found until
 * minc_delete().
 *
 * Returns 0, or -ENOENT: there is none; -ENOTUNIQ: an ambiguous prefix, the message lists
 * the candidates; -EINVAL: empty, or characters that neither a name nor an id has;
 * -EBADMSG: its state is damaged, see minc_forget(); -ENOSYS: built without jansson, or
 * its module is missing; -ENOMEM.
 */
int minc_open(minc_ctx *c, const char *id, minc_container **ret);

/**
 * typedef minc_container_fn - one container; not 0 ends minc_foreach(), which returns it
 */
typedef int (*minc_container_fn)(minc_container *ct, void *userdata);

/**
 * minc_foreach() - visit the caller's background containers, oldest first
 * @c: context, for the error
 * @fn: called for each; the container is freed afterwards
 * @userdata: handed to @fn
 *
 * Containers with damaged state are left out, with a warning for minc_set_log().
 *
 * Returns 0, what @fn returned, or -errno as minc_open().
 */
int minc_foreach(minc_ctx *c, minc_container_fn fn, void *userdata);

/**
 * minc_exec() - start another command in a running container
 * @c: context that describes the process, by minc_set_user(), minc_add_env(),
 *	minc_set_cwd(), minc_set_cpus(), minc_add_cap(), minc_drop_cap(),
 *	minc_set_seccomp(), minc_pass_fd(), minc_set_origin(), and the flags
 *	MINC_TERMINAL, MINC_PRIVILEGED, MINC_BEST_EFFORT, MINC_INHERIT_ENV,
 *	MINC_COPY_OUTPUT, MINC_DIE_WITH_PARENT. A description of a container is refused
 * @ct: container in the background
 * @argv: the command, found in PATH inside, and its arguments, NULL-terminated
 * @ret: on success the process, for minc_wait(), minc_kill(), minc_foreground(),
 *	minc_container_terminal() and minc_container_free()
 *
 * The process joins the namespaces and control groups of the container. It has the
 * container's user, environment, directory, capabilities and seccomp filter, except where
 * @c sets its own; names of users are the container's. Until all that is done it
 * cannot be traced or looked into from inside. It never shares the caller's memory, so
 * the time taken grows with that.
 *
 * The process is a child of the caller and outlives it, except with MINC_DIE_WITH_PARENT.
 * Wait for it when it ends: until then the container cannot end (pid_namespaces(7)), and
 * minc_wait() for the container does not return.
 *
 * Returns 0, or -ESRCH: the container has ended; -EBUSY: it is paused; -ECANCELED: a
 * process inside stopped the new process before its command ran; -EOPNOTSUPP: @ct is not
 * in the background; -EINVAL: @c describes more than a process, there is no command, or
 * the container's user namespace does not have the user; -ENOSYS: built without jansson,
 * or its module is missing; otherwise as minc_start(). See setns(2), nsenter(1).
 */
int minc_exec(minc_ctx *c, minc_container *ct, const char *const *argv,
	      minc_container **ret);

/**
 * minc_attach() - connect the caller's standard files to a background container's
 * @c: context, for the error
 * @ct: container
 * @detach_keys: keys that end the call, separated by commas, each a character or "ctrl-"
 *	with one of a-z @ [ \ ] ^ _; NULL: "ctrl-p,ctrl-q"; "": none
 * @ret_status: as minc_wait(); written when the container ended
 *
 * With a terminal on both sides the caller's is in raw mode meanwhile, the container's
 * gets its size, and the program inside is asked to draw again. Several callers may
 * attach at once: all see the output. A slow one misses what it cannot take, and does
 * not delay the others; the log has everything. Without a terminal only output is
 * carried, and the signals with which a user or the system ends programs are forwarded
 * to the container, unless @c has MINC_KEEP_SIGNALS.
 *
 * The starter of a container with MINC_ATTACHED is attached before the command begins:
 * its first call, with the handle of minc_start(), gets all output. Until that call, or
 * minc_container_free(), a container that writes much waits.
 * Without a terminal the command's standard input is then that of minc_start()'s caller,
 * not /dev/null.
 *
 * Returns 0 when the container has ended, 1 when the keys were typed, or -ESRCH: it had
 * ended before; -EUSERS: 32 are attached or wait for its end; -EINVAL: bad @detach_keys;
 * -errno as read(2) and connect(2).
 */
int minc_attach(minc_ctx *c, minc_container *ct, const char *detach_keys,
		int *ret_status);

/**
 * minc_resize() - size of a background container's terminal
 * @ct: container
 * @rows: lines
 * @cols: columns
 *
 * Returns 0, or -ENOTTY: it has no terminal; -ESRCH: it has ended; -EUSERS: as
 * minc_attach(); -EINVAL: zero or above 65535; -errno as connect(2).
 */
int minc_resize(minc_container *ct, unsigned rows, unsigned cols);

/** enum minc_log_flags - which output minc_logs() gives, and how */
enum minc_log_flags {
	MINC_LOG_STDOUT = 1 << 0,    /* with a terminal all is stdout */
	MINC_LOG_STDERR = 1 << 1,    /* neither of the two bits: both streams */
	MINC_LOG_FOLLOW = 1 << 2,    /* go on until the container ends */
	MINC_LOG_TIMESTAMPS = 1 << 3 /* each line begins with its time, RFC 3339, UTC */
};

/**
 * typedef minc_output_fn - a piece of output; not 0 ends minc_logs(), which returns it
 */
typedef int (*minc_output_fn)(int stream, const char *data, size_t len, void *userdata);

/**
 * minc_logs() - what a background container has written
 * @c: context, for the error
 * @ct: container
 * @flags: MINC_LOG_*
 * @since_ms: leave out older output, in milliseconds since the epoch; 0: all output
 * @tail: only the last this many lines; -1: all
 * @fn: called with pieces in order; @stream is 1 for stdout, 2 for stderr
 * @userdata: handed to @fn
 *
 * Times have a resolution of 10 ms. In the place of lost output (a full disk) a line of
 * stream 2 says so.
 *
 * Returns 0, what @fn returned, or -EINVAL: unknown flag, negative @since_ms, @tail
 * below -1; -EBADMSG: the log's index is damaged; -errno as read(2).
 */
int minc_logs(minc_ctx *c, minc_container *ct, unsigned flags, int64_t since_ms,
	      long tail, minc_output_fn fn, void *userdata);

/**
 * minc_stop() - ask a container to end, then kill it
 * @c: context, for the error
 * @ct: container
 * @sig: signal that asks, such as SIGTERM
 * @grace_ms: milliseconds until SIGKILL; -1: never
 * @ret_status: as minc_wait(); may be NULL
 *
 * A paused container is resumed first. For one that has ended nothing is done. With
 * SIGKILL as @sig, @grace_ms has no effect and the call waits for the end. If that takes
 * more than two seconds, the function of minc_set_log() gets the reason.
 *
 * Returns 0, or -EINVAL: no such signal; -errno as minc_wait().
 */
int minc_stop(minc_ctx *c, minc_container *ct, int sig, int grace_ms, int *ret_status);

/**
 * minc_pause() / minc_resume() - freeze all processes of a container, let them go on
 * @c: context, for the error
 * @ct: container
 *
 * With a control group, as for any limit that needs one, the freezer of the group does
 * it. Without a group all processes get SIGSTOP until none runs, and later SIGCONT:
 * they can notice that, and a process that was stopped before goes on too.
 *
 * Returns 0, or -ESRCH: it has ended; -EAGAIN: another process keeps continuing its
 * processes; -ETIMEDOUT: the freezer did not stop one of them within 10 s; -EPERM as
 * kill(2); -errno as write(2). See cgroups(7).
 */
int minc_pause(minc_ctx *c, minc_container *ct);
int minc_resume(minc_ctx *c, minc_container *ct);

/** enum minc_delete_flags - what minc_delete() may do */
enum minc_delete_flags {
	MINC_DELETE_FORCE = 1 << 0 /* kill it if it runs */
};

/**
 * minc_delete() - forget a container that has ended: its state, log and name
 * @c: context, for the error
 * @ct: container; the caller still frees it
 * @flags: MINC_DELETE_*
 *
 * A storage directory that the library made (minc_set_storage() with NULL) is removed
 * with all that the container wrote; one that the caller named stays. If process 1 was
 * killed or is about to end, the call waits for that, 10 s at the most.
 *
 * Returns 0, or -EBUSY: it runs and MINC_DELETE_FORCE is not set, or another container
 * uses its storage directory; -ETIMEDOUT: it did not end in time; -EINVAL: unknown flag;
 * -errno as unlink(2).
 */
int minc_delete(minc_ctx *c, minc_container *ct, unsigned flags);

/**
 * minc_forget() - forget a container by its name, even if its state cannot be read
 * @c: context, for the error
 * @id: as for minc_open()
 * @flags: MINC_DELETE_*
 * @ret_id: on success the whole id, with a NUL; may be NULL
 *
 * For a container for which minc_open() returns -EBADMSG. For others it is as
 * minc_delete(), except that every storage directory stays.
 *
 * Returns 0, or -ENOENT, -ENOTUNIQ, -EINVAL as minc_open(); -EBUSY: it runs and
 * MINC_DELETE_FORCE is not set; -ENOTEMPTY: its directory holds something else; -errno
 * as kill(2).
 */
int minc_forget(minc_ctx *c, const char *id, unsigned flags, char ret_id[65]);

/**
 * minc_rename() - give a background container another name
 * @c: context, for the error
 * @ct: container
 * @name: as minc_set_name(); the host name inside stays
 *
 * Returns 0, or -EEXIST: another container has it; -EINVAL, -ENAMETOOLONG, -ENOMEM,
 * -errno as rename(2).
 */
int minc_rename(minc_ctx *c, minc_container *ct, const char *name);

/**
 * minc_inspect() - description of a background container as JSON
 * @c: context, for the error
 * @ct: container
 * @ret: on success a JSON object, a string for free(3): "id", "name", "hostname",
 *	"state", "pid", "created_ns", "ended_ns", "exit_status", "command", "terminal",
 *	"init", "auto_remove", "log", "log_lost_bytes", "storage", "state_dir", "limits"
 *	(each with what enforces it), "config" (the OCI config.json)
 *
 * Returns 0, or -EBADMSG: its files are damaged; -ENOSYS: built without jansson, or its
 * module is missing; -ENOMEM.
 */
int minc_inspect(minc_ctx *c, minc_container *ct, char **ret);

/** typedef minc_process_fn - one process of a container; not 0 ends minc_top() */
typedef int (*minc_process_fn)(int pid, int pid_inside, void *userdata);

/**
 * minc_top() - visit the processes of a container
 * @c: context, for the error
 * @ct: container
 * @fn: called with each process id as the caller and as the container sees it
 * @userdata: handed to @fn
 *
 * All processes whose pid namespace is the container's or lies below it, those of
 * minc_exec() and zombies included, in the order of the caller's ids. A process that ends
 * meanwhile, or that the caller may not look at, is left out.
 *
 * Returns 0, what @fn returned, or -ESRCH: it has ended; -EINVAL: @fn is NULL; -ENOMEM,
 * -errno as open(2). See proc_pid_status(5), NSpid.
 */
int minc_top(minc_ctx *c, minc_container *ct, minc_process_fn fn, void *userdata);

/** typedef minc_limit_fn - one limit; not 0 ends minc_limits(), which returns it */
typedef int (*minc_limit_fn)(const char *limit, const char *enforced_by, void *userdata);

/**
 * minc_limits() - visit the limits of a background container, and what enforces each
 * @c: context, for the error
 * @ct: container
 * @fn: called with the limit as config.json names it, such as
 *	"linux.resources.memory.limit", and with what enforces it: "cgroup v1 memory",
 *	"cgroup v2 cpu", "rlimit" or "nothing"
 * @userdata: handed to @fn
 *
 * For a container that has ended: what enforced them.
 *
 * Returns 0, what @fn returned, or -EINVAL: not a container in the background; -ENOSYS:
 * built without jansson, or its module is missing; -ENOMEM; errors of reading
 * config.json.
 */
int minc_limits(minc_ctx *c, minc_container *ct, minc_limit_fn fn, void *userdata);

/** enum minc_copy_flags - how minc_copy() copies */
enum minc_copy_flags {
	/* owners, set-ID bits, capabilities, access control lists, too */
	MINC_COPY_ARCHIVE = 1 << 0,
	/* if the source is a symbolic link: copy its target */
	MINC_COPY_FOLLOW = 1 << 1
};

/**
 * minc_set_copy() - set how later minc_copy() calls copy
 * @c: context
 * @flags: MINC_COPY_*; 0, the default: owners are new
 *
 * Returns 0, or -EINVAL: unknown flag.
 */
int minc_set_copy(minc_ctx *c, unsigned flags);

/**
 * minc_copy() - copy files between the host and a container, or two containers
 * @c: context, for the error; minc_set_log() gets a warning for each file left out
 * @from: container that @source is in; NULL: the host
 * @source: path; without a container "-": a tar on standard input, also compressed
 * @to: container that @target is in; NULL: the host
 * @target: path; without a container "-": a tar to standard output
 *
 * A path of a container is relative to the container's root, and leads to what the
 * container sees there, mounts included. Links and ".." are resolved in that root, and
 * nothing of the container is executed or loaded. The container may change its files
 * meanwhile. For the files of a container that does not run, see minc_start_idle().
 *
 * Directories are copied with all their contents. If @target is a directory the copy
 * goes into it, else it gets that name; a link there is followed. "DIR/." as @source
 * means the contents of DIR. A link as @source is copied as a link, unless
 * MINC_COPY_FOLLOW is set or a slash follows it; links below it are never followed. A
 * tar goes below @target, which must be a directory, and cannot lead out of the
 * container.
 *
 * Files copied to a container belong to its root, files copied to the host to the caller.
 * With MINC_COPY_ARCHIVE the numbers of owners are kept: to the host by root only; in a
 * container with one id all files have that id; in a container of an ordinary user with
 * several ids, a file of the caller is root's, as in a mount. Modes, times, attributes
 * user.* and hard links are kept, and holes, except in a tar. Device files are copied out
 * in a tar only, and in by root with MINC_COPY_ARCHIVE only. Sockets are left out.
 *
 * A file appears whole, and replaces an existing one, unless that is a mount point:
 * then it is overwritten, and keeps its owner and mode. Existing directories keep
 * their modes. A link of another user in a directory for all, such as /tmp, is not
 * followed as @target: -EACCES. Set-ID bits and capabilities from a container with ids of
 * its own are kept with the same owner only.
 *
 * Returns 0, or -ESRCH: the container has ended; -ENOENT, -ENOTDIR, -EISDIR, -EROFS
 * and the like with the path; -EINVAL: no container, an owner that it does not have, a
 * directory copied into itself; -EBUSY: a link or device for a mount point; -EBADMSG:
 * a damaged tar, or one that leads out; -EPIPE; -ELOOP: directories nested more than
 * 200 deep; -ENOSYS: no module for tars; -ENOMEM. What was copied before a failure
 * stays.
 */
int minc_copy(minc_ctx *c, minc_container *from, const char *source, minc_container *to,
	      const char *target);

/**
 * minc_copy_out() / minc_copy_in() - minc_copy() to the host, and from it
 * @c: context
 * @ct: container
 * @inside: path in it
 * @host: path of the host, or "-"
 *
 * Returns as minc_copy().
 */
int minc_copy_out(minc_ctx *c, minc_container *ct, const char *inside, const char *host);
int minc_copy_in(minc_ctx *c, minc_container *ct, const char *host, const char *inside);

/** struct minc_stats - resources in use; UINT64_MAX: not known on this host */
struct minc_stats {
	uint32_t size; /* set to sizeof(struct minc_stats) by the caller */
	/* 1: counted by its control groups, 0: summed over its processes */
	uint32_t in_groups;
	uint64_t memory_bytes;
	uint64_t memory_limit_bytes; /* UINT64_MAX: none */
	uint64_t memory_peak_bytes;
	uint64_t oom_kills;
	uint64_t cpu_usec;
	uint64_t throttled; /* periods in which it had to wait for its CPU quota */
	uint64_t pids;
	uint64_t read_bytes, write_bytes; /* block devices */
};

/**
 * minc_stats() - resources that a container uses at this moment
 * @c: context, for the error
 * @ct: container
 * @ret: with its size field set; fields that this library does not know are left alone
 *
 * The control groups of a container with limits have the numbers. Numbers that no group
 * has are summed over the processes: resident memory, with shared pages counted for each
 * process, and the CPU time of living processes.
 *
 * Returns 0, or -ESRCH: it has ended; -EINVAL: size smaller than that of the first
 * release; -errno as open(2). See cgroups(7), proc_pid_stat(5).
 */
int minc_stats(minc_ctx *c, minc_container *ct, struct minc_stats *ret);

#ifdef __cplusplus
}
#endif

#endif
