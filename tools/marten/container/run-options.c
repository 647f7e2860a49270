/* SPDX-License-Identifier: MIT */
/* run-options - the options of run and create: those of docker(1) that we carry out. */
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/limit.h"
#include "common/number.h"
#include "marten/transfer.h"
#include "mount.h"
#include "run.h"

static const char *set_security(minc_ctx *c, const char *value)
{
	if (strncmp(value, "seccomp=", 8) == 0)
		return limit_answer(minc_set_seccomp(c, value + 8));
	/* that is how every container is, unless it is privileged */
	if (strcmp(value, "no-new-privileges") == 0 ||
	    strcmp(value, "no-new-privileges=true") == 0 ||
	    strcmp(value, "no-new-privileges:true") == 0)
		return NULL;
	/* nor does anything here label or load a profile */
	if (strcmp(value, "label=disable") == 0 || strcmp(value, "label:disable") == 0 ||
	    strcmp(value, "apparmor=unconfined") == 0 ||
	    strcmp(value, "apparmor:unconfined") == 0)
		return NULL;
	return "only seccomp= and no-new-privileges are known";
}

/* Nothing restarts a container here, so only "no" is accepted. */
static const char *set_restart(minc_ctx *c, const char *value)
{
	(void)c;
	return strcmp(value, "no") == 0
		       ? NULL
		       : "nothing restarts a container here: that is the "
			 "business of an init";
}

static const char *set_network(minc_ctx *c, const char *value)
{
	if (strcmp(value, "host") == 0 || strcmp(value, "none") == 0)
		return limit_answer(minc_set_network(c, value));
	return "only host and none in this version: it has no bridges and no other "
	       "networks";
}

static const char *read_pull(void *into, const char *value)
{
	*(const char **)into = value;
	return strcmp(value, "missing") == 0 || strcmp(value, "always") == 0 ||
			       strcmp(value, "never") == 0
		       ? NULL
		       : "unknown (missing, always, never)";
}

static const char *read_label(void *into, const char *value)
{
	return *value && *value != '=' ? read_word(into, value) : "not KEY[=VALUE]";
}

const struct run_values run_defaults = { .stop_grace_ms = GRACE_UNSAID,
					 .sig_proxy = true };

void run_values_done(void *values)
{
	const struct run_values *o = values;

	free(o->env.v);
	free(o->env_files.v);
	free(o->volumes.v);
	free(o->mounts.v);
	free(o->tmpfs.v);
	free(o->labels.v);
}

// clang-format off
#define AT(field) offsetof(struct run_values, field)
#define BOTH \
	{ "-i --interactive", NULL, "The command reads our standard input", .offset = AT(input) }, \
	{ "-t --tty", NULL, "It has a terminal of its own", .offset = AT(terminal) }, \
	{ "--rm", NULL, "Remove it when it has ended", .offset = AT(remove) }, \
	{ "--name", "NAME", "Name of the container", .offset = AT(name) }, \
	{ "-h --hostname", "NAME", "Host name; default: the beginning of its id", \
	  .offset = AT(hostname) }, \
	{ "--add-host", "NAME:ADDRESS", "A line of its /etc/hosts; may be repeated", \
	  .call = minc_add_host }, \
	{ "--entrypoint", "PROGRAM", "Instead of the image's; '' for none", \
	  .offset = AT(entrypoint) }, \
	{ "-e --env", "NAME[=VALUE]", "Set a variable, or hand on the caller's", \
	  .offset = AT(env), .read = read_word }, \
	{ "--env-file", "FILE", "The same, one a line", \
	  .offset = AT(env_files), .read = read_word }, \
	{ "-u --user", "UID[:GID]", "Run it as this user; names work too", .call = minc_set_user }, \
	{ "-w --workdir", "DIR", "Working directory inside", .call = minc_set_cwd }, \
	{ "-v --volume", "SOURCE:TARGET[:ro]", "Show a host path, or the volume of that name", \
	  .offset = AT(volumes), .read = read_word, .complete = "VOLUME:|FILE" }, \
	{ "--mount", "type=..,target=..", "bind, tmpfs or volume, with source=, readonly", \
	  .offset = AT(mounts), .read = read_word }, \
	{ "--tmpfs", "TARGET[:size=..]", "An empty directory in memory; also noexec, ro, uid=", \
	  .offset = AT(tmpfs), .read = read_word }, \
	{ "--device", "HOST[:TARGET][:rwm]", "Show a device of the host", .set = mount_device }, \
	{ "--shm-size", "SIZE", "Of /dev/shm", .set = limit_shm }, \
	{ "--scratch-size", "SIZE", "Memory for what is written and not kept; -1: no limit", \
	  .set = limit_scratch }, \
	{ "--read-only", NULL, "Its root cannot be written", .offset = AT(read_only) }, \
	{ "--network --net", "host|none", "host is the default", .set = set_network }, \
	{ "--userns", "auto|host|single|range", "Whose ids it uses", .call = minc_set_userns }, \
	{ "--umask", "MASK|host", "Permissions that its files do not get; default 022", \
	  .set = limit_umask }, \
	{ "--init", NULL, "A minimal init is process 1", .flag = MINC_INIT }, \
	{ "--cap-add", "LIST", "Add capabilities (comma-separated, or all)", .call = minc_add_cap }, \
	{ "--cap-drop", "LIST", "Drop capabilities", .call = minc_drop_cap }, \
	{ "--security-opt", "seccomp=FILE", "Or unconfined; no-new-privileges is always on", \
	  .set = set_security }, \
	{ "--privileged", NULL, "Lift the protections", .flag = MINC_PRIVILEGED }, \
	{ "--best-effort", NULL, "Protection that cannot be applied is only a warning", \
	  .flag = MINC_BEST_EFFORT }, \
	{ "-m --memory", "SIZE", "Limit of memory; -1: none", .set = limit_memory }, \
	{ "--memory-swap", "SIZE", "Of memory and swap together", .set = limit_memory_swap }, \
	{ "--cpus", "N", "Limit of CPU time, such as 1.5", .set = limit_cpus }, \
	{ "-c --cpu-shares", "N", "Part of the CPUs when they are short; others have 1024", \
	  .set = limit_cpu_shares }, \
	{ "--cpu-quota", "USEC", "CPU time in each period", .set = limit_cpu_quota }, \
	{ "--cpu-period", "USEC", "Default 100000", .set = limit_cpu_period }, \
	{ "--cpuset-cpus", "LIST", "CPUs it may use, such as 0-1,3", .set = limit_cpuset_cpus }, \
	{ "--cpuset-mems", "LIST", "Memory nodes it may use", .set = limit_cpuset_mems }, \
	{ "--pids-limit", "N", "Processes and threads; -1: no limit", .set = limit_pids }, \
	{ "--blkio-weight", "N", "Part of a disk when it is short, 10 to 1000", \
	  .set = limit_io_weight }, \
	{ "--device-read-bps", "DEVICE:SIZE", "Bytes read per second", .set = limit_read_bps }, \
	{ "--device-write-bps", "DEVICE:SIZE", "Bytes written per second", \
	  .set = limit_write_bps }, \
	{ "--device-read-iops", "DEVICE:N", "Reads per second", .set = limit_read_iops }, \
	{ "--device-write-iops", "DEVICE:N", "Writes per second", .set = limit_write_iops }, \
	{ "--ulimit", "NAME=SOFT[:HARD]", "A limit of setrlimit(2) for each process", \
	  .set = limit_ulimit }, \
	{ "-l --label", "KEY[=VALUE]", "For ps --format json", \
	  .offset = AT(labels), .read = read_label }, \
	{ "--restart", "no", "The only value: nothing restarts a container", .set = set_restart }, \
	{ "--log-size", "SIZE", "How much output is kept, twice", .set = limit_log_size }, \
	{ "--stop-signal", "SIGNAL", "What stop sends; default: what the image says, or TERM", \
	  .offset = AT(stop_signal), .read = read_signal }, \
	{ "--stop-timeout", "SECONDS", "Until stop kills it; default 10, -1: never", \
	  .offset = AT(stop_grace_ms), .read = read_grace }, \
	{ "--pull", "missing|always|never", "When to get the image", \
	  .offset = AT(pull), .read = read_pull }, \
	OPTION_INSECURE_POLICY(struct run_values), \
	{ "--platform", "OS/ARCH[/VARIANT]", "Of an image for several, or pulled: for that one", \
	  .offset = AT(platform) }, \
	{ "-q --quiet", NULL, "No progress of a pull", .offset = AT(quiet) }, \
	{ "--cidfile", "FILE", "Write its id to FILE, which must not exist", .offset = AT(cidfile) }

const struct option run_options[] = {
	BOTH,
	{ "-d --detach", NULL, "Do not wait for it; print its id", .offset = AT(detach) },
	{ "--detach-keys", "KEYS", "Instead of ctrl-p,ctrl-q; '' for none", .offset = AT(keys) },
	{ "--sig-proxy", NULL, "Hand signals on to the command, as is the default",
	  .offset = AT(sig_proxy) },
	{ "--pidfile", "FILE", "Write the number of its process 1, as the host counts",
	  .offset = AT(pidfile) },
	{ .names = NULL }
};
const struct option create_options[] = { BOTH, { .names = NULL } };

static const char no_ports[] =
	"ports need a bridge network, which this version lacks: with the host's, "
	"programs listen on its ports themselves";
static const char no_namespace[] = "this namespace is always its own, in this version";
const struct refusal run_refusals[] = {
	{ "-p --publish -P --publish-all --expose", no_ports },
	{ "--pid --ipc --uts --cgroupns", no_namespace },
	{ "--gpus", "devices are given one by one, with --device" },
	{ "--link --ip --ip6 --mac-address --network-alias --dns --dns-search --dns-option "
	  "--add-host",
	  "only --network host and none in this version" },
	{ "--health-cmd --health-interval --health-retries --health-timeout --no-healthcheck",
	  "health checks are missing in this version" },
	{ "--log-driver --log-opt", "the log is a file; see --log-size" },
	{ .names = NULL }
};
// clang-format on
