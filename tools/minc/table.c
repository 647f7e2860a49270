/* SPDX-License-Identifier: MIT */
/*
 * table - what each option means: a note for the tool itself, or a call of the library.
 * Values are checked here only as far as the library is not asked: how a bind is split
 * into its fields, say. Paths, names and ids are the library's business.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/limit.h"
#include "common/mount-words.h"
#include "common/number.h"
#include "images.h"
#include "line.h"

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static const char *note_help(void *into, const char *value)
{
	struct options *o = into;

	o->action = ACTION_HELP;
	return NULL;
}

static const char *note_version(void *into, const char *value)
{
	struct options *o = into;

	o->action = ACTION_VERSION;
	return NULL;
}

static const char *note_completion(void *into, const char *value)
{
	struct options *o = into;

	o->action = ACTION_COMPLETION;
	o->shell = value;
	return NULL;
}

static const char *note_complete(void *into, const char *value)
{
	struct options *o = into;

	o->action = ACTION_COMPLETE;
	return NULL;
}

static const char *note_explain(void *into, const char *value)
{
	struct options *o = into;
	static const char *const names[] = { "shell", "json", "oci" };
	static const enum minc_format formats[] = { MINC_FORMAT_SHELL, MINC_FORMAT_JSON,
						    MINC_FORMAT_OCI };
	size_t i;

	o->action = ACTION_EXPLAIN;
	o->format = MINC_FORMAT_SHELL;
	for (i = 0; value && i < 3; i++)
		if (strcmp(value, names[i]) == 0)
			o->format = formats[i], value = NULL;
	return value ? "unknown format (shell, json, oci)" : 0;
}

static const char *note_status_fd(void *into, const char *value)
{
	struct options *o = into;
	const char *end;
	uint64_t n;
	int flags;

	if (number_parse(value, &end, 10, INT_MAX, &n) < 0 || *end)
		return "not the number of a descriptor";
	if (n <= STDERR_FILENO)
		return "0, 1 and 2 belong to the command";
	flags = fcntl((int)n, F_GETFL);
	if (flags < 0)
		return strerror(errno);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return "not open for writing";
	(void)fcntl((int)n, F_SETFD, FD_CLOEXEC); /* it is open: cannot fail */
	o->status_fd = (int)n;
	return NULL;
}

static const char *note_root_flag(struct options *o, unsigned set, unsigned clear)
{
	o->root_flags = (o->root_flags & ~clear) | set;
	if (o->words.now > o->root_given) /* the last word: switches are noted later */
		o->root_given = o->words.now;
	return NULL;
}

static const char *note_root(void *into, const char *value)
{
	struct options *o = into;

	o->root = value;
	return note_root_flag(o, 0, 0);
}

static const char *note_direct(void *into, const char *value)
{
	struct options *o = into;

	return note_root_flag(o, MINC_ROOT_DIRECT, 0);
}

static const char *note_read_only(void *into, const char *value)
{
	struct options *o = into;

	return note_root_flag(o, MINC_ROOT_RDONLY, 0);
}

static const char *note_submounts(void *into, const char *value)
{
	struct options *o = into;

	return note_root_flag(o, MINC_ROOT_SUBMOUNTS, MINC_ROOT_NOSUBMOUNTS);
}

static const char *note_no_submounts(void *into, const char *value)
{
	struct options *o = into;

	return note_root_flag(o, MINC_ROOT_NOSUBMOUNTS, MINC_ROOT_SUBMOUNTS);
}

static const char *note_nopriv(void *into, const char *value)
{
	struct options *o = into;

	(void)note_direct(o, value); /* takes any */
	return note_root(o, value);
}

static const char *set_nopriv(minc_ctx *c, const char *value)
{
	return limit_answer(minc_set_userns(c, "single"));
}

static const char *set_keep(void *values, const char *value)
{
	struct options *o = values;

	o->keep = true;
	return o->tempdir ? NULL : limit_answer(minc_set_storage(o->c, NULL));
}

static const char *set_tempdir(void *values, const char *value)
{
	struct options *o = values;
	int r = images_container(o, value);

	o->keep = o->tempdir = true;
	if (r != 0)
		return r < 0 ? limit_refused : NULL;
	return limit_answer(minc_set_storage(o->c, value));
}

static const char *note_background(void *into, const char *value)
{
	struct options *o = into;

	o->background = true;
	return NULL;
}

/* In the foreground only an image's has a choice: what is not kept vanishes. */
static const char *set_remove(void *values, const char *value)
{
	struct options *o = values;

	o->remove = true;
	return o->background ? limit_answer(minc_set_flag(o->c, MINC_AUTO_REMOVE, 1))
			     : NULL;
}

static const char *set_log_size(void *values, const char *value)
{
	struct options *o = values;
	return o->background ? limit_log_size(o->c, value) : "only with --background";
}

static const char *set_env(minc_ctx *c, const char *value)
{
	const char *text = strchr(value, '=');
	char *name = strndup(value, text ? (size_t)(text - value) : strlen(value));
	int r;

	if (!name)
		return "out of memory";
	r = minc_add_env(c, name, text ? text + 1 : NULL);
	free(name);
	return limit_answer(r);
}

static bool is_net_mode(const char *s)
{
	return strcmp(s, "raw") == 0 || begins(s, "raw,") || begins(s, "dens");
}

static const char *set_net(minc_ctx *c, const char *value)
{
	if (value && begins(value, "dens"))
		return "the mode dens is not available in this version";
	return limit_answer(minc_set_network(c, value ? value : "raw"));
}

/* HOST[:CONT][:FLAGS]. A CONT is absolute, so a second field that is not may be FLAGS. */
static const char *set_bind(minc_ctx *c, const char *value)
{
	char *src = strdup(value), *dst, *words = NULL;
	const char *wrong = NULL;
	unsigned flags = 0;

	if (!src)
		return "out of memory";
	dst = mount_words_cut(src);
	if (dst && *dst != '/' && !mount_words_bind(dst, &flags))
		dst = NULL;
	else if (dst)
		words = mount_words_cut(dst);
	if (words)
		wrong = mount_words_bind(words, &flags);
	if (!wrong)
		wrong = limit_answer(minc_add_bind(c, src, dst, flags));
	free(src);
	return wrong;
}

/* DIR[:size=SIZE,mode=OCTAL,..] */
static const char *set_tmpfs(minc_ctx *c, const char *value)
{
	struct tmpfs_words t;
	char *dir = strdup(value);
	const char *wrong;

	if (!dir)
		return "out of memory";
	wrong = mount_words_tmpfs(dir, &t);
	if (!wrong)
		wrong = limit_answer(mount_words_add_tmpfs(c, dir, &t));
	free(dir);
	return wrong;
}

// clang-format off
#define AT(field) offsetof(struct options, field)
static const struct option option_table[] = {
	{ "-h --help", NULL, "Show this help", .read = note_help, .alone = true },
	{ "--version", NULL, "Show the version", .read = note_version, .alone = true },
	{ "-r --rootdir", "DIR", "Use DIR as the root directory instead of /",
	  .read = note_root, .complete = "IMAGE|DIR" },
	{ "-D --direct", NULL, "No overlay: writes reach the root directory",
	  .read = note_direct },
	{ "--read-only", NULL, "The root cannot be written", .read = note_read_only },
	{ "--submounts", NULL, "Show the mounts below the root (the default for /)",
	  .read = note_submounts },
	{ "--no-submounts", NULL, "Show them as empty directories",
	  .read = note_no_submounts },
	{ "-k --keep", NULL, "Keep what is written in a new directory", .apply = set_keep },
	{ "-t --tempdir", "DIR", "Keep it in DIR, or reuse what is there (implies -k)",
	  .apply = set_tempdir, .complete = "CONTAINER|DIR" },
	{ "-b --bind -v", "HOST[:CONT][:FLAGS]",
	  "Show the host's HOST as CONT; FLAGS: ro, dev, suid, noexec", .set = set_bind },
	{ "--tmpfs", "DIR[:size=SIZE,mode=MODE]", "An empty, disposable directory at DIR; also noexec, ro",
	  .set = set_tmpfs },
	{ "--shm-size", "SIZE", "A /dev/shm of this size, apart from the scratch memory",
	  .set = limit_shm },
	{ "--scratch-size", "SIZE",
	  "Memory for what is written and not kept; -1: no limit; default: a quarter of all",
	  .set = limit_scratch },
	{ "--usedev", NULL, "Show the host's devices on /dev", .flag = MINC_HOST_DEV },
	{ "--debugfs", NULL, "Mount debugfs on /sys/kernel/debug", .flag = MINC_DEBUGFS },
	{ "--pivot", NULL, "Accepted: the host's root is always left by pivot_root",
	  .offset = AT(unused) },
	{ "-n --net", "[MODE]",
	  "Own network; MODE: raw[,IF] may follow; --net=host|none|raw[,IF]",
	  .set = set_net, .takes = is_net_mode, .complete = "host|none|raw" },
	{ "-c --cpu", "MASK", "Run on these CPUs (hexadecimal)", .call = minc_set_cpus },
	{ "-B --background -d --detach", NULL,
	  "Start it and return; marten(1) finds it again", .read = note_background,
	  .flag = MINC_BACKGROUND },
	{ "-m --memory --mem-limit", "SIZE", "Memory; who needs more is killed",
	  .set = limit_memory },
	{ "--memory-swap --mem-swap", "SIZE", "Memory and swap together; -1: any swap",
	  .set = limit_memory_swap },
	{ "--mem-kmem", "SIZE", "Kernel memory (cgroup v1 before Linux 5.16)",
	  .set = limit_memory_kernel },
	{ "--cpus", "N", "CPU time, in CPUs, such as 1.5", .set = limit_cpus },
	{ "--cpu-shares", "N", "Part of the CPUs when they are short; others have 1024",
	  .set = limit_cpu_shares },
	{ "--cpu-quota", "USEC", "CPU time in each period", .set = limit_cpu_quota },
	{ "--cpu-period", "USEC", "Length of the period; default 100000",
	  .set = limit_cpu_period },
	{ "--cpuset-cpus", "LIST", "Only these CPUs, such as 0-1,3",
	  .set = limit_cpuset_cpus },
	{ "--cpuset-mems", "LIST", "Only these memory nodes", .set = limit_cpuset_mems },
	{ "--pids-limit --pid-max", "N", "Processes and threads", .set = limit_pids },
	{ "--io-weight --blkio-weight", "N",
	  "Part of a disk when it is short, 10 to 1000; others have 100",
	  .set = limit_io_weight },
	{ "--device-read-bps", "DEVICE:SIZE", "Bytes read per second",
	  .set = limit_read_bps },
	{ "--device-write-bps", "DEVICE:SIZE", "Bytes written per second",
	  .set = limit_write_bps },
	{ "--device-read-iops", "DEVICE:N", "Reads per second", .set = limit_read_iops },
	{ "--device-write-iops", "DEVICE:N", "Writes per second",
	  .set = limit_write_iops },
	{ "--ulimit", "NAME=SOFT[:HARD]", "A limit of setrlimit(2) for each process",
	  .set = limit_ulimit },
	{ "--name", "NAME", "Name of the container, and its host name", .call = minc_set_name },
	{ "--rm", NULL, "Forget it when it ends: of an image, or in the background", .apply = set_remove },
	{ "--cidfile", "FILE", "Of an image, or in the background: write its id to FILE",
	  .offset = AT(cidfile) },
	{ "--pidfile", "FILE", "Write the number of its process 1, as the host counts",
	  .offset = AT(pidfile) },
	{ "--log-size", "SIZE", "With --background: how much output is kept, twice",
	  .apply = set_log_size },
	{ "--hostname", "NAME", "Host name, where it differs from the name",
	  .call = minc_set_hostname },
	{ "--add-host", "NAME:ADDRESS", "A line of its /etc/hosts; may be repeated",
	  .call = minc_add_host },
	{ "-u --user", "UID[:GID]", "Run the command as this user; names work too",
	  .call = minc_set_user },
	{ "-e --env", "NAME[=VALUE]", "Set a variable, or hand on the caller's",
	  .set = set_env },
	{ "--env-host", NULL, "Hand on the caller's whole environment",
	  .flag = MINC_INHERIT_ENV },
	{ "-w --workdir", "DIR", "Working directory inside", .call = minc_set_cwd },
	{ "--umask", "MASK|host", "Permissions that its files do not get; default 022",
	  .set = limit_umask },
	{ "--init", NULL, "A minimal init is process 1", .flag = MINC_INIT },
	{ "-i -it", NULL, "Accepted; exactly -it: an own terminal even in a pipeline",
	  .offset = AT(unused) },
	{ "--cap-add", "LIST", "Add capabilities (comma-separated, or all)",
	  .call = minc_add_cap },
	{ "--cap-drop --nocaps", "LIST", "Drop capabilities", .call = minc_drop_cap },
	{ "--seccomp", "default|unconfined|FILE", "System call filter",
	  .call = minc_set_seccomp },
	{ "--userns", "auto|host|single|range", "Whose ids the container uses",
	  .call = minc_set_userns },
	{ "--nopriv", "DIR", "Run in DIR directly, in a user namespace, even as root",
	  .read = note_nopriv, .set = set_nopriv },
	{ "--privileged", NULL, "Lift the protections", .flag = MINC_PRIVILEGED },
	{ "--insecure-policy", NULL, "Use an image whatever a policy asks for",
	  .flag = MINC_INSECURE_POLICY },
	{ "--fake-root", NULL, "Changes of owners and ids answer success without effect",
	  .flag = MINC_FAKE_ROOT },
	{ "--best-effort", NULL, "Protection that cannot be applied is only a warning",
	  .flag = MINC_BEST_EFFORT },
	{ "--config", "FILE", "Start from an OCI config.json; options change it",
	  .call = minc_load_config },
	{ "--explain", "[=shell|json|oci]", "Print what would be done, do nothing",
	  .read = note_explain },
	{ "--json-status-fd", "FD", "Report start, end and failure to FD as JSON lines",
	  .read = note_status_fd },
	{ "-q --quiet", NULL, "No warnings, no hint how to reuse a directory",
	  .offset = AT(quiet) },
	{ "--debug", NULL, "Print the plan to standard error before the run",
	  .offset = AT(debug) },
	{ "--completion", "bash|zsh|fish", "Print the completion script for a shell",
	  .read = note_completion, .alone = true },
	{ "--complete", NULL, NULL, .read = note_complete, .alone = true },
	{ .names = NULL }
};

const struct tool minc = {
	.name = "minc",
	.about = "run a command in a container that leaves nothing behind",
	.usage = "[options] [--] [command [argument...]]",
	.end = "Without a command the shell is run. See minc(1).",
	.column = 34, .grammar = GRAMMAR_MINCS, .options = option_table, .names = images_names,
};
// clang-format on
