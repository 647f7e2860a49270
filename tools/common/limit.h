/* SPDX-License-Identifier: MIT */
/*
 * limit - option values that limit resources: sizes, shares, lists, rates and ulimits
 * become library calls. Each returns NULL, or what is wrong with the value; limit_refused
 * if the library refused it and the context has the message.
 */
#ifndef LIMIT_H
#define LIMIT_H

#include <minc/minc.h>

extern const char limit_refused[];
/* The library's answer in these words. */
const char *limit_answer(int r);

const char *limit_memory(minc_ctx *c, const char *value);
const char *limit_memory_swap(minc_ctx *c, const char *value);
const char *limit_memory_kernel(minc_ctx *c, const char *value);
const char *limit_cpus(minc_ctx *c, const char *value);
const char *limit_cpu_shares(minc_ctx *c, const char *value);
const char *limit_cpu_quota(minc_ctx *c, const char *value);
const char *limit_cpu_period(minc_ctx *c, const char *value);
const char *limit_cpuset_cpus(minc_ctx *c, const char *value);
const char *limit_cpuset_mems(minc_ctx *c, const char *value);
const char *limit_pids(minc_ctx *c, const char *value);
const char *limit_io_weight(minc_ctx *c, const char *value);
const char *limit_read_bps(minc_ctx *c, const char *value);
const char *limit_write_bps(minc_ctx *c, const char *value);
const char *limit_read_iops(minc_ctx *c, const char *value);
const char *limit_write_iops(minc_ctx *c, const char *value);
const char *limit_scratch(minc_ctx *c, const char *value);
/* A /dev/shm with a size of its own. */
const char *limit_shm(minc_ctx *c, const char *value);
const char *limit_ulimit(minc_ctx *c, const char *value);
/* How much of its output is kept. */
const char *limit_log_size(minc_ctx *c, const char *value);
/* The permissions that its files do not get: octal, or "host". */
const char *limit_umask(minc_ctx *c, const char *value);

#endif
