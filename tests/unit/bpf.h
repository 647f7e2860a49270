/* SPDX-License-Identifier: MIT */
/* bpf - an interpreter of the instructions that seccomp filters consist of, for tests. */
#pragma once

#include <check.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))

/* ck_assert() writes to a file each time; this is called millions of times. */
static inline void must(bool condition)
{
	if (!condition)
		ck_abort_msg("an instruction that no filter has, or no end");
}

static inline uint32_t jump_of(const struct sock_filter *f, uint32_t a)
{
	bool yes = false;

	switch (BPF_OP(f->code)) {
	case BPF_JA:
		return f->k;
	case BPF_JEQ:
		yes = a == f->k;
		break;
	case BPF_JGE:
		yes = a >= f->k;
		break;
	case BPF_JGT:
		yes = a > f->k;
		break;
	case BPF_JSET:
		yes = a & f->k;
		break;
	default:
		must(false);
	}
	return yes ? f->jt : f->jf;
}

static inline uint32_t interpret(const struct sock_filter *f, size_t len,
				 const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t i = 0; i < len; i++) {
		switch (BPF_CLASS(f[i].code)) {
		case BPF_LD:
			must(f[i].code == (BPF_LD | BPF_W | BPF_ABS));
			must(f[i].k < sizeof(*data));
			memcpy(&a, (const char *)data + f[i].k, sizeof(a));
			break;
		case BPF_ALU:
			must(f[i].code == (BPF_ALU | BPF_AND | BPF_K));
			a &= f[i].k;
			break;
		case BPF_JMP:
			i += jump_of(&f[i], a);
			break;
		case BPF_RET:
			return f[i].k;
		default:
			must(false);
		}
	}
	must(false);
	return 0;
}
