/* SPDX-License-Identifier: MIT */
/* build - a plan in the making; shared by build.c, which starts, and enter.c, which joins. */
#pragma once

#include <stdbool.h>

#include "mount/mount.h"
#include "ns/ns.h"
#include "plan/host.h"
#include "plan/identity.h"
#include "plan/plan.h"
#include "plan/spec.h"

struct build {
	struct plan *p;
	const struct spec *s;
	const struct host *h;
	struct err *e;
	const char *storage;
	char *root;  /* resolved; free */
	int root_fd; /* of it */
	struct arena arena; /* submounts */
	struct idmap map;
	struct identity id;
	struct mounts m;
	const char **env; /* "NAME=VALUE", NULL-terminated */
	size_t env_len, env_size;
	bool entering; /* a container that runs: enter.c */
};

/*
 * What lets the command make device files that work: CAP_MKNOD in the machine's own user
 * namespace (@own_userns: it has another). NULL if nothing does, or if all devices are for it:
 * MINC_PRIVILEGED, MINC_HOST_DEV. 0 or -errno with a message.
 */
int build_devices(const struct spec *s, const struct host *h, bool own_userns, struct err *e,
		  const char **ret);

/* The last steps of every plan, and the environment that the command is looked up with. */
void build_environment(struct build *b);
void build_fds(struct build *b);
void build_cwd(struct build *b);
/* EXEC; @argv NULL: the user's shell. */
void build_command(struct build *b, const char *const *argv);
