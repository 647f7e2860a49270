/* SPDX-License-Identifier: MIT */
/* device-bpf - a list of devices as a program of bpf(2); see devices.h. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/devices.h"

/* What the kernel asks about is at r1: access << 16 | type, major, minor. */
enum { R_RESULT, R_CONTEXT, R_TYPE, R_ACCESS, R_MAJOR, R_MINOR };
#define R_SCRATCH R_CONTEXT /* all of it is in registers by then */

static struct bpf_insn op(unsigned code, unsigned dst, unsigned src, int off, int imm)
{
	return (struct bpf_insn){ .code = (__u8)code,
				  .dst_reg = dst & 0xf,
				  .src_reg = src & 0xf,
				  .off = (__s16)off,
				  .imm = imm };
}

static struct bpf_insn load(unsigned dst, size_t offset)
{
	return op(BPF_LDX | BPF_MEM | BPF_W, dst, R_CONTEXT, (int)offset, 0);
}

static struct bpf_insn alu(unsigned operation, unsigned dst, int imm)
{
	return op(BPF_ALU | operation | BPF_K, dst, 0, 0, imm);
}

/* To the next rule, which is not known yet, if @reg is not @imm. */
static struct bpf_insn unless(unsigned reg, int imm)
{
	return op(BPF_JMP | BPF_JNE | BPF_K, reg, 0, 0, imm);
}

static size_t prologue(struct bpf_insn *p)
{
	size_t n = 0;

	p[n++] = load(R_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	p[n++] = load(R_ACCESS, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	p[n++] = load(R_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	p[n++] = load(R_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	p[n++] = alu(BPF_AND, R_TYPE, 0xffff);
	p[n++] = alu(BPF_RSH, R_ACCESS, 16);
	return n;
}

static size_t rule_program(const struct device_rule *rule, struct bpf_insn *p)
{
	size_t n = 0;

	p[n++] = unless(R_TYPE,
			rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->access != DEVICE_ALL) { /* all that is wanted must be in it */
		p[n++] = op(BPF_ALU | BPF_MOV | BPF_X, R_SCRATCH, R_ACCESS, 0, 0);
		p[n++] = alu(BPF_AND, R_SCRATCH, (int)~rule->access);
		p[n++] = unless(R_SCRATCH, 0);
	}
	if (rule->major != DEVICE_ANY)
		p[n++] = unless(R_MAJOR, rule->major);
	if (rule->minor != DEVICE_ANY)
		p[n++] = unless(R_MINOR, rule->minor);
	p[n++] = alu(BPF_MOV, R_RESULT, 1);
	p[n++] = op(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (size_t i = 0; i < n; i++)
		if (p[i].code == (BPF_JMP | BPF_JNE | BPF_K))
			p[i].off = (__s16)(n - i - 1);
	return n;
}

size_t device_program(const struct device_rule *rules, size_t len, struct bpf_insn *ret)
{
	size_t n = prologue(ret);

	for (size_t i = 0; i < len; i++)
		n += rule_program(&rules[i], ret + n);
	ret[n++] = alu(BPF_MOV, R_RESULT, 0);
	ret[n++] = op(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return n;
}

static int bpf(int command, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

int device_attach(int group, const struct bpf_insn *program, size_t len)
{
	cleanup_close int fd = -EBADF;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = (__u32)len;
	attr.license = (uintptr_t) "MIT";
	/* for bpftool(8); shorter than the field */
	strcpy(attr.prog_name, "minc_devices");
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		return fd;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (__u32)group;
	attr.attach_bpf_fd = (__u32)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	return bpf(BPF_PROG_ATTACH, &attr);
}

int device_attached(int group)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (__u32)group;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	r = bpf(BPF_PROG_QUERY, &attr);
	return r < 0 ? r : (int)attr.query.prog_cnt;
}
