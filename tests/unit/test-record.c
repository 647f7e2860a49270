/* SPDX-License-Identifier: MIT */
/* lib/run/record: the time of a start, against the times of files. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/record.h"
#include "suite.h"

static char dir[] = "/tmp/minc-record-XXXXXX";
static int dir_fd;

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	dir_fd = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
}

static void tear_down(void)
{
	(void)unlinkat(dir_fd, "layers", 0);
	(void)unlinkat(dir_fd, "file", 0);
	ck_assert_int_eq(close(dir_fd), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}

static struct timespec touched(void)
{
	struct stat st;
	int fd = openat(dir_fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	/* A stamp that was looked at is followed by a finer one, from Linux 6.13 on. */
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(futimens(fd, NULL), 0);
		ck_assert_int_eq(fstat(fd, &st), 0);
	}
	ck_assert_int_eq(close(fd), 0);
	return st.st_ctim;
}

static bool older(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

static struct timespec started(void)
{
	struct record rec = { 0 };
	struct timespec ret;

	ck_assert_int_eq(record_write(dir_fd, "xattr user\nroot /\n"), 0);
	ck_assert_int_eq(record_read(dir_fd, &rec), 0);
	ret = rec.started;
	record_done(&rec);
	ck_assert_int_eq(unlinkat(dir_fd, "layers", 0), 0);
	return ret;
}

START_TEST(a_start_lies_between_what_was_changed_before_and_after)
{
	for (int i = 0; i < 100; i++) {
		struct timespec before = touched(), start = started(), after = touched();

		ck_assert_msg(!older(start, before), "%d: before the change", i);
		ck_assert_msg(!older(after, start), "%d: after the change", i);
	}
}
END_TEST

START_TEST(the_first_start_counts)
{
	struct record rec = { 0 };
	struct timespec first;

	ck_assert_int_eq(record_write(dir_fd, "xattr user\nroot /\n"), 0);
	ck_assert_int_eq(record_read(dir_fd, &rec), 0);
	first = rec.started;
	record_done(&rec);
	(void)touched();
	ck_assert_int_eq(record_write(dir_fd, "xattr user\nroot /srv\n"), 0);
	ck_assert_int_eq(record_read(dir_fd, &rec), 0);
	ck_assert(!older(rec.started, first) && !older(first, rec.started));
	ck_assert_str_eq(rec.root, "/srv");
	record_done(&rec);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("record");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_start_lies_between_what_was_changed_before_and_after);
	tcase_add_test(t, the_first_start_counts);
	return run_case("record", t);
}
