/* SPDX-License-Identifier: MIT */
/*
 * Capabilities by name, the steps of lib/sec for several wishes, and that a step and the
 * shell it is printed as leave a command with the same ids, groups and capabilities
 * (setpriv(1) judges; as root only).
 */
#include <check.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "minc/container.h"
#include "sec/profile.h"
#include "sec/sec-rows.h"
#include "sec/sec.h"
#include "suite.h"

#define BIT(cap) PROFILE_BIT(cap)

static struct err err;
static struct spec spec;
static struct host host;
static struct plan plan;
static struct spec_cap changes[4];
static int changes_len;
static bool no_filters; /* built without libseccomp */

static void setup(void)
{
	err_clear(&err);
	memset(&spec, 0, sizeof(spec));
	memset(&plan, 0, sizeof(plan));
	memset(changes, 0, sizeof(changes));
	changes_len = 0;
	memset(&host, 0, sizeof(host));
	host.caps_known = BIT(41) - 1;
	host.caps_bounding = host.caps_permitted = host.caps_known;
	spec.seccomp = no_filters ? "unconfined" : NULL;
}

static void teardown(void)
{
	plan_done(&plan);
}

static void change(bool add, const char *names, const char *origin)
{
	struct spec_cap *c = &changes[changes_len];

	c->add = add;
	c->names = names;
	c->origin = origin;
	if (changes_len)
		changes[changes_len - 1].next = c;
	else
		spec.caps = c;
	changes_len++;
}

static uint64_t keep, added;

static int resolve(bool in_userns)
{
	return caps_resolve(&spec, &host, in_userns, &keep, &added, &err);
}

START_TEST(default_is_podmans_eleven)
{
	char text[512];

	ck_assert_int_eq(resolve(false), 0);
	caps_format(keep, text, sizeof(text));
	ck_assert_str_eq(text,
			 "cap_chown,cap_dac_override,cap_fowner,cap_fsetid,cap_kill,"
			 "cap_setgid,cap_setuid,cap_setpcap,cap_net_bind_service,"
			 "cap_sys_chroot,cap_setfcap");
	ck_assert_uint_eq(added, 0);
	caps_format(0, text, sizeof(text));
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(names_in_any_spelling)
{
	change(true, "CAP_SYS_ADMIN,net_raw", NULL);
	change(true, "Cap_Bpf", NULL);
	change(false, "KILL,cap_chown", NULL);
	ck_assert_int_eq(resolve(false), 0);
	ck_assert_uint_eq(added, BIT(CAP_SYS_ADMIN) | BIT(CAP_NET_RAW) | BIT(CAP_BPF));
	ck_assert_uint_eq(keep, (PROFILE_DEFAULT_CAPS | added) &
					~(BIT(CAP_KILL) | BIT(CAP_CHOWN)));
}
END_TEST

START_TEST(changes_apply_in_order)
{
	change(false, "all", NULL);
	change(true, "kill", NULL);
	ck_assert_int_eq(resolve(false), 0);
	ck_assert_uint_eq(keep, BIT(CAP_KILL));
	change(true, "ALL", NULL);
	change(false, "kill", NULL);
	ck_assert_int_eq(resolve(false), 0);
	ck_assert_uint_eq(keep, host.caps_known & ~BIT(CAP_KILL));
}
END_TEST

static const char *const bad_names[] = { "foo",   "",      "kill,",
					 ",kill", "cap_",  "cap_cap_kill",
					 "99",    "kill ", "kill,alls",
					 "-kill" };

START_TEST(unknown_name_is_refused)
{
	change(true, bad_names[_i], "--cap-add");
	ck_assert_int_eq(resolve(false), -EINVAL);
	ck_assert_msg(!strncmp(err.message, "--cap-add: unknown capability ", 30), "%s",
		      err.message);
}
END_TEST

START_TEST(message_names_the_call)
{
	change(false, "cap_foo", NULL);
	ck_assert_int_eq(resolve(false), -EINVAL);
	ck_assert_str_eq(err.message, "minc_drop_cap: unknown capability foo");
}
END_TEST

START_TEST(what_the_caller_lacks_cannot_be_given)
{
	host.caps_bounding &= ~(BIT(CAP_SYS_ADMIN) | BIT(CAP_SETFCAP));
	ck_assert_int_eq(resolve(false), 0);
	ck_assert_uint_eq(keep, PROFILE_DEFAULT_CAPS & ~BIT(CAP_SETFCAP));
	change(true, "all", NULL);
	ck_assert_int_eq(resolve(false), 0);
	ck_assert_uint_eq(keep, host.caps_bounding);
	change(true, "sys_admin", "--cap-add sys_admin");
	ck_assert_int_eq(resolve(false), -EPERM);
	ck_assert_str_eq(
		err.message,
		"--cap-add sys_admin: the caller cannot give the capability sys_admin");
	ck_assert_int_eq(resolve(true), 0); /* its own user namespace has all */
}
END_TEST

START_TEST(privileged_is_all_there_is)
{
	host.caps_bounding &= ~BIT(CAP_SYS_BOOT);
	spec.flags = 1u << MINC_PRIVILEGED;
	ck_assert_int_eq(resolve(false), 0);
	ck_assert_uint_eq(keep, host.caps_bounding);
	ck_assert_uint_eq(added, 0);
}
END_TEST

static const struct step *find(const struct step_ops *ops)
{
	for (size_t i = 0; i < plan.len; i++)
		if (plan.steps[i].ops == ops)
			return &plan.steps[i];
	return NULL;
}

static int make_plan(const struct identity *id, bool in_userns, bool single_id)
{
	int r = sec_plan_keyring(&plan, &spec);

	if (r == 0)
		r = sec_plan_ids(&plan, &spec, &host, id, in_userns, single_id, &err);
	return r == 0 ? sec_plan_seccomp(&plan, &spec, &host, in_userns, &err) : r;
}

START_TEST(root_has_five_steps)
{
	struct identity id = { 0 };

	ck_assert_int_eq(make_plan(&id, false, false), 0);
	ck_assert_uint_eq(plan.len, 5);
	ck_assert(!plan.own_memory);
	ck_assert(STEP_DATA(find(&step_ids), ids)->set_groups);
	ck_assert_uint_eq(STEP_DATA(find(&step_caps), caps)->permitted,
			  PROFILE_DEFAULT_CAPS);
	ck_assert_uint_eq(STEP_DATA(find(&step_caps), caps)->ambient, 0);
	ck_assert_uint_gt(STEP_DATA(find(&step_seccomp), seccomp)->len, 0);
	ck_assert_uint_eq(find(&step_seccomp)->flags, 0);
}
END_TEST

START_TEST(user_gets_only_what_was_added)
{
	struct identity id = { .uid = 1000, .gid = 1000 };

	change(true, "net_raw", NULL);
	ck_assert_int_eq(make_plan(&id, false, false), 0);
	ck_assert(plan.own_memory); /* ids change: memory must not be shared */
	ck_assert_uint_eq(STEP_DATA(find(&step_caps), caps)->permitted, BIT(CAP_NET_RAW));
	ck_assert_uint_eq(STEP_DATA(find(&step_caps), caps)->ambient, BIT(CAP_NET_RAW));
	ck_assert_uint_eq(STEP_DATA(find(&step_caps), caps)->keep,
			  PROFILE_DEFAULT_CAPS | BIT(CAP_NET_RAW));
}
END_TEST

START_TEST(single_id_namespace_changes_no_id)
{
	struct identity id = { .uid = 1000, .gid = 1000 };

	host.uid = host.gid = 1000;
	host.caps_permitted = 0;
	ck_assert_int_eq(make_plan(&id, true, true), 0);
	ck_assert_ptr_null(find(&step_ids));
	ck_assert(!plan.own_memory);
	ck_assert_uint_eq(STEP_DATA(find(&step_caps), caps)->permitted, 0);
}
END_TEST

START_TEST(privileged_keeps_rights)
{
	struct identity id = { 0 };

	spec.flags = 1u << MINC_PRIVILEGED;
	ck_assert_int_eq(make_plan(&id, false, false), 0);
	ck_assert_ptr_null(find(&step_no_new_privs));
	ck_assert_ptr_null(find(&step_seccomp));
	ck_assert_uint_eq(STEP_DATA(find(&step_caps), caps)->keep, host.caps_known);
}
END_TEST

START_TEST(best_effort_makes_protection_optional)
{
	struct identity id = { 0 };

	spec.flags = 1u << MINC_BEST_EFFORT;
	ck_assert_int_eq(make_plan(&id, false, false), 0);
	for (size_t i = 0; i < plan.len; i++)
		ck_assert_uint_eq(plan.steps[i].flags,
				  plan.steps[i].ops == &step_ids ? 0 : STEP_OPTIONAL);
}
END_TEST

START_TEST(unconfined_has_no_filter)
{
	struct identity id = { 0 };

	spec.seccomp = "unconfined";
	ck_assert_int_eq(make_plan(&id, false, false), 0);
	ck_assert_ptr_null(find(&step_seccomp));
	ck_assert_ptr_nonnull(find(&step_no_new_privs));
}
END_TEST

START_TEST(irrelevant_capability_keeps_the_filter)
{
	const struct step *before, *after;

	ck_assert_int_eq(sec_plan_seccomp(&plan, &spec, &host, false, &err), 0);
	change(true, "net_admin", NULL);
	ck_assert_int_eq(sec_plan_seccomp(&plan, &spec, &host, false, &err), 0);
	before = &plan.steps[0];
	after = &plan.steps[1];
	ck_assert_ptr_eq(STEP_DATA(before, seccomp)->filter,
			 STEP_DATA(after, seccomp)->filter);
}
END_TEST

/* The lines of /proc/self/status that matter, of a command started by @start. */
static void status_of(void (*start)(const char *const *argv), char *buf, size_t size)
{
	static const char *const argv[] = { "grep", "-E",
					    "^(Uid|Gid|Groups|Cap|NoNewPrivs)",
					    "/proc/self/status", NULL };
	int fds[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		start(argv);
		_exit(99);
	}
	close(fds[1]);
	while ((n = read(fds[0], buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	close(fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "status %d: %s", status, buf);
}

static void start_by_steps(const char *const *argv)
{
	struct runner r = { .plan = &plan };

	for (size_t i = 0; i < plan.len; i++)
		if (plan.steps[i].ops->run(&r, &plan.steps[i]) < 0)
			_exit(98);
	execvp(argv[0], (char *const *)argv);
}

static void start_by_shell(const char *const *argv)
{
	char script[16384];
	FILE *out = fmemopen(script, sizeof(script), "w");

	if (!out)
		_exit(97);
	fprintf(out, "priv=\n");
	for (size_t i = 0; i < plan.len; i++)
		plan.steps[i].ops->say(out, &plan.steps[i]);
	fprintf(out, "exec setpriv $priv grep -E '%s' %s\n", argv[2], argv[3]);
	if (fclose(out) != 0)
		_exit(96);
	execl("/bin/sh", "sh", "-c", script, (char *)NULL);
}

/* A word of the status, by its name: the rest of its line. */
static void check_line(const char *status, const char *name, const char *want)
{
	const char *line = strstr(status, name);
	size_t len;

	ck_assert_msg(line != NULL, "%s", name);
	line += strlen(name);
	line += strspn(line, ": \t");
	len = strcspn(line, "\n");
	while (len && line[len - 1] == ' ')
		len--;
	ck_assert_msg(len == strlen(want) && !memcmp(line, want, len), "%s: %.*s, not %s",
		      name, (int)len, line, want);
}

static const struct wish {
	struct identity id;
	const char *add, *drop;
	unsigned flags;
	const char *uid, *groups, *permitted; /* hexadecimal, of the command */
} wishes[] = {
	{ { 0 }, NULL, NULL, 0, "0\t0\t0\t0", "", "00000000800405fb" },
	{ { 0 }, "sys_admin", "chown,kill", 0, "0\t0\t0\t0", "", "00000000802405da" },
	{ { 0 }, NULL, "all", 0, "0\t0\t0\t0", "", "0000000000000000" },
	{ { .uid = 1000, .gid = 1001 },
	  NULL,
	  NULL,
	  0,
	  "1000\t1000\t1000\t1000",
	  "",
	  "0000000000000000" },
	{ { .uid = 1000, .gid = 1001, .groups = { 5, 20 }, .groups_len = 2 },
	  "net_raw",
	  NULL,
	  0,
	  "1000\t1000\t1000\t1000",
	  "5 20",
	  "0000000000002000" },
	{ { 0 }, NULL, NULL, 1u << MINC_PRIVILEGED, "0\t0\t0\t0", "", NULL },
	{ { .uid = 7, .gid = 7 },
	  NULL,
	  NULL,
	  1u << MINC_PRIVILEGED,
	  "7\t7\t7\t7",
	  "",
	  "0000000000000000" },
};

START_TEST(step_and_shell_agree)
{
	const struct wish *w = &wishes[_i];
	char steps[2048], shell[2048];

	ck_assert_int_eq(host_probe(&host), 0);
	spec.flags = w->flags;
	if (w->add)
		change(true, w->add, NULL);
	if (w->drop)
		change(false, w->drop, NULL);
	spec.seccomp =
		"unconfined"; /* the shell cannot; and CAP_SYS_ADMIN needs a module */
	ck_assert_int_eq(make_plan(&w->id, false, false), 0);
	status_of(start_by_steps, steps, sizeof(steps));
	status_of(start_by_shell, shell, sizeof(shell));
	ck_assert_str_eq(steps, shell);
	check_line(steps, "Uid", w->uid);
	check_line(steps, "Groups", w->groups);
	if (w->permitted) {
		check_line(steps, "CapPrm", w->permitted);
		check_line(steps, "CapEff", w->permitted);
	}
	check_line(steps, "CapInh",
		   w->id.uid && w->add ? w->permitted : "0000000000000000");
	check_line(steps, "CapAmb",
		   w->id.uid && w->add ? w->permitted : "0000000000000000");
	check_line(steps, "NoNewPrivs", w->flags ? "0" : "1");
	host_done(&host);
}
END_TEST

static bool can_judge(void)
{
	return geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) == 1 &&
	       prctl(PR_CAPBSET_READ, CAP_SETPCAP) == 1 &&
	       !access("/usr/bin/setpriv", X_OK);
}

int main(void)
{
	TCase *t = tcase_create("caps");

	setup();
	no_filters = sec_plan_seccomp(&plan, &spec, &host, false, NULL) == -ENOSYS;
	teardown();
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, default_is_podmans_eleven);
	tcase_add_test(t, names_in_any_spelling);
	tcase_add_test(t, changes_apply_in_order);
	tcase_add_loop_test(t, unknown_name_is_refused, 0,
			    (int)(sizeof(bad_names) / sizeof(bad_names[0])));
	tcase_add_test(t, message_names_the_call);
	tcase_add_test(t, what_the_caller_lacks_cannot_be_given);
	tcase_add_test(t, privileged_is_all_there_is);
	if (!no_filters) {
		tcase_add_test(t, root_has_five_steps);
		tcase_add_test(t, irrelevant_capability_keeps_the_filter);
	}
	tcase_add_test(t, user_gets_only_what_was_added);
	tcase_add_test(t, single_id_namespace_changes_no_id);
	tcase_add_test(t, privileged_keeps_rights);
	tcase_add_test(t, best_effort_makes_protection_optional);
	tcase_add_test(t, unconfined_has_no_filter);
	if (can_judge())
		tcase_add_loop_test(t, step_and_shell_agree, 0,
				    (int)(sizeof(wishes) / sizeof(wishes[0])));
	else
		puts("NOT RUN step_and_shell_agree: needs root and setpriv(1)");
	return run_case("caps", t);
}
