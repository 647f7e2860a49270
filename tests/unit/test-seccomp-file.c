/* SPDX-License-Identifier: MIT */
/*
 * Seccomp profiles in JSON: what counts when, and that every word which is not understood
 * is named in the message.
 */
#include <check.h>
#include <errno.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf.h"
#include "plan/host.h"
#include "sec/profile.h"
#include "sec/seccomp-module.h"
#include "suite.h"

seccomp_from_file_fn seccomp_from_file;

static struct err err;
static struct plan plan;
static struct filter_result result;

static void setup_file(void)
{
	err_clear(&err);
	memset(&plan, 0, sizeof(plan));
	memset(&result, 0, sizeof(result));
}

static void teardown_file(void)
{
	plan_done(&plan);
}

static int load_profile(const char *text, uint64_t caps)
{
	char path[] = "/tmp/minc-test-seccomp-XXXXXX";
	int fd = mkstemp(path), r;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	r = seccomp_from_file(&plan, path, caps, HOST_KERNEL(6, 1), &result, &err);
	unlink(path);
	return r;
}

static uint32_t ask(int nr, uint64_t a, uint64_t b)
{
	struct seccomp_data data = { .arch = seccomp_arch_native(), .nr = nr };

	data.args[0] = a;
	data.args[1] = b;
	return interpret(result.filter, result.len, &data);
}

#define DEFAULT     "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38"
#define CALLS(text) DEFAULT ",\"syscalls\":[" text "]}"

START_TEST(file_decides)
{
	ck_assert_int_eq(
		load_profile(
			CALLS("{\"names\":[\"read\",\"no_such_call\"],"
			      "\"action\":\"SCMP_ACT_ALLOW\"},"
			      "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\","
			      "\"errnoRet\":1,\"args\":[{\"index\":0,\"value\":38,"
			      "\"op\":\"SCMP_CMP_EQ\"}]},"
			      "{\"names\":[\"write\"],\"action\":\"SCMP_ACT_LOG\"},"
			      "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ERRNO\","
			      "\"errno\":\"EACCES\"}"),
			0),
		0);
	ck_assert_uint_eq(ask(SYS_read, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(ask(SYS_socket, 38, 0), ERRNO(EPERM));
	ck_assert_uint_eq(ask(SYS_socket, 2, 0), ERRNO(ENOSYS));
	ck_assert_uint_eq(ask(SYS_write, 0, 0), SECCOMP_RET_LOG);
	ck_assert_uint_eq(ask(SYS_mount, 0, 0), ERRNO(EACCES));
	ck_assert_uint_eq(ask(SYS_close, 0, 0), ERRNO(ENOSYS));
}
END_TEST

#define WHEN(key, text)                                                                \
	CALLS("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"" key "\":{" text \
	      "}}")

static const struct {
	const char *text;
	uint64_t caps;
	bool counts;
} conditions[] = {
	{ WHEN("includes", "\"caps\":[\"CAP_SYS_ADMIN\"]"), 0, false },
	{ WHEN("includes", "\"caps\":[\"CAP_SYS_ADMIN\"]"), PROFILE_BIT(CAP_SYS_ADMIN),
	  true },
	{ WHEN("includes", "\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_BPF\"]"),
	  PROFILE_BIT(CAP_SYS_ADMIN), false },
	{ WHEN("excludes", "\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_BPF\"]"),
	  PROFILE_BIT(CAP_SYS_ADMIN), false },
	{ WHEN("excludes", "\"caps\":[\"CAP_SYS_ADMIN\"]"), 0, true },
	{ WHEN("includes", "\"arches\":[\"m68k\"]"), 0, false },
	{ WHEN("includes", "\"minKernel\":\"4.8\""), 0, true },
	{ WHEN("includes", "\"minKernel\":\"6.2\""), 0, false },
	{ WHEN("excludes", "\"minKernel\":\"6.1\""), 0, false },
	{ WHEN("includes", ""), 0, true },
};

START_TEST(file_with_conditions)
{
	ck_assert_int_eq(load_profile(conditions[_i].text, conditions[_i].caps), 0);
	ck_assert_uint_eq(ask(SYS_read, 0, 0),
			  conditions[_i].counts ? SECCOMP_RET_ALLOW : ERRNO(ENOSYS));
}
END_TEST

START_TEST(file_with_one_argument_twice_means_either)
{
	ck_assert_int_eq(
		load_profile(CALLS("{\"names\":[\"personality\"],"
				   "\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
				   "{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"},"
				   "{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"}"
				   "]}"),
			     0),
		0);
	ck_assert_uint_eq(ask(SYS_personality, 0, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(ask(SYS_personality, 8, 0), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(ask(SYS_personality, 4, 0), ERRNO(ENOSYS));
}
END_TEST

static const struct {
	const char *text, *word;
} wrong[] = {
	{ "", "line" },
	{ "[]", "object" },
	{ "{}", "defaultAction" },
	{ "{\"defaultAction\":\"SCMP_ACT_FOO\"}", "SCMP_ACT_FOO" },
	{ "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", "SCMP_ACT_NOTIFY" },
	{ "{\"defaultAction\":7}", "string" },
	{ DEFAULT ",\"defaultAction\":\"SCMP_ACT_ALLOW\"}", "defaultAction" },
	{ DEFAULT ",\"sysCalls\":[]}", "sysCalls" },
	{ DEFAULT ",\"flags\":[]}", "flags" },
	{ DEFAULT ",\"syscalls\":{}}", "syscalls" },
	{ DEFAULT ",\"architectures\":[\"SCMP_ARCH_PDP11\"]}", "SCMP_ARCH_PDP11" },
	{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":-1}",
	  "defaultErrnoRet" },
	{ CALLS("7"), "syscalls" },
	{ CALLS("{\"names\":[\"read\"]}"), "action" },
	{ CALLS("{\"names\":[7],\"action\":\"SCMP_ACT_ALLOW\"}"), "names" },
	{ CALLS("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"when\":1}"),
	  "when" },
	{ CALLS("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{"
		"\"index\":0,"
		"\"op\":\"SCMP_CMP_XX\"}]}"),
	  "SCMP_CMP_XX" },
	{ CALLS("{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{"
		"\"index\":6,"
		"\"op\":\"SCMP_CMP_EQ\"}]}"),
	  "index" },
	{ WHEN("includes", "\"caps\":[\"CAP_FOO\"]"), "CAP_FOO" },
	{ WHEN("includes", "\"kernels\":[]"), "kernels" },
	{ WHEN("includes", "\"minKernel\":\"4.8x\""), "minKernel" },
};

START_TEST(wrong_file_is_named)
{
	ck_assert_int_eq(load_profile(wrong[_i].text, 0), -EINVAL);
	ck_assert_msg(strstr(err.message, "seccomp profile /tmp/minc-test-seccomp-") ==
			      err.message,
		      "%s", err.message);
	ck_assert_msg(strstr(err.message, wrong[_i].word) != NULL, "%s", err.message);
}
END_TEST

START_TEST(missing_file_is_named)
{
	ck_assert_int_eq(seccomp_from_file(&plan, "/nonexistent/x.json", 0, 0, &result,
					   &err),
			 -ENOENT);
	ck_assert_str_eq(
		err.message,
		"seccomp profile /nonexistent/x.json: No such file or directory");
	err_clear(&err);
	ck_assert_int_eq(seccomp_from_file(&plan, "/tmp", 0, 0, &result, &err), -EISDIR);
	err_clear(&err);
	ck_assert_int_eq(seccomp_from_file(&plan, "/dev/null", 0, 0, &result, &err),
			 -EINVAL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("files");

	tcase_add_checked_fixture(t, setup_file, teardown_file);
	tcase_add_test(t, file_decides);
	tcase_add_loop_test(t, file_with_conditions, 0,
			    (int)(sizeof(conditions) / sizeof(conditions[0])));
	tcase_add_test(t, file_with_one_argument_twice_means_either);
	tcase_add_loop_test(t, wrong_file_is_named, 0,
			    (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(t, missing_file_is_named);
	return run_case("seccomp-file", t);
}
