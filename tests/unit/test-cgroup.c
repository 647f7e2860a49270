/* SPDX-License-Identifier: MIT */
/*
 * Limits: what the setters take, what other versions make of values, what is said of
 * groups. With root and groups, also the groups of a real container: usage, freezing,
 * killing.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <minc/container.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"
#include "cgroup/cgroup.h"
#include "cgroup/set.h"
#include "run/run.h"
#include "suite.h"
#include "tree.h"

/* Setters */

START_TEST(values_in_range_are_kept_and_others_refused)
{
	static const struct {
		unsigned limit;
		int64_t value;
		int r;
	} rows[] = {
		{ MINC_LIMIT_MEMORY, 1, 0 },
		{ MINC_LIMIT_MEMORY, -1, 0 },
		{ MINC_LIMIT_MEMORY, 0, -ERANGE },
		{ MINC_LIMIT_MEMORY, -2, -ERANGE },
		{ MINC_LIMIT_MEMORY_SWAP, -1, 0 },
		{ MINC_LIMIT_MEMORY_KERNEL, -1, -ERANGE },
		{ MINC_LIMIT_CPU_SHARES, 2, 0 },
		{ MINC_LIMIT_CPU_SHARES, 1, -ERANGE },
		{ MINC_LIMIT_CPU_SHARES, 262144, 0 },
		{ MINC_LIMIT_CPU_SHARES, 262145, -ERANGE },
		{ MINC_LIMIT_CPU_QUOTA_US, 1000, 0 },
		{ MINC_LIMIT_CPU_QUOTA_US, 999, -ERANGE },
		{ MINC_LIMIT_CPU_QUOTA_US, -1, 0 },
		{ MINC_LIMIT_CPU_PERIOD_US, -1, -ERANGE },
		{ MINC_LIMIT_CPU_PERIOD_US, 1000, 0 },
		{ MINC_LIMIT_CPU_PERIOD_US, 1000001, -ERANGE },
		{ MINC_LIMIT_PIDS, 1, 0 },
		{ MINC_LIMIT_PIDS, 0, -ERANGE },
		{ MINC_LIMIT_IO_WEIGHT, 10, 0 },
		{ MINC_LIMIT_IO_WEIGHT, 9, -ERANGE },
		{ 0, 1, -EINVAL },
		{ MINC_LIMIT_SCRATCH, 65536, 0 },
		{ MINC_LIMIT_SCRATCH, 65535, -ERANGE },
		{ MINC_LIMIT_SCRATCH, -1, 0 },
		{ MINC_LIMIT_SCRATCH + 1, 1, -EINVAL },
	};

	ck_assert_int_eq(spec_set_limit(&spec, rows[_i].limit, rows[_i].value),
			 rows[_i].r);
	ck_assert_int_eq(spec.sticky, rows[_i].r);
	ck_assert_int_eq(spec_limits_group(&spec),
			 rows[_i].r == 0 && rows[_i].limit != MINC_LIMIT_SCRATCH);
	if (rows[_i].r == 0)
		ck_assert_int_eq(spec.limits[rows[_i].limit].value, rows[_i].value);
}
END_TEST
enum { VALUES = 22 };

START_TEST(lists_are_read_strictly)
{
	static const struct {
		const char *text;
		int r;
		uint64_t first, second;
	} rows[] = {
		{ "0", 0, 1, 0 },          { "0-1,3", 0, 0xb, 0 },
		{ "3,0-1", 0, 0xb, 0 },    { "63-64", 0, 1ull << 63, 1 },
		{ "1023", 0, 0, 0 },       { "1024", -ERANGE, 0, 0 },
		{ "1-", -EINVAL, 0, 0 },   { "-1", -EINVAL, 0, 0 },
		{ "1,", -EINVAL, 0, 0 },   { ",1", -EINVAL, 0, 0 },
		{ "2-1", -EINVAL, 0, 0 },  { "1 ", -EINVAL, 0, 0 },
		{ "1--2", -EINVAL, 0, 0 }, { "0x1", -EINVAL, 0, 0 },
		{ "+1", -EINVAL, 0, 0 },   { "99999999999999999999", -ERANGE, 0, 0 },
	};
	uint64_t mask[16] = { 0 };

	ck_assert_int_eq(spec_parse_list(rows[_i].text, mask), rows[_i].r);
	if (rows[_i].r == 0) {
		ck_assert_uint_eq(mask[0], rows[_i].first);
		ck_assert_uint_eq(mask[1], rows[_i].second);
	}
	ck_assert_int_eq(spec_set_cpuset(&spec, rows[_i].text, NULL), rows[_i].r);
}
END_TEST
enum { LISTS = 16 };

START_TEST(devices_are_paths_or_numbers)
{
	static const char *const bad[] = { "sda", "8", "8:", ":0", "8:0:0", "a:b", "" };

	ck_assert_int_eq(spec_set_io_limit(&spec, "/dev/sda", MINC_IO_READ_BPS, 1), 0);
	ck_assert_int_eq(spec_set_io_limit(&spec, "8:0", MINC_IO_WRITE_IOPS, 1), 0);
	ck_assert_int_eq(spec_set_io_limit(&spec, "8:0", MINC_IO_WRITE_IOPS, 2), 0);
	ck_assert_uint_eq(spec.io->next->value, 2);
	ck_assert_ptr_null(spec.io->next->next);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(spec_set_io_limit(&spec, bad[i], MINC_IO_READ_BPS, 1),
				 -EINVAL);
	ck_assert_int_eq(spec_set_io_limit(&spec, "8:0", 0, 1), -EINVAL);
	ck_assert_int_eq(spec_set_io_limit(&spec, "8:0", 5, 1), -EINVAL);
	ck_assert_int_eq(spec_set_io_limit(&spec, "8:0", MINC_IO_READ_BPS, 0), -EINVAL);
}
END_TEST

START_TEST(rlimits_replace_each_other)
{
	ck_assert_int_eq(spec_set_rlimit(&spec, "nofile", 1, 2), 0);
	ck_assert_int_eq(spec_set_rlimit(&spec, "as", 1, UINT64_MAX), 0);
	ck_assert_int_eq(spec_set_rlimit(&spec, "nofile", 3, 4), 0);
	ck_assert_int_eq(spec.rlimits->resource, RLIMIT_NOFILE);
	ck_assert_uint_eq(spec.rlimits->hard, 4);
	ck_assert_ptr_null(spec.rlimits->next->next);
	ck_assert_str_eq(spec_rlimit_name(RLIMIT_RTTIME), "rttime");
	ck_assert_ptr_null(spec_rlimit_name(99));
	ck_assert_int_eq(spec_limits_group(&spec), 0);
	ck_assert_int_eq(spec_set_rlimit(&spec, "nofile", 5, 4), -EINVAL);
	ck_assert_int_eq(spec_set_rlimit(&spec, "NOFILE", 1, 4), -EINVAL);
}
END_TEST

START_TEST(weights_keep_their_ends)
{
	ck_assert_uint_eq(cgroup_weight_of_shares(2), 1);
	ck_assert_uint_eq(cgroup_weight_of_shares(1024), 39);
	ck_assert_uint_eq(cgroup_weight_of_shares(262144), 10000);
	ck_assert_uint_eq(cgroup_io_weight(10), 1);
	ck_assert_uint_eq(cgroup_io_weight(1000), 10000);
}
END_TEST

/* Text */

START_TEST(lines_open_what_they_name)
{
	char line[280], path[256];
	const char *lines[] = { line, NULL };
	struct cgroup_set *set = NULL;

	make_file("memory pids\n", "g/cgroup.controllers");
	snprintf(path, sizeof(path), "%s/g", top);
	snprintf(line, sizeof(line), "v2:%s", path);
	ck_assert_int_eq(cgroup_set_open(lines, &set), 0);
	ck_assert(set->dirs[0].v2);
	ck_assert_uint_eq(set->dirs[0].controllers,
			  1 << CGROUP_MEMORY | 1 << CGROUP_PIDS);
	cgroup_set_free(set);
	snprintf(line, sizeof(line), "cpu,cpuacct:%s", path);
	ck_assert_int_eq(cgroup_set_open(lines, &set), 0);
	ck_assert_int_eq(cgroup_set_text(set, 0, line, sizeof(line)), 0);
	ck_assert(strncmp(line, "cpu,cpuacct:/", 13) == 0 &&
		  strcmp(line + 12, path) == 0);
	ck_assert_int_eq(cgroup_set_text(set, 0, line, 12), -ENAMETOOLONG);
	cgroup_set_free(set);
	snprintf(line, sizeof(line), "v2:%s/absent", top);
	ck_assert_int_eq(cgroup_set_open(lines, &set), -ENOENT);
	lines[0] = "memory:relative";
	ck_assert_int_eq(cgroup_set_open(lines, &set), -EINVAL);
	lines[0] = "magic:/tmp";
	ck_assert_int_eq(cgroup_set_open(lines, &set), -EINVAL);
}
END_TEST

static void collect(const char *origin, const char *enforced_by, void *userdata)
{
	char *text = userdata;
	size_t len = strlen(text);

	snprintf(text + len, 512 - len, "%s=%s\n", origin, enforced_by);
}

START_TEST(the_report_names_what_enforces)
{
	char line[280], text[512] = "";
	const char *lines[] = { line, NULL };
	struct cgroup_set *set = NULL;
	struct cgroup_usage usage;

	make_file("memory pids\n", "g/cgroup.controllers");
	make_file("max\n", "g/memory.max");
	make_file("4096\n", "g/memory.current");
	make_file("low 0\noom 3\noom_kill 2\n", "g/memory.events");
	make_file("usage_usec 77\nuser_usec 1\n", "g/cpu.stat");
	make_file("max\n", "g/pids.current");
	snprintf(line, sizeof(line), "v2:%s/g", top);
	ck_assert_int_eq(cgroup_set_open(lines, &set), 0);
	cgroup_set_usage(set, &usage);
	ck_assert_uint_eq(usage.memory_bytes, 4096);
	ck_assert_uint_eq(usage.memory_peak_bytes, UINT64_MAX);
	ck_assert_uint_eq(usage.oom_kills, 2);
	ck_assert_uint_eq(usage.cpu_usec, 77);
	ck_assert_uint_eq(usage.pids, UINT64_MAX);
	ck_assert_uint_eq(usage.read_bytes, UINT64_MAX);
	spec_set_origin(&spec, "-m");
	spec_set_limit(&spec, MINC_LIMIT_MEMORY, 1);
	spec_set_origin(&spec, "-k");
	spec_set_limit(&spec, MINC_LIMIT_MEMORY_KERNEL, 1);
	spec_set_origin(&spec, "-p");
	spec_set_limit(&spec, MINC_LIMIT_PIDS, 1);
	spec_set_origin(&spec, "-s");
	spec_set_limit(&spec, MINC_LIMIT_SCRATCH, 1 << 20);
	spec_set_origin(&spec, "-u");
	spec_set_rlimit(&spec, "core", 0, 0);
	cgroup_report(&spec, HOST_KERNEL(6, 1), set, false, collect, text);
	ck_assert_str_eq(
		text,
		"-m=cgroup v2 memory\n-k=nothing\n-p=nothing\n-s=tmpfs\n-u=rlimit\n");
	cgroup_set_free(set);
	text[0] = '\0';
	cgroup_report(&spec, HOST_KERNEL(6, 1), NULL, true, collect, text);
	ck_assert_str_eq(
		text,
		"devices=nothing\n-m=nothing\n-k=nothing\n-p=nothing\n-s=tmpfs\n-u=rlimit\n");
}
END_TEST

/* Controllers may share a hierarchy: a group in it need not have a list. */
START_TEST(a_list_of_devices_is_one_that_denies)
{
	char line[280], text[512] = "";
	const char *lines[] = { line, NULL };
	struct cgroup_set *set = NULL;

	make_file("a *:* rwm\n", "g/devices.list");
	snprintf(line, sizeof(line), "cpu,devices:%s/g", top);
	ck_assert_int_eq(cgroup_set_open(lines, &set), 0);
	ck_assert(!cgroup_set_confines_devices(set));
	make_file("c 1:3 rwm\n", "g/devices.list");
	ck_assert(cgroup_set_confines_devices(set));
	cgroup_report(&spec, HOST_KERNEL(6, 1), set, true, collect, text);
	ck_assert_str_eq(text, "devices=cgroup v1 devices\n");
	make_file("", "g/devices.list"); /* nothing at all is allowed */
	ck_assert(cgroup_set_confines_devices(set));
	cgroup_set_free(set);
	ck_assert(!cgroup_set_confines_devices(NULL));
}
END_TEST

START_TEST(io_of_all_devices_is_added)
{
	char line[256];
	const char *lines[] = { line, NULL };
	struct cgroup_set *set = NULL;
	struct cgroup_usage usage;

	make_file("io\n", "g/cgroup.controllers");
	make_file("8:0 rbytes=10 wbytes=1 rios=5\n8:16 rbytes=5 wbytes=2 rios=1\n",
		  "g/io.stat");
	make_file("8:0 Read 10\n8:0 Write 1\n8:0 Total 11\n8:16 Read 5\nTotal 16\n",
		  "g/blkio.throttle.io_service_bytes_recursive");
	for (int v2 = 0; v2 < 2; v2++) {
		snprintf(line, sizeof(line), "%s:%s/g", v2 ? "v2" : "blkio", top);
		ck_assert_int_eq(cgroup_set_open(lines, &set), 0);
		cgroup_set_usage(set, &usage);
		ck_assert_uint_eq(usage.read_bytes, 15);
		ck_assert_uint_eq(usage.write_bytes, v2 ? 3 : 1);
		cgroup_set_free(set);
	}
}
END_TEST

/* A real container, reopened as another process would. */

static minc_container *start_one(minc_ctx **ret)
{
	minc_ctx *c = minc_ctx_new();
	minc_container *ct = NULL;

	minc_set_root(c, "/", MINC_ROOT_NOSUBMOUNTS);
	minc_set_limit(c, MINC_LIMIT_MEMORY, 64 << 20);
	minc_set_limit(c, MINC_LIMIT_PIDS, 50);
	if (minc_start(c, (const char *const[]){ "sleep", "60", NULL }, &ct) < 0)
		printf("SKIP: %s\n", minc_error_message(c));
	*ret = c;
	return ct;
}

START_TEST(a_container_is_measured_frozen_and_killed)
{
	char text[CGROUP_HIERARCHIES_MAX][512];
	const char *lines[CGROUP_HIERARCHIES_MAX + 1] = { NULL };
	struct cgroup_set *set = NULL, held, again;
	struct held_list opened = { 0 };
	struct cgroup_usage usage;
	minc_ctx *c;
	minc_container *ct = start_one(&c);
	int status = 0;

	if (!ct) {
		minc_ctx_free(c);
		return;
	}
	(void)cgroup_set_of(&ct->held, &held);
	for (size_t i = 0; i < held.len; i++) {
		ck_assert_int_eq(cgroup_set_text(&held, i, text[i], sizeof(text[i])), 0);
		lines[i] = text[i];
	}
	ck_assert_int_eq(cgroup_hold_opened(&opened, lines), 0);
	ck_assert_uint_eq(cgroup_set_of(&opened, &again)->len, held.len);
	ck_assert_str_eq(again.dirs[0].path, held.dirs[0].path);
	held_hand_over(&opened);
	ck_assert_uint_eq(cgroup_set_of(&opened, &again)->len, 0);
	ck_assert_int_eq(cgroup_set_open(lines, &set), 0);
	cgroup_set_usage(set, &usage);
	ck_assert_uint_eq(usage.pids, 1);
	ck_assert_uint_lt(usage.memory_bytes, 64 << 20);
	ck_assert_uint_eq(usage.oom_kills, 0);
	ck_assert_int_eq(cgroup_set_freeze(set), 0);
	ck_assert_int_eq(cgroup_set_freeze(set), 0);
	ck_assert_int_eq(cgroup_set_thaw(set), 0);
	ck_assert_int_eq(minc_wait(ct, 0, &status), -ETIMEDOUT);
	ck_assert_int_eq(cgroup_set_freeze(set), 0);
	ck_assert_int_eq(cgroup_set_kill(set), 0);
	ck_assert_int_eq(minc_wait(ct, -1, &status), 0);
	ck_assert_int_eq(status, 128 + SIGKILL);
	for (size_t i = 0; i < set->len; i++)
		ck_assert_int_eq(access(set->dirs[i].path, F_OK), -1);
	cgroup_set_free(set);
	minc_container_free(ct);
	minc_ctx_free(c);
}
END_TEST

START_TEST(one_set_free_goes_on_and_its_groups_with_it)
{
	minc_ctx *c;
	minc_container *ct = start_one(&c);
	int pidfd;
	char path[512];
	siginfo_t info;

	if (!ct) {
		minc_ctx_free(c);
		return;
	}
	snprintf(path, sizeof(path), "%s",
		 cgroup_set_of(&ct->held, &(struct cgroup_set){ 0 })->dirs[0].path);
	pidfd = dup(ct->pidfd);
	minc_container_free(ct);
	ck_assert_int_eq(access(path, F_OK), 0);
	minc_ctx_free(c);
	ct = start_one(&c); /* its sweep sees no lease, and processes */
	ck_assert_ptr_nonnull(ct);
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(sys_pidfd_send_signal(pidfd, SIGKILL), 0);
	ck_assert_int_eq(waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
	ck_assert_int_eq(minc_kill(ct, SIGKILL), 0);
	ck_assert_int_eq(minc_wait(ct, -1, NULL), 0);
	minc_container_free(ct);
	minc_ctx_free(c);
	ct = start_one(&c);
	ck_assert_ptr_nonnull(ct);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(minc_kill(ct, SIGKILL), 0);
	ck_assert_int_eq(waitid((idtype_t)P_PIDFD, (id_t)ct->pidfd, &info,
				WEXITED | WNOWAIT),
			 0);
	snprintf(path, sizeof(path), "%s",
		 cgroup_set_of(&ct->held, &(struct cgroup_set){ 0 })->dirs[0].path);
	minc_container_free(ct); /* ended, and nobody asked how */
	ck_assert_int_eq(access(path, F_OK), -1);
	minc_ctx_free(c);
}
END_TEST

START_TEST(without_limits_nothing_is_probed)
{
	minc_ctx *c = minc_ctx_new();
	char *text = NULL;

	minc_set_root(c, "/", MINC_ROOT_NOSUBMOUNTS | MINC_ROOT_DIRECT);
	minc_set_rlimit(c, "core", 0, 0);
	(void)minc_explain(c, NULL, MINC_FORMAT_JSON,
			   &text); /* its modules may be missing */
	free(text);
	ck_assert_ptr_null(c->host.cgroups);
	minc_ctx_free(c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgroup");
	TCase *set = tcase_create("setters"), *hosts = tcase_create("hosts");
	TCase *real = tcase_create("containers");

	tcase_add_checked_fixture(set, setup, teardown);
	tcase_add_loop_test(set, values_in_range_are_kept_and_others_refused, 0, VALUES);
	tcase_add_loop_test(set, lists_are_read_strictly, 0, LISTS);
	tcase_add_test(set, devices_are_paths_or_numbers);
	tcase_add_test(set, rlimits_replace_each_other);
	tcase_add_test(set, weights_keep_their_ends);
	suite_add_tcase(s, set);
	tcase_add_checked_fixture(hosts, make_top, remove_top);
	tcase_add_test(hosts, lines_open_what_they_name);
	tcase_add_test(hosts, the_report_names_what_enforces);
	tcase_add_test(hosts, a_list_of_devices_is_one_that_denies);
	tcase_add_test(hosts, io_of_all_devices_is_added);
	suite_add_tcase(s, hosts);
	tcase_set_timeout(real, 60);
	tcase_add_test(real, a_container_is_measured_frozen_and_killed);
	tcase_add_test(real, one_set_free_goes_on_and_its_groups_with_it);
	tcase_add_test(real, without_limits_nothing_is_probed);
	suite_add_tcase(s, real);
	return run_suite(s, false);
}
