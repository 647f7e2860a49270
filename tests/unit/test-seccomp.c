/* SPDX-License-Identifier: MIT */
/*
 * The seccomp filter: a small interpreter runs it for every system call number, with the
 * arguments that matter, on every architecture, and compares with what the profile's
 * table says when it is read directly; some answers are also written down here, so that
 * a wrong table does not agree with itself. Then the kernel's own opinion.
 */
#include <asm/ioctls.h>
#include <check.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf.h"
#include "sec/filter.h"
#include "sec/profile.h"
#include "sec/seccomp-module.h"
#include "suite.h"

seccomp_for_caps_fn seccomp_for_caps;

static const uint64_t high_bits = 0xdeadbeef00000000;

static bool listed(const char *names, const char *name)
{
	size_t len = strlen(name);

	while (*names) {
		size_t word = strcspn(names, " ");

		if (word == len && !memcmp(names, name, len))
			return true;
		names += word + (names[word] == ' ');
	}
	return false;
}

enum { ROWS = 16 };

/* The rows that name a system call, to NULL. */
static void rows_of(const char *name, const struct profile_rule *rows[ROWS])
{
	size_t n = 0;

	for (size_t i = 0; name && i < profile_rules_len; i++) {
		if (listed(profile_rules[i].names, name))
			rows[n++] = &profile_rules[i];
		if (n == ROWS)
			ck_abort_msg("%s has too many rows", name);
	}
	rows[n] = NULL;
}

static bool rule_applies(const struct profile_rule *rule, const struct seccomp_data *data,
			 uint64_t caps)
{
	bool s390 = data->arch == SCMP_ARCH_S390 || data->arch == SCMP_ARCH_S390X;

	if (rule->with >= 0 && !(caps >> rule->with & 1))
		return false;
	if (rule->without >= 0 && caps >> rule->without & 1)
		return false;
	if ((rule->arch == PROFILE_S390 && !s390) ||
	    (rule->arch == PROFILE_NOT_S390 && s390))
		return false;
	for (int i = 0; i < PROFILE_TESTS; i++) {
		const struct profile_test *t = &rule->tests[i];

		if (((uint32_t)data->args[t->arg] & t->mask) != t->value)
			return false;
	}
	return true;
}

/*
 * What the table says; -1: ENOSYS, of the filter or the kernel, which has no such call.
 */
static int64_t expected(const struct profile_rule *const *row,
			const struct seccomp_data *data, uint64_t caps)
{
	while (*row && !rule_applies(*row, data, caps))
		row++;
	if (!*row)
		return ERRNO(ENOSYS);
	if ((*row)->answer == PROFILE_ABSENT)
		return -1;
	return (*row)->answer ? ERRNO((uint32_t)(*row)->answer) : SECCOMP_RET_ALLOW;
}

static const char *name_of(uint32_t arch, int nr, char *buf, size_t len)
{
	char *name = seccomp_syscall_resolve_num_arch(arch, nr);

	if (name) {
		snprintf(buf, len, "%s", name);
		free(name);
		return buf;
	}
	for (size_t i = 0; i < profile_recent_len; i++)
		if ((int)profile_recent[i].nr == nr)
			return profile_recent[i].name;
	return NULL;
}

static const uint64_t arguments[] = {
	0,
	1,
	2,
	8,
	9,
	AF_NETLINK,
	AF_ALG,
	39,
	AF_VSOCK,
	CLONE_NEWUSER,
	CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD,
	CLONE_VM | SIGCHLD,
	0x20000,
	0x20008,
	0xffffffff,
	UINT64_MAX,
	TIOCSTI,
	TIOCLINUX,
	TIOCSTI | high_bits,
	TIOCLINUX | high_bits,
	AF_VSOCK | high_bits,
	CLONE_NEWUSER | high_bits,
	4063, /* sizes */
	4064,
	4095,
	4096,
	65536,
};
enum { ARGUMENTS = sizeof(arguments) / sizeof(arguments[0]) };

static void compare_arguments(const struct sock_filter *f, int len, uint64_t caps,
			      const char *name, struct seccomp_data *data)
{
	const struct profile_rule *rows[ROWS];

	rows_of(name, rows);
	for (int i = 0; i < ARGUMENTS * 3; i++) {
		int64_t want, got;

		memset(data->args, 0, sizeof(data->args));
		data->args[0] = i < 2 * ARGUMENTS ? arguments[i % ARGUMENTS] : AF_NETLINK;
		data->args[1] = arguments[i % ARGUMENTS];
		data->args[2] = i < ARGUMENTS ? 9 : arguments[i % ARGUMENTS];
		data->args[3] = arguments[i % ARGUMENTS];
		want = expected(rows, data, caps);
		got = interpret(f, (size_t)len, data);
		if (want < 0 && got == SECCOMP_RET_ALLOW)
			continue;
		if (want < 0)
			want = ERRNO(ENOSYS);
		if (want != got)
			ck_abort_msg(
				"%s (%d) on 0x%x with %llx %llx %llx %llx: 0x%llx, not 0x%llx",
				name ? name : "nothing", data->nr, data->arch,
				(unsigned long long)data->args[0],
				(unsigned long long)data->args[1],
				(unsigned long long)data->args[2],
				(unsigned long long)data->args[3],
				(unsigned long long)got, (unsigned long long)want);
	}
}

static void compare_arch(const struct sock_filter *f, int len, uint64_t caps,
			 uint32_t arch)
{
	struct seccomp_data data = { .arch = arch };
	char buf[64];

	for (int nr = 0; nr < 700; nr++) {
		data.nr = nr;
		compare_arguments(f, len, caps, name_of(arch, nr, buf, sizeof(buf)),
				  &data);
	}
	/* x32's numbers, and everything else that is none */
	for (int i = 0; i < 600; i++) {
		data.nr = 0x40000000 + i;
		must(interpret(f, (size_t)len, &data) == ERRNO(ENOSYS));
	}
	for (int i = 1; i < 16; i++) {
		data.nr = -i;
		must(interpret(f, (size_t)len, &data) == ERRNO(ENOSYS));
	}
}

static const struct {
	const char *machine;
	uint32_t arch[2];
} machines[] = {
	{ "x86_64", { SCMP_ARCH_X86_64, SCMP_ARCH_X86 } },
	{ "i686", { SCMP_ARCH_X86, 0 } },
	{ "aarch64", { SCMP_ARCH_AARCH64, SCMP_ARCH_ARM } },
	{ "riscv64", { SCMP_ARCH_RISCV64, 0 } },
	{ "ppc64le", { SCMP_ARCH_PPC64LE, 0 } },
};

static const uint64_t cap_sets[] = {
	PROFILE_DEFAULT_CAPS,
	0,
	UINT64_MAX,
	PROFILE_BIT(CAP_SYS_ADMIN),
	PROFILE_BIT(CAP_AUDIT_WRITE) | PROFILE_BIT(CAP_BPF) | PROFILE_BIT(CAP_SYS_TIME),
};

START_TEST(filter_says_what_the_table_says)
{
	static struct sock_filter f[FILTER_MAX];
	uint64_t caps = cap_sets[_i];

	for (size_t m = 0; m < sizeof(machines) / sizeof(machines[0]); m++) {
		struct seccomp_data alien = { .arch = SCMP_ARCH_MIPS, .nr = 1 };
		int len = filter_compile(machines[m].machine, caps, f);

		ck_assert_int_gt(len, 0);
		for (int a = 0; a < 2 && machines[m].arch[a]; a++)
			compare_arch(f, len, caps, machines[m].arch[a]);
		ck_assert_uint_eq(interpret(f, (size_t)len, &alien),
				  SECCOMP_RET_KILL_PROCESS);
	}
}
END_TEST

START_TEST(unknown_machine_is_refused)
{
	static struct sock_filter f[FILTER_MAX];

	ck_assert_int_eq(filter_compile("pdp11", 0, f), -ENOTSUP);
}
END_TEST

static const struct {
	uint32_t arch;
	int nr;
	uint64_t args[4];
	uint32_t want;
} known[] = {
	/* x86_64 */
	{ SCMP_ARCH_X86_64, 0 /* read */, { 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86_64, 16 /* ioctl */, { 0, 0x5401 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86_64, 16, { 0, 0x5412 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86_64, 16, { 0, 0x100005412 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86_64, 16, { 0, 0xffffffff0000541c }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86_64, 41 /* socket */, { 2, 1, 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86_64, 41, { 38, 5, 0 }, ERRNO(EAFNOSUPPORT) },
	{ SCMP_ARCH_X86_64, 41, { 0x100000028, 1, 0 }, ERRNO(EAFNOSUPPORT) },
	{ SCMP_ARCH_X86_64, 41, { 16, 3, 9 }, ERRNO(EINVAL) },
	{ SCMP_ARCH_X86_64, 41, { 16, 3, 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86_64, 56 /* clone */, { 17 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86_64, 56, { 0x10000011 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86_64, 101 /* ptrace */, { 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86_64, 135 /* personality */, { 0xffffffff }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86_64, 135, { 0x40000 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86_64, 165 /* mount */, { 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86_64, 175 /* init_module */, { 0 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86_64, 188 /* setxattr */, { 0, 0, 0, 4063 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86_64, 188, { 0, 0, 0, 4064 }, ERRNO(ENOSPC) },
	{ SCMP_ARCH_X86_64, 188, { 0, 0, 0, 4095 }, ERRNO(ENOSPC) },
	{ SCMP_ARCH_X86_64, 188, { 0, 0, 0, 4096 }, ERRNO(ENOSPC) },
	{ SCMP_ARCH_X86_64, 189 /* lsetxattr */, { 0, 0, 0, 65536 }, ERRNO(ENOSPC) },
	{ SCMP_ARCH_X86_64, 190 /* fsetxattr */, { 0, 0, 0, 65536 }, ERRNO(ENOSPC) },
	{ SCMP_ARCH_X86_64, 248 /* add_key */, { 0 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86_64, 249 /* request_key */, { 0 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86_64, 250 /* keyctl */, { 0 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86_64, 272 /* unshare */, { 0x20000 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86_64, 272, { 0x10020000 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86_64, 298 /* perf_event_open */, { 0 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86_64, 300 /* fanotify_init */, { 0 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86_64, 304 /* open_by_handle_at */, { 0 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86_64, 308 /* setns */, { 0 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86_64, 321 /* bpf */, { 0 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86_64, 323 /* userfaultfd */, { 0 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86_64, 425 /* io_uring_setup */, { 0 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86_64, 435 /* clone3 */, { 0 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86_64, 443 /* quotactl_fd */, { 0 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86_64, 449 /* futex_waitv */, { 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86_64, 451 /* cachestat */, { 0 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86_64, 452 /* fchmodat2 */, { 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86_64, 457 /* statmount */, { 0 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86_64, 463 /* setxattrat */, { 0 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86_64, 466 /* removexattrat */, { 0 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86_64, 1000, { 0 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86_64, 0x40000000 /* x32 read */, { 0 }, ERRNO(ENOSYS) },
	/* i386 */
	{ SCMP_ARCH_X86, 3 /* read */, { 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86, 28 /* oldfstat */, { 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86, 54 /* ioctl */, { 0, 0x5412 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86, 67 /* sigaction */, { 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86, 89 /* readdir */, { 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86, 102 /* socketcall */, { 1 /* SYS_SOCKET */ }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86, 102, { 3 /* SYS_CONNECT */ }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86, 117 /* ipc */, { 1 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86, 119 /* sigreturn */, { 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86, 120 /* clone */, { 0x10000011 }, ERRNO(EPERM) },
	{ SCMP_ARCH_X86, 226 /* setxattr */, { 0, 0, 0, 4064 }, ERRNO(ENOSPC) },
	{ SCMP_ARCH_X86, 288 /* keyctl */, { 0 }, ERRNO(ENOSYS) },
	{ SCMP_ARCH_X86, 359 /* socket */, { 38, 5, 0 }, ERRNO(EAFNOSUPPORT) },
	{ SCMP_ARCH_X86, 359, { 1, 1, 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86, 362 /* connect */, { 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86, 393 /* semget */, { 0 }, SECCOMP_RET_ALLOW },
	{ SCMP_ARCH_X86, 456 /* futex_requeue */, { 0 }, SECCOMP_RET_ALLOW },
};

START_TEST(rules_of_the_design_hold)
{
	static struct sock_filter f[FILTER_MAX];
	int len = filter_compile("x86_64", PROFILE_DEFAULT_CAPS, f);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct seccomp_data data = { .nr = known[i].nr, .arch = known[i].arch };

		memcpy(data.args, known[i].args, sizeof(known[i].args));
		ck_assert_msg(interpret(f, (size_t)len, &data) == known[i].want,
			      "row %zu: number %d", i, known[i].nr);
	}
}
END_TEST

START_TEST(every_name_of_the_table_is_a_system_call)
{
	char copy[8192], *save;

	for (size_t i = 0; i < profile_rules_len; i++) {
		save = NULL;
		strcpy(copy, profile_rules[i].names);
		for (char *w = strtok_r(copy, " ", &save); w;
		     w = strtok_r(NULL, " ", &save)) {
			bool found = seccomp_syscall_resolve_name(w) != __NR_SCMP_ERROR;

			for (size_t n = 0; n < profile_recent_len; n++)
				found |= !strcmp(profile_recent[n].name, w);
			ck_assert_msg(found, "%s", w);
		}
	}
}
END_TEST

/* Run @test in a child below the filter; its exit status. */
static int below_filter(uint64_t caps, int (*test)(void))
{
	struct plan plan = { 0 };
	struct filter_result f;
	int status;
	pid_t pid;

	ck_assert_int_eq(seccomp_for_caps(&plan, caps, &f, NULL), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct sock_fprog program = { f.len, (struct sock_filter *)f.filter };

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
			_exit(99);
		_exit(test());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	plan_done(&plan);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int try_as_command(void)
{
	pid_t child;

	if (ioctl(0, TIOCSTI, "x") != -1 || errno != EPERM)
		return 1;
	if (socket(AF_ALG, SOCK_SEQPACKET, 0) != -1 || errno != EAFNOSUPPORT)
		return 2;
	if (unshare(CLONE_NEWUSER) != -1 || errno != EPERM)
		return 3;
	if (syscall(SYS_keyctl, 0, 0, 0, 0, 0) != -1 || errno != ENOSYS)
		return 4;
	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		return 5;
	if (syscall(0x40000000L + SYS_getpid) != -1 || errno != ENOSYS)
		return 6;
	if (socket(AF_UNIX, SOCK_STREAM, 0) < 0)
		return 7;
	child = fork();
	if (child == 0)
		_exit(0);
	return child > 0 && waitpid(child, NULL, 0) == child ? 0 : 8;
}

START_TEST(kernel_takes_the_filter)
{
	ck_assert_int_eq(below_filter(PROFILE_DEFAULT_CAPS, try_as_command), 0);
}
END_TEST

static int try_as_admin(void)
{
	return syscall(SYS_clone3, NULL, 0) == -1 && errno != ENOSYS ? 0 : 1;
}

START_TEST(admin_gets_clone3)
{
	ck_assert_int_eq(below_filter(UINT64_MAX, try_as_admin), 0);
}
END_TEST

#if defined(__x86_64__)
static long call_i386(long nr, long b, long c)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "0"(nr), "b"(b), "c"(c), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static int try_as_i386(void)
{
	if (call_i386(20 /* getpid */, 0, 0) != getpid())
		return 1;
	if (call_i386(54 /* ioctl */, 0, TIOCSTI) != -EPERM)
		return 2;
	if (call_i386(102 /* socketcall */, 1, 0) != -EPERM)
		return 3;
	if (call_i386(359 /* socket */, AF_ALG, SOCK_SEQPACKET) != -EAFNOSUPPORT)
		return 4;
	return call_i386(359, AF_UNIX, SOCK_STREAM) >= 0 ? 0 : 5;
}

START_TEST(i386_calls_obey_the_same_policy)
{
	ck_assert_int_eq(below_filter(PROFILE_DEFAULT_CAPS, try_as_i386), 0);
}
END_TEST
#endif

int main(void)
{
	TCase *t = tcase_create("filter");

	tcase_set_timeout(t, 120); /* sanitizers */
	tcase_add_loop_test(t, filter_says_what_the_table_says, 0,
			    (int)(sizeof(cap_sets) / sizeof(cap_sets[0])));
	tcase_add_test(t, unknown_machine_is_refused);
	tcase_add_test(t, rules_of_the_design_hold);
	tcase_add_test(t, every_name_of_the_table_is_a_system_call);
	tcase_add_test(t, kernel_takes_the_filter);
	tcase_add_test(t, admin_gets_clone3);
#if defined(__x86_64__)
	tcase_add_test(t, i386_calls_obey_the_same_policy);
#endif
	return run_case("seccomp", t);
}
