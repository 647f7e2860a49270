/* SPDX-License-Identifier: MIT */
/*
 * JSON texts are read and written whole or not at all, whichever allocation fails; and so
 * is the file of credentials, in which others keep things of their own.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "registry/auth.h"
#include "suite.h"
#include "json/json-text.h"

static int left; /* allocations before the one that fails; below 0: none does */

static void *allocate(size_t size)
{
	return left >= 0 && left-- == 0 ? NULL : malloc(size);
}

static void setup(void)
{
	left = -1;
	json_set_alloc_funcs(allocate, free);
}

static const char text[] =
	"{\"credHelpers\":{\"a-registry-with-a-long-name.example.com\":\"helper-with-a-long-name\"},"
	"\"HttpHeaders\":{\"User-Agent\":\"something that is longer than the first buffer is\"},"
	"\"numbers\":[1,-2,3.5,123456789012345678],\"auths\":{\"other.example.com\":{\"auth\":\"YTpi\"}}}";

START_TEST(a_text_is_read_whole_or_not_at_all)
{
	json_t *whole, *o;
	int n, r = -ENOMEM;

	ck_assert_int_eq(json_text_read(text, strlen(text), &whole, NULL), 0);
	for (n = 0; r < 0; n++) { /* without its quotes a text is also a bad one */
		left = n;
		r = json_text_read(text, strlen(text), &o, NULL);
		left = -1;
	}
	ck_assert_int_gt(n, 20);
	ck_assert(json_equal(o, whole));
	json_decref(o);
	json_decref(whole);
}
END_TEST

START_TEST(a_text_is_written_whole_or_not_at_all)
{
	char *whole, *written = NULL;
	int n, r = -ENOMEM;
	json_t *o;

	ck_assert_int_eq(json_text_read(text, strlen(text), &o, NULL), 0);
	ck_assert_int_eq(json_text_write(o, JSON_INDENT(2), &whole, NULL), 0);
	for (n = 0; r == -ENOMEM; n++) {
		left = n;
		r = json_text_write(o, JSON_INDENT(2), &written, NULL);
		left = -1;
		ck_assert(r == 0 || r == -ENOMEM);
	}
	ck_assert_str_eq(written, whole);
	free(written);
	free(whole);
	json_decref(o);
}
END_TEST

static const struct {
	const char *text;
	int r;
} others[] = {
	{ "", -EBADMSG },     { "{}", 0 },
	{ "[1,2]", 0 },       { "1", 0 },
	{ "1, 2", -EBADMSG }, { "1] , [2", -EBADMSG },
	{ "{} x", -EBADMSG }, { "{\"a\":1,\"a\":2}", -EBADMSG },
	{ "\"a", -EBADMSG },
};

START_TEST(one_value_is_a_text)
{
	json_t *o = NULL;

	ck_assert_int_eq(json_text_read(others[_i].text, strlen(others[_i].text), &o,
					NULL),
			 others[_i].r);
	json_decref(o);
}
END_TEST

/* What others keep there, and one entry more if the login ended well. */
static void check_file(const char *path, bool logged_in)
{
	json_t *now, *whole, *auths;
	char *found;
	size_t len;
	struct stat st;

	ck_assert_int_eq(io_read_file(AT_FDCWD, path, 1 << 20, &found, &len), 0);
	ck_assert_int_eq(json_text_read(found, len, &now, NULL), 0);
	ck_assert_int_eq(json_text_read(text, strlen(text), &whole, NULL), 0);
	auths = json_object_get(now, "auths");
	if (logged_in) {
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_int_eq(st.st_mode & 07777, 0600);
		ck_assert_ptr_nonnull(json_object_get(auths, "new.example.com"));
		json_object_del(auths, "new.example.com");
	}
	ck_assert(json_equal(now, whole));
	json_decref(now);
	json_decref(whole);
	free(found);
}

START_TEST(a_login_keeps_what_others_wrote)
{
	char dir[] = "/tmp/minc-login.XXXXXX", path[64];
	int n, r = -ENOMEM;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/auth.json", dir);
	for (n = 0; r != 0; n++) {
		struct err e = { 0 };
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		ck_assert_int_eq(io_write_all(fd, text, strlen(text)), 0);
		close(fd);
		left = n;
		r = auth_keep(&e, NULL, path, "new.example.com", "user", "secret");
		left = -1;
		check_file(path, r == 0);
	}
	ck_assert_int_gt(n, 20);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(dir), 0); /* and nothing else is left */
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("json");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, a_text_is_read_whole_or_not_at_all);
	tcase_add_test(t, a_text_is_written_whole_or_not_at_all);
	tcase_add_loop_test(t, one_value_is_a_text, 0,
			    (int)(sizeof(others) / sizeof(*others)));
	tcase_add_test(t, a_login_keeps_what_others_wrote);
	return run_case("json", t);
}
