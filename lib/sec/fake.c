/* SPDX-License-Identifier: MIT */
/*
 * fake - let programs believe that they are root among many users, where there is one id.
 *
 * Calls that would change owners, or make a device file, answer success and do nothing.
 * Package managers and entry points need no more. It gives no right: what is not done is
 * not done, and what such a program then reads back is the truth. See seccomp(2),
 * user_namespaces(7).
 *
 * Calls that would change the ids of a process ask a process of ours outside
 * (sealed/sealed-ids.c), by a notification: it brings what gives up root for good into a
 * user namespace in which the one id has the number that was asked for. From then on the
 * kernel knows it, and no other call is slower. Where that cannot be, these calls answer
 * success as well.
 *
 * Installed last: of two filters that answer with an error number the newer one's counts.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <minc/container.h>
#include <sched.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "sec/sec-rows.h"
#include "sec/sec.h"

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#if defined(__x86_64__)
#define COMPAT_UNSHARE 310 /* of i386 */
#else
#define COMPAT_UNSHARE 337 /* of arm */
#endif

static const int owner_calls[] = {
#ifdef SYS_chown
	SYS_chown,
	SYS_lchown,
#endif
	SYS_fchown,
	SYS_fchownat,
};

static const int id_calls[] = {
	SYS_setuid,    SYS_setgid,    SYS_setreuid, SYS_setregid, SYS_setresuid,
	SYS_setresgid, SYS_setgroups, SYS_setfsuid, SYS_setfsgid, SYS_capset,
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
enum { FILTER_ROOM = LENGTH(owner_calls) + LENGTH(id_calls) + 48 };

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

/* @call with CLONE_NEWUSER is answered by @action, without by ALLOW. */
static void rule_unshare(struct program *p, uint32_t call, uint32_t action)
{
	put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4));
	put(p, (struct sock_filter)LOAD(args[0]));
	put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0,
					    1));
	answer(p, action);
	answer(p, SECCOMP_RET_ALLOW);
}

static void rule_calls(struct program *p, const int *calls, unsigned len, uint32_t action)
{
	for (unsigned i = 0; i < len; i++)
		put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						    (uint32_t)calls[i],
						    (unsigned char)(len - 1 - i),
						    i + 1 < len ? 0 : 1));
	answer(p, action);
}

/*
 * @ids: what calls that change ids are answered. @users: new user namespaces are left to
 * us.
 */
static unsigned short compile(struct sock_filter *code, uint32_t ids, bool users)
{
	const uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
	struct program p = { .code = code };

	put(&p, (struct sock_filter)LOAD(arch));
	put(&p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE,
					     users ? 7 : 1, 0));
	/* other numbers: another machine's calls are not faked */
	if (users) {
		put(&p, (struct sock_filter)LOAD(nr));
		rule_unshare(&p, COMPAT_UNSHARE, refuse);
	}
	answer(&p, SECCOMP_RET_ALLOW);
	put(&p, (struct sock_filter)LOAD(nr));
	if (users)
		rule_unshare(&p, SYS_unshare,
			     ids == SECCOMP_RET_USER_NOTIF ? ids : refuse);
#ifdef SYS_mknod
	fake_mknod(&p, SYS_mknod, offsetof(struct seccomp_data, args[1]));
#endif
	fake_mknod(&p, SYS_mknodat, offsetof(struct seccomp_data, args[2]));
	rule_calls(&p, owner_calls, LENGTH(owner_calls), SECCOMP_RET_ERRNO);
	rule_calls(&p, id_calls, LENGTH(id_calls), ids);
	answer(&p, SECCOMP_RET_ALLOW);
	return p.len;
}

#else

static unsigned short compile(struct sock_filter *code, uint32_t ids, bool users)
{
	(void)ids, (void)users;
	return 0; /* the step says that it cannot */
}

#endif

bool sec_fakes(const struct spec *s, bool single_id)
{
	return s->flag_origin[MINC_FAKE_ROOT]
		       ? spec_flag(s, MINC_FAKE_ROOT)
		       : single_id && (s->image.layers_len || s->fake_root_auto);
}

/* Whether ids could be remembered here, if the kernel let us trace who changes them. */
static bool could_remember(const struct spec *s, const struct host *h, bool single_id)
{
	if (!h->listeners || !sec_fakes(s, single_id) || !single_id)
		return false;
	/*
	 * without no_new_privs a file may give all capabilities in the new namespace: it
	 * is refused
	 */
	if (spec_flag(s, MINC_PRIVILEGED) && sec_has_default_filter(s))
		return false;
	for (const struct spec_rlimit *i = s->rlimits; i; i = i->next)
		/* where it is noted down what was asked for */
		if (i->resource == RLIMIT_LOCKS)
			return false;
	return true;
}

bool sec_remembers(const struct spec *s, const struct host *h, bool single_id)
{
	return could_remember(s, h, single_id) && !h->untraceable;
}

void sec_plan_fake(struct plan *p, const struct spec *s, const struct host *h,
		   const struct identity *id, bool single_id)
{
	const char *origin = s->flag_origin[MINC_FAKE_ROOT];
	const bool users = p->ids && sec_has_default_filter(s);
	struct sock_filter *code, *spare;
	struct step_seccomp *d;

	if (!sec_fakes(s, single_id))
		return;
	if (!p->ids && could_remember(s, h, single_id))
		plan_warn(
			p,
			"kernel.yama.ptrace_scope is 3: a program that gives up root stays root to itself, "
			"and may try it for ever");
	code = plan_alloc(p, FILTER_ROOM * sizeof(*code));
	spare = plan_alloc(p, FILTER_ROOM * sizeof(*spare));
	d = plan_append(
		    p, &step_seccomp, origin,
		    p->ids ? "there is one id: changes of owners answer success, and who "
			     "gives up root has it under another number"
			   : "changes of owners and ids answer success: there is one id")
		    ->data;
	d->name = "fake root";
	if (!code || !spare)
		return; /* plan_seal() fails */
	d->spare = spare;
	d->spare_len = compile(spare, SECCOMP_RET_ERRNO, users);
	d->filter = p->ids ? code : spare;
	d->len = p->ids ? compile(code, SECCOMP_RET_USER_NOTIF, users) : d->spare_len;
	d->asks = p->ids;
	d->uid = id->uid;
	d->gid = id->gid;
}
