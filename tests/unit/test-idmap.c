/* SPDX-License-Identifier: MIT */
/*
 * Whose ids a container uses: idmap_choose() for several callers, with subuid(5) files of
 * our own mounted over the machine's in a mount namespace, and the step that comes of it.
 */
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ns/ns-rows.h"
#include "ns/ns.h"
#include "suite.h"

static struct err err;
static struct spec spec;
static struct host host;
static struct idmap map;
static struct plan plan;
static struct identity id;

static void setup(void)
{
	err_clear(&err);
	spec_init(&spec, &err);
	spec_set_origin(&spec, "--userns it");
	memset(&plan, 0, sizeof(plan));
	memset(&id, 0, sizeof(id));
	host = (struct host){ .uid = 4000000001u, .gid = 4000000002u };
}

static void teardown(void)
{
	plan_done(&plan);
	spec_done(&spec);
}

static int choose(const char *mode)
{
	ck_assert_int_eq(spec_set_userns(&spec, mode), 0);
	memset(&map, 0xee, sizeof(map));
	return idmap_choose(&spec, &host, &map, &err);
}

START_TEST(root_has_no_user_namespace)
{
	host.privileged = true;
	ck_assert_int_eq(choose("auto"), 0);
	ck_assert(!map.own);
	ck_assert_int_eq(choose("host"), 0);
	ck_assert(!map.own);
	ck_assert_int_eq(ns_plan_user(&plan, &spec, &host, &map, &id), 0);
	ck_assert_uint_eq(plan.len, 0);
	ck_assert_uint_eq(plan.clone_flags, 0);
	ck_assert_int_eq(choose("single"), 0); /* unless it wants one */
	ck_assert(map.own && map.single);
}
END_TEST

START_TEST(host_ids_are_for_root)
{
	ck_assert_int_eq(choose("host"), -EPERM);
	ck_assert_str_eq(err.message,
			 "--userns it: only root can do without a user namespace");
}
END_TEST

START_TEST(user_without_a_range_is_single)
{
	ck_assert_int_eq(choose("auto"), 0);
	ck_assert(map.own && map.single);
	ck_assert_int_eq(choose("range"), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.message,
				     "--userns it: no subordinate ids for uid "
				     "4000000001"));
	ck_assert_str_ne(err.hint, "");
}
END_TEST

START_TEST(single_maps_the_caller_to_the_user)
{
	ck_assert_int_eq(choose("single"), 0);
	id.uid = 4294967294u;
	id.gid = 77;
	ck_assert_int_eq(ns_plan_user(&plan, &spec, &host, &map, &id), 0);
	ck_assert_uint_eq(plan.len, 1);
	ck_assert(plan.steps[0].ops == &step_idmap);
	ck_assert_str_eq(STEP_DATA(&plan.steps[0], idmap)->uid_map,
			 "4294967294 4000000001 1\n");
	ck_assert_str_eq(STEP_DATA(&plan.steps[0], idmap)->gid_map, "77 4000000002 1\n");
	ck_assert_ptr_null(STEP_DATA(&plan.steps[0], idmap)->uid_args);
	ck_assert_str_eq(plan.steps[0].origin, "--userns it");
	ck_assert_uint_eq(plan.clone_flags, CLONE_NEWUSER);
	ck_assert(!plan.own_memory);
}
END_TEST

static void args_are(const char *const *args, const char *want)
{
	char text[512] = "";

	while (*args) {
		strcat(text, *args++);
		strcat(text, *args ? " " : "");
	}
	ck_assert_str_eq(text, want);
}

START_TEST(range_appends_after_the_caller)
{
	map = (struct idmap){ .own = true,
			      .ranges.uids = { { 100000, 65536 }, { 300000, 10 } },
			      .ranges.uids_len = 2,
			      .ranges.gids = { { 4294900000u, 1 } },
			      .ranges.gids_len = 1 };
	ck_assert_int_eq(ns_plan_user(&plan, &spec, &host, &map, &id), 0);
	args_are(STEP_DATA(&plan.steps[0], idmap)->uid_args,
		 "0 4000000001 1 1 100000 65536 65537 300000 10");
	args_are(STEP_DATA(&plan.steps[0], idmap)->gid_args,
		 "0 4000000002 1 1 4294900000 1");
	ck_assert_ptr_null(STEP_DATA(&plan.steps[0], idmap)->uid_map);
	ck_assert(plan.own_memory);
}
END_TEST

/* subuid(5) files of our own */

static const char *skip; /* why they cannot be mounted */

static bool enter(void)
{
	if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) < 0)
		return false;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void replace(const char *path, const char *text)
{
	char file[] = "/tmp/minc-idmap-XXXXXX";
	int fd = mkstemp(file);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	ck_assert_int_eq(chmod(file, 0644), 0);
	(void)umount2(path, MNT_DETACH); /* an earlier one, if there is one */
	ck_assert_msg(mount(file, path, NULL, MS_BIND, NULL) == 0, "%s: %s", path,
		      strerror(errno));
	ck_assert_int_eq(unlink(file), 0);
}

static void use(const char *subuid, const char *subgid)
{
	ck_assert(enter());
	replace("/etc/passwd", "root:x:0:0::/:\nminctest:x:4000000001:1::/:\n");
	replace("/etc/subuid", subuid);
	replace("/etc/subgid", subgid);
}

START_TEST(ranges_by_name_and_by_number)
{
	use("other:1:2\nminctest:100000:65536\n4000000001:300000:10\nminctest2:5:5\n",
	    "4000000001:7:8");
	ck_assert_int_eq(choose("auto"), 0);
	ck_assert(map.own && !map.single);
	ck_assert_uint_eq(map.ranges.uids_len, 2);
	ck_assert(map.ranges.uids[0].start == 100000 &&
		  map.ranges.uids[0].count == 65536);
	ck_assert(map.ranges.uids[1].start == 300000 && map.ranges.uids[1].count == 10);
	ck_assert_uint_eq(map.ranges.gids_len, 1);
	ck_assert(map.ranges.gids[0].start == 7 && map.ranges.gids[0].count == 8);
	ck_assert_int_eq(choose("range"), 0);
}
END_TEST

static const char *const bad_lines[] = {
	"",
	"\n\n\n",
	"minctest\n",
	"minctest:\n",
	"minctest:100\n",
	"minctest:100:\n",
	"minctest::100\n",
	"minctest:-1:100\n",
	"minctest:100:-1\n",
	"minctest:100:0\n",
	"minctest:4294967295:1\n",
	"minctest:4294967290:65536\n",
	"minctest:99999999999999999999:1\n",
	"minctest:1:99999999999999999999\n",
	"minctest:0x10:16\n",
	"minctest:100:10:extra\n",
	" minctest:100:10\n",
	"minctes:100:10\nminctestt:100:10\n",
	":100:10\n",
	"# minctest:100:10\n",
};

START_TEST(bad_lines_give_nothing)
{
	use(bad_lines[_i], "minctest:1:1\n");
	ck_assert_int_eq(choose("auto"), 0);
	ck_assert_msg(map.single, "%s", bad_lines[_i]);
	ck_assert_int_eq(choose("range"), -ENOENT);
}
END_TEST

START_TEST(groups_need_a_range_too)
{
	use("minctest:1:1\n", "other:1:1\n");
	ck_assert_int_eq(choose("range"), -ENOENT);
}
END_TEST

static void use_many(int count, int step)
{
	static char text[400 * 32];

	text[0] = '\0';
	for (int i = 0; i < count; i++)
		sprintf(text + strlen(text), "minctest:%d:5\n", step * i + 1000);
	use(text, text);
}

START_TEST(many_ranges_are_all_used)
{
	const char *const *args;
	size_t n = 0;

	use_many(100, 1000);
	ck_assert_int_eq(choose("range"), 0);
	ck_assert_uint_eq(map.ranges.uids_len, 100);
	ck_assert_uint_eq(map.ranges.gids_len, 100);
	ck_assert_uint_eq(map.ranges.uids[99].start, 100000);
	ck_assert_int_eq(ns_plan_user(&plan, &spec, &host, &map, &id), 0);
	args = STEP_DATA(&plan.steps[0], idmap)->uid_args;
	while (args[n])
		n++;
	ck_assert_uint_eq(n, 3 * 101);
	ck_assert_str_eq(args[n - 3], "496");
	ck_assert_str_eq(args[n - 2], "100000");
}
END_TEST

/* The kernel takes 340 lines, and less than a page: what it would not take is not cut. */
START_TEST(more_ranges_than_the_kernel_takes_are_refused)
{
	use_many(_i ? 340 : 330, _i ? 1 : 6000000);
	if (_i == 0 && sysconf(_SC_PAGESIZE) > 4096)
		return;
	ck_assert_int_eq(choose("range"), -E2BIG);
	ck_assert_ptr_nonnull(strstr(err.message,
				     _i ? "340 ranges of uid 4000000001 in /etc/subuid"
					: "330 ranges of uid 4000000001 in /etc/subuid"));
	err_clear(&err);
	ck_assert_int_eq(choose("auto"), -E2BIG);
	ck_assert_ptr_nonnull(strstr(err.message, "more than the kernel takes"));
}
END_TEST

START_TEST(a_range_by_name_and_by_number_counts_once)
{
	use("minctest:100000:65536\n4000000001:100000:65536\n",
	    "minctest:100000:65536\nminctest:100000:65536\n");
	ck_assert_int_eq(choose("range"), 0);
	ck_assert_uint_eq(map.ranges.uids_len, 1);
	ck_assert_uint_eq(map.ranges.gids_len, 1);
}
END_TEST

/* The kernel would refuse the whole map, and say no more than "Invalid argument". */
START_TEST(ranges_that_overlap_are_refused)
{
	static const struct {
		const char *uids, *gids, *message;
	} bad[] = {
		{ "minctest:1000:10\nminctest:1009:1\n", "minctest:1:1\n",
		  "range 1009:1 of uid 4000000001 in /etc/subuid" },
		{ "minctest:1009:1\nminctest:1000:10\n", "minctest:1:1\n",
		  "range 1000:10 of uid 4000000001 in /etc/subuid" },
		{ "minctest:4000000000:9\n", "minctest:1:1\n",
		  "range 4000000000:9 of uid 4000000001 in /etc/subuid" },
		{ "minctest:1:1\n", "minctest:7:2\nminctest:7:3\n",
		  "range 7:3 of uid 4000000001 in /etc/subgid" },
	};

	use(bad[_i].uids, bad[_i].gids);
	ck_assert_int_eq(choose("auto"), -EINVAL);
	ck_assert_msg(strstr(err.message, bad[_i].message) != NULL, "%s", err.message);
}
END_TEST

START_TEST(ranges_that_touch_are_used)
{
	use("minctest:1000:10\nminctest:1010:1\nminctest:999:1\nminctest:4000000002:5\n",
	    "minctest:1:1\n");
	ck_assert_int_eq(choose("range"), 0);
	ck_assert_uint_eq(map.ranges.uids_len, 4);
}
END_TEST

START_TEST(huge_lines_are_passed_over)
{
	char *text = malloc((1 << 19) + 64);

	memset(text, 'm', 1 << 19);
	strcpy(text + (1 << 19), ":1:1\nminctest:9:9\n");
	use(text, "minctest:9:9");
	free(text);
	ck_assert_int_eq(choose("range"), 0);
	ck_assert_uint_eq(map.ranges.uids_len, 1);
	ck_assert_uint_eq(map.ranges.uids[0].start, 9);
}
END_TEST

START_TEST(user_without_a_name_counts_by_number)
{
	use("4000000001:50:60\n:1:1\n", "4000000001:50:60\n");
	replace("/etc/passwd", "root:x:0:0::/:\n");
	ck_assert_int_eq(choose("range"), 0);
	ck_assert_uint_eq(map.ranges.uids_len, 1);
	ck_assert_uint_eq(map.ranges.uids[0].start, 50);
}
END_TEST

/* After use(): for ordinary users it has made the namespace where they have no number. */
static void lose_number(void)
{
	if (geteuid() == 0)
		ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
}

static int do_nothing(struct err *e, void *data)
{
	(void)e, (void)data;
	return 0;
}

/* What was made with one id is committed all the same; a start says why (above). */
START_TEST(ranges_that_cannot_be_mapped_are_none_for_work)
{
	/* who has no number in a new one */
	static const char text[] = "65534:100000:9\n65534:100008:9\n";
	char byte = 0;

	use(text, text);
	lose_number();
	ck_assert_int_eq(userns_run(&err, do_nothing, &byte, 1), -ENOTSUP);
	ck_assert_int_eq(err.code, 0);
}
END_TEST

/* The limit belongs to a user namespace of our own. */
START_TEST(work_in_a_forbidden_namespace_names_the_knob)
{
	FILE *limit;
	char byte = 0;

	use("65534:100000:65536\n", "65534:100000:65536\n"); /* who has no number in it */
	lose_number();
	limit = fopen("/proc/sys/user/max_user_namespaces", "we");
	ck_assert_ptr_nonnull(limit);
	ck_assert(fputs("0\n", limit) >= 0 && fclose(limit) == 0);
	ck_assert_int_eq(userns_run(&err, do_nothing, &byte, 1), -ENOSPC);
	ck_assert_str_eq(err.message, "user namespace: No space left on device");
	ck_assert_msg(strstr(err.hint, "sysctl user.max_user_namespaces") != NULL, "%s",
		      err.hint);
}
END_TEST

/* Whether files can be mounted over these here: tried in another process. */
static void find_out(void)
{
	static const char *const needed[] = { "/etc/passwd", "/etc/subuid",
					      "/etc/subgid" };
	SRunner *runner;
	Suite *s = suite_create("try");
	TCase *t = tcase_create("try");

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (access(needed[i], F_OK) < 0)
			skip = "no subuid(5) files to mount over";
	if (access("/usr/bin/newuidmap", X_OK) < 0 ||
	    access("/usr/bin/newgidmap", X_OK) < 0)
		skip = "no newuidmap(1)";
	if (skip)
		return;
	tcase_add_test(t, ranges_by_name_and_by_number);
	tcase_add_checked_fixture(t, setup, teardown);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_SILENT);
	if (srunner_ntests_failed(runner) && geteuid() != 0)
		skip = "no mount namespace for ordinary users";
	srunner_free(runner);
}

int main(void)
{
	Suite *s = suite_create("idmap");
	TCase *t = tcase_create("choice"), *files = tcase_create("files");

	find_out();
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, root_has_no_user_namespace);
	tcase_add_test(t, host_ids_are_for_root);
	tcase_add_test(t, user_without_a_range_is_single);
	tcase_add_test(t, single_maps_the_caller_to_the_user);
	tcase_add_test(t, range_appends_after_the_caller);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_test(files, ranges_by_name_and_by_number);
	tcase_add_loop_test(files, bad_lines_give_nothing, 0,
			    (int)(sizeof(bad_lines) / sizeof(bad_lines[0])));
	tcase_add_test(files, groups_need_a_range_too);
	tcase_add_test(files, many_ranges_are_all_used);
	tcase_add_loop_test(files, more_ranges_than_the_kernel_takes_are_refused, 0, 2);
	tcase_add_test(files, a_range_by_name_and_by_number_counts_once);
	tcase_add_loop_test(files, ranges_that_overlap_are_refused, 0, 4);
	tcase_add_test(files, ranges_that_touch_are_used);
	tcase_add_test(files, huge_lines_are_passed_over);
	tcase_add_test(files, user_without_a_name_counts_by_number);
	tcase_add_test(files, ranges_that_cannot_be_mapped_are_none_for_work);
	tcase_add_test(files, work_in_a_forbidden_namespace_names_the_knob);
	if (!skip)
		suite_add_tcase(s, files);
	else
		printf("NOT RUN files: %s\n", skip);
	return run_suite(s, false);
}
