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
#include "options.h"

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static int note_help(struct options *o, const char *value)
{
	o->action = ACTION_HELP;
	return 0;
}

static int note_version(struct options *o, const char *value)
{
	o->action = ACTION_VERSION;
	return 0;
}

static int note_completion(struct options *o, const char *value)
{
	o->action = ACTION_COMPLETION;
	return strcmp(value, "bash") == 0 ? 0 : options_refuse(o, "only bash is known");
}

static int note_explain(struct options *o, const char *value)
{
	static const char *const names[] = { "shell", "json", "oci" };
	static const enum minc_format formats[] = { MINC_FORMAT_SHELL, MINC_FORMAT_JSON,
						    MINC_FORMAT_OCI };
	size_t i;

	o->action = ACTION_EXPLAIN;
	o->format = MINC_FORMAT_SHELL;
	for (i = 0; value && i < 3; i++)
		if (strcmp(value, names[i]) == 0)
			o->format = formats[i], value = NULL;
	return value ? options_refuse(o, "unknown format (shell, json, oci)") : 0;
}

static int note_status_fd(struct options *o, const char *value)
{
	const char *end;
	uint64_t n;
	int flags;

	if (number_parse(value, &end, 10, INT_MAX, &n) < 0 || *end)
		return options_refuse(o, "not the number of a descriptor");
	if (n <= STDERR_FILENO)
		return options_refuse(o, "0, 1 and 2 belong to the command");
	flags = fcntl((int)n, F_GETFL);
	if (flags < 0)
		return options_refuse(o, "%s", strerror(errno));
	if ((flags & O_ACCMODE) == O_RDONLY)
		return options_refuse(o, "not open for writing");
	(void)fcntl((int)n, F_SETFD, FD_CLOEXEC); /* it is open: cannot fail */
	o->status_fd = (int)n;
	return 0;
}

static int note_quiet(struct options *o, const char *value)
{
	o->quiet = true;
	return 0;
}

static int note_debug(struct options *o, const char *value)
{
	o->debug = true;
	return 0;
}

static int note_root_flag(struct options *o, unsigned set, unsigned clear)
{
	o->root_flags = (o->root_flags & ~clear) | set;
	if (!o->root_given || o->now > o->root_given) /* the last word: switches are noted later */
		o->root_given = o->now;
	return 0;
}

static int note_root(struct options *o, const char *value)
{
	o->root = value;
	return note_root_flag(o, 0, 0);
}

static int note_direct(struct options *o, const char *value)
{
	return note_root_flag(o, MINC_ROOT_DIRECT, 0);
}

static int note_read_only(struct options *o, const char *value)
{
	return note_root_flag(o, MINC_ROOT_RDONLY, 0);
}

static int note_submounts(struct options *o, const char *value)
{
	return note_root_flag(o, MINC_ROOT_SUBMOUNTS, MINC_ROOT_NOSUBMOUNTS);
}

static int note_no_submounts(struct options *o, const char *value)
{
	return note_root_flag(o, MINC_ROOT_NOSUBMOUNTS, MINC_ROOT_SUBMOUNTS);
}

static int note_nopriv(struct options *o, const char *value)
{
	(void)note_direct(o, value); /* only notes */
	return note_root(o, value);
}

static int set_nopriv(struct options *o, const char *value)
{
	return minc_set_userns(o->c, "single");
}

static int set_keep(struct options *o, const char *value)
{
	o->keep = true;
	return o->tempdir ? 0 : minc_set_storage(o->c, NULL);
}

static int set_tempdir(struct options *o, const char *value)
{
	int r = images_container(o, value);

	o->keep = o->tempdir = true;
	if (r != 0)
		return r < 0 ? r : 0;
	return minc_set_storage(o->c, value);
}

static int set_name(struct options *o, const char *value)
{
	return minc_set_name(o->c, value);
}

static int note_background(struct options *o, const char *value)
{
	o->background = true;
	return 0;
}

static int note_cidfile(struct options *o, const char *value)
{
	o->cidfile = value;
	return 0;
}

static int note_pidfile(struct options *o, const char *value)
{
	o->pidfile = value;
	return 0;
}

/* In the foreground only an image's has a choice: what is not kept vanishes. */
static int set_remove(struct options *o, const char *value)
{
	o->remove = true;
	return o->background ? minc_set_flag(o->c, MINC_AUTO_REMOVE, 1) : 0;
}

static int set_log_size(struct options *o, const char *value)
{
	const char *end;
	uint64_t size;

	if (!o->background)
		return options_refuse(o, "only with --background");
	if (number_parse_size(value, &end, &size) < 0 || *end)
		return options_refuse(o, "not a size");
	return minc_set_log_size(o->c, size);
}

static int set_hostname(struct options *o, const char *value)
{
	return minc_set_hostname(o->c, value);
}

static int set_env(struct options *o, const char *value)
{
	const char *text = strchr(value, '=');
	char *name = strndup(value, text ? (size_t)(text - value) : strlen(value));
	int r;

	if (!name)
		return options_refuse(o, "out of memory");
	r = minc_add_env(o->c, name, text ? text + 1 : NULL);
	free(name);
	return r;
}

static bool is_net_mode(const char *s)
{
	return strcmp(s, "raw") == 0 || begins(s, "raw,") || begins(s, "dens");
}

static int set_net(struct options *o, const char *value)
{
	if (value && begins(value, "dens"))
		return options_refuse(o,
				      "the mode dens is not available in this version");
	return minc_set_network(o->c, value ? value : "raw");
}

/* HOST[:CONT][:FLAGS]. A CONT is absolute, so a second field that is not may be FLAGS. */
static int set_bind(struct options *o, const char *value)
{
	char *src = strdup(value), *dst, *words = NULL;
	const char *wrong = NULL;
	unsigned flags = 0;
	int r;

	if (!src)
		return options_refuse(o, "out of memory");
	dst = mount_words_cut(src);
	if (dst && *dst != '/' && !mount_words_bind(dst, &flags))
		dst = NULL;
	else if (dst)
		words = mount_words_cut(dst);
	if (words)
		wrong = mount_words_bind(words, &flags);
	r = wrong ? options_refuse(o, "%s", wrong) : minc_add_bind(o->c, src, dst, flags);
	free(src);
	return r;
}

/* DIR[:size=SIZE,mode=OCTAL,..] */
static int set_tmpfs(struct options *o, const char *value)
{
	struct tmpfs_words t;
	char *dir = strdup(value);
	const char *wrong;
	int r;

	if (!dir)
		return options_refuse(o, "out of memory");
	wrong = mount_words_tmpfs(dir, &t);
	r = wrong ? options_refuse(o, "%s", wrong) : mount_words_add_tmpfs(o->c, dir, &t);
	free(dir);
	return r;
}

static int set_umask(struct options *o, const char *value)
{
	int mask;
	const char *wrong = number_parse_umask(value, &mask);

	return wrong ? options_refuse(o, "%s", wrong) : minc_set_umask(o->c, mask);
}

// clang-format off
const struct option option_table[] = {
	{ "-h --help", NULL, "Show this help", .note = note_help, .alone = true },
	{ "--version", NULL, "Show the version", .note = note_version, .alone = true },
	{ "-r --rootdir", "DIR", "Use DIR as the root directory instead of /",
	  .note = note_root },
	{ "-D --direct", NULL, "No overlay: writes reach the root directory",
	  .note = note_direct },
	{ "--read-only", NULL, "The root cannot be written", .note = note_read_only },
	{ "--submounts", NULL, "Show the mounts below the root (the default for /)",
	  .note = note_submounts },
	{ "--no-submounts", NULL, "Show them as empty directories",
	  .note = note_no_submounts },
	{ "-k --keep", NULL, "Keep what is written in a new directory", .set = set_keep },
	{ "-t --tempdir", "DIR", "Keep it in DIR, or reuse what is there (implies -k)",
	  .set = set_tempdir },
	{ "-b --bind -v", "HOST[:CONT][:FLAGS]",
	  "Show the host's HOST as CONT; FLAGS: ro, dev, suid, noexec", .set = set_bind },
	{ "--tmpfs", "DIR[:size=SIZE,mode=MODE]", "An empty, disposable directory at DIR; also noexec, ro",
	  .set = set_tmpfs },
	{ "--shm-size", "SIZE", "A /dev/shm of this size, apart from the scratch memory",
	  .limit = limit_shm },
	{ "--scratch-size", "SIZE",
	  "Memory for what is written and not kept; -1: no limit; default: a quarter of all",
	  .limit = limit_scratch },
	{ "--usedev", NULL, "Show the host's devices on /dev", .flag = MINC_HOST_DEV },
	{ "--debugfs", NULL, "Mount debugfs on /sys/kernel/debug", .flag = MINC_DEBUGFS },
	{ "--pivot", NULL, "Accepted: the host's root is always left by pivot_root",
	  .set = NULL },
	{ "-n --net", "[MODE]",
	  "Own network; MODE: raw[,IF] may follow; --net=host|none|raw[,IF]",
	  .set = set_net, .takes = is_net_mode },
	{ "-c --cpu", "MASK", "Run on these CPUs (hexadecimal)", .call = minc_set_cpus },
	{ "-B --background -d --detach", NULL,
	  "Start it and return; marten(1) finds it again", .note = note_background,
	  .flag = MINC_BACKGROUND },
	{ "-m --memory --mem-limit", "SIZE", "Memory; who needs more is killed",
	  .limit = limit_memory },
	{ "--memory-swap --mem-swap", "SIZE", "Memory and swap together; -1: any swap",
	  .limit = limit_memory_swap },
	{ "--mem-kmem", "SIZE", "Kernel memory (cgroup v1 before Linux 5.16)",
	  .limit = limit_memory_kernel },
	{ "--cpus", "N", "CPU time, in CPUs, such as 1.5", .limit = limit_cpus },
	{ "--cpu-shares", "N", "Part of the CPUs when they are short; others have 1024",
	  .limit = limit_cpu_shares },
	{ "--cpu-quota", "USEC", "CPU time in each period", .limit = limit_cpu_quota },
	{ "--cpu-period", "USEC", "Length of the period; default 100000",
	  .limit = limit_cpu_period },
	{ "--cpuset-cpus", "LIST", "Only these CPUs, such as 0-1,3",
	  .limit = limit_cpuset_cpus },
	{ "--cpuset-mems", "LIST", "Only these memory nodes", .limit = limit_cpuset_mems },
	{ "--pids-limit --pid-max", "N", "Processes and threads", .limit = limit_pids },
	{ "--io-weight --blkio-weight", "N",
	  "Part of a disk when it is short, 10 to 1000; others have 100",
	  .limit = limit_io_weight },
	{ "--device-read-bps", "DEVICE:SIZE", "Bytes read per second",
	  .limit = limit_read_bps },
	{ "--device-write-bps", "DEVICE:SIZE", "Bytes written per second",
	  .limit = limit_write_bps },
	{ "--device-read-iops", "DEVICE:N", "Reads per second", .limit = limit_read_iops },
	{ "--device-write-iops", "DEVICE:N", "Writes per second",
	  .limit = limit_write_iops },
	{ "--ulimit", "NAME=SOFT[:HARD]", "A limit of setrlimit(2) for each process",
	  .limit = limit_ulimit },
	{ "--name", "NAME", "Name of the container, and its host name", .set = set_name },
	{ "--rm", NULL, "Forget it when it ends: of an image, or in the background", .set = set_remove },
	{ "--cidfile", "FILE", "With --background: write its id to FILE, which must not exist",
	  .note = note_cidfile },
	{ "--pidfile", "FILE", "Write the number of its process 1, as the host counts",
	  .note = note_pidfile },
	{ "--log-size", "SIZE", "With --background: how much output is kept, twice",
	  .set = set_log_size },
	{ "--hostname", "NAME", "Host name, where it differs from the name",
	  .set = set_hostname },
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
	  .set = set_umask },
	{ "--init", NULL, "A minimal init is process 1", .flag = MINC_INIT },
	{ "-i -it", NULL, "Accepted; exactly -it: an own terminal even in a pipeline",
	  .set = NULL },
	{ "--cap-add", "LIST", "Add capabilities (comma-separated, or all)",
	  .call = minc_add_cap },
	{ "--cap-drop --nocaps", "LIST", "Drop capabilities", .call = minc_drop_cap },
	{ "--seccomp", "default|unconfined|FILE", "System call filter",
	  .call = minc_set_seccomp },
	{ "--userns", "auto|host|single|range", "Whose ids the container uses",
	  .call = minc_set_userns },
	{ "--nopriv", "DIR", "Run in DIR directly, in a user namespace, even as root",
	  .note = note_nopriv, .set = set_nopriv },
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
	  .note = note_explain },
	{ "--json-status-fd", "FD", "Report start, end and failure to FD as JSON lines",
	  .note = note_status_fd },
	{ "-q --quiet", NULL, "No warnings, no hint how to reuse a directory",
	  .note = note_quiet },
	{ "--debug", NULL, "Print the plan to standard error before the run",
	  .note = note_debug },
	{ "--completion", "bash", "Print the completion script for a shell",
	  .note = note_completion, .alone = true },
	{ .names = NULL }
};
// clang-format on
