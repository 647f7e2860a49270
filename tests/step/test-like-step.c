/* SPDX-License-Identifier: MIT */
/*
 * A directory that is made like the one below it (lib/mount/like-step.c), and what is
 * made without a trace in times.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "step.h"

static const char acl_name[] = "system.posix_acl_access";

struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};
struct acl {
	uint32_t version;
	struct acl_entry e[5];
};

/*
 * Owner all, user @id read and search, group nothing, mask read and search, others
 * nothing.
 */
static struct acl acl_for(uint32_t id)
{
	return (struct acl){ 2,
			     { { 0x01, 7, UINT32_MAX },
			       { 0x02, 5, id },
			       { 0x04, 0, UINT32_MAX },
			       { 0x10, 5, UINT32_MAX },
			       { 0x20, 0, UINT32_MAX } } };
}

static const struct timespec long_ago[2] = { { 1000000000, 1 }, { 1000000001, 2 } };

/* A directory below, with a mode and times of its own. */
static void put_below(const char *path, mode_t mode)
{
	must(mkdir(path, 0755));
	must(chmod(path, mode));
	must(utimensat(AT_FDCWD, path, long_ago, 0));
}

static const int one_slot[] = { ONE };

static void make_like(struct runner *r, const struct dir_like *like)
{
	works(r, STEP(mkdir, .at = ROOM, .path = "upper", .mode = 0755, .like = like,
		      .ret = TWO));
}

static void make_over(struct runner *r, const char *below, bool mapped)
{
	const struct dir_like like = {
		.slots = one_slot, .len = 1, .path = ".", .mapped = mapped
	};

	open_slot(r, ONE, below);
	make_like(r, &like);
}

STEP_TEST(it_has_mode_owner_and_times_of_what_is_below)
{
	struct stat st;

	put_below("/tmp/below", 02751);
	if (who == AS_ROOT) {
		must(chown("/tmp/below", 7, 8));
		must(chmod("/tmp/below", 02751));
	}
	make_over(r, "/tmp/below", who != AS_ROOT);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR | 02751);
	equal(st.st_uid, who == AS_ROOT ? 7 : getuid());
	equal(st.st_gid, who == AS_ROOT ? 8 : getgid());
	equal(st.st_mtim.tv_sec, long_ago[1].tv_sec);
	equal(st.st_mtim.tv_nsec, long_ago[1].tv_nsec);
	equal(st.st_atim.tv_sec, long_ago[0].tv_sec);
	equal(fstat(r->slots[TWO], &st), 0);
	equal(st.st_mode, S_IFDIR | 02751);
}

STEP_TEST(one_that_is_there_stays_as_it_is)
{
	struct stat st;

	put_below("/tmp/below", 01777);
	put_below("/tmp/upper", 0700);
	make_over(r, "/tmp/below", who != AS_ROOT);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR | 0700);
}

STEP_TEST(one_that_a_killed_start_left_is_made_whole)
{
	struct stat st;

	put_below("/tmp/below", 01777);
	put_below("/tmp/upper", 0);
	make_over(r, "/tmp/below", who != AS_ROOT);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR | 01777);
	must(rmdir("/tmp/upper"));
	put_below("/tmp/upper", 02000); /* of a parent that hands its group on */
	make_over(r, "/tmp/below", who != AS_ROOT);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR | 01777);
}

STEP_TEST(over_nothing_it_has_the_mode_of_the_step)
{
	const struct dir_like like = { .slots = one_slot, .len = 1, .path = "no/such" };
	struct stat st;

	put_below("/tmp/below", 01777);
	open_slot(r, ONE, "/tmp/below");
	make_like(r, &like);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR | 0755);
	must(rmdir("/tmp/upper"));
	put_link("/tmp", "/tmp/below/no"); /* whatever it leads to is not what is below */
	works(r, STEP(mkdir, .at = ROOM, .path = "upper", .mode = 0711,
		      .like = &(struct dir_like){ .slots = one_slot,
						  .len = 1,
						  .path = "no" },
		      .ret = SLOT_NONE));
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR | 0711);
}

/* In a user namespace /etc is nobody's: it becomes the caller's, not another nobody's. */
STEP_TEST(an_owner_without_an_id_is_not_kept)
{
	struct stat st, etc;

	if (who == AS_ROOT)
		skip("all ids are there");
	must(stat("/etc", &etc));
	make_over(r, "/etc", true);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, etc.st_mode);
	equal(st.st_uid, getuid());
	equal(st.st_gid, getgid());
}

STEP_TEST(the_uppermost_layer_that_says_something_counts)
{
	static const int slots[] = { ONE, THREE, FOUR };
	const struct dir_like like = { .slots = slots, .len = 3, .path = "." };
	const struct timespec epoch[2] = { { 0, 0 }, { 0, 0 } };
	struct stat st;

	put_below("/tmp/a", 0755);
	must(utimensat(AT_FDCWD, "/tmp/a", epoch, 0));
	put_below("/tmp/b", 01777);
	put_below("/tmp/c", 0700);
	open_slot(r, ONE, "/tmp/a");
	open_slot(r, THREE, "/tmp/b");
	open_slot(r, FOUR, "/tmp/c");
	make_like(r, &like);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR | 01777);
}

STEP_TEST(where_no_layer_says_anything_the_uppermost_counts)
{
	static const int slots[] = { ONE, THREE };
	const struct dir_like like = { .slots = slots, .len = 2, .path = "." };
	const struct timespec epoch[2] = { { 0, 0 }, { 0, 0 } };
	struct stat st;

	put_below("/tmp/a", 0755);
	must(utimensat(AT_FDCWD, "/tmp/a", epoch, 0));
	open_slot(r, ONE, "/tmp/a");
	open_slot(r, THREE, "/tmp/a");
	make_like(r, &like);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR | 0755);
	equal(st.st_mtim.tv_sec, 0);
}

static void set_list(const char *path, uint32_t id)
{
	const struct acl acl = acl_for(id);

	if (setxattr(path, acl_name, &acl, sizeof(acl), 0) < 0 && errno == EOPNOTSUPP)
		skip("no access control lists here");
	else
		must(getxattr(path, acl_name, NULL, 0) > 0 ? 0 : -1);
}

STEP_TEST(its_access_control_list_is_kept)
{
	struct acl acl = { 0 }, want = acl_for(getuid());
	struct stat st;

	put_below("/tmp/below", 0700);
	set_list("/tmp/below", getuid());
	make_over(r, "/tmp/below", who != AS_ROOT);
	must(getxattr("/tmp/upper", acl_name, &acl, sizeof(acl)));
	expect(memcmp(&acl, &want, sizeof(acl)) == 0);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR | 0750);
}

/* Without the list the bits of its mask would be the group's. */
STEP_TEST(without_room_for_the_list_the_group_gets_no_more_than_before)
{
	struct stat st;

	put_below("/tmp/below", 0700);
	set_list("/tmp/below", getuid());
	refuse(SYS_fsetxattr, EOPNOTSUPP);
	make_over(r, "/tmp/below", who != AS_ROOT);
	expect(getxattr("/tmp/upper", acl_name, NULL, 0) < 0);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR | 0700);
}

/* The storage directory's default list would open the new one to others. */
STEP_TEST(a_list_of_the_directory_around_it_is_not_taken_over)
{
	const struct acl acl = acl_for(getuid());
	struct stat st;

	put_below("/tmp/below", 0770);
	if (setxattr("/tmp", "system.posix_acl_default", &acl, sizeof(acl), 0) < 0)
		skip("no access control lists here");
	make_over(r, "/tmp/below", who != AS_ROOT);
	expect(getxattr("/tmp/upper", acl_name, NULL, 0) < 0);
	expect(getxattr("/tmp/upper", "system.posix_acl_default", NULL, 0) < 0);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR | 0770);
}

/* What fails, or is killed, before its end is made whole by the next start. */
STEP_TEST(one_with_a_list_is_not_finished_before_all_is_done)
{
	const struct dir_like like = {
		.slots = one_slot, .len = 1, .path = ".", .mapped = who != AS_ROOT
	};
	struct stat st;

	put_below("/tmp/below", 01700);
	set_list("/tmp/below", getuid());
	open_slot(r, ONE, "/tmp/below");
	refuse(SYS_utimensat, EIO);
	fails(r, -EIO,
	      STEP(mkdir, .at = ROOM, .path = "upper", .mode = 0755, .like = &like,
		   .ret = TWO));
	must(stat("/tmp/upper", &st));
	equal(st.st_mode & 0777, 0);
}

/* By the command, who cannot see the mark. */
STEP_TEST(permissions_that_were_taken_from_it_stay_so)
{
	const char *mark = who == AS_ROOT ? "trusted.overlay.minc" : "user.overlay.minc";
	const struct dir_like like = { .slots = one_slot,
				       .len = 1,
				       .path = ".",
				       .mapped = who != AS_ROOT,
				       .mark = mark };
	struct stat st;

	put_below("/tmp/below", 0755);
	open_slot(r, ONE, "/tmp/below");
	make_like(r, &like);
	if (getxattr("/tmp/upper", mark, NULL, 0) < 0)
		skip("no such attributes here");
	must(chmod("/tmp/upper", 0));
	make_like(r, &like);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR);
	/* as a start that is killed leaves it */
	must(setxattr("/tmp/upper", mark, "y", 1, 0));
	make_like(r, &like);
	must(stat("/tmp/upper", &st));
	equal(st.st_mode, S_IFDIR | 0755);
}

STEP_TEST(attributes_are_kept_but_for_those_of_overlays)
{
	const char *mine = who == AS_ROOT ? "trusted.mine" : "user.mine",
		   *opaque = who == AS_ROOT ? "trusted.overlay.opaque"
					    : "user.overlay.opaque";
	char value[8] = "";

	put_below("/tmp/below", 0755);
	if (setxattr("/tmp/below", mine, "x", 1, 0) < 0)
		skip("no such attributes here");
	must(setxattr("/tmp/below", opaque, "y", 1, 0));
	make_over(r, "/tmp/below", who != AS_ROOT);
	equal(getxattr("/tmp/upper", mine, value, sizeof(value)), 1);
	same(value, "x");
	expect(getxattr("/tmp/upper", opaque, NULL, 0) < 0);
}

STEP_TEST(what_is_made_quietly_leaves_the_times)
{
	struct stat st;

	put_below("/tmp/dir", 0755);
	open_slot(r, ONE, "/tmp/dir");
	works(r, STEP(mkdir, .at = ONE, .path = "a", .mode = 0755, .ret = SLOT_NONE),
	      .flags = STEP_QUIET);
	works(r, STEP(symlink, .at = ONE, .path = "b", .target = "a"),
	      .flags = STEP_QUIET);
	works(r, STEP(file, .at = ONE, .path = "c", .content = "", .mode = 0644),
	      .flags = STEP_QUIET);
	works(r,
	      STEP(open, .at = ONE, .path = "/d/e", .in_root = true,
		   .create = S_IFDIR | 0755, .ret = TWO),
	      .flags = STEP_QUIET);
	must(stat("/tmp/dir", &st));
	equal(st.st_mtim.tv_sec, long_ago[1].tv_sec);
	equal(st.st_mtim.tv_nsec, long_ago[1].tv_nsec);
	expect(is_there("/tmp/dir/a") && is_there("/tmp/dir/b") &&
	       is_there("/tmp/dir/c") && is_there("/tmp/dir/d/e"));
	works(r, STEP(mkdir, .at = ONE, .path = "loud", .mode = 0755, .ret = SLOT_NONE));
	must(stat("/tmp/dir", &st));
	expect(st.st_mtim.tv_sec != long_ago[1].tv_sec);
}

int main(void)
{
	const TTest *const tests[] = {
		it_has_mode_owner_and_times_of_what_is_below,
		one_that_is_there_stays_as_it_is,
		one_that_a_killed_start_left_is_made_whole,
		over_nothing_it_has_the_mode_of_the_step,
		an_owner_without_an_id_is_not_kept,
		the_uppermost_layer_that_says_something_counts,
		where_no_layer_says_anything_the_uppermost_counts,
		its_access_control_list_is_kept,
		a_list_of_the_directory_around_it_is_not_taken_over,
		one_with_a_list_is_not_finished_before_all_is_done,
		without_room_for_the_list_the_group_gets_no_more_than_before,
		permissions_that_were_taken_from_it_stay_so,
		attributes_are_kept_but_for_those_of_overlays,
		what_is_made_quietly_leaves_the_times,
	};

	return stage_main("like-step", tests, sizeof(tests) / sizeof(tests[0]));
}
