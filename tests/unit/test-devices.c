/* SPDX-License-Identifier: MIT */
/*
 * devices - the list of devices as a program of bpf(2): by an interpreter of its
 * instructions against what the rules say, and in the kernel, in a group of its own.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/devices.h"
#include "plan/host.h"
#include "suite.h"

enum { RULES_MAX = 16 };

/* The value of an instruction's right side. */
static uint64_t operand(const struct bpf_insn *i, const uint64_t *reg)
{
	return BPF_SRC(i->code) == BPF_X ? reg[i->src_reg] : (uint64_t)(int64_t)i->imm;
}

static void calculate(const struct bpf_insn *i, uint64_t *reg)
{
	const uint32_t with = (uint32_t)operand(i, reg);
	uint32_t value = (uint32_t)reg[i->dst_reg];

	switch (BPF_OP(i->code)) {
	case BPF_MOV:
		value = with;
		break;
	case BPF_AND:
		value &= with;
		break;
	case BPF_RSH:
		value >>= with;
		break;
	default:
		ck_abort_msg("no such operation here: %#x", i->code);
	}
	reg[i->dst_reg] = value; /* of 32 bits: the rest is cleared */
}

static bool interpret(const struct bpf_insn *program, size_t len,
		      const struct bpf_cgroup_dev_ctx *ask)
{
	uint64_t reg[11] = { 0 };
	uint32_t word;

	for (size_t at = 0; at < len; at++) {
		const struct bpf_insn *i = &program[at];

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			ck_assert(i->src_reg == 1 && (size_t)i->off + 4 <= sizeof(*ask));
			memcpy(&word, (const char *)ask + i->off, sizeof(word));
			reg[i->dst_reg] = word;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			ck_assert_int_gt(i->off, 0); /* the kernel refuses loops of old */
			at += reg[i->dst_reg] != operand(i, reg) ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			ck_assert(reg[0] <= 1);
			return reg[0];
		default:
			ck_assert_uint_eq(BPF_CLASS(i->code), BPF_ALU);
			calculate(i, reg);
		}
	}
	ck_abort_msg("the program runs over its end");
}

/* What the rules say, said differently: one of them allows all that is wanted. */
static bool allows(const struct device_rule *rules, size_t len,
		   const struct bpf_cgroup_dev_ctx *ask)
{
	const unsigned access = ask->access_type >> 16;

	for (size_t i = 0; i < len; i++)
		if ((rules[i].type == 'b') ==
			    ((ask->access_type & 0xffff) == BPF_DEVCG_DEV_BLOCK) &&
		    (access & rules[i].access) == access &&
		    (rules[i].major == DEVICE_ANY ||
		     (unsigned)rules[i].major == ask->major) &&
		    (rules[i].minor == DEVICE_ANY ||
		     (unsigned)rules[i].minor == ask->minor))
			return true;
	return false;
}

static void expect_same(const struct device_rule *rules, size_t len)
{
	static const unsigned majors[] = { 0, 1, 5, 7, 8, 10, 136, 254, 4095 },
			      minors[] = { 0, 1, 2, 3, 5, 9, 229, 1048575 };
	struct bpf_insn program[DEVICE_PROGRAM_MAX(RULES_MAX)];
	const size_t n = device_program(rules, len, program);

	ck_assert_uint_le(n, DEVICE_PROGRAM_MAX(len));
	for (unsigned type = BPF_DEVCG_DEV_BLOCK; type <= BPF_DEVCG_DEV_CHAR; type++)
		for (unsigned access = 1; access <= DEVICE_ALL; access++)
			for (size_t i = 0; i < 9; i++)
				for (size_t k = 0; k < 8; k++) {
					const struct bpf_cgroup_dev_ctx ask = {
						access << 16 | type, majors[i], minors[k]
					};

					ck_assert_msg(interpret(program, n, &ask) ==
							      allows(rules, len, &ask),
						      "%u %u:%u %u", type, majors[i],
						      minors[k], access);
				}
}

static size_t count_rules(void)
{
	size_t n = 0;

	while (device_rules[n].type)
		n++;
	return n;
}

START_TEST(the_program_says_what_the_rules_say)
{
	static const struct device_rule some[] = {
		{ 'b', 8, DEVICE_ANY, DEVICE_READ | DEVICE_MKNOD },
		{ 'c', DEVICE_ANY, 3, DEVICE_WRITE },
		{ 'b', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD },
		{ 'c', 4095, 1048575, DEVICE_ALL },
		{ 'b', 254, 0, DEVICE_ALL },
	};

	expect_same(device_rules, count_rules());
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		expect_same(some, i + 1);
	expect_same(some, 0); /* nothing is allowed */
}
END_TEST

START_TEST(without_more_no_disk_is_opened)
{
	struct bpf_insn program[DEVICE_PROGRAM_MAX(RULES_MAX)];
	const size_t n = device_program(device_rules, count_rules(), program);
	struct bpf_cgroup_dev_ctx ask = { .major = 8 };

	ask.access_type = DEVICE_READ << 16 | BPF_DEVCG_DEV_BLOCK;
	ck_assert(!interpret(program, n, &ask));
	ask.access_type = DEVICE_MKNOD << 16 | BPF_DEVCG_DEV_BLOCK;
	ck_assert(interpret(program, n, &ask));
	ask.access_type = (DEVICE_MKNOD | DEVICE_READ) << 16 | BPF_DEVCG_DEV_BLOCK;
	ck_assert(!interpret(program, n, &ask));
	ask.access_type = DEVICE_READ << 16 | BPF_DEVCG_DEV_CHAR; /* /dev/mem */
	ask.major = ask.minor = 1;
	ck_assert(!interpret(program, n, &ask));
	ask.major = 5; /* nor what is typed at the machine's console */
	ck_assert(!interpret(program, n, &ask));
	ask.minor = 2;
	ck_assert(interpret(program, n, &ask));
}
END_TEST

/* A group of cgroup2 of our own, or -errno. */
static int make_group(char *path, size_t len)
{
	struct host h;
	int fd = -ENOENT;

	ck_assert_int_eq(host_probe(&h), 0);
	ck_assert_int_eq(host_probe_cgroups(&h), 0);
	if (h.cgroups->v2_mount) {
		snprintf(path, len, "%s/minctest-devices-%d", h.cgroups->v2_mount,
			 getpid());
		fd = mkdir(path, 0755) < 0
			     ? -errno
			     : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	host_done(&h);
	return fd;
}

/* In the group, on a tmpfs where devices work: which of four things are so. */
enum { NULL_MADE = 1, NULL_WORKS = 2, OTHER_MADE = 4, OTHER_WORKS = 8, NOTHING = 16 };

static int try_devices(int group)
{
	int procs = openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC), ret = 0;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0 || procs < 0 ||
	    write(procs, "0", 1) != 1)
		return NOTHING;
	if (mknod("/tmp/null", S_IFCHR | 0600, makedev(1, 3)) == 0)
		ret |= NULL_MADE;
	if (open("/tmp/null", O_RDWR | O_CLOEXEC) >= 0)
		ret |= NULL_WORKS;
	if (mknod("/tmp/other", S_IFCHR | 0600, makedev(10, 229)) == 0)
		ret |= OTHER_MADE;
	if (open("/tmp/other", O_RDWR | O_CLOEXEC) >= 0 || errno != EPERM)
		ret |= OTHER_WORKS;
	return ret;
}

START_TEST(the_kernel_asks_the_program)
{
	struct bpf_insn program[DEVICE_PROGRAM_MAX(RULES_MAX)];
	const size_t n = device_program(device_rules, count_rules(), program);
	char path[256];
	int group = geteuid() ? -EPERM : make_group(path, sizeof(path)), r, status = -1;
	pid_t pid;

	if (group < 0) {
		printf("SKIP the_kernel_asks_the_program: %s\n", strerror(-group));
		return;
	}
	r = device_attach(group, program, n);
	pid = r == 0 ? fork() : -1;
	if (pid == 0)
		_exit(try_devices(group));
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	ck_assert_int_eq(r < 0 ? 0 : device_attached(group), r == 0);
	close(group);
	ck_assert_int_eq(rmdir(path), 0);
	if (r == -ENOSYS || r == -EINVAL) {
		puts("SKIP the_kernel_asks_the_program: no CONFIG_CGROUP_BPF");
		return;
	}
	ck_assert_msg(r == 0, "%s", strerror(-r));
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), NULL_MADE | NULL_WORKS | OTHER_MADE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("devices");
	TCase *t = tcase_create("program"), *real = tcase_create("kernel");

	tcase_add_test(t, the_program_says_what_the_rules_say);
	tcase_add_test(t, without_more_no_disk_is_opened);
	suite_add_tcase(s, t);
	tcase_add_test(real, the_kernel_asks_the_program);
	suite_add_tcase(s, real);
	return run_suite(s, false);
}
