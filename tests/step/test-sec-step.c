/* SPDX-License-Identifier: MIT */
/*
 * Steps of what a command may do (lib/sec/sec-step.c), one at a time. What is gone must
 * be gone for good, so each test tries to get it back.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "step.h"

#define CAP(name) (1ull << CAP_##name)

static uint64_t known_caps(void)
{
	char text[16];
	unsigned last;

	read_text("/proc/sys/kernel/cap_last_cap", text, sizeof(text));
	equal(sscanf(text, "%u", &last), 1);
	return (2ull << last) - 1;
}

/* keyring */

static long keyctl(int op, long a, long b, long c)
{
	long r = syscall(SYS_keyctl, op, a, b, c, 0);

	return r < 0 ? -errno : r;
}

static void need_keys(void)
{
	if (keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1, 0) < 0)
		skip("no kernel keys here");
}

static long find_secret(void)
{
	return keyctl(KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, (long)"user",
		      (long)"stage");
}

STEP_TEST(keyring_has_none_of_the_callers_keys)
{
	long before;

	need_keys();
	expect(keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0) > 0);
	expect(syscall(SYS_add_key, "user", "stage", "secret", 6,
		       KEY_SPEC_SESSION_KEYRING) > 0);
	expect(find_secret() > 0);
	before = keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0);
	works(r, .ops = &step_keyring);
	expect(keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0) != before);
	equal(find_secret(), -ENOKEY);
}

STEP_TEST(keyring_of_a_kernel_without_keys_is_passed_over)
{
	refuse(SYS_keyctl, ENOSYS);
	works(r, .ops = &step_keyring);
}

STEP_TEST(keyring_that_is_refused_is_an_error)
{
	refuse(SYS_keyctl, EDQUOT);
	fails(r, -EDQUOT, .ops = &step_keyring);
}

/* ids */

static void have_ids(unsigned uid, unsigned gid, const char *groups)
{
	char text[256], want[64];
	size_t len;

	snprintf(want, sizeof(want), "%u\t%u\t%u\t%u", uid, uid, uid, uid);
	status_line("Uid", text, sizeof(text));
	same(text, want);
	snprintf(want, sizeof(want), "%u\t%u\t%u\t%u", gid, gid, gid, gid);
	status_line("Gid", text, sizeof(text));
	same(text, want);
	status_line("Groups", text, sizeof(text));
	len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
	same(text, groups);
}

/* A plain user can never have two ids: a namespace of one id maps no other. */
static void need_many_ids(enum who who)
{
	if (who == AS_USER)
		skip("one id is mapped");
}

STEP_TEST(ids_are_real_effective_saved_and_of_files)
{
	const uint32_t groups[] = { 7, 1777 };

	need_many_ids(who);
	works(r, STEP(ids, .uid = 1000, .gid = 1001, .groups = groups, .groups_len = 2,
		      .set_groups = true, .set_ids = true));
	have_ids(1000, 1001, "7 1777");
}

STEP_TEST(ids_cannot_be_regained)
{
	need_many_ids(who);
	works(r,
	      STEP(ids, .uid = 1000, .gid = 1001, .set_groups = true, .set_ids = true));
	works(r, STEP(caps, .known = known_caps()));
	equal(syscall(SYS_setresuid, 0, 0, 0), -1);
	equal(errno, EPERM);
	equal(syscall(SYS_setresuid, -1, 0, -1), -1);
	equal(syscall(SYS_setresgid, 0, 0, 0), -1);
	equal(errno, EPERM);
	equal(syscall(SYS_setgroups, 0, NULL), -1);
	equal(errno, EPERM);
	have_ids(1000, 1001, "");
}

STEP_TEST(ids_keep_the_capabilities_for_the_step_that_chooses)
{
	uint64_t permitted = status_mask("CapPrm");

	need_many_ids(who);
	works(r, STEP(ids, .uid = 1000, .gid = 1000, .set_ids = true));
	equal((long long)status_mask("CapPrm"), (long long)permitted);
	equal((long long)status_mask("CapEff"), 0);
}

STEP_TEST(root_loses_the_groups_of_the_caller)
{
	const uint32_t group = 7;

	need_many_ids(who);
	must(syscall(SYS_setgroups, 1, &group));
	works(r, STEP(ids, .set_groups = true, .set_ids = true));
	have_ids(0, 0, "");
}

STEP_TEST(ids_that_are_there_already_stay)
{
	works(r, STEP(ids, .uid = 0, .gid = 0));
	equal(getuid(), 0);
	expect(status_mask("CapEff"));
}

STEP_TEST(ids_that_are_not_mapped_are_refused)
{
	if (who == AS_ROOT) {
		must(unshare(CLONE_NEWUSER));
		works(r, STEP(idmap, .uid_map = "0 0 1", .gid_map = "0 0 1"));
	}
	fails(r, -EINVAL, STEP(ids, .uid = 0, .gid = 9, .set_ids = true));
	fails(r, -EINVAL, STEP(ids, .uid = 9, .gid = 0, .set_ids = true));
	fails(r, -EPERM, STEP(ids, .set_groups = true)); /* "deny" */
}

/* caps */

static void have_caps(uint64_t bounding, uint64_t permitted, uint64_t ambient)
{
	equal((long long)status_mask("CapBnd"), (long long)bounding);
	equal((long long)status_mask("CapPrm"), (long long)permitted);
	equal((long long)status_mask("CapEff"), (long long)permitted);
	equal((long long)status_mask("CapInh"), (long long)ambient);
	equal((long long)status_mask("CapAmb"), (long long)ambient);
}

STEP_TEST(caps_keep_no_more_than_asked)
{
	const uint64_t keep = CAP(CHOWN) | CAP(KILL) | CAP(NET_BIND_SERVICE);

	works(r, STEP(caps, .known = known_caps(), .keep = keep, .permitted = keep));
	have_caps(keep, keep, 0);
	fails(r, -EPERM,
	      STEP(caps, .known = known_caps(), .keep = keep,
		   .permitted = keep | CAP(SYS_ADMIN)));
	equal(unshare(CLONE_NEWUTS), -1);
	equal(errno, EPERM);
}

STEP_TEST(no_caps_at_all)
{
	works(r, STEP(caps, .known = known_caps()));
	have_caps(0, 0, 0);
}

STEP_TEST(ambient_caps_are_inheritable)
{
	const uint64_t keep = CAP(CHOWN) | CAP(NET_BIND_SERVICE);
	const uint64_t one = CAP(NET_BIND_SERVICE);

	works(r, STEP(caps, .known = known_caps(), .keep = keep, .permitted = one,
		      .ambient = one));
	have_caps(keep, one, one);
}

/* What the caller had made ambient or inheritable does not come along. */
STEP_TEST(caps_that_were_ambient_are_not)
{
	const uint64_t keep = CAP(CHOWN) | CAP(KILL);

	works(r, STEP(caps, .known = known_caps(), .keep = status_mask("CapBnd"),
		      .permitted = status_mask("CapPrm"), .ambient = keep));
	equal((long long)status_mask("CapAmb"), (long long)keep);
	works(r, STEP(caps, .known = known_caps(), .keep = keep, .permitted = keep));
	have_caps(keep, keep, 0);
}

STEP_TEST(caps_act_after_the_ids_changed)
{
	need_many_ids(who);
	works(r, STEP(ids, .uid = 1000, .gid = 1000, .set_ids = true));
	works(r, STEP(caps, .known = known_caps(), .keep = CAP(KILL), .permitted = 0));
	have_caps(CAP(KILL), 0, 0);
}

STEP_TEST(caps_that_are_not_there_are_refused)
{
	const uint64_t few = CAP(CHOWN) | CAP(SETPCAP);

	works(r, STEP(caps, .known = known_caps(), .keep = few, .permitted = few));
	fails(r, -EPERM,
	      STEP(caps, .known = known_caps(), .keep = few,
		   .permitted = few | CAP(KILL)));
	fails(r, -EPERM,
	      STEP(caps, .known = known_caps(), .keep = few, .permitted = few,
		   .ambient = CAP(KILL)));
}

STEP_TEST(bounding_set_needs_setpcap)
{
	const uint64_t few = CAP(CHOWN) | CAP(KILL);

	works(r, STEP(caps, .known = known_caps(), .keep = few, .permitted = few));
	fails(r, -EPERM,
	      STEP(caps, .known = known_caps(), .keep = CAP(KILL),
		   .permitted = CAP(KILL)));
}

/* no_new_privs */

STEP_TEST(no_new_privs_is_set)
{
	equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	works(r, .ops = &step_no_new_privs);
	equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	equal(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), -1);
}

STEP_TEST(no_new_privs_that_is_refused_is_an_error)
{
	refuse(SYS_prctl, EPERM);
	fails(r, -EPERM, .ops = &step_no_new_privs);
}

/* seccomp */

static const struct sock_filter no_uname[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_uname, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTUNIQ),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static const struct sock_filter deadly_uname[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_uname, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

STEP_TEST(seccomp_bites)
{
	struct utsname name;

	equal(uname(&name), 0);
	works(r, STEP(seccomp, .filter = no_uname, .len = 4));
	equal(uname(&name), -1);
	equal(errno, ENOTUNIQ);
	equal(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), SECCOMP_MODE_FILTER);
}

static void call_uname(struct runner *r)
{
	struct utsname name;

	works(r, STEP(seccomp, .filter = deadly_uname, .len = 4));
	(void)uname(&name); /* the last thing it does */
}

STEP_TEST(seccomp_kills)
{
	equal(in_child(r, call_uname), 128 + SIGSYS);
}

STEP_TEST(seccomp_needs_no_new_privs_or_privilege)
{
	works(r, STEP(caps, .known = known_caps()));
	fails(r, -EACCES, STEP(seccomp, .filter = no_uname, .len = 4));
	works(r, .ops = &step_no_new_privs);
	works(r, STEP(seccomp, .filter = no_uname, .len = 4));
}

STEP_TEST(seccomp_refuses_what_is_no_program)
{
	fails(r, -EINVAL, STEP(seccomp, .filter = no_uname, .len = 2));
	fails(r, -ENOSYS, STEP(seccomp, .filter = no_uname, .len = 0));
}

int main(void)
{
	const TTest *const tests[] = {
		keyring_has_none_of_the_callers_keys,
		keyring_of_a_kernel_without_keys_is_passed_over,
		keyring_that_is_refused_is_an_error,
		ids_are_real_effective_saved_and_of_files,
		ids_cannot_be_regained,
		ids_keep_the_capabilities_for_the_step_that_chooses,
		root_loses_the_groups_of_the_caller,
		ids_that_are_there_already_stay,
		ids_that_are_not_mapped_are_refused,
		caps_keep_no_more_than_asked,
		no_caps_at_all,
		ambient_caps_are_inheritable,
		caps_that_were_ambient_are_not,
		caps_act_after_the_ids_changed,
		caps_that_are_not_there_are_refused,
		bounding_set_needs_setpcap,
		no_new_privs_is_set,
		no_new_privs_that_is_refused_is_an_error,
		seccomp_bites,
		seccomp_kills,
		seccomp_needs_no_new_privs_or_privilege,
		seccomp_refuses_what_is_no_program,
	};

	return stage_main("sec-step", tests, sizeof(tests) / sizeof(tests[0]));
}
