/* SPDX-License-Identifier: MIT */
/*
 * monitor - the process beside a background container: a freestanding static executable
 * of a few KiB, embedded in the library and executed from a sealed memfd. It is the
 * parent of the container's keeper, which ends with it (keeper-step.c).
 *
 * It inherits the descriptors below and is told
 *   argv = { "minc-monitor", FLAGS, LOG_BYTES, ID, DEVICE:INODE, CGROUP.. }
 * with FLAGS made of "t" (it has a terminal), "r" (forget it when it ends), "-"
 * (nothing), and the numbers of the state directory, for who looks for its monitor: the
 * same id may be in another's. It waits for one message on MONITOR_CONTROL, struct
 * monitor_go with the terminal's master as SCM_RIGHTS if there is one: from then on the
 * starter is not needed. If the control channel ends before, the start has failed: the
 * container is killed. When it has ended, the status is written and, with "r", the state
 * directory removed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The executable's bytes; generated at build time. */
extern const unsigned char monitor_program[];
extern const size_t monitor_program_len;

enum monitor_fd {
	MONITOR_CONTROL = 3, /* SOCK_SEQPACKET to the starter */
	MONITOR_STATE,       /* the state directory */
	MONITOR_RUNTIME,     /* the directory that holds it, and names/ */
	MONITOR_LOCK,        /* flock(2) is held by it */
	MONITOR_LISTEN,      /* "attach" in the state directory */
	MONITOR_PIDFD,       /* of the container's keeper, its child */
	MONITOR_STDOUT,      /* read ends of pipes; not with a terminal */
	MONITOR_STDERR,
	/* what keeps another from using the same storage, if there is any */
	MONITOR_STORAGE,
	MONITOR_PROGRAM, /* itself; closed by execve(2) */
	MONITOR_FDS_END,
	MONITOR_FDS_LOWEST = 16 /* what becomes one of these is kept at or above */
};

struct monitor_go {
	uint32_t version; /* MONITOR_VERSION */
	/* 1: MONITOR_CONTROL becomes the first client, and is waited for */
	uint32_t attached;
};
#define MONITOR_VERSION 2

/*
 * What is spoken on "attach", one message each, the first byte says what. The monitor
 * begins with ATTACH_HELLO, or ends with ATTACH_FULL. Who does not send ATTACH_OUTPUT
 * hears only of the end.
 */
enum attach_kind {
	ATTACH_HELLO = 'h', /* <- uint8_t: 1 with a terminal */
	/* <- uint8_t 0, in its place, and the end: too many are attached */
	ATTACH_FULL = 'f',
	ATTACH_OUTPUT = 'a', /* -> send me what it writes */
	ATTACH_INPUT = 'i',  /* -> bytes typed */
	ATTACH_RESIZE = 'r', /* -> uint16_t rows, columns */
	ATTACH_REDRAW = 'w', /* -> the same, and the program is to draw again */
	ATTACH_STDOUT = 'o', /* <- bytes written */
	ATTACH_STDERR = 'e',
	ATTACH_LOST = 'l', /* <- uint64_t bytes that this client was too slow for */
	ATTACH_EXIT = 'x'  /* <- int32_t status: it has ended */
};

enum { ATTACH_DATA_MAX = 16 * 1024 };
