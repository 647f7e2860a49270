/* SPDX-License-Identifier: MIT */
/*
 * Overlays of many layers as kernels before 6.8 take them (lib/mount/overlay-step.c): one
 * list for mount(2), which this kernel still takes, too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "step.h"

enum { KERNEL_MAX = 500, FIRST = SLOTS, ALL_SLOTS = SLOTS + KERNEL_MAX + 1 };

/*
 * Slots of the layers, uppermost first, and those of the runner, which are more than
 * usual.
 */
static int lowers[KERNEL_MAX + 1], slots[ALL_SLOTS];

/* @len layers, the first uppermost; each has a file of its own and one that all have. */
static void make_layers(struct runner *r, const char *prefix, int len)
{
	char path[64], file[96], number[16];

	memcpy(slots, r->slots, SLOTS * sizeof(*slots));
	r->slots = slots;
	for (int i = 0; i < len; i++) {
		snprintf(path, sizeof(path), "%s%d", prefix, i);
		put_dir(path);
		snprintf(file, sizeof(file), "%s/%d", path, i);
		put_file(file, "");
		snprintf(file, sizeof(file), "%s/last", path);
		snprintf(number, sizeof(number), "%d", i);
		put_file(file, number);
		lowers[i] = FIRST + i;
		slots[lowers[i]] = must(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
	}
}

static void make_upper(struct runner *r, const char *upper, const char *work)
{
	put_dir(upper);
	put_dir(work);
	put_dir("/tmp/place");
	put_dir("/tmp/all");
	open_slot(r, ONE, upper);
	open_slot(r, TWO, work);
}

/* The step, with a list of @len layers; THREE gets the mount. */
static void overlay(struct runner *r, int err, size_t len)
{
	const struct fs_option options[] = {
		{ .key = "lowerdir",
		  .slot = SLOT_NONE,
		  .slots = lowers,
		  .slots_len = len },
		{ .key = "upperdir", .slot = ONE },
		{ .key = "workdir", .slot = TWO },
		{ .key = "xino", .value = "off", .slot = SLOT_NONE },
		{ .key = "userxattr", .slot = SLOT_NONE },
	};
	const struct step s = { STEP(fs, .type = "overlay", .options = options,
				     .options_len = 5,
				     .attr = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
				     .at = ROOM, .place = "place", .ret = THREE) };

	step_at(__FILE__, __LINE__, r, err, &s);
}

static void attach(struct runner *r)
{
	works(r, STEP(attach, .mount = THREE, .at = ROOM, .path = "all"));
}

STEP_TEST(as_many_layers_as_the_kernel_takes_are_one_tree)
{
	char text[16], path[64];

	make_layers(r, "/tmp/", KERNEL_MAX);
	make_upper(r, "/tmp/upper", "/tmp/work");
	overlay(r, 0, KERNEL_MAX);
	attach(r);
	for (int i = 0; i < KERNEL_MAX; i++) {
		snprintf(path, sizeof(path), "/tmp/all/%d", i);
		expect(is_there(path));
	}
	read_text("/tmp/all/last", text, sizeof(text));
	same(text, "0");
	put_file("/tmp/all/new", "");
	expect(is_there("/tmp/upper/new") && !is_there("/tmp/0/new"));
}

STEP_TEST(the_mount_has_its_flags_and_leaves_its_place)
{
	char line[4096];

	make_layers(r, "/tmp/", 2);
	make_upper(r, "/tmp/upper", "/tmp/work");
	overlay(r, 0, 2);
	equal(fcntl(r->slots[THREE], F_GETFD), FD_CLOEXEC);
	attach(r);
	mount_line("/tmp/all", line, sizeof(line));
	expect(strstr(line, " rw,nodev,noexec,"));
	mount_line("/tmp/place", line, sizeof(line));
	same(line, "");
	must(rmdir("/tmp/place"));
}

STEP_TEST(names_that_no_list_could_hold_are_no_matter)
{
	make_layers(r, "/tmp/a:b,c\\d ", 3);
	make_upper(r, "/tmp/up:per,x=y", "/tmp/wo,rk");
	overlay(r, 0, 3);
	attach(r);
	expect(is_there("/tmp/all/0") && is_there("/tmp/all/2"));
}

STEP_TEST(one_layer_more_is_refused_by_the_kernel)
{
	make_layers(r, "/tmp/", KERNEL_MAX + 1);
	make_upper(r, "/tmp/upper", "/tmp/work");
	overlay(r, -EINVAL, KERNEL_MAX + 1);
	equal(r->slots[THREE], -EBADF);
}

STEP_TEST(more_than_a_page_of_options_is_not_cut)
{
	static int many[4096];
	const struct fs_option option = {
		.key = "lowerdir", .slot = SLOT_NONE, .slots = many, .slots_len = 4096
	};

	make_layers(r, "/tmp/", 1);
	make_upper(r, "/tmp/upper", "/tmp/work");
	for (size_t i = 0; i < 4096; i++)
		many[i] = lowers[0];
	fails(r, -E2BIG,
	      STEP(fs, .type = "overlay", .options = &option, .options_len = 1,
		   .at = ROOM, .place = "place", .ret = THREE));
}

STEP_TEST(unset_slots_and_missing_places_are_refused)
{
	make_layers(r, "/tmp/", 2);
	make_upper(r, "/tmp/upper", "/tmp/work");
	must(rmdir("/tmp/place"));
	overlay(r, -ENOENT, 2);
	put_link("all", "/tmp/place");
	overlay(r, -ENOTDIR, 2);
	must(unlink("/tmp/place"));
	put_dir("/tmp/place");
	lowers[1] = UNSET;
	overlay(r, -EBADF, 2);
}

int main(void)
{
	const TTest *const tests[] = {
		as_many_layers_as_the_kernel_takes_are_one_tree,
		the_mount_has_its_flags_and_leaves_its_place,
		names_that_no_list_could_hold_are_no_matter,
		one_layer_more_is_refused_by_the_kernel,
		more_than_a_page_of_options_is_not_cut,
		unset_slots_and_missing_places_are_refused,
	};

	return stage_main("overlay-step", tests, sizeof(tests) / sizeof(tests[0]));
}
