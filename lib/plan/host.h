/* SPDX-License-Identifier: MIT */
/*
 * host - what this kernel and this caller can do, probed once per context. Plans are made
 * from these facts alone, so a test can plan for a machine it does not run on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/cgroups.h"

#define HOST_KERNEL(major, minor) ((unsigned)(major) << 16 | (unsigned)(minor))

struct host {
	unsigned kernel;     /* HOST_KERNEL(), from uname(2) */
	uint32_t uid, gid;   /* effective */
	bool privileged;     /* CAP_SYS_ADMIN in effect: no user namespace is needed */
	bool initial_userns; /* ids are the machine's own */
	bool owns_run;       /* root, and /run is its own, also in a user namespace */
	bool groups_denied;  /* by /proc/self/setgroups, in a namespace with few ids */
	bool no_new_privs;   /* a set-user-ID program would not help */
	bool overlay_fds;    /* overlay takes its layers as descriptors: 6.13 */
	/* a filter may ask a process, and RLIMIT_LOCKS is free (sec/fake.c) */
	bool listeners;
	bool untraceable;       /* nobody may trace another: Yama's scope 3 */
	bool image_probed;      /* the next two are known: host_probe_image() */
	bool loops;             /* it may make loop devices */
	int fuse;               /* 0, or why /dev/fuse cannot be opened */
	int template_fd;        /* a nearly empty mount namespace to copy, or -EBADF */
	uint64_t caps_known;    /* mask of the capabilities this kernel has */
	uint64_t caps_bounding; /* the caller's own bounding set: more cannot be given */
	uint64_t caps_permitted;
	uint32_t api_paths;           /* which of host_api_paths exist */
	uint32_t api_unseen;          /* of these: which are only assumed to */
	bool sys;                     /* the host has something on /sys */
	bool sys_cgroup2;             /* on /sys/fs/cgroup it is cgroup2 */
	bool resolv_conf, hosts;      /* the host has these files in /etc */
	char nodename[65];            /* from uname(2), or "" */
	struct host_cgroups *cgroups; /* NULL until host_probe_cgroups(); owned here */
	const char *cwd;              /* the caller's directory, or NULL; owned here */
	const char *shell;            /* $SHELL, borrowed from the environment, or NULL */
	const char *path;             /* $PATH, borrowed, or NULL */
	const char *term;             /* $TERM, borrowed, or NULL */
};

/*
 * Paths below /proc and /sys that a kernel may lack; bit N of host.api_paths says it has.
 */
struct host_api_path {
	const char *path; /* relative to its file system */
	bool sysfs;       /* else proc */
	bool directory;
	bool mask; /* hidden by default, else read-only */
};
extern const struct host_api_path host_api_paths[];
extern const size_t host_api_paths_len;

/* Probe; 0 or -ENOMEM. What cannot be found out is reported as missing. */
int host_probe(struct host *h);
/* For a container with limits: probe the control groups too, once; 0 or -ENOMEM. */
int host_probe_cgroups(struct host *h);
/* For a container of an image: probe loop devices and /dev/fuse, once. */
void host_probe_image(struct host *h);
/* A name that no other container has, for the next one's control groups. */
void host_name_cgroup(struct host *h);
void host_done(struct host *h);
