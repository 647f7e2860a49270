/* SPDX-License-Identifier: MIT */
/* places - containers in the background, to enter. */
#pragma once

#include <stdbool.h>

#include "run/run.h"

struct scene {
	const char *name;
	bool as_user; /* an ordinary one, when root runs the test */
	bool init;    /* process 1 is not the command */
	bool range;   /* it has subordinate ids */
	void (*describe)(struct minc_ctx *c);
};
extern const struct scene scenes[];
extern const size_t scenes_len;

/* A directory with busybox and the test itself, "/" inside for most scenes. */
extern char scene_tree[64];
int scene_make_tree(void); /* 0, or -errno */
void scene_remove_tree(void);

/*
 * In a new process: its own mounts, subordinate ids for whoever runs it, the user of the
 * scene, and a directory for the state of containers. 0, or -errno: -EPERM if that needs
 * root.
 */
int scene_become(const struct scene *s);
const char *scene_why_not(int r); /* words for its failure */

/*
 * Start @argv as the scene wants it. NULL: @why says why. Inside there are FIFOs /io/in
 * and /io/out, whose other ends are the descriptors below.
 */
extern int scene_in, scene_out;
struct minc_container *scene_start(const struct scene *s, const char *const *argv,
				   char why[1024]);
/* The scene of that name. */
const struct scene *scene_find(const char *name);
/* Kill it and forget all of it. */
void scene_end(struct minc_container *ct);
