/* SPDX-License-Identifier: MIT */
/*
 * From options to plan, for machines that do not exist: every option set is planned from
 * fixed facts, and the explained script is compared byte for byte with a golden file.
 * With UPDATE_GOLDEN=1 in the environment the files are written instead: read their diff.
 */
#include <check.h>
#include <errno.h>
#include <minc/container.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/module.h"
#include "cgroup/cgroup-rows.h"
#include "mount/mount-rows.h"
#include "mountinfo/table.h"
#include "ns/ns-rows.h"
#include "option-sets.h"
#include "plan/explain.h"
#include "run/run-rows.h"
#include "run/run.h"
#include "tty/tty-rows.h"

static struct places places;
static struct err err;
static struct spec spec;
static struct host host;
static struct plan plan;

/* The mounts of a machine that does not exist, below @root. */
static int fake_table(const char *root, struct arena *a, struct submount **ret,
		      size_t *ret_len, struct err *e)
{
	static const struct submount host_mounts[] = {
		{ "/boot/efi", "vfat", true, false },
		{ "/dev", "devtmpfs", true, false },
		{ "/home", "ext4", true, false },
		{ "/home/media", "fuse.sshfs", true, false },
		{ "/proc", "proc", true, false },
		{ "/run", "tmpfs", true, false },
		{ "/run/hostname", "tmpfs", false, false },
		{ "/sys/fs/cgroup", "cgroup2", true, false },
		{ "/tmp", "tmpfs", true, false },
		{ "/tmp/x", "ext4", true, false },
	};
	static const size_t n = sizeof(host_mounts) / sizeof(host_mounts[0]);
	struct submount *list = arena_alloc(a, sizeof(host_mounts));

	(void)e;
	if (!list)
		return -ENOMEM;
	memcpy(list, host_mounts, sizeof(host_mounts));
	*ret_len = n;
	if (strcmp(root, "/") != 0) {
		list[0] = (struct submount){
			.path = arena_printf(a, "%s/srv/mnt", root),
			.fstype = "ext4",
			.directory = true,
		};
		*ret_len = 1;
	}
	*ret = list;
	return 0;
}

/* Linked in place of the real one: all modules but the table of mounts are real. */
int __real_module_symbol(const char *name, const char *symbol, struct err *e, void **ret);
int __wrap_module_symbol(const char *name, const char *symbol, struct err *e, void **ret);

int __wrap_module_symbol(const char *name, const char *symbol, struct err *e, void **ret)
{
	if (strcmp(name, "mounts") != 0)
		return __real_module_symbol(name, symbol, e, ret);
	*ret = (void *)fake_table;
	return 0;
}

/* How often arenas have memory, and none afterwards; negative: always. */
static int allocations_left = -1;

void *__real_arena_alloc(struct arena *a, size_t size);
void *__wrap_arena_alloc(struct arena *a, size_t size);

void *__wrap_arena_alloc(struct arena *a, size_t size)
{
	if (allocations_left == 0)
		return NULL;
	allocations_left -= allocations_left > 0;
	return __real_arena_alloc(a, size);
}

/* Groups of a machine that does not exist. Root's shell is in a session, and the session
 * is a group with processes; a user's is in a delegated one. */
static struct host_cgroups *fake_cgroups(unsigned flags)
{
	enum { ALL = (1 << CGROUP_CONTROLLERS) - 1 };
	static const struct cgroup_hierarchy v1[] = {
		{ .controllers = 1 << CGROUP_CPU | 1 << CGROUP_CPUACCT,
		  .levels = { { .path = "/sys/fs/cgroup/cpu,cpuacct",
				.writable = true } },
		  .levels_len = 1 },
		{ .controllers = 1 << CGROUP_CPUSET,
		  .levels = { { .path = "/sys/fs/cgroup/cpuset", .writable = true } },
		  .levels_len = 1 },
		{ .controllers = 1 << CGROUP_MEMORY,
		  .levels = { { .path = "/sys/fs/cgroup/memory/it's/own",
				.writable = true } },
		  .levels_len = 1 },
		{ .controllers = 1 << CGROUP_PIDS,
		  .levels = { { .path = "/sys/fs/cgroup/pids", .writable = true } },
		  .levels_len = 1 },
		{ .controllers = 1 << CGROUP_IO,
		  .levels = { { .path = "/sys/fs/cgroup/blkio", .writable = true } },
		  .levels_len = 1 },
		{ .controllers = 1 << CGROUP_FREEZER,
		  .levels = { { .path = "/sys/fs/cgroup/freezer", .writable = true } },
		  .levels_len = 1 },
		{ .controllers = 1 << CGROUP_DEVICES,
		  .levels = { { .path = "/sys/fs/cgroup/devices", .writable = true } },
		  .levels_len = 1 },
	};
	static struct host_cgroups g;
	const bool hybrid = (flags & (SET_V1 | SET_V2)) == (SET_V1 | SET_V2);
	const unsigned given =
		hybrid ? 0
		       : ALL & ~(1u << CGROUP_CPUACCT | 1u << CGROUP_FREEZER |
				 1u << CGROUP_DEVICES);
	struct cgroup_hierarchy *h;

	g = (struct host_cgroups){
		.cpus = "0-3", .mems = "0", .swap = true, .name = "minc-x"
	};
	if (flags & SET_V1) {
		memcpy(g.list, v1, sizeof(v1));
		g.len = sizeof(v1) / sizeof(v1[0]);
	}
	if (!(flags & SET_V2))
		return &g;
	h = &g.list[g.len++];
	*h = (struct cgroup_hierarchy){
		.v2 = true,
		.levels = { { "/sys/fs/cgroup/user.slice/own", given, 0, true, false,
			      true },
			    { "/sys/fs/cgroup/user.slice", given, 1 << CGROUP_PIDS, true,
			      false, false },
			    { "/sys/fs/cgroup", given, given, !(flags & SET_USER), true,
			      true } },
		.levels_len = 3,
	};
	if (hybrid)
		h->levels[0].path = "/sys/fs/cgroup/unified/own";
	g.io_weight = "io.weight";
	for (size_t i = 0; flags & SET_SYSTEMD && i < h->levels_len; i++)
		h->levels[i].writable = false;
	if (flags & SET_SYSTEMD)
		g.scope_controllers =
			1 << CGROUP_MEMORY | 1 << CGROUP_PIDS | 1 << CGROUP_CPU;
	g.v2_mount = "/sys/fs/cgroup";
	return &g;
}

static void fix_host(unsigned flags)
{
	const uint64_t all_caps = (1ull << 41) - 1;
	const bool old = flags & SET_OLD_KERNEL, user = flags & SET_USER;

	host = (struct host){
		.kernel = old ? HOST_KERNEL(5, 15) : HOST_KERNEL(6, 18),
		.uid = user ? 1000 : 0,
		.gid = user ? 1000 : 0,
		.privileged = !user,
		.initial_userns = true,
		.loops = !user,
		.overlay_fds = !old,
		.listeners = !old,
		.template_fd = flags & SET_TEMPLATE ? 7 : -EBADF,
		.caps_known = all_caps,
		.caps_bounding = all_caps,
		.caps_permitted = user ? 0 : all_caps,
		.api_paths = flags & SET_API_PATHS ? ~0u : 0,
		.cgroups = fake_cgroups(flags),
		.sys = true,
		.sys_cgroup2 = !old && !(flags & SET_V1),
		.resolv_conf = flags & SET_RESOLV,
		.hosts = flags & SET_RESOLV,
		.nodename = "here",
		.cwd = "/home/alice/it's here",
		.shell = "/bin/zsh",
		.path = "/caller/bin",
		.term = "xterm-test",
	};
}

static void make_plan(const struct option_set *set)
{
	int r;

	err_clear(&err);
	spec_init(&spec, &err);
	fix_host(set->flags);
	set->apply(&spec, &places);
	ck_assert_msg(spec.sticky == 0, "%s: %s", set->name, err.message);
	r = build_plan(&plan, &spec, &host, set->argv,
		       set->flags & SET_STORAGE ? places.storage : NULL, &err);
	ck_assert_msg(r == 0, "%s: %s", set->name, err.message);
}

static void forget_plan(void)
{
	plan_done(&plan);
	spec_done(&spec);
}

/* The script with the temporary directory's name replaced, and the filter's length. */
static char *normalise(char *text)
{
	static const char mark[] = "instructions\n";
	const size_t base = strlen(places.base);
	char *from = text, *to = text;

	while (*from) {
		if (strncmp(from, places.base, base) == 0) {
			memcpy(to, "BASE", 4);
			to += 4;
			from += base;
		} else if (strncmp(from, mark, sizeof(mark) - 1) == 0 && to > text) {
			/* libseccomp's optimiser and the machine decide how many */
			to--;
			while (to > text && to[-1] >= '0' && to[-1] <= '9')
				to--;
			*to++ = 'N';
			*to++ = ' ';
			memcpy(to, mark, sizeof(mark) - 1);
			to += sizeof(mark) - 1;
			from += sizeof(mark) - 1;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return text;
}

static char *script(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(explain_shell(&plan, mechanisms, out), 0);
	ck_assert_int_eq(fclose(out), 0);
	return normalise(text);
}

static const char *golden_path(const char *name)
{
	static char path[512];
	const char *dir = getenv("GOLDEN_DIR");

	snprintf(path, sizeof(path), "%s/%s.sh", dir ? dir : "tests/plan", name);
	return path;
}

static void show_difference(const char *name, const char *want, const char *got)
{
	int line = 1;

	while (*want && *want == *got) {
		line += *want++ == '\n';
		got++;
	}
	while (line > 1 && want[-1] != '\n') {
		want--;
		got--;
	}
	ck_abort_msg("%s.sh line %d\n want %.*s\n got  %.*s", name, line,
		     (int)strcspn(want, "\n"), want, (int)strcspn(got, "\n"), got);
}

START_TEST(script_is_the_golden_one)
{
	const struct option_set *set = &option_sets[_i];
	const char *path = golden_path(set->name);
	char *got, *want = NULL;

	make_plan(set);
	got = script();
	if (getenv("UPDATE_GOLDEN")) {
		FILE *out = fopen(path, "we");

		ck_assert_msg(out != NULL, "%s: %s", path, strerror(errno));
		fputs(got, out);
		ck_assert_int_eq(fclose(out), 0);
	}
	ck_assert_msg(io_read_file(AT_FDCWD, path, 1 << 20, &want, NULL) == 0,
		      "%s cannot be read: UPDATE_GOLDEN=1 writes it", path);
	if (strcmp(got, want) != 0)
		show_difference(set->name, want, got);
	free(want);
	free(got);
	forget_plan();
}
END_TEST

/* Yama's scope 3: what cannot be is not promised, and it is said. */
START_TEST(ids_are_remembered_only_where_processes_can_be_traced)
{
	for (int i = 0; i < 2; i++) {
		err_clear(&err);
		spec_init(&spec, &err);
		fix_host(SET_USER);
		host.untraceable = i == 1;
		spec_set_root(&spec, places.root, 0);
		spec_set_userns(&spec, "single");
		spec_set_flag(&spec, MINC_FAKE_ROOT, 1);
		ck_assert_msg(build_plan(&plan, &spec, &host, NULL, NULL, &err) == 0,
			      "%s", err.message);
		ck_assert_int_eq(plan.ids, i == 0);
		ck_assert_uint_eq(plan.warnings_len, i);
		if (i == 1)
			ck_assert_ptr_nonnull(strstr(plan.warnings[0],
						     "kernel.yama.ptrace_scope"));
		forget_plan();
	}
}
END_TEST

/*
 * Each has the place of an older one; they were all compared with one another, which took
 * minutes.
 */
START_TEST(an_image_may_set_very_many_variables)
{
	enum { MANY = 200000 };
	static const char *const layers[] = { "/layer" };
	const char **env = calloc(MANY + 1, sizeof(*env));
	const struct spec_image image = { .layers = layers, .layers_len = 1, .env = env };
	const char *const *made;
	size_t n = 0;

	ck_assert_ptr_nonnull(env);
	for (int i = 0; i < MANY - 2; i++)
		ck_assert_int_gt(asprintf((char **)&env[i], "V%d=1", i), 0);
	env[MANY - 2] = strdup("V7=2");
	env[MANY - 1] = strdup("PATH=/own");
	err_clear(&err);
	spec_init(&spec, &err);
	fix_host(0);
	ck_assert_int_eq(spec_set_image(&spec, &image), 0);
	ck_assert_int_eq(spec_add_env(&spec, "V8", "3"), 0);
	ck_assert_msg(build_plan(&plan, &spec, &host, NULL, NULL, &err) == 0, "%s",
		      err.message);
	made = exec_of(&plan)->envp;
	while (made[n])
		n++;
	ck_assert_uint_eq(n, MANY); /* PATH, HOME, and all but two */
	ck_assert_str_eq(made[0], "PATH=/own");
	ck_assert_str_eq(made[9], "V7=2");
	ck_assert_str_eq(made[10], "V8=3");
	forget_plan();
	for (int i = 0; i < MANY; i++)
		free((char *)env[i]);
	free(env);
}
END_TEST

/* The state of the hash FNV-1a after @text: of what a table takes of it. */
static uint32_t hashed(uint32_t state, const char *text)
{
	for (; *text; text++)
		state = ((state ^ (unsigned char)*text) * 16777619) & 0x7ffff;
	return state;
}

/* Two words of four letters that lead from @state to the same one. */
static uint32_t find_twins(uint32_t state, char ret[2][5])
{
	enum { WORDS = 4096, LETTERS = 16 };
	static char words[WORDS][5];
	static uint32_t to[WORDS];

	for (unsigned i = 0, n = 1; i < WORDS; i++) {
		for (unsigned k = 0; k < 4; k++, n = n * 1103515245 + 12345)
			words[i][k] = (char)('A' + n / 65536 % LETTERS);
		to[i] = hashed(state, words[i]);
		for (unsigned k = 0; k < i; k++)
			if (to[k] == to[i] && strcmp(words[k], words[i]) != 0) {
				memcpy(ret[0], words[k], sizeof(words[k]));
				memcpy(ret[1], words[i], sizeof(words[i]));
				return to[i];
			}
	}
	ck_abort_msg("no words with the same hash");
	return 0;
}

/*
 * An image chooses its names: where they are in a table of hashes must not be its choice,
 * too.
 */
START_TEST(variables_may_have_names_of_one_hash)
{
	enum { BITS = 17, MANY = 1 << BITS };
	static const char *const layers[] = { "/layer" };
	static char twins[BITS][2][5], texts[MANY][4 * BITS + 3];
	static const char *env[MANY + 1];
	const struct spec_image image = { .layers = layers, .layers_len = 1, .env = env };
	uint32_t state = 2166136261 & 0x7ffff;
	size_t n = 0;

	for (int bit = 0; bit < BITS; bit++)
		state = find_twins(state, twins[bit]);
	for (int i = 0; i < MANY; i++) {
		for (int bit = 0; bit < BITS; bit++)
			memcpy(texts[i] + 4 * bit, twins[bit][i >> bit & 1], 4);
		memcpy(texts[i] + 4 * BITS, "=1", 3);
		env[i] = texts[i];
	}
	err_clear(&err);
	spec_init(&spec, &err);
	fix_host(0);
	ck_assert_int_eq(spec_set_image(&spec, &image), 0);
	ck_assert_msg(build_plan(&plan, &spec, &host, NULL, NULL, &err) == 0, "%s",
		      err.message);
	while (exec_of(&plan)->envp[n])
		n++;
	ck_assert_uint_eq(n, MANY + 2); /* and PATH, HOME */
	forget_plan();
}
END_TEST

/* Planners do not ask whether a step has memory: they write what they were given. */
START_TEST(without_memory_there_is_no_plan_and_no_more_harm)
{
	const struct option_set *set = &option_sets[_i];
	int n = 0, r;

	err_clear(&err);
	spec_init(&spec, &err);
	fix_host(set->flags);
	set->apply(&spec, &places);
	do {
		err_clear(&err);
		allocations_left = n;
		n += n / 8 + 1;
		r = build_plan(&plan, &spec, &host, set->argv,
			       set->flags & SET_STORAGE ? places.storage : NULL, &err);
		allocations_left = -1;
		ck_assert_msg(r == 0 || (r == -ENOMEM && *err.message), "%s: %d %s",
			      set->name, r, err.message);
	} while (r < 0 && n < 10000);
	ck_assert_msg(r == 0 && n > 50, "%s: %d after %d", set->name, r, n);
	forget_plan();
}
END_TEST

/* What is in no mechanism's list is tried by no test. */
static bool is_in_table(const struct step_ops *ops)
{
	for (size_t i = 0; mechanisms[i]; i++)
		for (size_t k = 0; mechanisms[i]->rows[k]; k++)
			if (mechanisms[i]->rows[k] == ops)
				return true;
	return false;
}

START_TEST(every_step_says_why_and_what)
{
	make_plan(&option_sets[_i]);
	for (size_t i = 0; i < plan.len; i++) {
		const struct step *s = &plan.steps[i];

		ck_assert_msg(s->why && *s->why, "step %zu has no why", i + 1);
		ck_assert_msg(is_in_table(s->ops), "step %zu, %s", i + 1, s->ops->name);
		ck_assert_msg((s->ops == &step_exec) == (i + 1 == plan.len), "step %zu",
			      i + 1);
	}
	forget_plan();
}
END_TEST

/* Slots that step @s reads; number of them. */
static size_t slots_read(const struct step *s, int ret[16])
{
	size_t n = 0;

	if (s->ops == &step_cgroup_set) {
		ret[n++] = STEP_DATA(s, cgroup_set)->at;
	} else if (s->ops == &step_cgroup_devices) {
		ret[n++] = STEP_DATA(s, cgroup_devices)->at;
	} else if (s->ops == &step_cgroup_join) {
		ret[n++] = STEP_DATA(s, cgroup_join)->slot;
	} else if (s->ops == &step_open) {
		ret[n++] = STEP_DATA(s, open)->at;
	} else if (s->ops == &step_tree) {
		ret[n++] = STEP_DATA(s, tree)->at;
	} else if (s->ops == &step_fs) {
		if (STEP_DATA(s, fs)->on_device)
			ret[n++] = STEP_DATA(s, fs)->device;
		if (STEP_DATA(s, fs)->place)
			ret[n++] = STEP_DATA(s, fs)->at;
		for (size_t i = 0; i < STEP_DATA(s, fs)->options_len; i++) {
			ret[n++] = STEP_DATA(s, fs)->options[i].slot;
			for (size_t k = 0; k < STEP_DATA(s, fs)->options[i].slots_len;
			     k++)
				ret[n++] = STEP_DATA(s, fs)->options[i].slots[k];
		}
	} else if (s->ops == &step_fuse) {
		ret[n++] = STEP_DATA(s, fuse)->socket;
	} else if (s->ops == &step_setattr) {
		ret[n++] = STEP_DATA(s, setattr)->slot;
	} else if (s->ops == &step_attach) {
		ret[n++] = STEP_DATA(s, attach)->mount;
		ret[n++] = STEP_DATA(s, attach)->at;
	} else if (s->ops == &step_mkdir) {
		ret[n++] = STEP_DATA(s, mkdir)->at;
		for (size_t i = 0;
		     STEP_DATA(s, mkdir)->like && i < STEP_DATA(s, mkdir)->like->len; i++)
			ret[n++] = STEP_DATA(s, mkdir)->like->slots[i];
	} else if (s->ops == &step_mknod) {
		ret[n++] = STEP_DATA(s, mknod)->at;
	} else if (s->ops == &step_symlink) {
		ret[n++] = STEP_DATA(s, symlink)->at;
	} else if (s->ops == &step_file) {
		ret[n++] = STEP_DATA(s, file)->at;
		ret[n++] = STEP_DATA(s, file)->source;
	} else if (s->ops == &step_root) {
		ret[n++] = STEP_DATA(s, root)->slot;
	} else if (s->ops == &step_terminal) {
		ret[n++] = STEP_DATA(s, terminal)->devpts;
	}
	return n;
}

static int slot_filled(const struct step *s)
{
	if (s->ops == &step_cgroup)
		return STEP_DATA(s, cgroup)->ret;
	if (s->ops == &step_open)
		return STEP_DATA(s, open)->ret;
	if (s->ops == &step_tree)
		return STEP_DATA(s, tree)->ret;
	if (s->ops == &step_fs)
		return STEP_DATA(s, fs)->ret;
	if (s->ops == &step_loop)
		return STEP_DATA(s, loop)->ret;
	if (s->ops == &step_serve)
		return STEP_DATA(s, serve)->ret;
	if (s->ops == &step_fuse)
		return STEP_DATA(s, fuse)->ret;
	if (s->ops == &step_mkdir)
		return STEP_DATA(s, mkdir)->ret;
	return SLOT_NONE;
}

START_TEST(every_slot_is_filled_once_before_it_is_used)
{
	bool filled[256] = { false };

	make_plan(&option_sets[_i]);
	ck_assert_int_lt(plan.slots, 256);
	for (size_t i = 0; i < plan.len; i++) {
		int slots[16], ret = slot_filled(&plan.steps[i]);

		for (size_t n = slots_read(&plan.steps[i], slots); n > 0; n--)
			ck_assert_msg(slots[n - 1] < 0 || filled[slots[n - 1]],
				      "%s: step %zu reads slot %d too early",
				      option_sets[_i].name, i + 1, slots[n - 1]);
		if (plan.steps[i].ops == &step_cgroup &&
		    STEP_DATA(&plan.steps[i], cgroup)->ret_procs >= 0)
			filled[STEP_DATA(&plan.steps[i], cgroup)->ret_procs] = true;
		if (ret < 0)
			continue;
		ck_assert_msg(ret < plan.slots && !filled[ret],
			      "%s: step %zu fills slot %d again", option_sets[_i].name,
			      i + 1, ret);
		filled[ret] = true;
	}
	forget_plan();
}
END_TEST

/* What the shell cannot show: layers as descriptors, or for an old kernel by path. */
START_TEST(layers_are_handed_over_as_the_kernel_takes_them)
{
	const bool old = option_sets[_i].flags & SET_OLD_KERNEL;

	make_plan(&option_sets[_i]);
	for (size_t i = 0; i < plan.len; i++) {
		const struct step *s = &plan.steps[i];

		if (spec.image.layers_len || s->ops != &step_fs ||
		    strcmp(STEP_DATA(s, fs)->type, "overlay") != 0)
			continue;
		ck_assert_str_eq(STEP_DATA(s, fs)->options[0].key,
				 old ? "lowerdir" : "lowerdir+");
		for (size_t k = 0; k < 3; k++)
			ck_assert_int_eq(STEP_DATA(s, fs)->options[k].by_path, old);
		ck_assert_uint_eq(STEP_DATA(s, fs)->options_len,
				  option_sets[_i].flags & SET_USER ? 4 : 3);
	}
	forget_plan();
}
END_TEST

START_TEST(namespaces_are_those_asked_for)
{
	const unsigned flags = option_sets[_i].flags;

	make_plan(&option_sets[_i]);
	ck_assert_uint_eq(!!(plan.clone_flags & CLONE_NEWNS), !(flags & SET_TEMPLATE));
	ck_assert_uint_eq(!!(plan.clone_flags & CLONE_NEWUSER), !!(flags & SET_USER));
	ck_assert(plan.clone_flags & CLONE_NEWPID && plan.clone_flags & CLONE_NEWIPC &&
		  plan.clone_flags & CLONE_NEWUTS);
	ck_assert_uint_eq(!!(plan.clone_flags & CLONE_NEWCGROUP),
			  !plan.cgroups && !plan.scope);
	forget_plan();
}
END_TEST

START_TEST(sealed_plan_is_read_only)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	make_plan(&option_sets[0]);
	/* the kernel refuses to write there: no need to die of it */
	ck_assert_int_eq(read(fd, plan.steps, 1), -1);
	ck_assert_int_eq(errno, EFAULT);
	close(fd);
	forget_plan();
}
END_TEST

int main(void)
{
	const TTest *const loops[] = { script_is_the_golden_one,
				       without_memory_there_is_no_plan_and_no_more_harm,
				       every_step_says_why_and_what,
				       every_slot_is_filled_once_before_it_is_used,
				       layers_are_handed_over_as_the_kernel_takes_them,
				       namespaces_are_those_asked_for };
	Suite *s = suite_create("plan");
	TCase *t = tcase_create("option sets");
	SRunner *runner;
	int failed;

	if (places_make(&places) < 0)
		return 99;
	setenv("MINCTEST_CALLER", "from the caller", 1);
	fix_host(0);
	err_clear(&err);
	spec_init(&spec, &err);
	if (build_plan(&plan, &spec, &host, NULL, NULL, &err) == -ENOSYS) {
		printf("SKIP: %s\n", err.message);
		places_remove(&places);
		return 77;
	}
	forget_plan();
	for (int i = 0; i < (int)option_sets_len; i++)
		for (size_t k = 0; k < sizeof(loops) / sizeof(loops[0]); k++)
			if (!(option_sets[i].flags & SET_RUN_ONLY))
				tcase_add_loop_test(t, loops[k], i, i + 1);
	tcase_add_test(t, sealed_plan_is_read_only);
	tcase_add_test(t, ids_are_remembered_only_where_processes_can_be_traced);
	tcase_add_test(t, an_image_may_set_very_many_variables);
	tcase_add_test(t, variables_may_have_names_of_one_hash);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	places_remove(&places);
	return failed ? 1 : 0;
}
