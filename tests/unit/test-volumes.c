/* SPDX-License-Identifier: MIT */
/*
 * Volumes of a store that stays open while other processes, which may be killed, change
 * them too.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/subtree.h"
#include "manage/volumes.h"
#include "store/store-file.h"
#include "suite.h"

static char base[32];
static struct err err;
static struct store *s;

static void setup(void)
{
	strcpy(base, "/tmp/minc-volumes-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	ck_assert_int_eq(rmdir(base), 0); /* it is made when something is to be kept */
	err_clear(&err);
	ck_assert_int_eq(store_open(&err, base, &s), 0);
}

static void teardown(void)
{
	int top = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	s = store_free(s);
	ck_assert_int_eq(subtree_remove(top, base + 5), 0);
	close(top);
}

static void leave(const char *name)
{
	char path[100];

	ck_assert_int_eq(mkdirat(s->dir, name, 0700), 0);
	snprintf(path, sizeof(path), "%s/file", name);
	close(openat(s->dir, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

START_TEST(what_a_killed_removal_left_is_in_nobodys_way)
{
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(volume_create(s, "data"), 0);
		leave("volumes/" VOLUME_GONE "data");
		ck_assert_int_eq(volume_remove(s, "data"), 0);
		ck_assert_int_eq(faccessat(s->dir, "volumes/data", F_OK, 0), -1);
		ck_assert_int_eq(faccessat(s->dir, "volumes/" VOLUME_GONE "data", F_OK,
					   0),
				 -1);
	}
	ck_assert_int_eq(volume_remove(s, "data"), -ENOENT);
}
END_TEST

START_TEST(a_place_that_is_open_to_others_is_named)
{
	char want[100];

	ck_assert_int_eq(volume_create(s, "data"), 0);
	ck_assert_int_eq(fchmodat(s->dir, "volumes", 0755, 0), 0);
	ck_assert_int_eq(volume_remove(s, "data"), -EPERM);
	snprintf(want, sizeof(want), "volumes %s/volumes: others can look into it", base);
	ck_assert_int_eq(strncmp(err.message, want, strlen(want)), 0);
	snprintf(want, sizeof(want), "chmod go-rwx %s/volumes", base);
	ck_assert_str_eq(err.hint, want);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("volumes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_a_killed_removal_left_is_in_nobodys_way);
	tcase_add_test(t, a_place_that_is_open_to_others_is_named);
	return run_case("volumes", t);
}
