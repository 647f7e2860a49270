/* SPDX-License-Identifier: MIT */
/*
 * Steps about mounts (lib/mount/mount-step.c), one at a time: a source becomes a slot,
 * gets its flags, and is put where it belongs; then the root changes.
 */
#include <errno.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "step.h"

static bool has_word(const char *path, const char *word)
{
	char line[4096];

	mount_line(path, line, sizeof(line));
	expect(*line);
	return strstr(line, word);
}

static void new_tmpfs(struct runner *r, int slot)
{
	works(r, STEP(fs, .type = "tmpfs", .ret = slot));
}

static void is_slot(struct runner *r, int slot, const char *path)
{
	struct stat a, b;

	equal(fstat(r->slots[slot], &a), 0);
	must(stat(path, &b));
	expect(a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* propagation */

STEP_TEST(propagation_makes_every_mount_private)
{
	expect(sys_mount(NULL, "/tmp", NULL, MS_SHARED, NULL) == 0);
	expect(has_word("/tmp", " shared:"));
	works(r, .ops = &step_propagation);
	expect(!has_word("/tmp", " shared:"));
	expect(!has_word("/tmp", " master:"));
}

STEP_TEST(propagation_needs_a_root_that_is_a_mount)
{
	put_dir("/tmp/root");
	must(chroot("/tmp/root"));
	fails(r, -EINVAL, .ops = &step_propagation);
}

/* open */

STEP_TEST(open_gives_a_path_descriptor_that_closes_on_exec)
{
	put_dir("/tmp/dir");
	works(r, STEP(open, .at = ROOM, .path = "dir", .ret = ONE));
	expect(fcntl(r->slots[ONE], F_GETFL) & O_PATH);
	equal(fcntl(r->slots[ONE], F_GETFD), FD_CLOEXEC);
	is_slot(r, ONE, "/tmp/dir");
}

STEP_TEST(open_of_a_missing_path_fills_no_slot)
{
	fails(r, -ENOENT, STEP(open, .at = ROOM, .path = "no", .ret = ONE));
	equal(r->slots[ONE], -EBADF);
}

STEP_TEST(open_of_a_directory_refuses_a_file)
{
	put_file("/tmp/file", "");
	fails(r, -ENOTDIR,
	      STEP(open, .at = ROOM, .path = "file", .directory = true, .ret = ONE));
}

STEP_TEST(open_below_an_unset_slot_is_refused)
{
	fails(r, -EBADF, STEP(open, .at = UNSET, .path = "dir", .ret = ONE));
	fails(r, -EBADF, STEP(open, .at = SLOT_NONE, .path = "dir", .ret = ONE));
}

/* Reading one may do something, and it says nothing of the container. */
STEP_TEST(open_to_read_takes_no_file_of_the_kernel)
{
	static const char *const files[] = { "proc/self/status",
					     "sys/kernel/mm/transparent_hugepage/enabled",
					     "sys/fs/cgroup/cgroup.procs",
					     "sys/fs/cgroup/memory/cgroup.procs" };

	open_slot(r, ONE, "/");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fails(r, -ENOENT,
		      STEP(open, .at = ONE, .path = files[i], .in_root = true,
			   .read = true, .ret = TWO));
	put_file("/tmp/file", "");
	works(r, STEP(open, .at = ONE, .path = "tmp/file", .in_root = true, .read = true,
		      .ret = TWO));
}

/*
 * Until it is done: what is made as "new" and another directory take each other's place.
 */
static pid_t begin_to_exchange(void)
{
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	while (syscall(SYS_renameat2, AT_FDCWD, "/tmp/dir/theirs", AT_FDCWD,
		       "/tmp/dir/new", 2) < 0)
		continue;
	_exit(0);
}

STEP_TEST(open_gives_away_only_what_it_made)
{
	struct stat st;

	if (who != AS_ROOT)
		skip("nothing can be given away");
	put_dir("/tmp/dir");
	put_dir("/tmp/dir/theirs");
	put_file("/tmp/dir/theirs/file", "");
	open_slot(r, ONE, "/tmp");
	for (int i = 0; i < 300; i++) {
		const pid_t pid = begin_to_exchange();

		expect(pid > 0);
		works(r, STEP(open, .at = ONE, .path = "dir/new", .in_root = true,
			      .create = S_IFDIR | 0755, .uid = 7, .ret = TWO));
		equal(waitpid(pid, NULL, 0), pid);
		must(stat("/tmp/dir/new", &st));
		equal(st.st_uid, 0);
		must(rmdir("/tmp/dir/theirs"));
		must(rename("/tmp/dir/new", "/tmp/dir/theirs"));
		must(close(r->slots[TWO]));
		r->slots[TWO] = -EBADF;
	}
	works(r, STEP(open, .at = ONE, .path = "dir/new", .in_root = true,
		      .create = S_IFDIR | 0755, .uid = 7, .ret = TWO));
	must(stat("/tmp/dir/new", &st));
	equal(st.st_uid, 7);
}

STEP_TEST(open_in_root_resolves_links_inside)
{
	make_root(r, ONE);
	fails(r, -ENOENT,
	      STEP(open, .at = ONE, .path = "absolute/secret", .in_root = true,
		   .ret = TWO));
	fails(r, -ENOENT,
	      STEP(open, .at = ONE, .path = "upward/secret", .in_root = true,
		   .ret = TWO));
	works(r, STEP(open, .at = ONE, .path = "../../dir", .in_root = true, .ret = TWO));
	is_slot(r, TWO, "/tmp/root/dir");
}

STEP_TEST(open_in_root_does_without_openat2)
{
	make_root(r, ONE);
	put_link("/dir", "/tmp/root/link");
	put_file("/tmp/root/file", "");
	refuse(SYS_openat2, ENOSYS);
	works(r, STEP(open, .at = ONE, .path = "link", .in_root = true, .directory = true,
		      .ret = TWO));
	is_slot(r, TWO, "/tmp/root/dir");
	fails(r, -ENOTDIR,
	      STEP(open, .at = ONE, .path = "file", .in_root = true, .directory = true,
		   .ret = TWO));
}

/* tree */

STEP_TEST(tree_shows_the_same_files)
{
	put_dir("/tmp/from");
	put_dir("/tmp/to");
	put_file("/tmp/from/file", "");
	works(r, STEP(tree, .at = ROOM, .path = "from", .ret = ONE));
	works(r, STEP(attach, .mount = ONE, .at = ROOM, .path = "to"));
	expect(same_file("/tmp/from/file", "/tmp/to/file"));
}

static void tree_with_mount(struct runner *r, bool recursive)
{
	put_dir("/tmp/from");
	put_dir("/tmp/from/below");
	put_dir("/tmp/to");
	expect(sys_mount("inner", "/tmp/from/below", "tmpfs", 0, NULL) == 0);
	put_file("/tmp/from/below/file", "");
	works(r, STEP(tree, .at = SLOT_CWD, .path = "/tmp/from", .recursive = recursive,
		      .ret = ONE));
	works(r, STEP(attach, .mount = ONE, .at = ROOM, .path = "to"));
	expect(is_there("/tmp/to/below/file") == recursive);
}

STEP_TEST(recursive_tree_has_the_mounts_below)
{
	tree_with_mount(r, true);
}

STEP_TEST(plain_tree_has_not)
{
	tree_with_mount(r, false);
}

/* As when the caller opens it: a mount made in the copy must not come to the host. */
STEP_TEST(tree_of_the_host_is_not_shared_with_it)
{
	put_dir("/tmp/to");
	expect(sys_mount("shared", "/tmp/to", "tmpfs", 0, NULL) == 0);
	expect(sys_mount(NULL, "/tmp/to", NULL, MS_SHARED, NULL) == 0);
	put_dir("/tmp/copy");
	works(r,
	      STEP(tree, .at = SLOT_CWD, .path = "/tmp/to", .recursive = true,
		   .ret = ONE),
	      .flags = STEP_HOST);
	works(r, STEP(attach, .mount = ONE, .at = ROOM, .path = "copy"));
	expect(has_word("/tmp/to", " shared:"));
	expect(!has_word("/tmp/copy", " shared:"));
}

STEP_TEST(tree_of_a_missing_path_is_refused)
{
	fails(r, -ENOENT, STEP(tree, .at = ROOM, .path = "no", .ret = ONE));
	fails(r, -EBADF, STEP(tree, .at = UNSET, .path = "no", .ret = ONE));
	equal(r->slots[ONE], -EBADF);
}

/* fs */

STEP_TEST(fs_has_its_type_options_and_flags)
{
	const struct fs_option options[] = {
		{ .key = "mode", .value = "0710", .slot = SLOT_NONE },
		{ .key = "size", .value = "1048576", .slot = SLOT_NONE },
	};
	struct statfs fs;
	struct stat st;

	works(r, STEP(fs, .type = "tmpfs", .options = options, .options_len = 2,
		      .attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, .ret = ONE));
	equal(fstatfs(r->slots[ONE], &fs), 0);
	equal(fs.f_type, TMPFS_MAGIC);
	equal((long long)fs.f_blocks * fs.f_bsize, 1048576);
	equal(fstat(r->slots[ONE], &st), 0);
	equal(st.st_mode, S_IFDIR | 0710);
	put_dir("/tmp/at");
	works(r, STEP(attach, .mount = ONE, .at = ROOM, .path = "at"));
	expect(has_word("/tmp/at", " rw,nosuid,nodev,"));
}

/* Options that are flags, and slots by path, as kernels before 6.13 need them. */
STEP_TEST(fs_has_files_for_its_size)
{
	const struct fs_option size = { .key = "size",
					.value = "25%",
					.slot = SLOT_NONE };
	struct statfs fs;

	works(r, STEP(fs, .type = "tmpfs", .options = &size, .options_len = 1,
		      .attr = MOUNT_ATTR_NODEV, .file_bytes = 65536, .ret = ONE));
	equal(fstatfs(r->slots[ONE], &fs), 0);
	expect(fs.f_blocks > 0);
	equal(fs.f_files,
	      fs.f_blocks * (unsigned long)fs.f_bsize / 65536 + FS_MORE_FILES);
	put_dir("/tmp/at");
	works(r, STEP(attach, .mount = ONE, .at = ROOM, .path = "at"));
	expect(has_word("/tmp/at", " rw,nodev,")); /* which is as it was */
}

STEP_TEST(fs_options_may_be_slots)
{
	const struct fs_option options[] = {
		{ .key = "lowerdir", .slot = ONE, .by_path = true },
		{ .key = "upperdir", .slot = TWO, .by_path = true },
		{ .key = "workdir", .slot = THREE, .by_path = true },
		{ .key = "userxattr", .slot = SLOT_NONE },
	};

	put_dir("/tmp/lower");
	put_dir("/tmp/upper");
	put_dir("/tmp/work");
	put_dir("/tmp/all");
	put_file("/tmp/lower/file", "");
	open_slot(r, ONE, "/tmp/lower");
	open_slot(r, TWO, "/tmp/upper");
	open_slot(r, THREE, "/tmp/work");
	works(r, STEP(fs, .type = "overlay", .options = options, .options_len = 4,
		      .ret = FOUR));
	works(r, STEP(attach, .mount = FOUR, .at = ROOM, .path = "all"));
	expect(is_there("/tmp/all/file"));
	put_file("/tmp/all/new", "");
	expect(is_there("/tmp/upper/new") && !is_there("/tmp/lower/new"));
}

STEP_TEST(unknown_fs_option_brings_the_words_of_the_kernel)
{
	const struct fs_option option = { .key = "colour",
					  .value = "red",
					  .slot = SLOT_NONE };

	fails(r, -EINVAL,
	      STEP(fs, .type = "tmpfs", .options = &option, .options_len = 1,
		   .ret = ONE));
	expect(strncmp(r->note, "e ", 2) == 0 && strstr(r->note, "colour"));
	equal(r->slots[ONE], -EBADF);
}

STEP_TEST(unknown_fs_type_is_refused)
{
	fails(r, -ENODEV, STEP(fs, .type = "no-such-fs", .ret = ONE));
	same(r->note, "");
}

STEP_TEST(unset_slot_is_no_fs_option)
{
	const struct fs_option by_path = { .key = "lowerdir",
					   .slot = UNSET,
					   .by_path = true };
	const struct fs_option by_fd = { .key = "lowerdir", .slot = UNSET };

	fails(r, -EBADF,
	      STEP(fs, .type = "overlay", .options = &by_path, .options_len = 1,
		   .ret = ONE));
	fails(r, -EBADF,
	      STEP(fs, .type = "overlay", .options = &by_fd, .options_len = 1,
		   .ret = ONE));
}

/* setattr */

STEP_TEST(setattr_makes_a_mount_readonly_and_writable_again)
{
	works(r,
	      STEP(setattr, .slot = ROOM, .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC));
	equal(mkdir("/tmp/dir", 0755), -1);
	equal(errno, EROFS);
	expect(has_word("/tmp", " ro,noexec,"));
	works(r, STEP(setattr, .slot = ROOM, .clear = MOUNT_ATTR_RDONLY));
	put_dir("/tmp/dir");
	expect(has_word("/tmp", " rw,noexec,"));
}

static void rdonly_with_mount_below(struct runner *r, bool recursive)
{
	put_dir("/tmp/below");
	expect(sys_mount("inner", "/tmp/below", "tmpfs", 0, NULL) == 0);
	works(r, STEP(setattr, .slot = ROOM, .recursive = recursive,
		      .set = MOUNT_ATTR_RDONLY));
	equal(mkdir("/tmp/below/dir", 0755), recursive ? -1 : 0);
}

STEP_TEST(recursive_setattr_reaches_the_mounts_below)
{
	rdonly_with_mount_below(r, true);
}

STEP_TEST(plain_setattr_does_not)
{
	rdonly_with_mount_below(r, false);
}

STEP_TEST(setattr_sets_propagation)
{
	works(r, STEP(setattr, .slot = ROOM, .propagation = MS_SHARED));
	expect(has_word("/tmp", " shared:"));
}

STEP_TEST(setattr_needs_a_mount_and_known_flags)
{
	put_dir("/tmp/dir");
	open_slot(r, ONE, "/tmp/dir");
	fails(r, -EBADF, STEP(setattr, .slot = UNSET, .set = MOUNT_ATTR_RDONLY));
	fails(r, -EINVAL, STEP(setattr, .slot = ONE, .set = MOUNT_ATTR_RDONLY));
	fails(r, -EINVAL, STEP(setattr, .slot = ROOM, .set = 1ull << 40));
}

/* A flag that the kernel locked for the sake of a more privileged namespace stays. */
STEP_TEST(setattr_does_not_unlock_what_the_outside_locked)
{
	expect(sys_mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) ==
	       0);
	works(r, STEP(unshare, .flags = CLONE_NEWUSER | CLONE_NEWNS));
	open_slot(r, ONE, "/tmp");
	fails(r, -EPERM, STEP(setattr, .slot = ONE, .clear = MOUNT_ATTR_RDONLY));
}

/* attach */

STEP_TEST(attach_makes_a_directory_for_a_directory)
{
	struct stat st;

	new_tmpfs(r, ONE);
	works(r, STEP(attach, .mount = ONE, .at = ROOM, .path = "/new/way",
		      CREATE_LIKE_MOUNT));
	expect(has_word("/tmp/new/way", " tmpfs "));
	must(stat("/tmp/new", &st));
	equal(st.st_mode, S_IFDIR | 0755);
}

STEP_TEST(attach_makes_a_file_for_a_file)
{
	char text[16];

	put_file("/tmp/from", "text");
	works(r, STEP(tree, .at = ROOM, .path = "from", .ret = ONE));
	works(r, STEP(attach, .mount = ONE, .at = ROOM, .path = "new/file",
		      CREATE_LIKE_MOUNT));
	read_text("/tmp/new/file", text, sizeof(text));
	same(text, "text");
}

STEP_TEST(attach_by_trusted_path)
{
	put_dir("/tmp/dir");
	new_tmpfs(r, ONE);
	works(r, STEP(attach, .mount = ONE, .at = ROOM, .path = "dir", .trusted = true));
	expect(has_word("/tmp/dir", " tmpfs "));
}

STEP_TEST(attach_on_an_entry)
{
	put_dir("/tmp/dir");
	new_tmpfs(r, ONE);
	works(r, STEP(attach, .mount = ONE, .at = ROOM, .path = "/dir", .entry = true));
	expect(has_word("/tmp/dir", " tmpfs "));
	new_tmpfs(r, TWO);
	works(r, STEP(attach, .mount = TWO, .at = ROOM, .path = "/new",
		      .create = CREATE_LIKE_MOUNT, .entry = true));
	expect(has_word("/tmp/new", " tmpfs "));
}

STEP_TEST(entry_that_is_a_link_stays_in_root)
{
	put_dir("/tmp/dir");
	put_dir("/tmp/dir/tmp");
	put_dir("/tmp/dir/tmp/real");
	must(symlink("/tmp/real", "/tmp/dir/link"));
	put_dir("/tmp/real"); /* where it leads from outside */
	put_file("/tmp/real/file", "");
	open_slot(r, ONE, "/tmp/dir");
	new_tmpfs(r, TWO);
	works(r, STEP(attach, .mount = TWO, .at = ONE, .path = "/link", .entry = true));
	expect(has_word("/tmp/dir/tmp/real", " tmpfs "));
	expect(is_there("/tmp/real/file"));
	new_tmpfs(r, THREE);
	fails(r, -ENOENT,
	      STEP(attach, .mount = THREE, .at = ONE, .path = "/none", .entry = true));
}

STEP_TEST(bind_target_symlink_stays_in_root)
{
	static const char *const paths[] = { "absolute", "upward", "upward/x/y",
					     "absolute/z" };

	make_root(r, ONE);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		new_tmpfs(r, TWO);
		works(r, STEP(attach, .mount = TWO, .at = ONE, .path = paths[i],
			      .create = CREATE_LIKE_MOUNT));
	}
	expect(has_word("/tmp/root/tmp/outside", " tmpfs "));
	expect(has_word("/tmp/root/outside", " tmpfs "));
	nothing_came_outside();
}

STEP_TEST(attach_refuses_to_leave_the_root)
{
	make_root(r, ONE);
	new_tmpfs(r, TWO);
	fails(r, -ENOENT, STEP(attach, .mount = TWO, .at = ONE, .path = "../outside"));
	fails(r, -ENOENT, STEP(attach, .mount = TWO, .at = ONE, .path = "absolute"));
	fails(r, -ENOENT, STEP(attach, .mount = TWO, .at = ONE, .path = "upward"));
	works(r, STEP(attach, .mount = TWO, .at = ONE, .path = "../outside",
		      CREATE_LIKE_MOUNT));
	expect(has_word("/tmp/root/outside", " tmpfs "));
	nothing_came_outside();
}

STEP_TEST(attach_of_a_magic_link_is_refused)
{
	char path[64];

	put_dir("/tmp/outside");
	put_dir("/tmp/root");
	new_tmpfs(r, TWO);
	works(r, STEP(open, .at = SLOT_CWD, .path = "/proc", .ret = ONE));
	open_slot(r, THREE, "/tmp/outside");
	snprintf(path, sizeof(path), "self/fd/%d", r->slots[THREE]);
	fails(r, -ELOOP, STEP(attach, .mount = TWO, .at = ONE, .path = path));
}

STEP_TEST(attach_does_not_put_a_directory_on_a_file)
{
	put_file("/tmp/file", "");
	new_tmpfs(r, ONE);
	fails(r, -ENOTDIR,
	      STEP(attach, .mount = ONE, .at = ROOM, .path = "file", CREATE_LIKE_MOUNT));
}

STEP_TEST(attach_does_not_put_a_file_on_a_directory)
{
	put_file("/tmp/file", "");
	put_dir("/tmp/dir");
	works(r, STEP(tree, .at = ROOM, .path = "file", .ret = ONE));
	fails(r, -EISDIR,
	      STEP(attach, .mount = ONE, .at = ROOM, .path = "dir", CREATE_LIKE_MOUNT));
}

STEP_TEST(attach_needs_a_mount)
{
	put_dir("/tmp/dir");
	fails(r, -EBADF, STEP(attach, .mount = UNSET, .at = ROOM, .path = "dir"));
	fails(r, -EBADF,
	      STEP(attach, .mount = UNSET, .at = ROOM, .path = "new", CREATE_LIKE_MOUNT));
	expect(!is_there("/tmp/new"));
}

/* root */

/* What mountinfo says to this process; /proc itself may be out of reach by path. */
static size_t mounts_seen(int proc)
{
	char text[65536];
	size_t n = 0, lines = 0;
	ssize_t part;
	int fd = must(openat(proc, "self/mountinfo", O_RDONLY | O_CLOEXEC));

	while (n < sizeof(text) &&
	       (part = must(read(fd, text + n, sizeof(text) - n))) > 0)
		n += (size_t)part;
	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

STEP_TEST(root_leaves_nothing_of_the_old_one)
{
	int proc = must(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	put_file("/tmp/mark", "");
	expect(mounts_seen(proc) > 1);
	works(r, STEP(root, .slot = ROOM));
	expect(is_there("/mark") && is_there("mark") && is_there("../../mark"));
	expect(!is_there("/proc"));
	equal((long long)mounts_seen(proc), 1);
}

STEP_TEST(root_over_an_empty_namespace_changes_into_it)
{
	new_tmpfs(r, ONE);
	works(r, STEP(attach, .mount = ONE, .at = SLOT_CWD, .path = "/"));
	works(r, STEP(root, .slot = ONE, .over = true));
	put_file("mark", "");
	expect(is_there("/mark") && is_there("/../mark") && !is_there("/proc"));
}

STEP_TEST(root_must_be_a_mounted_directory)
{
	put_dir("/tmp/dir");
	put_file("/tmp/file", "");
	open_slot(r, ONE, "/tmp/dir");
	works(r, STEP(open, .at = ROOM, .path = "file", .ret = TWO));
	fails(r, -EINVAL, STEP(root, .slot = ONE));
	fails(r, -ENOTDIR, STEP(root, .slot = TWO));
	fails(r, -EBADF, STEP(root, .slot = UNSET));
	fails(r, -EBADF, STEP(root, .slot = UNSET, .over = true));
	expect(is_there("/proc/self"));
}

int main(void)
{
	const TTest *const tests[] = {
		propagation_makes_every_mount_private,
		propagation_needs_a_root_that_is_a_mount,
		open_gives_a_path_descriptor_that_closes_on_exec,
		open_to_read_takes_no_file_of_the_kernel,
		open_gives_away_only_what_it_made,
		open_of_a_missing_path_fills_no_slot,
		open_of_a_directory_refuses_a_file,
		open_below_an_unset_slot_is_refused,
		open_in_root_resolves_links_inside,
		open_in_root_does_without_openat2,
		tree_shows_the_same_files,
		recursive_tree_has_the_mounts_below,
		plain_tree_has_not,
		tree_of_the_host_is_not_shared_with_it,
		tree_of_a_missing_path_is_refused,
		fs_has_its_type_options_and_flags,
		fs_has_files_for_its_size,
		fs_options_may_be_slots,
		unknown_fs_option_brings_the_words_of_the_kernel,
		unknown_fs_type_is_refused,
		unset_slot_is_no_fs_option,
		setattr_makes_a_mount_readonly_and_writable_again,
		recursive_setattr_reaches_the_mounts_below,
		plain_setattr_does_not,
		setattr_sets_propagation,
		setattr_needs_a_mount_and_known_flags,
		setattr_does_not_unlock_what_the_outside_locked,
		attach_makes_a_directory_for_a_directory,
		attach_makes_a_file_for_a_file,
		attach_by_trusted_path,
		attach_on_an_entry,
		entry_that_is_a_link_stays_in_root,
		bind_target_symlink_stays_in_root,
		attach_refuses_to_leave_the_root,
		attach_of_a_magic_link_is_refused,
		attach_does_not_put_a_directory_on_a_file,
		attach_does_not_put_a_file_on_a_directory,
		attach_needs_a_mount,
		root_leaves_nothing_of_the_old_one,
		root_over_an_empty_namespace_changes_into_it,
		root_must_be_a_mounted_directory,
	};

	return stage_main("mount-step", tests, sizeof(tests) / sizeof(tests[0]));
}
