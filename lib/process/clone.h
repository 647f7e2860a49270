/* SPDX-License-Identifier: MIT */
/*
 * clone - a new process on a stack of its own, in the caller's memory: it costs the same
 * whatever the caller's size. What runs there is child code (docs/architecture.md).
 */
#pragma once

#include <stdbool.h>

#include "base/sys.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

enum { CLONE_STACK_BYTES = 256 * 1024 };

/* A sanitizer's shadow memory does not survive a second stack in the same process. */
#if defined(__SANITIZE_ADDRESS__)
static const bool clone_may_share = false;
#else
static const bool clone_may_share = true;
#endif

/*
 * @n stacks of CLONE_STACK_BYTES with a guard below each, in one mapping: what to unmap,
 * or NULL. Their lowest usable addresses in @ret.
 */
char *clone_map_stacks(size_t n, char **ret);
void clone_unmap_stacks(char *mapping, size_t n);

/* Child code: the work of a new process; does not return. */
typedef void clone_fn(void *arg);
/* clone3(2) on the stack in @a, or with a copy of the memory; the new id or -errno. */
long clone_on_stack(struct sys_clone_args *a, clone_fn *fn, void *arg);
long clone_copy(struct sys_clone_args *a, clone_fn *fn, void *arg);
/*
 * The one with @stack: back when the new process has executed or ended; else the other.
 */
long clone_below(struct sys_clone_args *a, char *stack, size_t stack_bytes, clone_fn *fn,
		 void *arg);
