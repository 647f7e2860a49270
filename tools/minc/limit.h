/* SPDX-License-Identifier: MIT */
/*
 * limit - the options that limit resources: sizes, shares, lists, rates and ulimits become
 * library calls. All are set functions of the option table.
 */
#ifndef LIMIT_H
#define LIMIT_H

#include "options.h"

int limit_memory(struct options *o, const char *value);
int limit_memory_swap(struct options *o, const char *value);
int limit_memory_kernel(struct options *o, const char *value);
int limit_cpus(struct options *o, const char *value);
int limit_cpu_shares(struct options *o, const char *value);
int limit_cpu_quota(struct options *o, const char *value);
int limit_cpu_period(struct options *o, const char *value);
int limit_cpuset_cpus(struct options *o, const char *value);
int limit_cpuset_mems(struct options *o, const char *value);
int limit_pids(struct options *o, const char *value);
int limit_io_weight(struct options *o, const char *value);
int limit_read_bps(struct options *o, const char *value);
int limit_write_bps(struct options *o, const char *value);
int limit_read_iops(struct options *o, const char *value);
int limit_write_iops(struct options *o, const char *value);
int limit_ulimit(struct options *o, const char *value);

#endif
