/* SPDX-License-Identifier: MIT */
/*
 * What is found out about the control groups of hosts that do not exist: mount tables
 * with files below them.
 */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <minc/container.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "suite.h"
#include "tree.h"

/* @mounts with each @ replaced by the directory, as mountinfo writes it. */
static struct host_cgroups *read_host(const char *mounts, const char *self)
{
	struct host_cgroups *g = calloc(1, sizeof(*g));
	char text[4096] = "", own[512];
	size_t n = 0;

	for (; *mounts; mounts++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      *mounts == '@' ? "%s" : "%.1s",
				      *mounts == '@' ? top : mounts);
	snprintf(own, sizeof(own), "%s", self);
	ck_assert_int_eq(cgroups_read(g, text, own), 0);
	return g;
}

static void free_host(struct host_cgroups *g)
{
	arena_done(&g->arena);
	free(g);
}

static void expect_path(const char *path, const char *below)
{
	ck_assert(strncmp(path, top, strlen(top)) == 0);
	ck_assert_str_eq(path + strlen(top), below);
}

START_TEST(v2_levels_are_read_upwards)
{
	struct host_cgroups *g;

	make_file("cpu io memory pids\n", "v2/cgroup.controllers");
	make_file("memory pids\n", "v2/cgroup.subtree_control");
	make_file("", "v2/cgroup.procs");
	make_file("0-3\n", "v2/cpuset.cpus.effective");
	make_file("x\n", "v2/io.cost.qos");
	make_file("domain\n", "v2/a/cgroup.type");
	make_file("memory pids\n", "v2/a/cgroup.controllers");
	make_file("", "v2/a/cgroup.procs");
	make_file("max\n", "v2/a/memory.max");
	make_file("domain\n", "v2/a/b c/cgroup.type");
	make_file("77\n", "v2/a/b c/cgroup.procs");
	g = read_host(
		"22 1 0:1 / / rw - ext4 /dev/sda rw\n"
		"31 22 0:5 / @/v2 rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
		"0::/a/b c\n");
	ck_assert_str_eq(cgroups_layout(g), "v2");
	ck_assert_uint_eq(g->len, 1);
	ck_assert_uint_eq(g->list[0].levels_len, 3);
	expect_path(g->list[0].levels[0].path, "/v2/a/b c");
	expect_path(g->list[0].levels[1].path, "/v2/a");
	expect_path(g->list[0].levels[2].path, "/v2");
	ck_assert(g->list[0].levels[0].busy && !g->list[0].levels[1].busy);
	ck_assert(g->list[0].levels[2].top && !g->list[0].levels[1].top);
	ck_assert_uint_eq(g->list[0].levels[1].controllers,
			  1 << CGROUP_MEMORY | 1 << CGROUP_PIDS);
	ck_assert_uint_eq(g->list[0].levels[2].enabled,
			  1 << CGROUP_MEMORY | 1 << CGROUP_PIDS);
	ck_assert_str_eq(g->cpus, "0-3");
	ck_assert_ptr_null(g->mems);
	ck_assert_str_eq(g->io_weight, "io.weight");
	ck_assert(!g->swap); /* memory.max without memory.swap.max */
	free_host(g);
}
END_TEST

/* Its owner could move processes out of the groups in it. */
START_TEST(what_another_user_has_is_no_place_for_groups)
{
	static const char mounts[] = "31 1 0:5 / @/v2 rw - cgroup2 cgroup2 rw\n"
				     "32 1 0:6 / @/v1 rw - cgroup cgroup rw,memory\n";
	static const char self[] = "2:memory:/a\n0::/a/b/c\n";
	char path[PATH_MAX];
	struct host_cgroups *g;

	make_file("", "v2/cgroup.procs");
	make_file("", "v2/a/cgroup.procs");
	make_file("", "v2/a/b/cgroup.procs");
	make_file("", "v2/a/b/c/cgroup.procs");
	make_file("", "v1/a/cgroup.procs");
	if (geteuid() != 0)
		return; /* an ordinary user cannot give them away */
	snprintf(path, sizeof(path), "%s/v2/a/b", top);
	ck_assert_int_eq(chown(path, 12391, 12391), 0);
	snprintf(path, sizeof(path), "%s/v1/a/cgroup.procs", top);
	ck_assert_int_eq(chown(path, 12391, 12391), 0);
	g = read_host(mounts, self);
	ck_assert_uint_eq(g->list[0].levels_len, 2);
	expect_path(g->list[0].levels[0].path, "/v2/a");
	expect_path(g->list[0].levels[1].path, "/v2");
	ck_assert_uint_eq(g->list[1].levels_len, 1);
	expect_path(g->list[1].levels[0].path, "/v1");
	free_host(g);
	snprintf(path, sizeof(path), "%s/v2/a/b", top);
	ck_assert_int_eq(chown(path, 65534, 65534), 0); /* here a user as any other */
	g = read_host(mounts, self);
	ck_assert_uint_eq(g->list[0].levels_len, 2);
	free_host(g);
}
END_TEST

START_TEST(v1_and_hybrid_mounts_are_found)
{
	struct host_cgroups *g;

	make_file("", "m m/box/x/memory.memsw.limit_in_bytes");
	make_file("0-1\n", "cs/cpuset.cpus");
	make_file("0\n", "cs/cpuset.mems");
	make_file("", "u/cgroup.procs");
	g = read_host("30 1 0:3 /docker @/m\\040m rw - cgroup cgroup rw,memory\n"
		      "31 1 0:4 / @/cs rw - cgroup cgroup rw,cpuset\n"
		      "32 1 0:5 / @/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
		      "33 1 0:6 / @/sd rw - cgroup cgroup rw,xattr,name=systemd\n"
		      "34 1 0:7 / @/u rw - cgroup2 cgroup2 rw\n"
		      "35 1 0:7 / @/again rw - cgroup2 cgroup2 rw\n",
		      "9:name=systemd:/s\n8:cpu,cpuacct:/\n7:memory:/docker/box/x\n"
		      "6:cpuset:/\n0::/\n");
	ck_assert_str_eq(cgroups_layout(g), "hybrid");
	ck_assert_uint_eq(g->len, 4);
	expect_path(g->list[0].levels[0].path, "/m m/box/x");
	ck_assert_uint_eq(g->list[2].controllers, 1 << CGROUP_CPU | 1 << CGROUP_CPUACCT);
	ck_assert(!g->list[2].levels[0].writable); /* there is no such directory */
	ck_assert(g->list[3].v2);
	expect_path(g->list[3].levels[0].path, "/u");
	ck_assert(g->swap);
	ck_assert_str_eq(g->cpus, "0-1");
	ck_assert_str_eq(g->mems, "0");
	free_host(g);
}
END_TEST

START_TEST(groups_outside_of_what_is_mounted_are_not_the_callers)
{
	struct host_cgroups *g;

	g = read_host("30 1 0:3 /docker/a @/m rw - cgroup cgroup rw,memory\n"
		      "34 1 0:7 /../x @/u rw - cgroup2 cgroup2 rw\n",
		      "7:memory:/other\n0::/../y\n");
	ck_assert_str_eq(cgroups_layout(g), "none");
	free_host(g);
	g = read_host("22 1 0:1 / / rw - ext4 /dev/sda rw\n", "0::/\n");
	ck_assert_str_eq(cgroups_layout(g), "none");
	free_host(g);
}
END_TEST

static size_t levels_of(bool in_userns)
{
	char text[512], own[] = "0::/a\n";
	struct host_cgroups *g = calloc(1, sizeof(*g));
	size_t n;

	snprintf(text, sizeof(text), "34 1 0:7 / %s/u rw - cgroup2 cgroup2 rw\n", top);
	g->in_userns = in_userns;
	ck_assert_int_eq(cgroups_read(g, text, own), 0);
	n = g->list[0].levels_len;
	free_host(g);
	return n;
}

START_TEST(groups_that_others_can_write_are_not_used)
{
	enum { NOBODY = 65534, STRANGER = 12391 };
	char procs[512];

	make_file("", "u/cgroup.procs");
	make_file("", "u/a/cgroup.procs");
	snprintf(procs, sizeof(procs), "%s/u/a/cgroup.procs", top);
	ck_assert_uint_eq(levels_of(false), 2);
	ck_assert_int_eq(chmod(procs, 0666), 0);
	ck_assert_uint_eq(levels_of(false), 1);
	ck_assert_int_eq(chmod(procs, 0664), 0);
	ck_assert_uint_eq(levels_of(false), 2); /* the caller's group */
	if (geteuid() != 0 || chown(procs, 0, STRANGER) < 0)
		return; /* an ordinary user cannot try the rest */
	ck_assert_uint_eq(levels_of(false), 1);
	ck_assert_int_eq(chmod(procs, 0644), 0);
	ck_assert_uint_eq(levels_of(false), 2);
	ck_assert_int_eq(chown(procs, NOBODY, 0), 0);
	ck_assert_uint_eq(levels_of(false), 1);
	ck_assert_uint_eq(levels_of(true), 2);
	ck_assert_int_eq(chown(procs, STRANGER, 0), 0);
	ck_assert_uint_eq(levels_of(true), 1);
}
END_TEST

/* The caller in the eleventh group below one of another user's; @own: or of its own. */
static struct host_cgroups *read_deep(bool own)
{
	char procs[512];

	make_file("memory\n", "u/cgroup.controllers");
	make_file("", "u/cgroup.procs");
	make_file("", "u/a/1/2/3/4/5/6/7/8/9/cgroup.procs");
	make_file("", "u/a/cgroup.procs");
	snprintf(procs, sizeof(procs), "%s/u/a/cgroup.procs", top);
	ck_assert_int_eq(chmod(procs, own ? 0644 : 0666), 0);
	return read_host("34 1 0:7 / @/u rw - cgroup2 cgroup2 rw\n",
			 "0::/a/1/2/3/4/5/6/7/8/9\n");
}

START_TEST(nor_are_those_far_below_one)
{
	struct host_cgroups *g = read_deep(false);

	ck_assert_uint_eq(g->list[0].levels_len, 1);
	expect_path(g->list[0].levels[0].path, "/u");
	ck_assert(!g->list[0].deep && g->list[0].anothers);
	free_host(g);
	g = read_deep(true);
	ck_assert_uint_eq(g->list[0].levels_len, CGROUP_LEVELS_MAX);
	ck_assert(g->list[0].deep && !g->list[0].anothers);
	free_host(g);
}
END_TEST

/* In v1 only one is a place, but those above it are looked at. */
START_TEST(nor_below_one_in_v1)
{
	struct host_cgroups *g;
	char path[512];

	make_file("", "m/a/b/cgroup.procs");
	snprintf(path, sizeof(path), "%s/m/a", top);
	ck_assert_int_eq(chmod(path, 0777), 0);
	g = read_host("34 1 0:7 / @/m rw - cgroup cgroup rw,memory\n", "4:memory:/a/b\n");
	ck_assert_uint_eq(g->list[0].levels_len, 1);
	expect_path(g->list[0].levels[0].path, "/m");
	free_host(g);
}
END_TEST

/* What is said of a limit on memory on the host @g. */
static void expect_refusal(struct host_cgroups *g, int r, const char *words)
{
	const struct host h = { .cgroups = g,
				.initial_userns = true,
				.privileged = true };
	const struct cgroup_devices none = { NULL, NULL };
	struct plan p;

	memset(&p, 0, sizeof(p));
	err_clear(&err);
	spec_set_origin(&spec, "--memory 1m");
	ck_assert_int_eq(spec_set_limit(&spec, MINC_LIMIT_MEMORY, 1 << 20), 0);
	ck_assert_int_eq(cgroup_plan(&p, &spec, &h, &none, &err), r);
	ck_assert_msg(strncmp(err.message, "--memory 1m: ", 13) == 0 &&
			      strstr(err.message, words),
		      "%s", err.message);
	plan_done(&p);
	free_host(g);
}

START_TEST(why_a_group_is_no_place_is_told)
{
	struct host_cgroups *g = read_deep(true);
	char path[512];

	g->list[0].levels[CGROUP_LEVELS_MAX - 1].controllers = 0;
	expect_refusal(g, -E2BIG, "none of the 8 control groups nearest to the caller");
	make_file("memory\n", "o/cgroup.controllers");
	make_file("", "o/cgroup.procs");
	snprintf(path, sizeof(path), "%s/o", top);
	ck_assert_int_eq(chmod(path, 0777), 0);
	g = read_host("34 1 0:7 / @/o rw - cgroup2 cgroup2 rw\n", "0::/\n");
	expect_refusal(g, -EPERM, "another user can write to every control group");
}
END_TEST

int main(void)
{
	TCase *hosts = tcase_create("hosts");

	tcase_add_checked_fixture(hosts, make_top, remove_top);
	tcase_add_test(hosts, v2_levels_are_read_upwards);
	tcase_add_test(hosts, what_another_user_has_is_no_place_for_groups);
	tcase_add_test(hosts, v1_and_hybrid_mounts_are_found);
	tcase_add_test(hosts, groups_outside_of_what_is_mounted_are_not_the_callers);
	tcase_add_test(hosts, groups_that_others_can_write_are_not_used);
	tcase_add_test(hosts, nor_are_those_far_below_one);
	tcase_add_test(hosts, nor_below_one_in_v1);
	tcase_add_test(hosts, why_a_group_is_no_place_is_told);
	return run_case("cgroup-hosts", hosts);
}
