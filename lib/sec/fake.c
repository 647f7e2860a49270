/* SPDX-License-Identifier: MIT */
/*
 * fake - let programs believe that they are root among many users, where there is one id: calls
 * that would change owners or ids, or make a device file, answer success and do nothing. Package
 * managers and entry points need no more. It gives no right: what is not done is not done, and
 * what such a program then reads back is the truth. See seccomp(2), user_namespaces(7).
 *
 * Installed last: of two filters that answer with an error number the newer one's counts.
 */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <minc/container.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "sec/sec.h"

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

static const int calls[] = {
#ifdef SYS_chown
	SYS_chown,     SYS_lchown,
#endif
	SYS_fchown,    SYS_fchownat, SYS_setuid,    SYS_setgid,
	SYS_setreuid,  SYS_setregid, SYS_setresuid, SYS_setresgid,
	SYS_setgroups, SYS_setfsuid, SYS_setfsgid,  SYS_capset,
};

enum { CALLS = sizeof(calls) / sizeof(calls[0]), FILTER_ROOM = CALLS + 24 };

#ifdef MACHINE

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))

struct program {
	struct sock_filter *code;
	unsigned short len;
};

static void put(struct program *p, struct sock_filter instruction)
{
	p->code[p->len++] = instruction;
}

static void answer(struct program *p, uint32_t action)
{
	put(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Only devices: anybody may make a FIFO. @mode: the argument that says which. */
static void fake_mknod(struct program *p, int call, size_t mode)
{
	put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0,
					    6));
	put(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)mode));
	put(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, S_IFMT));
	put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, S_IFCHR, 1, 0));
	put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, S_IFBLK, 0, 1));
	answer(p, SECCOMP_RET_ERRNO);
	answer(p, SECCOMP_RET_ALLOW);
}

static unsigned short compile(struct sock_filter *code)
{
	struct program p = { .code = code };

	put(&p, (struct sock_filter)LOAD(arch));
	put(&p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0));
	answer(&p,
	       SECCOMP_RET_ALLOW); /* other numbers: another machine's calls are not faked */
	put(&p, (struct sock_filter)LOAD(nr));
#ifdef SYS_mknod
	fake_mknod(&p, SYS_mknod, offsetof(struct seccomp_data, args[1]));
#endif
	fake_mknod(&p, SYS_mknodat, offsetof(struct seccomp_data, args[2]));
	for (unsigned char i = 0; i < CALLS; i++)
		put(&p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						     (uint32_t)calls[i],
						     (unsigned char)(CALLS - i), 0));
	answer(&p, SECCOMP_RET_ALLOW);
	answer(&p, SECCOMP_RET_ERRNO); /* number 0: success */
	return p.len;
}

#else

static unsigned short compile(struct sock_filter *code)
{
	return 0; /* the step says that it cannot */
}

#endif

bool sec_fakes(const struct spec *s, bool single_id)
{
	return s->flag_origin[MINC_FAKE_ROOT] ? spec_flag(s, MINC_FAKE_ROOT) :
						single_id && (s->image.layers_len || s->fake_root_auto);
}

void sec_plan_fake(struct plan *p, const struct spec *s, bool single_id)
{
	const char *origin = s->flag_origin[MINC_FAKE_ROOT];
	struct sock_filter *code;
	struct step *step;

	if (!sec_fakes(s, single_id))
		return;
	code = plan_alloc(p, FILTER_ROOM * sizeof(*code));
	step = plan_append(p, STEP_SECCOMP, origin,
			   "changes of owners and ids answer success: there is one id");
	step->seccomp.name = "fake root";
	step->seccomp.filter = code;
	step->seccomp.len =
		code ? compile(code) : 0; /* without memory plan_seal() fails */
}
