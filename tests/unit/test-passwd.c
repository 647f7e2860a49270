/* SPDX-License-Identifier: MIT */
/*
 * passwd_resolve(): who the command runs as, from the container's own etc/passwd and
 * etc/group. The files are somebody else's: huge lines, FIFOs and links out of the root
 * are nothing to trip over.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "ns/ns.h"
#include "suite.h"

static char base[32];
static int root, upper;
static struct err err;
static struct spec spec;
static struct identity id;

static const char passwd_text[] = "# a comment\n"
				  "\n"
				  "root:x:0:0:root:/root:/bin/sh\n"
				  "broken line\n"
				  ":::::::::\n"
				  "alice:x:1000:100:Alice,,,:/home/alice:/bin/zsh\n"
				  "nobody:*:4294967294:65534::/nonexistent:\n"
				  "relative:x:1001:1001::home:\n"
				  "minus:x:-1:0::/:\n"
				  "huge:x:4294967295:0::/:\n"
				  "word:x:12a:0::/:\n"
				  "short:x:1002\n"
				  "42:x:1003:1003::/name-42:\n"
				  "alice:x:2000:2000::/second:/bin/sh\n"
				  "last:x:1004:1004::/last:/bin/sh";
static const char group_text[] = "root:x:0:\n"
				 "users:x:100:alice\n"
				 "audio:x:29:bob,alice\n"
				 "video:x:44:alicex,xalice,alic\n"
				 "staff:x:50:alice\n"
				 "bad:x:-5:alice\n"
				 "nogid\n"
				 "last:x:1004:alice";

static void put(const char *name, const char *text)
{
	int fd = openat(root, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void setup(void)
{
	char path[64];

	strcpy(base, "/tmp/minc-passwd-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(path, sizeof(path), "%s/root", base);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(root, "etc", 0755), 0);
	put("etc/passwd", passwd_text);
	put("etc/group", group_text);
	upper = -EBADF;
	err_clear(&err);
	spec_init(&spec, &err);
	memset(&id, 0xee, sizeof(id));
}

static void teardown(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", base);
	ck_assert_int_eq(system(command), 0);
	spec_done(&spec);
	close(root);
}

static int resolve(const char *user)
{
	err_clear(&err);
	if (user) {
		spec_set_origin(&spec, "--user it");
		ck_assert_int_eq(spec_set_user(&spec, user), 0);
	}
	return passwd_resolve(&spec, root, upper, &id, &err);
}

static void is(const char *user, uint32_t uid, uint32_t gid, const char *home,
	       size_t groups)
{
	int r = resolve(user);

	if (!user)
		user = "nobody asked for";
	ck_assert_msg(r == 0, "%s: %s", user, err.message);
	ck_assert_msg(id.uid == uid && id.gid == gid, "%s is %u:%u", user, id.uid,
		      id.gid);
	ck_assert_str_eq(id.home, home);
	ck_assert_msg(id.groups_len == groups, "%s: %zu groups", user, id.groups_len);
}

START_TEST(nobody_asked_is_root)
{
	is(NULL, 0, 0, "/root", 0);
	ck_assert_str_eq(id.name, "");
}
END_TEST

START_TEST(numbers)
{
	is("0", 0, 0, "/root", 0);
	is("1000", 1000, 100, "/home/alice", 3); /* audio, staff, last */
	is("1000:7", 1000, 7, "/home/alice", 0);
	is("5555", 5555, 0, "/", 0);
	is("5555:6666", 5555, 6666, "/", 0);
	is("4294967294", 4294967294u, 65534, "/nonexistent", 0);
	is("42", 42, 0, "/", 0); /* a number is never a name */
	is("0:42", 0, 42, "/root", 0);
}
END_TEST

/* As docker(1) has it: what is not said is root's, or the user's own. */
START_TEST(one_half_is_enough)
{
	is("1000:", 1000, 100, "/home/alice", 3);
	is("alice:", 1000, 100, "/home/alice", 3);
	is("5555:", 5555, 0, "/", 0);
	is(":50", 0, 50, "/root", 0);
	is(":staff", 0, 50, "/root", 0);
}
END_TEST

START_TEST(a_long_name_is_not_cut_to_another)
{
	static const char a63[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	char text[128];

	snprintf(text, sizeof(text), "%s:x:7:7::/:\n", a63);
	put("etc/passwd", text);
	snprintf(text, sizeof(text), "%sb", a63);
	spec.image.user = text;
	spec.image.name = "image it";
	ck_assert_int_eq(resolve(NULL), -ENAMETOOLONG);
	ck_assert_msg(strstr(err.message, "image it"), "%s", err.message);
}
END_TEST

START_TEST(names_and_groups)
{
	is("alice", 1000, 100, "/home/alice", 3);
	ck_assert_str_eq(id.name, "alice");
	ck_assert_uint_eq(id.groups[0], 29);
	ck_assert_uint_eq(id.groups[1], 50);
	ck_assert_uint_eq(id.groups[2], 1004);
	is("alice:staff", 1000, 50, "/home/alice", 0);
	is("alice:0", 1000, 0, "/home/alice", 0);
	is("77:audio", 77, 29, "/", 0);
	is("last", 1004, 1004, "/last", 0);
	is("relative", 1001, 1001, "/", 0);
}
END_TEST

static const char *const unknown[] = { "bob",         "Alice", "short",  "minus",
				       "huge",        "word",  "broken", "alice:nobody",
				       "alice:nogid", "0:bad", "#",      "# a comment" };

START_TEST(unknown_names_fail_and_are_named)
{
	const char *colon = strchr(unknown[_i], ':');

	ck_assert_int_eq(resolve(unknown[_i]), -ENOENT);
	ck_assert_int_eq(err.code, -ENOENT);
	ck_assert_msg(strncmp(err.message, "--user it: ", 11) == 0 &&
			      strstr(err.message, colon ? colon + 1 : unknown[_i]),
		      "%s", err.message);
}
END_TEST

START_TEST(missing_files_know_numbers_only)
{
	ck_assert_int_eq(unlinkat(root, "etc/passwd", 0) | unlinkat(root, "etc/group", 0),
			 0);
	is("0", 0, 0, "/", 0);
	is("12:13", 12, 13, "/", 0);
	ck_assert_int_eq(resolve("root"), -ENOENT);
	ck_assert_int_eq(resolve("0:root"), -ENOENT);
	ck_assert_int_eq(unlinkat(root, "etc", AT_REMOVEDIR), 0);
	is("3", 3, 0, "/", 0);
}
END_TEST

START_TEST(fifo_does_not_hang)
{
	ck_assert_int_eq(unlinkat(root, "etc/passwd", 0), 0);
	ck_assert_int_eq(mkfifoat(root, "etc/passwd", 0666), 0);
	is("5", 5, 0, "/", 0);
	ck_assert_int_eq(resolve("alice"), -ENOENT);
}
END_TEST

START_TEST(directory_is_an_error_or_empty)
{
	int r;

	ck_assert_int_eq(unlinkat(root, "etc/passwd", 0), 0);
	ck_assert_int_eq(mkdirat(root, "etc/passwd", 0755), 0);
	r = resolve("alice");
	ck_assert_msg(r == -EISDIR || r == -ENOENT, "%d", r);
	ck_assert_str_ne(err.message, "");
}
END_TEST

START_TEST(link_out_of_the_root_stays_inside)
{
	char path[64];
	FILE *out;

	snprintf(path, sizeof(path), "%s/passwd", base);
	out = fopen(path, "we");
	ck_assert_ptr_nonnull(out);
	fputs("spy:x:666:666::/:\n", out);
	fclose(out);
	ck_assert_int_eq(unlinkat(root, "etc/passwd", 0), 0);
	ck_assert_int_eq(symlinkat("../../../passwd", root, "etc/passwd"), 0);
	ck_assert_int_eq(resolve("spy"), -ENOENT);
	put("passwd", "insider:x:7:8::/:\n"); /* where the link leads, inside */
	is("insider", 7, 8, "/", 0);
	ck_assert_int_eq(unlinkat(root, "etc/passwd", 0), 0);
	ck_assert_int_eq(symlinkat(path, root, "etc/passwd"), 0);
	ck_assert_int_eq(resolve("spy"), -ENOENT);
}
END_TEST

START_TEST(magic_link_is_not_followed)
{
	ck_assert_int_eq(unlinkat(root, "etc/passwd", 0), 0);
	ck_assert_int_eq(symlinkat("/proc/self/fd/0", root, "etc/passwd"), 0);
	is("9", 9, 0, "/", 0);
}
END_TEST

START_TEST(upper_layer_comes_first)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/upper", base);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	upper = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	is("alice", 1000, 100, "/home/alice", 3); /* nothing in it yet */
	ck_assert_int_eq(mkdirat(upper, "etc", 0755), 0);
	ck_assert_int_eq(renameat(root, "etc/group", upper, "etc/group"), 0);
	put("etc/passwd", "alice:x:1:2::/old:\n");
	ck_assert_int_eq(renameat(root, "etc/passwd", upper, "etc/passwd"), 0);
	put("etc/passwd", passwd_text);
	is("alice", 1, 2, "/old", 4);
	close(upper);
}
END_TEST

/* @n times @c, then the entry @tail. */
static void put_huge(const char *name, const char *head, char c, size_t n,
		     const char *tail)
{
	size_t head_len = strlen(head), tail_len = strlen(tail);
	char *text = malloc(head_len + n + tail_len + 1);

	ck_assert_ptr_nonnull(text);
	memcpy(text, head, head_len);
	memset(text + head_len, c, n);
	memcpy(text + head_len + n, tail, tail_len + 1);
	put(name, text);
	free(text);
}

START_TEST(huge_lines_are_passed_over)
{
	put_huge("etc/passwd", "alice:x:1:1:", 'A', 1 << 20, "::/:\nalice:x:5:6::/ok:\n");
	put_huge("etc/group", "g:x:7:", 'a', 1 << 20, "\nh:x:8:alice\n");
	is("alice", 5, 6, "/ok", 1);
	ck_assert_uint_eq(id.groups[0], 8);
	put_huge("etc/passwd", "", ':', 1 << 20, "\nalice:x:5:6::/ok:\n");
	is("alice", 5, 6, "/ok", 1);
	put_huge("etc/passwd", "", '\n', 1 << 20, "alice:x:5:6::/ok:\n");
	is("alice", 5, 6, "/ok", 1);
	put_huge("etc/passwd", "alice:x:5:6::/", 'h', 300, ":\n");
	is("alice", 5, 6, "/", 1); /* a home that does not fit is none */
}
END_TEST

START_TEST(name_too_long_for_us_is_not_cut_to_another)
{
	char text[256], cut[64] = "", whole[80] = "";

	memset(cut, 'x', sizeof(cut) - 1);
	memset(whole, 'x', sizeof(whole) - 1);
	snprintf(text, sizeof(text), "%s:x:7:7::/:\n", whole);
	put("etc/passwd", text);
	snprintf(text, sizeof(text), "others:x:8:%s\n", cut);
	put("etc/group", text);
	is("7", 7, 7, "/", 0);
}
END_TEST

START_TEST(huge_files_are_refused)
{
	put_huge("etc/passwd", "", 'x', 17 << 20, "\n");
	ck_assert_int_eq(resolve("alice"), -EFBIG);
	ck_assert_ptr_nonnull(strstr(err.message, "user database"));
}
END_TEST

START_TEST(no_more_groups_than_there_is_room_for)
{
	char *text = malloc(100 * 32), *end = text;

	for (int i = 0; i < 100; i++)
		end += sprintf(end, "g%d:x:%d:alice\n", i, 500 + i);
	put("etc/group", text);
	free(text);
	is("alice", 1000, 100, "/home/alice", 64);
	ck_assert_uint_eq(id.groups[63], 563);
}
END_TEST

START_TEST(name_of_a_number)
{
	char name[8] = "";

	ck_assert(passwd_name(passwd_text, 1000, name, sizeof(name)));
	ck_assert_str_eq(name, "alice");
	ck_assert(passwd_name(passwd_text, 4294967294u, name, sizeof(name)));
	ck_assert_str_eq(name, "nobody");
	ck_assert(passwd_name(passwd_text, 1001, name, sizeof(name)));
	ck_assert_str_eq(name, "relativ"); /* cut, never over the end */
	ck_assert(!passwd_name(passwd_text, 4294967295u, name, sizeof(name)));
	ck_assert(!passwd_name(passwd_text, 12, name, sizeof(name)));
	ck_assert(!passwd_name("", 0, name, sizeof(name)));
	ck_assert(!passwd_name(":", 0, name, sizeof(name)));
	ck_assert(!passwd_name("a:b:c", 0, name, sizeof(name)));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		nobody_asked_is_root,
		numbers,
		one_half_is_enough,
		a_long_name_is_not_cut_to_another,
		names_and_groups,
		missing_files_know_numbers_only,
		fifo_does_not_hang,
		directory_is_an_error_or_empty,
		link_out_of_the_root_stays_inside,
		magic_link_is_not_followed,
		upper_layer_comes_first,
		huge_lines_are_passed_over,
		huge_files_are_refused,
		no_more_groups_than_there_is_room_for,
		name_of_a_number,
		name_too_long_for_us_is_not_cut_to_another,
	};
	TCase *t = tcase_create("passwd");

	tcase_add_checked_fixture(t, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(t, tests[i]);
	tcase_add_loop_test(t, unknown_names_fail_and_are_named, 0,
			    (int)(sizeof(unknown) / sizeof(unknown[0])));
	return run_case("passwd", t);
}
