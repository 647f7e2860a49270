/* SPDX-License-Identifier: MIT */
/*
 * seccomp-module - what the module "seccomp" offers: filters that are not the one made at
 * build time. Reached through module_symbol("seccomp", "seccomp_for_caps").
 */
#pragma once

#include <linux/filter.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/plan.h"

struct filter_result {
	const struct sock_filter *filter; /* in the plan's arena */
	unsigned short len;
};

/* The default profile for a command with @caps. Returns 0, -ENOTSUP, -ENOMEM. */
typedef int seccomp_for_caps_fn(struct plan *p, uint64_t caps, struct filter_result *ret,
				struct err *e);

/*
 * The profile in the JSON file @path, in the form of containers-common (seccomp.json(5)),
 * for a command with @caps on kernel @kernel (HOST_KERNEL()). Returns 0, -EINVAL with the
 * word that is wrong or not supported, -ENOMEM, or the error of reading the file.
 */
typedef int seccomp_from_file_fn(struct plan *p, const char *path, uint64_t caps,
				 unsigned kernel, struct filter_result *ret,
				 struct err *e);

/* Inside the module: the program of @filter, a scmp_filter_ctx; @path is for messages. */
int seccomp_export(void *filter, struct plan *p, const char *path,
		   struct filter_result *ret, struct err *e);
