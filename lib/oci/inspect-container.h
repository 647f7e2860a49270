/* SPDX-License-Identifier: MIT */
/*
 * inspect-container - all that is known of a background container, as JSON; in the module
 * "oci".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "live/state.h"

/* "--memory 64m", "cgroup v1 memory" */
struct inspect_limit {
	const char *limit, *enforced_by;
};

/* What changes while a container lives. */
struct inspection {
	const char *state; /* "running", "paused", "exited", "lost" */
	bool ended;
	int status;
	uint64_t ended_ns, lost; /* 0: unknown, none */
	const struct inspect_limit *limits;
	size_t limits_len;
};

/* A string for free(3); -EBADMSG if config.json is damaged, -ENOMEM. */
typedef int oci_inspect_fn(const struct state *s, const struct inspection *i, char **ret);
