/* SPDX-License-Identifier: MIT */
/* write-resources - limits in a config.json; see load-resources.c for the way back. */
#include <ctype.h>
#include <errno.h>
#include <minc/container.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "oci/standard.h"
#include "oci/write.h"

/* The object @key of @resources, made when it is first needed. */
static json_t *part(struct writer *w, json_t *resources, const char *key)
{
	if (!json_object_get(resources, key))
		write_put(w, resources, key, json_object());
	return json_object_get(resources, key);
}

static void write_limits(struct writer *w, json_t *resources)
{
	static const struct {
		const char *part, *key;
	} names[SPEC_GROUP_LIMITS] = {
		[MINC_LIMIT_MEMORY] = { "memory", "limit" },
		[MINC_LIMIT_MEMORY_SWAP] = { "memory", "swap" },
		[MINC_LIMIT_MEMORY_KERNEL] = { "memory", "kernel" },
		[MINC_LIMIT_CPU_SHARES] = { "cpu", "shares" },
		[MINC_LIMIT_CPU_QUOTA_US] = { "cpu", "quota" },
		[MINC_LIMIT_CPU_PERIOD_US] = { "cpu", "period" },
		[MINC_LIMIT_PIDS] = { "pids", "limit" },
		[MINC_LIMIT_IO_WEIGHT] = { "blockIO", "weight" },
	};

	for (size_t i = MINC_LIMIT_MEMORY; i < SPEC_GROUP_LIMITS; i++)
		if (w->s->limits[i].set)
			write_put(w, part(w, resources, names[i].part), names[i].key,
				  json_integer(w->s->limits[i].value));
}

static void write_cpuset(struct writer *w, json_t *resources)
{
	if (w->s->cpuset_cpus)
		write_put(w, part(w, resources, "cpu"), "cpus",
			  write_text(w, w->s->cpuset_cpus));
	if (w->s->cpuset_mems)
		write_put(w, part(w, resources, "cpu"), "mems",
			  write_text(w, w->s->cpuset_mems));
}

static bool device_number(struct writer *w, const struct spec_io *io, unsigned *ret_major,
			  unsigned *ret_minor)
{
	struct stat st;

	if (*io->device != '/')
		return sscanf(io->device, "%u:%u", ret_major, ret_minor) == 2;
	if (stat(io->device, &st) < 0 || !S_ISBLK(st.st_mode)) {
		w->failed = err_say(w->s->err, -ENOTBLK, "%s: not a block device",
				    io->origin);
		return false;
	}
	*ret_major = major(st.st_rdev);
	*ret_minor = minor(st.st_rdev);
	return true;
}

static void write_throttles(struct writer *w, json_t *resources)
{
	static const char *const keys[] = { OCI_THROTTLES };

	for (const struct spec_io *io = w->s->io; io && w->failed == 0; io = io->next) {
		const char *key = keys[io->which - MINC_IO_READ_BPS];
		json_t *block_io = part(w, resources, "blockIO"), *device;
		unsigned number[2];

		if (!device_number(w, io, &number[0], &number[1]))
			return;
		if (!json_object_get(block_io, key))
			write_put(w, block_io, key, json_array());
		device = json_object();
		write_put(w, device, "major", json_integer(number[0]));
		write_put(w, device, "minor", json_integer(number[1]));
		write_put(w, device, "rate", json_integer((json_int_t)io->value));
		write_append(w, json_object_get(block_io, key), device);
	}
}

void write_resources(struct writer *w, json_t *linux_object)
{
	json_t *resources;

	if (!spec_limits_group(w->s))
		return;
	resources = json_object();
	write_limits(w, resources);
	write_cpuset(w, resources);
	write_throttles(w, resources);
	write_put(w, linux_object, "resources", resources);
}

static json_t *rlimit_value(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

void write_rlimits(struct writer *w, json_t *process)
{
	json_t *list;

	if (!w->s->rlimits)
		return;
	list = json_array();
	for (const struct spec_rlimit *l = w->s->rlimits; l; l = l->next) {
		json_t *rlimit = json_object();
		char type[32];
		size_t n = (size_t)snprintf(type, sizeof(type), "RLIMIT_%s", l->name);

		for (size_t i = 0; i < n; i++)
			type[i] = (char)toupper((unsigned char)type[i]);
		write_put(w, rlimit, "type", json_string(type));
		write_put(w, rlimit, "soft", rlimit_value(l->soft));
		write_put(w, rlimit, "hard", rlimit_value(l->hard));
		write_append(w, list, rlimit);
	}
	write_put(w, process, "rlimits", list);
}
