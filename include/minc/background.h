/* SPDX-License-Identifier: MIT */
/**
 * background.h - containers that live on without their starter: find, attach, exec, stop
 *
 *	#include <minc/minc.h>
 *	#include <stdio.h>
 *
 *	int main(void)
 *	{
 *		minc_ctx *c = minc_ctx_new();
 *		minc_container *ct;
 *		int status = 125;
 *
 *		minc_set_flag(c, MINC_BACKGROUND, 1);
 *		minc_set_name(c, "web");
 *		if (minc_start(c, (const char *[]){ "sleep", "1", NULL }, &ct) < 0)
 *			return fprintf(stderr, "%s\n", minc_error_message(c)), 125;
 *		printf("%s\n", minc_container_id(ct));
 *		minc_container_free(ct);
 *		if (minc_open(c, "web", &ct) < 0 || minc_wait(ct, -1, &status) < 0)
 *			return fprintf(stderr, "%s\n", minc_error_message(c)), 125;
 *		minc_delete(c, ct, 0);
 *		minc_container_free(ct);
 *		minc_ctx_free(c);
 *		return status;
 *	}
 *
 * A container of MINC_BACKGROUND has one small process beside it, the monitor, which
 * keeps its terminal and its log, serves those who attach, and writes its exit status
 * down. What is known of it lies in a directory of its own, below /run/minc for root and
 * $XDG_RUNTIME_DIR/minc (else /tmp/minc-UID) for others; MINC_STATE_DIR names another
 * place. No other process is involved: these functions read that directory, talk to the
 * monitor, and act on the container by its pidfd. They work on the caller's own
 * containers, with or without privilege. When the monitor dies, so does the container.
 *
 * A failure that concerns no particular start is recorded on the context @c, as
 * everywhere (error.h); the description in @c is not touched.
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
 * @name: 1 to 64 of [a-zA-Z0-9_.-], first a letter or digit; unlike an id prefix it must
 *	be whole to be found
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
 * The start fails with -EEXIST while a container of the caller has it, even if it has
 * ended.
 *
 * Returns 0, or -EINVAL: something else; -ENOMEM.
 */
int minc_set_id(minc_ctx *c, const char *id);

/**
 * minc_set_log_size() - how much of a background container's output is kept
 * @c: context
 * @bytes: at least 4096; when the log reaches it, it becomes the old log, which replaces
 *	the one before: twice this is kept at the most. Default: 64 MiB
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
 * minc_container_name() - what minc_set_name() or minc_rename() gave, else its host name
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
 * minc_container_command() - what a background container runs
 * @ct: container
 *
 * Returns the command and its arguments, NULL-terminated, owned by @ct; none for a
 * container that is not in the background.
 */
const char *const *minc_container_command(const minc_container *ct);

/**
 * minc_container_storage() - where a background container keeps what it writes
 * @ct: container
 *
 * Returns the directory of minc_set_storage(), absolute, owned by @ct; NULL without one.
 */
const char *minc_container_storage(const minc_container *ct);

/**
 * minc_container_created_ms() / minc_container_ended_ms() - when a background container
 * did
 * @ct: container
 *
 * Returns milliseconds since the epoch; 0 for a container that is not in the background,
 * while it has not ended, or if nobody saw its end.
 */
int64_t minc_container_created_ms(const minc_container *ct);
int64_t minc_container_ended_ms(const minc_container *ct);

/** enum minc_state - what a container does */
enum minc_state {
	MINC_STATE_RUNNING = 1,
	MINC_STATE_PAUSED = 2,
	MINC_STATE_EXITED = 3, /* minc_wait() has its status */
	MINC_STATE_LOST = 4    /* it ended with its monitor: nobody saw the status */
};

/**
 * minc_container_state() - what a container does at this moment
 * @ct: container
 *
 * Returns one of enum minc_state, or -EINVAL.
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
 * Returns 0, -ENOENT: there is none; -ENOTUNIQ: an ambiguous prefix, the message lists
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
 * Those with damaged state are left out, with a warning for minc_set_log().
 *
 * Returns 0, what @fn returned, or -errno as minc_open().
 */
int minc_foreach(minc_ctx *c, minc_container_fn fn, void *userdata);

/**
 * minc_exec() - start another command in a running container
 * @c: context that describes the process: minc_set_user(), minc_add_env(),
 * minc_set_cwd(),
 *	minc_set_cpus(), minc_add_cap(), minc_drop_cap(), minc_set_seccomp(),
 *	minc_pass_fd(), minc_set_origin(), and the flags MINC_TERMINAL, MINC_PRIVILEGED,
 *	MINC_BEST_EFFORT, MINC_INHERIT_ENV, MINC_DIE_WITH_PARENT. Whatever describes a
 *	container instead is refused
 * @ct: container in the background
 * @argv: the command, found in PATH inside, and its arguments, NULL-terminated
 * @ret: on success the process, for minc_wait(), minc_kill(), minc_foreground(),
 *	minc_container_terminal() and minc_container_free()
 *
 * The process joins the namespaces and control groups of the container and starts from
 * its user, environment, directory, capabilities and seccomp filter, over which the words
 * of @c are laid; names of users are the container's own. Until all that is done it
 * cannot be traced or looked into from inside. It never shares the caller's memory, so
 * the time taken grows with that.
 *
 * The process is a child of the caller and outlives it, except with MINC_DIE_WITH_PARENT.
 * Wait for it: as long as one that has ended is not waited for, the container cannot end
 * (pid_namespaces(7)), and minc_wait() for the container would not return.
 *
 * Returns 0, or -ESRCH: the container has ended; -EBUSY: it is paused; -ECANCELED: what
 * entered was stopped from inside before its command ran; -EOPNOTSUPP: @ct is not
 * in the background; -EINVAL: @c describes more than a process, no command, or a user
 * that the container's user namespace does not have; -ENOSYS: built without jansson, or
 * its module is missing; otherwise as minc_start(). See setns(2), nsenter(1).
 */
int minc_exec(minc_ctx *c, minc_container *ct, const char *const *argv,
	      minc_container **ret);

/**
 * minc_attach() - connect the caller's standard files to a background container's
 * @c: context, for the error
 * @ct: container
 * @detach_keys: such as "ctrl-p,ctrl-q" (the default for NULL), "" for none: keys,
 * separated
 *	by commas, each a character or ctrl- with one of a-z @ [ \ ] ^ _
 * @ret_status: as minc_wait(); written when the container ended
 *
 * With a terminal on both sides the caller's is raw meanwhile, its size is carried, and
 * the program inside is asked to draw again. Several may attach at once: all see the
 * output. What a slow one cannot take is left out for it, never held back for the others;
 * the log has everything. Without a terminal only output is carried, and the signals that
 * a user or the system ends programs with are sent on to the container, unless @c has
 * MINC_KEEP_SIGNALS.
 *
 * The starter of a container with MINC_ATTACHED is attached before the command begins:
 * its first call, with the handle of minc_start(), misses nothing and nothing is left out
 * for it; until then, or minc_container_free(), a container that writes much waits.
 * Without a terminal the command's standard input is then that of minc_start()'s caller,
 * not /dev/null.
 *
 * Returns 0 when the container ended, 1 when the keys were typed, or -ESRCH: it has ended
 * already; -EUSERS: 32 are attached or wait for its end; -EINVAL: bad @detach_keys;
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
 * Returns 0, -ENOTTY: it has no terminal; -ESRCH: it has ended; -EUSERS: as
 * minc_attach(); -EINVAL: zero or above 65535; -errno as connect(2).
 */
int minc_resize(minc_container *ct, unsigned rows, unsigned cols);

/** enum minc_log_flags - which output minc_logs() gives, and how */
enum minc_log_flags {
	MINC_LOG_STDOUT = 1 << 0,    /* with a terminal all is stdout */
	MINC_LOG_STDERR = 1 << 1,    /* neither bit: both */
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
 * @since_ms: leave out what is older, in milliseconds since the epoch; 0: nothing
 * @tail: only the last this many lines; -1: all
 * @fn: called with pieces in order; @stream is 1 for stdout, 2 for stderr
 * @userdata: handed to @fn
 *
 * Times are known to 10 ms. Output that was lost (a full disk) is mentioned in its place,
 * as a line of stream 2.
 *
 * Returns 0, what @fn returned, or -EINVAL: unknown flag, negative @since_ms, @tail
 * below -1; -EBADMSG: the log's index is damaged; -errno as read(2).
 */
int minc_logs(minc_ctx *c, minc_container *ct, unsigned flags, int64_t since_ms,
	      long tail, minc_output_fn fn, void *userdata);

/**
 * minc_stop() - ask a container to end, then make it
 * @c: context, for the error
 * @ct: container
 * @sig: signal that asks, such as SIGTERM
 * @grace_ms: milliseconds until SIGKILL; -1: never
 * @ret_status: as minc_wait(); may be NULL
 *
 * A paused container is resumed first. One that has ended is left as it is. SIGKILL as
 * @sig has no grace: the end is waited for. What holds it up is told to minc_set_log()'s
 * function after two seconds.
 *
 * Returns 0, or -EINVAL: no such signal, -errno as minc_wait().
 */
int minc_stop(minc_ctx *c, minc_container *ct, int sig, int grace_ms, int *ret_status);

/**
 * minc_pause() / minc_resume() - freeze all processes of a container, let them go on
 * @c: context, for the error
 * @ct: container
 *
 * By the freezer of its control group, if it has one, as with any limit that needs a
 * group. Else all its processes get SIGSTOP, until none is found that runs, and SIGCONT:
 * they could notice, and one that was stopped before goes on, too.
 *
 * Returns 0, -ESRCH: it has ended; -EAGAIN: somebody continues its processes all the
 * time; -ETIMEDOUT: the freezer does not get hold of one within 10 s; -EPERM as kill(2),
 * -errno as write(2). See cgroups(7).
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
 * @ct: container; still to be freed
 * @flags: MINC_DELETE_*
 *
 * With a storage directory that the library made, minc_set_storage() with NULL, what the
 * container wrote goes as well; one that was given by name stays. One whose process 1 was
 * killed or has begun to end is waited for, 10 s at the most.
 *
 * Returns 0, -EBUSY: it runs, without MINC_DELETE_FORCE, or its storage directory is used
 * by another; -ETIMEDOUT: it does not come to its end; -EINVAL: unknown flag; -errno as
 * unlink(2).
 */
int minc_delete(minc_ctx *c, minc_container *ct, unsigned flags);

/**
 * minc_forget() - forget a container by its name, also one whose state cannot be read
 * @c: context, for the error
 * @id: as for minc_open()
 * @flags: MINC_DELETE_*
 * @ret_id: on success its whole id; NULL: it is of no interest
 *
 * For what minc_open() answers with -EBADMSG; of others it is what minc_delete() does,
 * but for the storage directory, which stays.
 *
 * Returns 0, -ENOENT, -ENOTUNIQ, -EINVAL as minc_open(); -EBUSY: it runs, without
 * MINC_DELETE_FORCE; -ENOTEMPTY: its directory holds something else; -errno as kill(2).
 */
int minc_forget(minc_ctx *c, const char *id, unsigned flags, char ret_id[65]);

/**
 * minc_rename() - give a background container another name
 * @c: context, for the error
 * @ct: container
 * @name: as minc_set_name(); the host name inside stays
 *
 * Returns 0, -EEXIST: another has it; -EINVAL, -ENAMETOOLONG, -ENOMEM, -errno as
 * rename(2).
 */
int minc_rename(minc_ctx *c, minc_container *ct, const char *name);

/**
 * minc_inspect() - all that is known of a background container
 * @c: context, for the error
 * @ct: container
 * @ret: on success a JSON object, a string for free(3): "id", "name", "hostname",
 * "state", "pid",
 *	"created_ns", "ended_ns", "exit_status", "command", "terminal", "init",
 *	"auto_remove", "log", "log_lost_bytes", "storage", "state_dir", "limits" (each
 *	with what enforces it), "config" (the OCI config.json)
 *
 * Returns 0, or -EBADMSG: damaged; -ENOSYS, -ENOMEM.
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
 * minc_exec() and zombies included, in the order of the caller's ids. What ends meanwhile
 * or may not be looked at by the caller is left out.
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
 * "linux.resources.memory.limit",
 *	and "cgroup v1 memory", "cgroup v2 cpu", "rlimit" or "nothing"
 * @userdata: handed to @fn
 *
 * Of a container that has ended, what did.
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
	/* if the source is a symbolic link: what it leads to */
	MINC_COPY_FOLLOW = 1 << 1
};

/**
 * minc_set_copy() - how the copies to come are made
 * @c: context
 * @flags: MINC_COPY_*; 0, as without this call: owners are new
 *
 * Returns 0, or -EINVAL: unknown flag.
 */
int minc_set_copy(minc_ctx *c, unsigned flags);

/**
 * minc_copy() - copy files between the host and a container, or two containers
 * @c: context, for the error; what is left out is a warning for minc_set_log()
 * @from: container that @source is in; NULL: the host
 * @source: path; without a container "-": a tar on standard input, also compressed
 * @to: container that @target is in; NULL: the host
 * @target: path; without a container "-": a tar to standard output
 *
 * A container's path is what it sees there, also in its mounts, while it changes it or
 * not: relative to its root, links and ".." resolve in it, and nothing of it is executed
 * or loaded. A container that does not run has files by minc_start_idle().
 *
 * Directories are copied with all in them. If @target is a directory the copy goes into
 * it, else it gets that name; a link there is followed. "DIR/." as @source means what is
 * in DIR. A link as @source is copied as one, but with MINC_COPY_FOLLOW, or a slash after
 * it; those below it are never followed. A tar goes below @target, which must be a
 * directory, and leads nowhere out of the container.
 *
 * What comes to a container belongs to its root, what comes to the host to the caller.
 * With MINC_COPY_ARCHIVE the numbers of owners are kept: to the host by root only; in a
 * container with one id all is that id's; in one of an ordinary user with more, a file of
 * the caller is root's, as in a mount. Modes, times, attributes user.* and hard links are
 * kept, holes but in a tar. Device files come out in a tar only, and in by root with
 * MINC_COPY_ARCHIVE only. Sockets are left out.
 *
 * A file appears whole, in the place of one that is there, unless that is a mount point:
 * then it is written over, and keeps its owner and mode. Directories that are there keep
 * their modes. A link of another in a directory for all, such as /tmp, is not followed as
 * @target: -EACCES. Set-ID bits and capabilities of a container with ids of its own come
 * with the same owner only, or not at all.
 *
 * Returns 0, -ESRCH: the container has ended; -ENOENT, -ENOTDIR, -EISDIR, -EROFS and the
 * like with the path; -EINVAL: no container, an owner that it does not have, a directory
 * into itself; -EBUSY: a link or device for a mount point;
 * -EBADMSG: a damaged tar, or one that leads out; -EPIPE; -ELOOP: directories nested more
 * than 200 deep; -ENOSYS: no module for tars; -ENOMEM. What was copied before a failure
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

/** struct minc_stats - what a container uses; UINT64_MAX: not known on this host */
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
 * minc_stats() - what a container uses at this moment
 * @c: context, for the error
 * @ct: container
 * @ret: its size field set; what this library does not know beyond it is left alone
 *
 * From the container's control groups if it has limits. What they do not count, and of a
 * container without them everything, is summed over its processes: resident memory,
 * shared pages counted for each, and the time of those that live.
 *
 * Returns 0, -ESRCH: it has ended; -EINVAL: size smaller than that of the first release;
 * -errno as open(2). See cgroups(7), proc_pid_stat(5).
 */
int minc_stats(minc_ctx *c, minc_container *ct, struct minc_stats *ret);

#ifdef __cplusplus
}
#endif

#endif
