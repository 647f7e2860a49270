/* SPDX-License-Identifier: MIT */
/*
 * The module "oci": a spec that is written and loaded comes back equal, a bundle of other
 * tools is understood, and what cannot be carried out is refused by name.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <minc/container.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "oci/config.h"
#include "suite.h"

static struct err error, loaded_error;
static struct spec spec, loaded;
static struct host host;

static void setup(void)
{
	err_clear(&error);
	err_clear(&loaded_error);
	spec_init(&spec, &error);
	spec_init(&loaded, &loaded_error);
	host = (struct host){ .uid = geteuid(),
			      .gid = getegid(),
			      .privileged = true,
			      .caps_known = (1ull << 41) - 1,
			      .caps_bounding = (1ull << 41) - 1,
			      .cwd = "/srv",
			      .shell = "/bin/sh" };
}

static void teardown(void)
{
	spec_done(&spec);
	spec_done(&loaded);
}

/* Load text through a memfd; its name must stay valid only during the call. */
static int load_text(const char *text)
{
	int fd = memfd_create("config.json", MFD_CLOEXEC), r;
	char path[64];

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = oci_config_load(&loaded, -EBADF, path);
	close(fd);
	return r;
}

/* noinline: gcc 12 takes what open_memstream(3) stores for the address of where. */
__attribute__((noinline)) static char *write_text(const char *const *argv, int want)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int r = oci_config_write(&spec, &host, argv, out);

	fclose(out);
	ck_assert_msg(r == want, "%d %s", r, error.message);
	return text;
}

static void expect_text(const char *a, const char *b)
{
	ck_assert_pstr_eq(a, b);
}

static void expect_equal_lists(void)
{
	const struct spec_mount *m = spec.mounts, *lm = loaded.mounts;
	const struct spec_env *e = spec.env, *le = loaded.env;
	const struct spec_cap *c = spec.caps, *lc = loaded.caps;

	for (; m && lm; m = m->next, lm = lm->next) {
		expect_text(m->src, lm->src);
		expect_text(m->dst ? m->dst : m->src, lm->dst);
		ck_assert_uint_eq(m->flags, lm->flags);
		ck_assert_uint_eq(m->size_bytes, lm->size_bytes);
		ck_assert_uint_eq(m->mode, lm->mode);
		ck_assert_int_eq(m->owned, lm->owned);
		ck_assert_uint_eq(m->uid, lm->uid);
		ck_assert_uint_eq(m->gid, lm->gid);
	}
	ck_assert(!m && !lm);
	for (; e && le; e = e->next, le = le->next) {
		expect_text(e->name, le->name);
		expect_text(e->value, le->value);
	}
	ck_assert(!e && !le);
	for (; c && lc; c = c->next, lc = lc->next) {
		ck_assert_int_eq(c->add, lc->add);
		expect_text(c->names, lc->names);
	}
	ck_assert(!c && !lc);
}

static void expect_equal_limits(void)
{
	const struct spec_io *io = spec.io, *lio = loaded.io;
	const struct spec_rlimit *l = spec.rlimits, *ll = loaded.rlimits;

	for (int i = 0; i < SPEC_LIMITS; i++) {
		ck_assert_int_eq(spec.limits[i].set, loaded.limits[i].set);
		ck_assert_int_eq(spec.limits[i].value, loaded.limits[i].value);
	}
	expect_text(spec.cpuset_cpus, loaded.cpuset_cpus);
	expect_text(spec.cpuset_mems, loaded.cpuset_mems);
	for (; io && lio; io = io->next, lio = lio->next) {
		expect_text(io->device, lio->device);
		ck_assert_uint_eq(io->which, lio->which);
		ck_assert_uint_eq(io->value, lio->value);
	}
	ck_assert(!io && !lio);
	for (; l && ll; l = l->next, ll = ll->next) {
		ck_assert_int_eq(l->resource, ll->resource);
		ck_assert_uint_eq(l->soft, ll->soft);
		ck_assert_uint_eq(l->hard, ll->hard);
	}
	ck_assert(!l && !ll);
}

/* Write spec, load it, compare; by hand, for a struct has no equality. */
static void expect_round_trip(void)
{
	static const char *const argv[] = { "echo", "two words", "\"\\\n\xc3\xa9", "",
					    NULL };
	char *text = write_text(argv, 0);
	int r = load_text(text);

	ck_assert_msg(r == 0, "%s\n%s", loaded_error.message, text);
	free(text);
	expect_equal_lists();
	expect_text(spec.root, loaded.root);
	ck_assert_uint_eq(spec.root_flags, loaded.root_flags);
	ck_assert_int_eq(spec.keep, loaded.keep);
	expect_text(spec.storage, loaded.storage);
	expect_text(spec.hostname, loaded.hostname);
	expect_text(spec.user, loaded.user);
	expect_text(spec.cwd, loaded.cwd);
	expect_text(spec.seccomp, loaded.seccomp);
	ck_assert_int_eq(spec.net, loaded.net);
	expect_text(spec.net_if, loaded.net_if);
	ck_assert_int_eq(spec.userns, loaded.userns);
	ck_assert_mem_eq(spec.cpus, loaded.cpus, sizeof(spec.cpus));
	ck_assert_uint_eq(spec.flags, loaded.flags);
	ck_assert_uint_eq(spec.umask, loaded.umask);
	for (int i = 0; i < 5; i++)
		expect_text(argv[i], loaded.argv[i]);
	expect_equal_limits();
}

/* Round trips */

START_TEST(defaults_come_back)
{
	expect_round_trip();
}
END_TEST

START_TEST(every_setting_comes_back)
{
	spec_set_root(&spec, "/srv/root", MINC_ROOT_RDONLY | MINC_ROOT_SUBMOUNTS);
	spec_set_storage(&spec, "/srv/keep");
	spec_add_bind(&spec, "/srv/a b", "/data", MINC_BIND_RDONLY);
	spec_add_tmpfs(&spec, "/scratch", 123456, 0700);
	spec_add_bind(&spec, "/srv/dev", NULL, MINC_BIND_DEV | MINC_BIND_SUID);
	spec_add_tmpfs(&spec, "/tmp", 0, 01777);
	spec_add_tmpfs(&spec, "/dev/shm", 1 << 20, 01777);
	spec_add_bind(&spec, "/srv/x", "/x/y", MINC_BIND_NOEXEC);
	spec_add_tmpfs(&spec, "/run", 0, 0755 | MINC_TMPFS_RDONLY | MINC_TMPFS_NOEXEC);
	spec_set_tmpfs_owner(&spec, 1000, 50);
	spec_set_umask(&spec, 027);
	spec_set_hostname(&spec, "caf\xc3\xa9");
	spec_set_user(&spec, "1000:100");
	spec_add_env(&spec, "A", "x=y\nz");
	spec_add_env(&spec, "EMPTY", "");
	spec_set_cwd(&spec, "/data");
	spec_change_caps(&spec, false, "all");
	spec_change_caps(&spec, true, "CAP_net_raw,chown");
	spec_set_seccomp(&spec, "/srv/seccomp.json");
	spec_set_network(&spec, "raw,eth1");
	spec_set_cpus(&spec, "f0000000000000003");
	for (unsigned flag = MINC_BEST_EFFORT; flag <= MINC_INHERIT_ENV; flag++)
		spec_set_flag(&spec, flag, 1);
	expect_round_trip();
}
END_TEST

START_TEST(limits_come_back)
{
	spec_set_limit(&spec, MINC_LIMIT_MEMORY, 64 << 20);
	spec_set_limit(&spec, MINC_LIMIT_MEMORY_SWAP, -1);
	spec_set_limit(&spec, MINC_LIMIT_MEMORY_KERNEL, 1 << 20);
	spec_set_limit(&spec, MINC_LIMIT_CPU_SHARES, 2);
	spec_set_limit(&spec, MINC_LIMIT_CPU_QUOTA_US, 150000);
	spec_set_limit(&spec, MINC_LIMIT_CPU_PERIOD_US, 100000);
	spec_set_limit(&spec, MINC_LIMIT_PIDS, -1);
	spec_set_limit(&spec, MINC_LIMIT_IO_WEIGHT, 1000);
	spec_set_limit(&spec, MINC_LIMIT_SCRATCH, 1 << 20);
	spec_set_cpuset(&spec, "0-1,3", "0");
	spec_set_io_limit(&spec, "8:0", MINC_IO_READ_BPS, 1 << 20);
	spec_set_io_limit(&spec, "8:16", MINC_IO_WRITE_IOPS, 9);
	spec_set_rlimit(&spec, "nofile", 64, UINT64_MAX);
	spec_set_rlimit(&spec, "core", 0, 0);
	expect_round_trip();
}
END_TEST

START_TEST(no_limit_on_processes_may_be_zero)
{
	char *text, *limit;

	spec_set_limit(&spec, MINC_LIMIT_PIDS, -1);
	text = write_text(NULL, 0);
	limit = strstr(text, "\"limit\": -1");
	ck_assert_ptr_nonnull(limit);
	memcpy(limit, "\"limit\":  0", 11);
	ck_assert_int_eq(load_text(text), 0);
	free(text);
	ck_assert_int_eq(loaded.limits[MINC_LIMIT_PIDS].value, -1);
}
END_TEST

START_TEST(device_of_a_limit_must_be_one)
{
	spec_set_origin(&spec, "--device-read-bps /dev/null:1");
	spec_set_io_limit(&spec, "/dev/null", MINC_IO_READ_BPS, 1);
	free(write_text(NULL, -ENOTBLK));
	ck_assert_ptr_nonnull(strstr(error.message, "--device-read-bps"));
}
END_TEST

START_TEST(direct_root_comes_back)
{
	spec_set_root(&spec, "/srv/root", MINC_ROOT_DIRECT | MINC_ROOT_NOSUBMOUNTS);
	spec_set_network(&spec, "none");
	spec_set_seccomp(&spec, "unconfined");
	spec_set_userns(&spec, "host");
	spec_add_env(&spec, "PATH", "/bin");
	expect_round_trip();
}
END_TEST

START_TEST(privileged_comes_back)
{
	spec_set_flag(&spec, MINC_PRIVILEGED, 1);
	spec_change_caps(&spec, false, "sys_boot");
	expect_round_trip();
}
END_TEST

START_TEST(privileged_with_all_comes_back)
{
	spec_set_flag(&spec, MINC_PRIVILEGED, 1);
	expect_round_trip();
}
END_TEST

START_TEST(user_namespaces_come_back)
{
	static const char *const modes[] = { "auto", "single", "range" };

	host.privileged = _i % 2;
	spec_set_userns(&spec, modes[_i / 2]);
	expect_round_trip();
}
END_TEST

START_TEST(named_user_comes_back_and_is_nobody_to_others)
{
	char *text;

	spec_set_user(&spec, "www-data");
	text = write_text(NULL, 0);
	ck_assert_ptr_nonnull(strstr(text, "\"uid\": 65534"));
	free(text);
	expect_round_trip();
}
END_TEST

START_TEST(path_asked_for_by_its_default_value_comes_back)
{
	spec_add_env(&spec, "PATH",
		     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	expect_round_trip();
}
END_TEST

START_TEST(relative_paths_become_absolute)
{
	char *text;

	spec_set_root(&spec, "./debian", 0);
	spec_add_bind(&spec, "data", NULL, 0);
	text = write_text(NULL, 0);
	ck_assert_int_eq(load_text(text), 0);
	free(text);
	ck_assert_str_eq(loaded.root, "/srv/debian");
	ck_assert_str_eq(loaded.mounts->src, "/srv/data");
	ck_assert_str_eq(loaded.mounts->dst, "/srv/data");
	ck_assert_str_eq(loaded.argv[0], "/bin/sh");
}
END_TEST

START_TEST(overlay_is_read_only_to_others)
{
	char *text;

	spec_set_root(&spec, "/srv/root", 0);
	text = write_text(NULL, 0);
	ck_assert_ptr_nonnull(strstr(text, "\"readonly\": true"));
	free(text);
}
END_TEST

/* Another runtime would change the host's /dev through it. */
START_TEST(host_dev_is_no_mount_of_it)
{
	char *text;

	spec_set_flag(&spec, MINC_HOST_DEV, 1);
	text = write_text(NULL, 0);
	ck_assert_ptr_null(strstr(text, "devtmpfs"));
	free(text);
	expect_round_trip();
}
END_TEST

START_TEST(any_bytes_come_back)
{
	spec_set_root(&spec, "/srv/\xff", 0);
	spec_set_storage(&spec, "/srv/\xe9t\xe9");
	spec_add_env(&spec, "A", "\x80\xc3\xa9\xed\xa0\x80\xf4\xff");
	spec_add_env(&spec, "LIKE_AN_ESCAPE", "\xee\xbe\x80\xee\xbf\xbf\xee\xbf");
	spec_add_bind(&spec, "/\xfe", "/mnt/\xfe\xff", 0);
	expect_round_trip();
	ck_assert(!loaded.err->code);
}
END_TEST

START_TEST(open_descriptor_is_refused)
{
	spec_pass_fd(&spec, 0, 5);
	free(write_text(NULL, -ENOTSUP));
	ck_assert_ptr_nonnull(strstr(error.message, "file descriptor 5"));
}
END_TEST

START_TEST(unknown_capability_is_refused_with_its_origin)
{
	spec_set_origin(&spec, "--cap-add flying");
	spec_change_caps(&spec, true, "flying");
	free(write_text(NULL, -EINVAL));
	ck_assert_ptr_nonnull(strstr(error.message, "--cap-add flying"));
}
END_TEST

/* Loading what others wrote */

#define NS                                                                            \
	"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"ipc\"}," \
	"{\"type\":\"uts\"}]"
#define CAPS(set)                                                      \
	"\"capabilities\":{\"bounding\":[" set "],\"effective\":[" set \
	"],\"permitted\":[" set "]}"
#define PROCESS    "\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\"}"
#define ROOT       "\"root\":{\"path\":\"/r\"}"
#define HEAD       "{\"ociVersion\":\"1.0.2\","
#define LINUX      "\"linux\":{" NS "}"
#define WITH(more) HEAD PROCESS "," ROOT "," LINUX "," more "}"
#define WITH_PROCESS(more) \
	HEAD "\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\"," more "}," ROOT "," LINUX "}"
#define WITH_LINUX(more) HEAD PROCESS "," ROOT ",\"linux\":{" NS "," more "}}"
#define WITH_MOUNT(more) WITH("\"mounts\":[" more "]")

START_TEST(plain_bundle_is_used_as_oci_says)
{
	ck_assert_int_eq(load_text(HEAD PROCESS "," ROOT "," LINUX "}"), 0);
	ck_assert_str_eq(loaded.root, "/r");
	ck_assert_uint_eq(loaded.root_flags, MINC_ROOT_DIRECT);
	ck_assert_str_eq(loaded.seccomp, "unconfined");
	ck_assert_int_eq(loaded.net, SPEC_NET_HOST);
	ck_assert_int_eq(loaded.userns, SPEC_USERNS_HOST);
	ck_assert_str_eq(loaded.cwd, "/");
	ck_assert(!loaded.caps->add && !loaded.caps->next); /* none were given */
}
END_TEST

START_TEST(relative_root_is_below_the_bundle)
{
	char dir[] = "/tmp/test-oci-XXXXXX", path[64], want[64];
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/config.json", dir);
	snprintf(want, sizeof(want), "%s/rootfs", dir);
	f = fopen(path, "we");
	fputs(HEAD PROCESS ",\"root\":{\"path\":\"rootfs\",\"readonly\":true}," LINUX "}",
	      f);
	fclose(f);
	ck_assert_int_eq(oci_config_load(&loaded, -EBADF, path), 0);
	unlink(path);
	rmdir(dir);
	ck_assert_str_eq(loaded.root, want);
	ck_assert_uint_eq(loaded.root_flags, MINC_ROOT_DIRECT | MINC_ROOT_RDONLY);
}
END_TEST

/* Of others, what looks as if we had escaped it stays as it is. */
START_TEST(only_our_own_escapes_are_taken_back)
{
	ck_assert_int_eq(load_text(WITH("\"hostname\":\"\xee\xbe\x80\"")), 0);
	ck_assert_str_eq(loaded.hostname, "\xee\xbe\x80");
}
END_TEST

START_TEST(annotations_of_others_are_ignored)
{
	ck_assert_int_eq(load_text(WITH("\"annotations\":{\"io.podman.x\":\"y\"}")), 0);
}
END_TEST

START_TEST(capabilities_become_changes_of_the_default)
{
	ck_assert_int_eq(load_text(WITH_PROCESS(CAPS("\"CAP_NET_RAW\",\"CAP_CHOWN\""))),
			 0);
	ck_assert(!loaded.caps->add);
	ck_assert_ptr_null(strstr(loaded.caps->names, "CHOWN"));
	ck_assert_ptr_nonnull(strstr(loaded.caps->names, "SETUID"));
	ck_assert(loaded.caps->next->add);
	ck_assert_str_eq(loaded.caps->next->names, "NET_RAW");
}
END_TEST

#define MOUNT(to, type, options) \
	"{\"destination\":\"" to "\",\"type\":\"" type "\",\"options\":[" options "]}"

START_TEST(usual_mounts_are_our_own_and_the_rest_is_kept)
{
	ck_assert_int_eq(
		load_text(WITH_MOUNT(
			"{\"destination\":\"//proc/.\",\"type\":\"proc\",\"source\":\"proc\"}," MOUNT("/dev/", "tmpfs", "\"nosuid\",\"strictatime\",\"mode=0755\",\"size=64m\"") "," MOUNT("/dev/pts", "devpts", "\"newinstance\",\"ptmxmode=0666\",\"mode=620\",\"gid=5\"") "," MOUNT(
				"/sys", "sysfs",
				"\"ro\"") "," MOUNT("/./tmp", "tmpfs",
						    "\"mode=01777\"") "," MOUNT("/dev/shm",
										"tmpfs",
										"\"noexec\",\"size=1g\",\"mode=1777\"") ","
															"{\"destination\":\"/d\",\"type\":\"bind\",\"source\":\"/s\",\"options\":"
															"[\"rbind\",\"ro\",\"rprivate\",\"nosuid\"]}")),
		0);
	ck_assert_str_eq(loaded.mounts->dst, "/dev/shm");
	ck_assert_uint_eq(loaded.mounts->size_bytes, 1 << 30);
	ck_assert_str_eq(loaded.mounts->next->src, "/s");
	ck_assert_uint_eq(loaded.mounts->next->flags, MINC_BIND_RDONLY | MINC_BIND_DEV);
	ck_assert_ptr_null(loaded.mounts->next->next);
}
END_TEST

START_TEST(a_usual_directory_of_another_user_is_a_mount_of_ours)
{
	ck_assert_int_eq(
		load_text(WITH_MOUNT(
			"{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"options\":[\"uid=7\"]}")),
		0);
	ck_assert(loaded.mounts && loaded.mounts->owned && loaded.mounts->uid == 7);
}
END_TEST

/* Refusals */

// clang-format off
static const struct { const char *text, *message; } refusals[] = {
	{ "", "line 1: " },
	{ "[]", "not a JSON object" },
	{ "{\"ociVersion\":\"1.0.2\",\"ociVersion\":\"1.0.2\"}", "line 1: duplicate object key" },
	{ "{} {}", "line 1: end of file expected" },
	{ "{\"ociVersion\":\"1.0\\u0000\"}", "line 1: \\u0000" },
	{ "{\"ociVersion\":\"\xff\"}", "line 1: unable to decode" },
	{ "{}", "ociVersion: missing" },
	{ "{\"ociVersion\":1}", "ociVersion: not a string" },
	{ "{\"ociVersion\":\"2.0.0\"}", "ociVersion: 2.0.0: not supported" },
	{ WITH("\"hooks\":{}"), "hooks: not supported" },
	{ WITH("\"windows\":{}"), "windows: not supported" },
	{ WITH("\"mounts\":{}"), "mounts: not an array" },
	{ WITH("\"hostname\":\"\""), "hostname: empty value" },
	{ HEAD PROCESS "," LINUX "}", "root: missing" },
	{ HEAD PROCESS "," ROOT "}", "linux: missing" },
	{ HEAD PROCESS ",\"root\":{\"path\":\"/r\",\"x\":1}," LINUX "}", "root.x: not supported" },
	{ HEAD PROCESS ",\"root\":{\"path\":\"/r\",\"readonly\":1}," LINUX "}",
	  "root.readonly: not true or false" },
	{ HEAD "\"process\":{\"cwd\":\"/\"}," ROOT "," LINUX "}", "process.args: missing" },
	{ HEAD "\"process\":{\"args\":[\"a\",1],\"cwd\":\"/\"}," ROOT "," LINUX "}",
	  "process.args[1]: not a string" },
	{ HEAD "\"process\":{\"args\":[\"a\"]}," ROOT "," LINUX "}", "process.cwd: missing" },
	{ HEAD "\"process\":{\"args\":[\"a\"],\"cwd\":\"x\"}," ROOT "," LINUX "}",
	  "process.cwd: path inside is not absolute" },
	{ WITH_PROCESS("\"rlimits\":{}"), "process.rlimits: not an array" },
	{ WITH_PROCESS("\"apparmorProfile\":\"x\""), "process.apparmorProfile: not supported" },
	{ WITH_PROCESS("\"env\":[\"A\"]"), "process.env[0]: not NAME=VALUE" },
	{ WITH_PROCESS("\"noNewPrivileges\":false"), "process.noNewPrivileges: false" },
	{ WITH_PROCESS("\"user\":{\"uid\":4294967295}"), "process.user.uid: 4294967295 is not" },
	{ WITH_PROCESS("\"user\":{\"uid\":-1}"), "process.user.uid: -1 is not" },
	{ WITH_PROCESS("\"user\":{\"uid\":1.5}"), "process.user.uid: not a whole number" },
	{ WITH_PROCESS("\"user\":{\"uid\":1,\"gid\":1,\"additionalGids\":[5]}"),
	  "process.user.additionalGids: not supported" },
	{ WITH_PROCESS("\"user\":{\"umask\":512}"), "process.user.umask: 512 is not 0 to 511" },
	{ WITH_PROCESS(CAPS("\"CAP_FLY\"")), "process.capabilities.bounding[0]: CAP_FLY: unknown" },
	{ WITH_PROCESS(CAPS("\"chown\"")), "process.capabilities.bounding[0]: chown: unknown" },
	{ WITH_PROCESS("\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"]}"),
	  "process.capabilities: effective and permitted" },
	{ WITH_PROCESS("\"capabilities\":{\"inheritable\":[\"CAP_CHOWN\"]}"),
	  "process.capabilities.inheritable: not supported" },
	{ WITH_MOUNT("{\"destination\":\"/dev\",\"type\":\"devtmpfs\"}"),
	  "mounts[0]: /dev: type devtmpfs: not supported" },
	{ WITH_MOUNT("{\"destination\":\"/x\",\"type\":\"ext4\",\"source\":\"/dev/sda1\"}"),
	  "mounts[0]: /x: type ext4: not supported" },
	{ WITH_MOUNT("{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/s\","
		     "\"options\":[\"rbind\",\"noatime\"]}"),
	  "mounts[0]: /x: option noatime: not supported" },
	{ WITH_MOUNT(MOUNT("/x", "tmpfs", "\"uid=-1\"")), "mounts[0]: uid=-1: not an id" },
	{ WITH_MOUNT(MOUNT("/proc", "proc", "\"uid=1\"")), "mounts[0]: /proc: option uid: not supported" },
	{ WITH_MOUNT(MOUNT("/dev", "tmpfs", "\"gid=1\"")), "mounts[0]: /dev: option gid: not supported" },
	{ WITH_MOUNT(MOUNT("/dev", "tmpfs", "\"mode=700\"")), "mounts[0]: /dev: option mode=700: not supported" },
	{ WITH_MOUNT(MOUNT("/dev", "tmpfs", "\"size=1m\"")), "mounts[0]: /dev: option size=1m: not supported" },
	{ WITH_MOUNT(MOUNT("/dev/pts", "devpts", "\"mode=600\"")), "mounts[0]: /dev/pts: option mode=600: not supported" },
	{ WITH_MOUNT(MOUNT("/dev/mqueue", "mqueue", "\"mode=700\"")), "mounts[0]: /dev/mqueue: option mode=700: not supported" },
	{ WITH_MOUNT(MOUNT("/dev/", "tmpfs", "\"mode=700\"")), "mounts[0]: /dev: option mode=700: not supported" },
	{ WITH_MOUNT(MOUNT("/proc", "proc", "\"size=1m\"")), "mounts[0]: /proc: option size=1m: not supported" },
	{ WITH_MOUNT(MOUNT("/sys", "sysfs", "\"ro\",\"mode=755\"")), "mounts[0]: /sys: option mode=755: not supported" },
	{ WITH_MOUNT("{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/proc\"}"),
	  "mounts[0]: /x: option bind of a directory" },
	{ WITH_MOUNT("{\"destination\":\"x\",\"type\":\"bind\",\"source\":\"/s\"}"),
	  "mounts[0]: path inside is not absolute" },
	{ WITH_MOUNT("{\"destination\":\"/sys\",\"type\":\"sysfs\"}"), "mounts[0]: /sys: " },
	{ WITH_MOUNT(MOUNT("/x", "tmpfs", "\"size=50%\"")), "mounts[0]: size=50%: not a size" },
	{ WITH_MOUNT(MOUNT("/x", "tmpfs", "\"mode=9\"")), "mounts[0]: mode=9: not an octal mode" },
	{ WITH_MOUNT("{\"destination\":\"/x\",\"type\":\"tmpfs\",\"uidMappings\":[]}"),
	  "mounts[0].uidMappings: not supported" },
	{ WITH_LINUX("\"resources\":{\"devices\":[]}"), "linux.resources.devices: not supported" },
	{ WITH_LINUX("\"resources\":{\"memory\":{\"swappiness\":1}}"),
	  "linux.resources.memory.swappiness: not supported" },
	{ WITH_LINUX("\"resources\":{\"memory\":{\"disableOOMKiller\":true}}"),
	  "linux.resources.memory.disableOOMKiller: true: not supported" },
	{ WITH_LINUX("\"resources\":{\"memory\":{\"limit\":0}}"),
	  "linux.resources.memory.limit: size is not positive" },
	{ WITH_LINUX("\"resources\":{\"memory\":1}"), "linux.resources.memory: not an object" },
	{ WITH_LINUX("\"resources\":{\"cpu\":{\"shares\":1}}"),
	  "linux.resources.cpu.shares: not 2 to 262144" },
	{ WITH_LINUX("\"resources\":{\"cpu\":{\"cpus\":\"x\"}}"),
	  "linux.resources.cpu.cpus: not a list such as 0-1,3" },
	{ WITH_LINUX("\"resources\":{\"pids\":{\"limit\":\"9\"}}"),
	  "linux.resources.pids.limit: not a whole number" },
	{ HEAD PROCESS "," ROOT ",\"linux\":{\"namespaces\":{}}}", "linux.namespaces: not an array" },
	{ WITH_LINUX("\"resources\":{\"blockIO\":{\"throttleReadBpsDevice\":{}}}"),
	  "linux.resources.blockIO.throttleReadBpsDevice: not an array" },
	{ WITH_LINUX("\"resources\":{\"blockIO\":{\"throttleReadBpsDevice\":[{\"rate\":0}]}}"),
	  "linux.resources.blockIO.throttleReadBpsDevice[0]: limit is 0" },
	{ WITH_LINUX("\"cgroupsPath\":\"/x\""), "linux.cgroupsPath: not supported" },
	{ WITH_PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":1}]"),
	  "process.rlimits[0]: unknown resource" },
	{ WITH_PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1}]"),
	  "process.rlimits[0]: soft or hard is missing" },
	{ WITH_LINUX("\"seccomp\":{}"), "linux.seccomp: not supported" },
	{ WITH_LINUX("\"devices\":[]"), "linux.devices: not supported" },
	{ WITH_LINUX("\"maskedPaths\":[\"/etc/shadow\"]"),
	  "linux.maskedPaths: /etc/shadow: not supported" },
	{ WITH_LINUX("\"readonlyPaths\":[\"/etc\"]"), "linux.readonlyPaths: /etc: not supported" },
	{ WITH_LINUX("\"rootfsPropagation\":\"shared\""), "linux.rootfsPropagation: shared" },
	{ WITH_LINUX("\"uidMappings\":[]"), "linux.uidMappings: without a user namespace" },
	{ HEAD PROCESS "," ROOT ",\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}",
	  "linux.namespaces: no pid: not supported" },
	{ HEAD PROCESS "," ROOT ",\"linux\":{\"namespaces\":[{\"type\":\"time\"}]}}",
	  "linux.namespaces: time: not supported" },
	{ HEAD PROCESS "," ROOT ",\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":\"/p\"}]}}",
	  "linux.namespaces[0].path: not supported" },
	{ WITH("\"annotations\":{\"org.libminc.x\":\"y\"}"),
	  "annotations.org.libminc.x: not supported" },
	{ WITH("\"annotations\":{\"org.libminc.init\":\"yes\"}"),
	  "annotations.org.libminc.init: yes: not supported" },
	{ WITH("\"annotations\":{\"org.libminc.cpus\":\"0\"}"),
	  "annotations.org.libminc.cpus: CPU mask without a CPU" },
	{ WITH("\"annotations\":{\"org.libminc.capabilities\":\"+fly\"}"),
	  "annotations.org.libminc.capabilities: +fly: unknown change" },
	{ WITH("\"annotations\":{\"org.libminc.userns\":\"single\"}"),
	  "annotations.org.libminc.userns: single: without a user namespace" },
	{ WITH("\"annotations\":{\"a\":1}"), "annotations.a: not a string" },
};
// clang-format on

START_TEST(what_cannot_be_carried_out_is_refused_by_name)
{
	const char *found;
	int r = load_text(refusals[_i].text);

	ck_assert(r == -EINVAL || r == -ERANGE);
	ck_assert_int_eq(loaded.sticky, r);
	found = strstr(loaded_error.message, refusals[_i].message);
	ck_assert_msg(found != NULL, "\"%s\" not in \"%s\"", refusals[_i].message,
		      loaded_error.message);
	/* right after the file's name */
	ck_assert_int_eq(strncmp(loaded_error.message, "/proc/self/fd/", 14), 0);
	ck_assert_str_eq(strstr(loaded_error.message, ": ") + 2, found);
}
END_TEST

START_TEST(mapped_user_must_be_the_caller)
{
	ck_assert_int_eq(
		load_text(HEAD PROCESS
			  "," ROOT ",\"linux\":{\"namespaces\":[{\"type\":\"pid\"},"
			  "{\"type\":\"mount\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
			  "{\"type\":\"user\"}],\"uidMappings\":[{\"containerID\":0,"
			  "\"hostID\":123456,\"size\":65536}]}}"),
		-EINVAL);
	ck_assert_ptr_nonnull(strstr(loaded_error.message,
				     "linux.uidMappings: only the caller"));
}
END_TEST

START_TEST(missing_file_is_named)
{
	ck_assert_int_eq(oci_config_load(&loaded, -EBADF, "/nonexistent/config.json"),
			 -ENOENT);
	ck_assert_str_eq(loaded_error.message,
			 "/nonexistent/config.json: No such file or directory");
	ck_assert_int_eq(loaded.sticky, -ENOENT);
}
END_TEST

START_TEST(huge_file_is_refused)
{
	int fd = memfd_create("huge", MFD_CLOEXEC);
	char path[64];

	ck_assert_int_eq(ftruncate(fd, 5 << 20), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ck_assert_int_eq(oci_config_load(&loaded, -EBADF, path), -EFBIG);
	close(fd);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	size_t depth = 100000;
	char *text = malloc(depth + 1);

	memset(text, '[', depth);
	text[depth] = '\0';
	ck_assert_int_eq(load_text(text), -EINVAL);
	ck_assert_ptr_nonnull(strstr(loaded_error.message, "maximum parsing depth"));
	free(text);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("config");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, defaults_come_back);
	tcase_add_test(t, every_setting_comes_back);
	tcase_add_test(t, limits_come_back);
	tcase_add_test(t, no_limit_on_processes_may_be_zero);
	tcase_add_test(t, device_of_a_limit_must_be_one);
	tcase_add_test(t, direct_root_comes_back);
	tcase_add_test(t, privileged_comes_back);
	tcase_add_test(t, privileged_with_all_comes_back);
	tcase_add_loop_test(t, user_namespaces_come_back, 0, 6);
	tcase_add_test(t, named_user_comes_back_and_is_nobody_to_others);
	tcase_add_test(t, path_asked_for_by_its_default_value_comes_back);
	tcase_add_test(t, relative_paths_become_absolute);
	tcase_add_test(t, overlay_is_read_only_to_others);
	tcase_add_test(t, host_dev_is_no_mount_of_it);
	tcase_add_test(t, any_bytes_come_back);
	tcase_add_test(t, only_our_own_escapes_are_taken_back);
	tcase_add_test(t, open_descriptor_is_refused);
	tcase_add_test(t, unknown_capability_is_refused_with_its_origin);
	tcase_add_test(t, plain_bundle_is_used_as_oci_says);
	tcase_add_test(t, relative_root_is_below_the_bundle);
	tcase_add_test(t, annotations_of_others_are_ignored);
	tcase_add_test(t, capabilities_become_changes_of_the_default);
	tcase_add_test(t, usual_mounts_are_our_own_and_the_rest_is_kept);
	tcase_add_test(t, a_usual_directory_of_another_user_is_a_mount_of_ours);
	tcase_add_loop_test(t, what_cannot_be_carried_out_is_refused_by_name, 0,
			    sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_test(t, mapped_user_must_be_the_caller);
	tcase_add_test(t, missing_file_is_named);
	tcase_add_test(t, huge_file_is_refused);
	tcase_add_test(t, deep_nesting_is_refused);
	return run_case("oci", t);
}
