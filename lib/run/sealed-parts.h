/* SPDX-License-Identifier: MIT */
/* sealed-parts - what the files of the sealed program have for each other; see sealed.h. */
#pragma once

#include <stdint.h>

enum {
	EXIT_OURS = 125,
	EXIT_CANNOT_EXECUTE = 126,
	EXIT_NOT_FOUND = 127,
	EXIT_BY_SIGNAL = 128,
	SIGSET_BYTES = 8
};

/* The kernel's struct sigaction; libc's differs. */
struct sealed_action {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

/* A command and how it is executed. */
struct sealed_command {
	int channel;
	uint32_t step;
	const char *const *candidates; /* candidates_len of them, then the command's argv */
	unsigned long candidates_len;
	const char *const *argv, *const *envp;
	uint64_t mask; /* of the command; ours is full */
	struct sealed_action chld;
};

/* Tell the caller that the command does not run; nobody is there to hear of a failure. */
void sealed_report(const struct sealed_command *c, int err);
/* Become the command, or report and exit. */
_Noreturn void sealed_execute(const struct sealed_command *c);
/* Become the command in a new process of the joined pid namespace. */
_Noreturn void sealed_enter(const struct sealed_command *c);
/* Be process 1 beside it. */
_Noreturn void sealed_init(const struct sealed_command *c);
/* Hold a container, or with @watcher a process in one. */
_Noreturn void sealed_keep(int watcher);
