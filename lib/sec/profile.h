/* SPDX-License-Identifier: MIT */
/*
 * profile - the default seccomp profile as data: which system calls a command may make.
 * What the table says is turned into BPF by filter.c, at build time for the default
 * capabilities and by the seccomp module for any other set.
 */
#pragma once

#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>

/*
 * PROFILE_ABSENT: no kernel has the call. ENOSYS, by the filter or the kernel, what is
 * shorter.
 */
enum { PROFILE_TESTS = 2, PROFILE_ALLOW = 0, PROFILE_ABSENT = -1, PROFILE_ANY_CAP = -1 };

/* Where a row counts. s390 alone has clone(2)'s flags in the second argument. */
enum profile_arch { PROFILE_EVERYWHERE, PROFILE_S390, PROFILE_NOT_S390 };

/* True if (low 32 bits of argument @arg & @mask) == @value; @mask 0: no test. */
struct profile_test {
	uint8_t arg;
	uint32_t mask, value;
};

/*
 * The rows of one system call are tried in order and the first that applies decides. A
 * row applies if the command has the capability @with, has not the capability @without,
 * and all @tests hold. Without any such row the answer is PROFILE_DEFAULT.
 */
struct profile_rule {
	const char *names;    /* separated by single spaces */
	int16_t answer;       /* PROFILE_ALLOW, PROFILE_ABSENT or an errno(3) number */
	int8_t with, without; /* CAP_* or PROFILE_ANY_CAP */
	enum profile_arch arch;
	struct profile_test tests[PROFILE_TESTS];
};

/* ENOSYS: programs fall back to an older call, which they do not after EPERM. */
#define PROFILE_DEFAULT 38

extern const struct profile_rule profile_rules[];
extern const size_t profile_rules_len;

/* Numbers, equal on all architectures, that the libseccomp of the build may not know. */
struct profile_recent {
	const char *name;
	uint32_t nr;
};

extern const struct profile_recent profile_recent[];
extern const size_t profile_recent_len;

/*
 * No capability, but counted among them: another filter is above, which has each new user
 * namespace decided one by one (sec/fake.c).
 */
enum { PROFILE_ASKED = 62 };

/* Capabilities the rows ask for: no other one changes the filter. */
uint64_t profile_caps(void);

/* Capabilities of a command when nothing else is asked for: those of podman(1). */
#define PROFILE_BIT(cap) (UINT64_C(1) << (cap))
#define PROFILE_DEFAULT_CAPS                                                            \
	(PROFILE_BIT(CAP_CHOWN) | PROFILE_BIT(CAP_DAC_OVERRIDE) |                       \
	 PROFILE_BIT(CAP_FOWNER) | PROFILE_BIT(CAP_FSETID) | PROFILE_BIT(CAP_KILL) |    \
	 PROFILE_BIT(CAP_NET_BIND_SERVICE) | PROFILE_BIT(CAP_SETFCAP) |                 \
	 PROFILE_BIT(CAP_SETGID) | PROFILE_BIT(CAP_SETPCAP) | PROFILE_BIT(CAP_SETUID) | \
	 PROFILE_BIT(CAP_SYS_CHROOT))
