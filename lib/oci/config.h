/* SPDX-License-Identifier: MIT */
/*
 * config - an OCI runtime config.json and a spec, in both directions. Lives in the module
 * "oci", found by module_symbol("oci", "oci_config_load" or "oci_config_write").
 *
 * What OCI has no word for is an annotation "org.libminc.*" (oci/standard.h), so that a
 * written spec comes back as it was. What this library has no word for is refused by
 * name: no field is ignored but the annotations of others, as the specification demands.
 */
#pragma once

#include <stdio.h>

#include "plan/host.h"
#include "plan/spec.h"

/*
 * Add what @path says to @s by the spec_* setters. @dir: where it is a file of ours, read
 * as io_read_own_file() does; negative: what the user named, maybe a pipe. root.path and
 * bind sources that are relative are relative to its directory. 0, or the failure,
 * recorded in @s: -EINVAL for what is not strict JSON or is refused, -EFBIG above 4 MiB,
 * errors of open(2), -ENOMEM.
 */
typedef int oci_config_load_fn(struct spec *s, int dir, const char *path);

/*
 * Print @s on the host @h as a config.json that runs @argv (NULL: the spec's own command,
 * else the user's shell). 0, or -errno recorded in s->err: -ENOTSUP for open descriptors,
 * -EINVAL for an unknown capability, -ENOMEM.
 */
typedef int oci_config_write_fn(const struct spec *s, const struct host *h,
				const char *const *argv, FILE *out);

__attribute__((visibility("default"))) oci_config_load_fn oci_config_load;
__attribute__((visibility("default"))) oci_config_write_fn oci_config_write;
