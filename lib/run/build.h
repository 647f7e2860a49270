/* SPDX-License-Identifier: MIT */
/*
 * build - a plan in the making; shared by build.c, which starts, and enter.c, which
 * joins.
 */
#pragma once

#include <stdbool.h>

#include "cgroup/cgroup.h"
#include "mount/mount.h"
#include "ns/ns.h"
#include "plan/host.h"
#include "plan/identity.h"
#include "plan/plan.h"
#include "plan/spec.h"
#include "tty/tty.h"

struct build {
	struct plan *p;
	const struct spec *s;
	const struct host *h;
	struct err *e;
	const char *storage;
	char *root;         /* resolved; free */
	int root_fd;        /* of it */
	struct arena arena; /* submounts */
	struct idmap map;
	struct identity id;
	struct mounts m;
	const char **env; /* "NAME=VALUE", NULL-terminated */
	size_t env_len, env_size;
	void *env_names; /* while they are put: their places by name, see tsearch(3) */
	bool entering;   /* a container that runs: enter.c */
};

/*
 * Why the container has a list of devices (@own_userns: a user namespace of its own): its
 * command can make device files that work, or it is shown one that may only be read.
 * Nothing if all devices are for it: MINC_PRIVILEGED, MINC_HOST_DEV. 0 or -errno with a
 * message; *ret is set in any case.
 */
int build_devices(const struct spec *s, const struct host *h, bool own_userns,
		  struct err *e, struct cgroup_devices *ret);
/*
 * Refuse a terminal that may only be read, and, where no list can be had, any such
 * device, but that the caller, or an id that the container has, may write;
 * with MINC_BEST_EFFORT warn. 0 or -EOPNOTSUPP with a message.
 */
int build_check_rdonly(struct build *b);

/* The command's user, to whom its terminal and its standard streams are to be open. */
struct tty_user build_tty_user(const struct build *b);
void build_streams(struct build *b);

/*
 * The last steps of every plan, and the environment that the command is looked up with.
 */
void build_environment(struct build *b);
void build_fds(struct build *b);
void build_cwd(struct build *b);
/* EXEC; @argv NULL: the user's shell. */
void build_command(struct build *b, const char *const *argv);
