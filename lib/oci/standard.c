/* SPDX-License-Identifier: MIT */
/* standard - see standard.h. The paths are those of host_api_paths in plan/host.c. */
#include "oci/standard.h"

#include <cap-ng.h>
#include <ctype.h>
#include <errno.h>
#include <linux/capability.h>
#include <minc/container.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

_Static_assert(OCI_CAPS_DEFAULT ==
		       (1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE |
			1ull << CAP_FOWNER | 1ull << CAP_FSETID | 1ull << CAP_KILL |
			1ull << CAP_SETGID | 1ull << CAP_SETUID | 1ull << CAP_SETPCAP |
			1ull << CAP_NET_BIND_SERVICE | 1ull << CAP_SYS_CHROOT |
			1ull << CAP_SETFCAP),
	       "the default of container.h");

const struct oci_flag_note oci_flag_notes[] = {
	{ OCI_NOTE "privileged", MINC_PRIVILEGED },
	{ OCI_NOTE "best-effort", MINC_BEST_EFFORT },
	{ OCI_NOTE "init", MINC_INIT },
	{ OCI_NOTE "die-with-parent", MINC_DIE_WITH_PARENT },
	{ OCI_NOTE "inherit-env", MINC_INHERIT_ENV },
	/*
	 * not a mount of devtmpfs: another runtime would make its links in the host's
	 * /dev
	 */
	{ OCI_NOTE "host-dev", MINC_HOST_DEV },
};
const size_t oci_flag_notes_len = sizeof(oci_flag_notes) / sizeof(oci_flag_notes[0]);

// clang-format off
const struct oci_api_mount oci_api_mounts[] = {
	{ "/proc", "proc", "proc", { "nosuid", "noexec", "nodev" } },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ "/dev/pts", "devpts", "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
	{ "/dev/shm", "tmpfs", "shm",
	  { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	{ "/tmp", "tmpfs", "tmpfs", { "nosuid", "nodev", "mode=1777" } },
};
// clang-format on
const size_t oci_api_mounts_len = sizeof(oci_api_mounts) / sizeof(oci_api_mounts[0]);

const char *const oci_masked_paths[] = {
	"/proc/acpi",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/dev/block",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	"/sys/fs/selinux",
	NULL,
};

const char *const oci_readonly_paths[] = {
	"/proc/asound", "/proc/bus",           "/proc/fs", "/proc/irq",
	"/proc/sys",    "/proc/sysrq-trigger", NULL,
};

const char oci_default_path[] =
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

int oci_caps_change(uint64_t *mask, uint64_t all, bool add, const char *names)
{
	uint64_t change = 0;

	while (*names) {
		size_t len = strcspn(names, ",");
		char name[64];
		int cap;

		if (len == 0 || len >= sizeof(name))
			return -EINVAL;
		memcpy(name, names, len);
		name[len] = '\0';
		cap = capng_name_to_capability(strncasecmp(name, "cap_", 4) == 0
						       ? name + 4
						       : name);
		if (strcasecmp(name, "all") == 0)
			change |= all;
		else if (cap < 0 || cap > 63)
			return -EINVAL;
		else
			change |= 1ull << cap;
		names += len;
		if (*names == ',' && *++names == '\0')
			return -EINVAL;
	}
	*mask = add ? *mask | change : *mask & ~change;
	return 0;
}

const char *oci_cap_name(unsigned cap, char *buf, size_t len)
{
	const char *name = capng_capability_to_name(cap);

	if (!name)
		return NULL;
	snprintf(buf, len, "CAP_%s", name);
	for (char *p = buf; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return buf;
}

int oci_cap_number(const char *name)
{
	char buf[64];
	int cap;

	if (strncmp(name, "CAP_", 4) != 0)
		return -EINVAL;
	cap = capng_name_to_capability(name + 4);
	if (cap < 0 || cap > 63 || !oci_cap_name((unsigned)cap, buf, sizeof(buf)) ||
	    strcmp(buf, name) != 0)
		return -EINVAL;
	return cap;
}
