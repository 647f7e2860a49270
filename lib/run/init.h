/* SPDX-License-Identifier: MIT */
/*
 * init - the program that is process 1 with --init: a freestanding static executable of a
 * few KiB, embedded in the library and executed from a sealed memfd, so that it needs no
 * file in the container's root and nothing of the caller's memory stays mapped.
 *
 * It inherits finished privileges, environment, directory, terminal and signal state, and
 *   argv = { "init", CHANNEL, NCANDIDATES, CANDIDATE.., ARGV0, ARG.. }
 * where CHANNEL is the number of the inherited socket on which a failed execve is reported
 * as struct verdict { VERDICT_FAILED, STEP, -errno } (STEP follows as "CHANNEL:STEP").
 * Success closes the channel (CLOEXEC). The candidates are tried as run/child.c does.
 * It forwards every signal it can catch to the command, reaps every orphan, and exits with
 * the command's status (128+N for a signal) after killing what is left by its own end.
 *
 * With argv[0] "exec" it executes the command in its own place, and that is all: whoever
 * enters a container comes from this program, not from the caller's, so that a command
 * like /proc/self/exe finds this sealed file and not a program of the host (CVE-2019-5736).
 */
#pragma once

#include <stddef.h>

/* The executable's bytes; generated at build time. */
extern const unsigned char init_program[];
extern const size_t init_program_len;
