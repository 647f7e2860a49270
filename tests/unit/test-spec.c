/* SPDX-License-Identifier: MIT */
/*
 * The setters of spec.h: every argument that container.h refuses is refused with the
 * error it documents, in a message that begins with the user's words; the first refusal
 * stays; what is accepted is copied.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <minc/container.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/spec.h"
#include "suite.h"

static struct err err;
static struct spec spec;

static void setup(void)
{
	err_clear(&err);
	spec_init(&spec, &err);
}

static void teardown(void)
{
	spec_done(&spec);
}

/* One call with one text argument. */
enum call {
	ROOT,
	STORAGE,
	BIND_SRC,
	BIND_DST,
	TMPFS,
	HOSTNAME,
	USER,
	ENV,
	CWD,
	CAP_ADD,
	CAP_DROP,
	SECCOMP,
	NETWORK,
	USERNS,
	CPUS
};

static const char *const call_names[] = {
	[ROOT] = "minc_set_root",       [STORAGE] = "minc_set_storage",
	[BIND_SRC] = "minc_add_bind",   [BIND_DST] = "minc_add_bind",
	[TMPFS] = "minc_add_tmpfs",     [HOSTNAME] = "minc_set_hostname",
	[USER] = "minc_set_user",       [ENV] = "minc_add_env",
	[CWD] = "minc_set_cwd",         [CAP_ADD] = "minc_add_cap",
	[CAP_DROP] = "minc_drop_cap",   [SECCOMP] = "minc_set_seccomp",
	[NETWORK] = "minc_set_network", [USERNS] = "minc_set_userns",
	[CPUS] = "minc_set_cpus",
};

static int make_call(enum call call, const char *text)
{
	switch (call) {
	case ROOT:
		return spec_set_root(&spec, text, 0);
	case STORAGE:
		return spec_set_storage(&spec, text);
	case BIND_SRC:
		return spec_add_bind(&spec, text, "/mnt", 0);
	case BIND_DST:
		return spec_add_bind(&spec, "/srv", text, 0);
	case TMPFS:
		return spec_add_tmpfs(&spec, text, 0, 0755);
	case HOSTNAME:
		return spec_set_hostname(&spec, text);
	case USER:
		return spec_set_user(&spec, text);
	case ENV:
		return spec_add_env(&spec, text, "value");
	case CWD:
		return spec_set_cwd(&spec, text);
	case CAP_ADD:
		return spec_change_caps(&spec, true, text);
	case CAP_DROP:
		return spec_change_caps(&spec, false, text);
	case SECCOMP:
		return spec_set_seccomp(&spec, text);
	case NETWORK:
		return spec_set_network(&spec, text);
	case USERNS:
		return spec_set_userns(&spec, text);
	case CPUS:
		return spec_set_cpus(&spec, text);
	}
	return -ENOSYS;
}

#define N16  "nnnnnnnnnnnnnnnn"
#define N64  N16 N16 N16 N16
#define N256 N64 N64 N64 N64
#define N4096 \
	N256 N256 N256 N256 N256 N256 N256 N256 N256 N256 N256 N256 N256 N256 N256 N256
#define F64 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static const struct {
	enum call call;
	const char *text;
	int err;
} refused[] = {
	{ ROOT, NULL, -EINVAL },
	{ ROOT, "", -EINVAL },
	{ ROOT, "/a\nb", -EINVAL },
	{ ROOT, "/a\x7f", -EINVAL },
	{ HOSTNAME, "\xff", -EINVAL },
	{ ROOT, "/" N4096, -ENAMETOOLONG },
	{ STORAGE, "", -EINVAL },
	{ STORAGE, "\x1b[2J", -EINVAL },
	{ BIND_SRC, NULL, -EINVAL },
	{ BIND_SRC, "", -EINVAL },
	{ BIND_SRC, "a\tb", -EINVAL },
	{ BIND_SRC, "/" N4096, -ENAMETOOLONG },
	{ BIND_DST, "", -EINVAL },
	{ BIND_DST, "relative", -EINVAL },
	{ BIND_DST, "./a", -EINVAL },
	{ BIND_DST, "/a/../b", -EINVAL },
	{ BIND_DST, "/..", -EINVAL },
	{ BIND_DST, "/a/..", -EINVAL },
	{ BIND_DST, "/../a", -EINVAL },
	{ BIND_DST, "/", -EINVAL },
	{ BIND_DST, "//", -EINVAL },
	{ BIND_DST, "/./.", -EINVAL },
	{ BIND_DST, "/a\rb", -EINVAL },
	{ BIND_DST, "/" N256, -ENAMETOOLONG },
	{ BIND_DST, "/a/" N256 "/b", -ENAMETOOLONG },
	{ TMPFS, NULL, -EINVAL },
	{ TMPFS, "", -EINVAL },
	{ TMPFS, "tmp", -EINVAL },
	{ TMPFS, "/", -EINVAL },
	{ TMPFS, "/.", -EINVAL },
	{ TMPFS, "/a/../..", -EINVAL },
	{ TMPFS, "/\x01", -EINVAL },
	{ TMPFS, "/" N256, -ENAMETOOLONG },
	{ HOSTNAME, NULL, -EINVAL },
	{ HOSTNAME, "", -EINVAL },
	{ HOSTNAME, "a\nb", -EINVAL },
	{ HOSTNAME, N64 "x", -ENAMETOOLONG },
	{ USER, NULL, -EINVAL },
	{ USER, "", -EINVAL },
	{ USER, ":", -EINVAL },
	{ USER, "::", -EINVAL },
	{ USER, ":0:", -EINVAL },
	{ USER, "0:0:0", -EINVAL },
	{ USER, "+1", -EINVAL },
	{ USER, "-1", -EINVAL },
	{ USER, "1x", -EINVAL },
	{ USER, "0x10", -EINVAL },
	{ USER, "1 ", -EINVAL },
	{ USER, "4294967295", -EINVAL },
	{ USER, "0:4294967295", -EINVAL },
	{ USER, "99999999999999999999", -EINVAL },
	{ USER, "0:-1", -EINVAL },
	{ USER, "root\n", -EINVAL },
	{ USER, "0:+0", -EINVAL },
	{ USER, N64, -ENAMETOOLONG },
	{ ENV, NULL, -EINVAL },
	{ ENV, "", -EINVAL },
	{ ENV, "A=B", -EINVAL },
	{ ENV, "=", -EINVAL },
	{ ENV, "A\n", -EINVAL },
	{ CWD, NULL, -EINVAL },
	{ CWD, "", -EINVAL },
	{ CWD, "tmp", -EINVAL },
	{ CWD, "/..", -EINVAL },
	{ CWD, "/a/../b", -EINVAL },
	{ CWD, "/a\x02", -EINVAL },
	{ CWD, "/" N256, -ENAMETOOLONG },
	{ CAP_ADD, NULL, -EINVAL },
	{ CAP_ADD, "", -EINVAL },
	{ CAP_DROP, NULL, -EINVAL },
	{ CAP_DROP, "", -EINVAL },
	{ SECCOMP, NULL, -EINVAL },
	{ SECCOMP, "", -EINVAL },
	{ NETWORK, NULL, -EINVAL },
	{ NETWORK, "", -EINVAL },
	{ NETWORK, "Host", -EINVAL },
	{ NETWORK, "none ", -EINVAL },
	{ NETWORK, "raw,", -EINVAL },
	{ NETWORK, "raw,a/b", -EINVAL },
	{ NETWORK, "raw,.", -EINVAL },
	{ NETWORK, "raw,..", -EINVAL },
	{ NETWORK, "raw,a b", -EINVAL },
	{ NETWORK, "raw,a:b", -EINVAL },
	{ NETWORK, "raw," N16, -EINVAL },
	{ NETWORK, "bridge", -EINVAL },
	{ USERNS, NULL, -EINVAL },
	{ USERNS, "", -EINVAL },
	{ USERNS, "AUTO", -EINVAL },
	{ USERNS, "ranges", -EINVAL },
	{ CPUS, NULL, -EINVAL },
	{ CPUS, "", -EINVAL },
	{ CPUS, "0", -EINVAL },
	{ CPUS, "0x", -EINVAL },
	{ CPUS, "0x0", -EINVAL },
	{ CPUS, "g", -EINVAL },
	{ CPUS, "-1", -EINVAL },
	{ CPUS, "1 ", -EINVAL },
	{ CPUS, "0x0x1", -EINVAL },
	{ CPUS, "1@", -EINVAL },
	{ CPUS, "1P", -EINVAL },
	{ CPUS, "1\x11", -EINVAL },
	{ CPUS, F64 F64 F64 F64 "f", -ERANGE },
};

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0 && strlen(text) > strlen(start);
}

START_TEST(bad_text_is_refused)
{
	const char *shown = refused[_i].text ? refused[_i].text : "NULL";

	ck_assert_int_eq(spec_set_origin(&spec, "--option it"), 0);
	ck_assert_msg(make_call(refused[_i].call, refused[_i].text) == refused[_i].err,
		      "%s %.40s: %s", call_names[refused[_i].call], shown, err.message);
	ck_assert_int_eq(spec.sticky, refused[_i].err);
	ck_assert_int_eq(err.code, refused[_i].err);
	ck_assert_msg(begins_with(err.message, "--option it: "), "%s", err.message);
}
END_TEST

START_TEST(without_an_origin_the_call_is_named)
{
	char name[64];

	make_call(refused[_i].call, refused[_i].text);
	snprintf(name, sizeof(name), "%s: ", call_names[refused[_i].call]);
	ck_assert_msg(begins_with(err.message, name), "%s", err.message);
}
END_TEST

static const struct {
	enum call call;
	const char *text;
} accepted[] = {
	{ ROOT, "/" },
	{ ROOT, "relative/../dir" },
	{ ROOT, "/\xc3\xa4" },
	{ STORAGE, NULL },
	{ STORAGE, "dir" },
	{ BIND_SRC, "../x" },
	{ BIND_DST, NULL },
	{ BIND_DST, "/a..b/...c" },
	{ BIND_DST, "/a//b/./c/" },
	{ BIND_DST, "/it's a" },
	{ TMPFS, "/run" },
	{ HOSTNAME, N64 },
	{ HOSTNAME, "x" },
	{ USER, "0" },
	{ USER, "4294967294:0" },
	{ USER, "root:wheel" },
	{ USER, "_x$:007" },
	{ ENV, "A" },
	{ ENV, "a b" },
	{ CWD, "/" },
	{ CWD, "/a/.b" },
	{ SECCOMP, "default" },
	{ NETWORK, "host" },
	{ NETWORK, "none" },
	{ NETWORK, "raw" },
	{ NETWORK, "raw,enp0s31f6" },
	{ USERNS, "auto" },
	{ USERNS, "host" },
	{ USERNS, "single" },
	{ USERNS, "range" },
	{ CPUS, "3" },
	{ CPUS, "0xFf" },
	{ CPUS, "0X1" },
	{ CPUS, F64 F64 F64 F64 },
};

START_TEST(good_text_is_accepted_and_copied)
{
	char *text = accepted[_i].text ? strdup(accepted[_i].text) : NULL;

	ck_assert_msg(make_call(accepted[_i].call, text) == 0, "%s", err.message);
	if (text)
		memset(text, 'Z', strlen(text)); /* the copy must not change */
	free(text);
	ck_assert_int_eq(spec.sticky, 0);
	ck_assert_int_eq(err.code, 0);
	ck_assert_str_eq(err.message, "");
}
END_TEST

START_TEST(first_refusal_stays)
{
	ck_assert_int_eq(spec_set_hostname(&spec, ""), -EINVAL);
	ck_assert_int_eq(spec_pass_fd(&spec, -1, 3), -EBADF);
	ck_assert_int_eq(spec_set_hostname(&spec, "good"), 0);
	ck_assert_int_eq(spec.sticky, -EINVAL);
	ck_assert_str_eq(err.message, "minc_set_hostname: empty value");
}
END_TEST

START_TEST(refused_call_changes_nothing)
{
	ck_assert_int_eq(spec_set_hostname(&spec, "before"), 0);
	ck_assert_int_eq(spec_set_user(&spec, "5"), 0);
	ck_assert_int_eq(spec_set_cpus(&spec, "f"), 0);
	ck_assert_int_eq(spec_set_network(&spec, "raw,eth7"), 0);
	ck_assert_int_lt(spec_set_hostname(&spec, "a\n"), 0);
	ck_assert_int_lt(spec_set_user(&spec, "5:-"), 0);
	ck_assert_int_lt(spec_set_cpus(&spec, "3z"), 0);
	ck_assert_int_lt(spec_set_network(&spec, "raw,a/"), 0);
	ck_assert_int_lt(spec_add_bind(&spec, "/a", "b", 0), 0);
	ck_assert_str_eq(spec.hostname, "before");
	ck_assert_str_eq(spec.user, "5");
	ck_assert_uint_eq(spec.cpus[0], 0xf);
	ck_assert_str_eq(spec.net_if, "eth7");
	ck_assert_ptr_null(spec.mounts);
}
END_TEST

START_TEST(root_flags)
{
	ck_assert_int_eq(spec_set_root(&spec, "/srv",
				       MINC_ROOT_DIRECT | MINC_ROOT_RDONLY |
					       MINC_ROOT_SUBMOUNTS),
			 0);
	ck_assert_int_eq(spec_set_root(&spec, "/x", 1 << 4), -EINVAL);
	ck_assert_str_eq(err.message, "minc_set_root: unknown flag");
	ck_assert_int_eq(spec_set_root(&spec, "/x", 1u << 31), -EINVAL);
	ck_assert_int_eq(spec_set_root(&spec, "/x",
				       MINC_ROOT_SUBMOUNTS | MINC_ROOT_NOSUBMOUNTS),
			 -EINVAL);
	ck_assert_str_eq(spec.root, "/srv");
}
END_TEST

START_TEST(bind_flags_and_tmpfs_modes)
{
	ck_assert_int_eq(spec_add_bind(&spec, "/a", "/b", 7 | MINC_BIND_NOEXEC), 0);
	ck_assert_int_eq(spec_add_tmpfs(&spec, "/t", UINT64_MAX,
					07777 | MINC_TMPFS_NOEXEC | MINC_TMPFS_RDONLY),
			 0);
	ck_assert_int_eq(spec_add_bind(&spec, "/a", "/c", 32), -EINVAL);
	ck_assert_int_eq(spec_add_tmpfs(&spec, "/d", 0, 010000), -EINVAL);
	ck_assert_int_eq(spec_add_tmpfs(&spec, "/d", 0, 1u << 18), -EINVAL);
	ck_assert_int_eq(spec_add_bind(&spec, "a", "/b", MINC_BIND_VOLUME), -EINVAL);
	ck_assert_int_eq(spec_add_bind(&spec, "/a", NULL, MINC_BIND_VOLUME), -EINVAL);
	ck_assert_int_eq(spec_add_bind(&spec, "/a", "/b", MINC_BIND_NOCOPY), -EINVAL);
	ck_assert_str_eq(spec.mounts->dst, "/b");
	ck_assert_str_eq(spec.mounts->next->dst, "/t");
	ck_assert_uint_eq(spec.mounts->next->mode, 07777);
	ck_assert_uint_eq(spec.mounts->next->flags,
			  MINC_TMPFS_NOEXEC | MINC_TMPFS_RDONLY);
	ck_assert_ptr_null(spec.mounts->next->next);
}
END_TEST

static void expect_places(const char *const *want)
{
	const struct spec_mount *m = spec.mounts;

	for (; m && *want; m = m->next, want++)
		ck_assert_str_eq(m->place, *want);
	ck_assert(!m && !*want);
}

START_TEST(no_mount_hides_another)
{
	spec_add_bind(&spec, "/i", "/a/b//c/", 0);
	spec_add_bind(&spec, "/j", "/z", 0);
	spec_add_tmpfs(&spec, "/a/./b", 0, 0755);
	spec_add_bind(&spec, "/a", NULL, 0);
	spec_add_bind(&spec, "/usr/bin/../lib", NULL, 0);
	ck_assert_int_eq(spec.sticky, 0);
	expect_places((const char *const[]){ "/z", "/a", "/a/./b",
					     spec.mounts->next->next->next->place,
					     "/a/b//c/", NULL });
}
END_TEST

START_TEST(mounts_of_a_config_keep_their_order)
{
	spec.listing = true;
	spec_add_bind(&spec, "/i", "/a/b", 0);
	spec_add_bind(&spec, "/j", "/a", 0);
	spec_add_bind(&spec, "/k", "/a", 0);
	spec.listing = false;
	spec_add_bind(&spec, "/l", "/z/y", 0);
	spec_add_bind(&spec, "/m", "/a", 0);
	ck_assert_int_eq(spec.sticky, 0);
	expect_places((const char *const[]){ "/a/b", "/a", "/a", "/a", "/z/y", NULL });
}
END_TEST

static const char *const same_as_data[] = { "/data", "/data/", "//data", "/./data/." };

START_TEST(a_target_is_used_once)
{
	spec_set_origin(&spec, "--first");
	spec_add_bind(&spec, "/a", "/data", 0);
	spec_set_origin(&spec, "--second");
	ck_assert_int_eq(spec_add_tmpfs(&spec, same_as_data[_i], 0, 0755), -EINVAL);
	ck_assert_msg(begins_with(err.message, "--second: ") &&
			      strstr(err.message, "--first"),
		      "%s", err.message);
	ck_assert_ptr_null(spec.mounts->next);
}
END_TEST

START_TEST(the_same_said_again_is_there_once)
{
	spec_add_bind(&spec, "/a", "/data", MINC_BIND_RDONLY);
	ck_assert_int_eq(spec_add_bind(&spec, "/a", "/data/", MINC_BIND_RDONLY), 0);
	ck_assert_ptr_null(spec.mounts->next);
	ck_assert_int_eq(spec_add_bind(&spec, "/a", "/data", 0), -EINVAL);
}
END_TEST

START_TEST(the_last_size_of_dev_shm_counts)
{
	spec_add_tmpfs(&spec, "/dev/shm", 1 << 20, 01777);
	ck_assert_int_eq(spec_add_tmpfs(&spec, "/dev/shm/", 2 << 20, 0700), 0);
	ck_assert_uint_eq(spec.mounts->size_bytes, 2 << 20);
	ck_assert_ptr_null(spec.mounts->next);
	ck_assert_int_eq(spec_add_bind(&spec, "/a", "/dev/shm", 0), -EINVAL);
}
END_TEST

START_TEST(the_owner_is_that_of_the_last_tmpfs)
{
	ck_assert_int_eq(spec_set_tmpfs_owner(&spec, 1, 2), -EINVAL);
	spec.sticky = 0;
	spec_add_tmpfs(&spec, "/a/b", 0, 0755);
	spec_add_tmpfs(&spec, "/t", 0, 0755);
	ck_assert_int_eq(spec_set_tmpfs_owner(&spec, 5, 6), 0);
	ck_assert(spec.mounts->owned && !spec.mounts->next->owned);
	ck_assert_uint_eq(spec.mounts->gid, 6);
	ck_assert_int_eq(spec_set_tmpfs_owner(&spec, UINT32_MAX, 0), -EINVAL);
}
END_TEST

START_TEST(file_names_need_no_encoding)
{
	ck_assert_int_eq(spec_set_root(&spec, "/srv/\xff", 0), 0);
	ck_assert_int_eq(spec_add_bind(&spec, "\xe9t\xe9", "/\xfe", 0), 0);
	ck_assert_int_eq(spec_set_cwd(&spec, "/\xc3"), 0);
	ck_assert_int_eq(spec_set_storage(&spec, "/\x80"), 0);
	ck_assert_str_eq(spec.mounts->dst, "/\xfe");
}
END_TEST

START_TEST(umask_is_022_unless_it_is_said)
{
	const mode_t before = umask(031);

	ck_assert_uint_eq(spec.umask, 022);
	ck_assert_int_eq(spec_set_umask(&spec, 0), 0);
	ck_assert_uint_eq(spec.umask, 0);
	ck_assert_int_eq(spec_set_umask(&spec, -1), 0);
	ck_assert_uint_eq(spec.umask, 031);
	ck_assert_int_eq(spec_set_umask(&spec, 01000), -EINVAL);
	ck_assert_int_eq(spec_set_umask(&spec, -2), -EINVAL);
	umask(before);
}
END_TEST

START_TEST(an_id_is_64_hexadecimal_digits)
{
	static const char id[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char bad[66] = "";

	ck_assert_int_eq(spec_set_id(&spec, id), 0);
	ck_assert_str_eq(spec.id, id);
	ck_assert_int_eq(spec_set_id(&spec, NULL), 0);
	ck_assert_ptr_null(spec.id);
	ck_assert_int_eq(spec_set_id(&spec, ""), -EINVAL);
	ck_assert_int_eq(spec_set_id(&spec, id + 1), -EINVAL);
	memset(bad, 'A', 64);
	ck_assert_int_eq(spec_set_id(&spec, bad), -EINVAL);
	memset(bad, 'a', 65);
	ck_assert_int_eq(spec_set_id(&spec, bad), -EINVAL);
	ck_assert_ptr_null(spec.id);
}
END_TEST

START_TEST(flags)
{
	for (unsigned i = MINC_PRIVILEGED; i <= MINC_FAKE_ROOT; i++) {
		ck_assert_int_eq(spec_set_flag(&spec, i, 1), 0);
		ck_assert(spec_flag(&spec, i));
		ck_assert_int_eq(spec_set_flag(&spec, i, 0), 0);
		ck_assert(!spec_flag(&spec, i));
		ck_assert_int_eq(spec_set_flag(&spec, i, 2), -EINVAL);
		ck_assert_int_eq(spec_set_flag(&spec, i, -1), -EINVAL);
	}
	ck_assert_int_eq(spec_set_flag(&spec, MINC_ATTACHED, 1), 0);
	ck_assert_int_eq(spec_set_flag(&spec, MINC_ATTACHED, 0), 0);
	ck_assert_int_eq(spec_set_flag(&spec, 0, 1), -EINVAL);
	ck_assert_int_eq(spec_set_flag(&spec, MINC_KEEP_SIGNALS + 1, 1), -EINVAL);
	ck_assert_int_eq(spec_set_flag(&spec, ~0u, 1), -EINVAL);
	ck_assert_uint_eq(spec.flags, 0);
}
END_TEST

START_TEST(descriptors)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(spec_set_origin(&spec, "--pass-fd it"), 0);
	ck_assert_int_eq(spec_pass_fd(&spec, fd, 0), 0);
	ck_assert_int_eq(spec_pass_fd(&spec, fd, 1023), 0);
	ck_assert_int_eq(spec_pass_fd(&spec, fd, 1024), -EINVAL);
	ck_assert_str_eq(err.message, "--pass-fd it: 1024: target is not 0 to 1023");
	ck_assert_int_eq(spec_pass_fd(&spec, fd, -1), -EINVAL);
	ck_assert_int_eq(spec_pass_fd(&spec, fd, 1023), -EINVAL);
	ck_assert_int_eq(spec_pass_fd(&spec, -1, 5), -EBADF);
	close(fd);
	ck_assert_int_eq(spec_pass_fd(&spec, fd, 5), -EBADF);
}
END_TEST

START_TEST(descriptors_have_a_limit)
{
	for (int i = 0; i < 64; i++)
		ck_assert_int_eq(spec_pass_fd(&spec, 0, 10 + i), 0);
	ck_assert_int_eq(spec_pass_fd(&spec, 0, 3), -EMFILE);
}
END_TEST

START_TEST(environment_is_replaced_by_name)
{
	ck_assert_int_eq(spec_add_env(&spec, "A", "1"), 0);
	ck_assert_int_eq(spec_add_env(&spec, "AB", "2"), 0);
	ck_assert_int_eq(spec_add_env(&spec, "A", ""), 0);
	ck_assert_int_eq(spec_add_env(&spec, "AB", NULL), 0);
	ck_assert_str_eq(spec.env->name, "A");
	ck_assert_str_eq(spec.env->value, "");
	ck_assert_str_eq(spec.env->next->name, "AB");
	ck_assert_ptr_null(spec.env->next->value);
	ck_assert_ptr_null(spec.env->next->next);
}
END_TEST

START_TEST(environment_value_is_any_text)
{
	ck_assert_int_eq(spec_add_env(&spec, "A", "a\n\x01\xff=b"), 0);
	ck_assert_str_eq(spec.env->value, "a\n\x01\xff=b");
}
END_TEST

START_TEST(cpu_digits_are_in_their_places)
{
	ck_assert_int_eq(spec_set_cpus(&spec, "0x80000000000000010"), 0);
	ck_assert_uint_eq(spec.cpus[0], 0x10);
	ck_assert_uint_eq(spec.cpus[1], 0x8);
	ck_assert_int_eq(spec_set_cpus(&spec, "aBcDeF"), 0);
	ck_assert_uint_eq(spec.cpus[0], 0xabcdef);
	ck_assert_uint_eq(spec.cpus[1], 0);
}
END_TEST

START_TEST(origin_is_kept_with_the_call)
{
	spec_set_origin(&spec, "--first");
	ck_assert_int_eq(spec_set_hostname(&spec, "a"), 0);
	spec_set_origin(&spec, "--second");
	ck_assert_int_eq(spec_set_user(&spec, "1"), 0);
	spec_set_origin(&spec, NULL);
	ck_assert_int_eq(spec_set_cwd(&spec, "/"), 0);
	ck_assert_str_eq(spec.hostname_origin, "--first");
	ck_assert_str_eq(spec.user_origin, "--second");
	ck_assert_str_eq(spec.cwd_origin, "minc_set_cwd");
}
END_TEST

START_TEST(message_is_one_line_whatever_the_origin)
{
	spec_set_origin(&spec, "--bind \x1b[2J\n:x");
	ck_assert_int_eq(spec_add_bind(&spec, "", NULL, 0), -EINVAL);
	ck_assert_str_eq(err.message, "--bind ?[2J?:x: empty value");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		first_refusal_stays,
		refused_call_changes_nothing,
		root_flags,
		bind_flags_and_tmpfs_modes,
		no_mount_hides_another,
		mounts_of_a_config_keep_their_order,
		the_same_said_again_is_there_once,
		the_last_size_of_dev_shm_counts,
		the_owner_is_that_of_the_last_tmpfs,
		file_names_need_no_encoding,
		umask_is_022_unless_it_is_said,
		an_id_is_64_hexadecimal_digits,
		flags,
		descriptors,
		descriptors_have_a_limit,
		environment_is_replaced_by_name,
		environment_value_is_any_text,
		cpu_digits_are_in_their_places,
		origin_is_kept_with_the_call,
		message_is_one_line_whatever_the_origin,
	};
	const int bad = (int)(sizeof(refused) / sizeof(refused[0]));
	TCase *t = tcase_create("spec");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, bad_text_is_refused, 0, bad);
	tcase_add_loop_test(t, a_target_is_used_once, 0, 4);
	tcase_add_loop_test(t, without_an_origin_the_call_is_named, 0, bad);
	tcase_add_loop_test(t, good_text_is_accepted_and_copied, 0,
			    (int)(sizeof(accepted) / sizeof(accepted[0])));
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(t, tests[i]);
	return run_case("spec", t);
}
