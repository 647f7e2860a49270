/* SPDX-License-Identifier: MIT */
/*
 * sealed - the program between us and every command: a freestanding static executable of
 * a few KiB, embedded in the library and executed from a sealed memfd. It needs no file
 * in the container's root, nothing of the caller's memory stays mapped, and /proc/PID/exe
 * of what executes the command is this file, which nobody can write, and never a program
 * of the host (CVE-2019-5736): not for a command, an interpreter or a loader that is a
 * link to /proc/self/exe. The first word of its arguments says what it does:
 *
 *   { "exec", CHANNEL:STEP, NCANDIDATES, CANDIDATE.., ARGV0, ARG.. }
 *	executes the command in its own place. The candidates are tried as execvp(3) does.
 *	CHANNEL is the number of the inherited socket on which a failure is reported as
 *	struct verdict { VERDICT_FAILED, STEP, -errno }; success closes it.
 *   { "init", and the same }
 *	stays as process 1: forwards every signal that it can catch to the command, reaps
 *	every orphan, and exits with the command's status (128+N for a signal).
 *   { "enter", and the same }
 *	is outside of the pid namespace of a container that it has joined. It forks, tells
 *	CHANNEL of its child by VERDICT_PROCESS, and exits. The child is a child of its
 *	parent, the caller; it awaits a byte on CHANNEL, makes a session, takes the
 *	terminal that is descriptor CHANNEL + 1, if any, and executes the command.
 *   { "hold", and the same }
 *	stays as process 1 of a container without a command, whose files are looked at
 *	from outside, until it is killed.
 *   { "minc-keeper" }
 *	is process 1 of a pid namespace around the container's, and the parent of process
 *	1 of that, whose pidfd it has as KEEPER_PROCESS. When it ends the kernel ends all
 *	that is inside, whatever ids that has taken. It ends when process 1 does, with its
 *	status, or when KEEPER_HOLDER does, a pidfd, or without one by PR_SET_PDEATHSIG.
 *	It kills process 1 when one of KEEPER_WATCHED hangs up. What else it has it only
 *	keeps open: a lock.
 *	From KEEPER_IDS comes the listener of a filter that asks about changes of ids,
 *	with struct ids_begin. The first question is the beginning of a child that answers
 *	(sealed-ids.c); if that ends too early, so does process 1.
 *   { "minc-watcher" }
 *	kills KEEPER_PROCESS, which has entered a container, when KEEPER_HOLDER ends, and
 *	does the same for KEEPER_IDS. Who answers goes on while there is anybody to ask.
 *
 * As anything else, such as a command that is /proc/self/exe, it exits with 126.
 */
#pragma once

#include <stddef.h>

/* The executable's bytes; generated at build time. */
extern const unsigned char sealed_program[];
extern const size_t sealed_program_len;

/*
 * From 0 on, for a keeper has no use for standard files; all but the first may be closed.
 */
enum keeper_fd {
	KEEPER_PROCESS,
	KEEPER_HOLDER,
	KEEPER_IDS,
	KEEPER_WATCHED, /* several, without a gap */
	KEEPER_WATCHED_MAX = 2,
	KEEPER_FDS_END = KEEPER_WATCHED + KEEPER_WATCHED_MAX
};
