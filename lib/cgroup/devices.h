/* SPDX-License-Identifier: MIT */
/*
 * devices - which device files processes in a group may make and open. Somebody who can
 * make them reaches every disk by its number, whatever /dev shows: so a container that
 * can has a list, that of podman and its kin, and what its options show. So has one that
 * is shown a device to be read only, for a read-only mount does not bind device files.
 *
 * cgroup v1 takes the list as lines of text, v2 a program of bpf(2), which the kernel
 * asks at each mknod(2) and open(2). See the kernel's admin-guide/cgroup-v1/devices and
 * bpf-helpers(7).
 */
#pragma once

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* As the kernel's BPF_DEVCG_ACC_*. */
enum device_access {
	DEVICE_MKNOD = 1,
	DEVICE_READ = 2,
	DEVICE_WRITE = 4,
	DEVICE_ALL = 7
};
enum { DEVICE_ANY = -1 };

struct device_rule {
	char type;        /* 'b' or 'c' */
	int major, minor; /* or DEVICE_ANY */
	unsigned access;  /* bits of enum device_access */
};

/* What every container may do; its end has no type. */
extern const struct device_rule device_rules[];

/* Instructions of a program for @rules rules, at most. */
#define DEVICE_PROGRAM_MAX(rules) (6 + 8 * (rules) + 2)

/*
 * Whatever is not allowed by one of @rules, none of which allows everything, is denied.
 */
size_t device_program(const struct device_rule *rules, size_t len, struct bpf_insn *ret);

/*
 * Have the kernel ask @program for the group of v2 with the directory @group, as long as
 * there is that group; programs of groups above are asked as well. 0 or -errno: -EPERM if
 * one above forbids it.
 */
int device_attach(int group, const struct bpf_insn *program, size_t len);
/* How many programs group @group of v2 has itself; -errno. */
int device_attached(int group);
