/* SPDX-License-Identifier: MIT */
/*
 * sealed-parts - what the files of the sealed program have for each other; see sealed.h.
 */
#pragma once

#include <stddef.h>
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
	/* candidates_len of them, then the command's argv */
	const char *const *candidates;
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
/*
 * Be who is asked about changes of ids, through @listener, of a command that began with
 * these.
 */
_Noreturn void sealed_answer(int listener, uint32_t uid, uint32_t gid);
/* Hold a container, or with @watcher a process in one. */
_Noreturn void sealed_keep(int watcher);

/*
 * The number after @name, which begins a line of the file @path below @dir; 0: there is
 * none.
 */
uint64_t sealed_read_field(int dir, const char *path, const char *name);
/*
 * The directory of process @tid in the host's /proc, where it has another number,
 * *ret_pid: the kernel says it of a descriptor. It can be given to pidfd_send_signal(2).
 * -EINVAL: it is no process, but a thread of one; -errno.
 */
int sealed_open_proc(int tid, uint64_t *ret_pid);
/* A map of one id. */
int sealed_write_map(int proc, const char *name, uint32_t inside, uint32_t outside);
