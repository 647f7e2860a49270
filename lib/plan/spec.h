/* SPDX-License-Identifier: MIT */
/*
 * spec - the request: checked and normalised, whatever interface it came by. No system
 * call is named here. Setters copy strings into the arena, check their own argument and
 * record the failure with the caller's words (spec->origin); the first failure sticks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum {
	SPEC_LAYERS_MAX = 500, /* of an image: what overlayfs takes */
	/* of an image: each is a directory to be made, or a mount */
	SPEC_VOLUMES_MAX = 10000
};

enum spec_net { SPEC_NET_HOST, SPEC_NET_OWN };
enum spec_userns {
	SPEC_USERNS_AUTO,
	SPEC_USERNS_HOST,
	SPEC_USERNS_SINGLE,
	SPEC_USERNS_RANGE
};

/* A bind (src set) or a tmpfs; in the order in which they are mounted. */
struct spec_mount {
	const char *src, *dst;
	unsigned flags;      /* MINC_BIND_*, or of a tmpfs MINC_TMPFS_* */
	uint64_t size_bytes; /* tmpfs */
	unsigned mode;       /* tmpfs */
	bool owned;          /* tmpfs: it is this user's */
	uint32_t uid, gid;
	const char *place; /* dst, or src without one */
	size_t depth;      /* of @place: what they are sorted by */
	bool listed;       /* of a config.json, whose order is kept */
	const char *origin;
	struct spec_mount *next;
};

struct spec_env {
	const char *name, *value; /* value NULL: the caller's own */
	struct spec_env *next;
};

/* A line of /etc/hosts. */
struct spec_name {
	const char *name, *address;
	bool gateway; /* it was asked for as the host's */
	const char *origin;
	struct spec_name *next;
};

struct spec_fd {
	int fd, target;
	struct spec_fd *next;
};

/* One change of the capability set; names are resolved while planning. */
struct spec_cap {
	bool add;
	const char *names, *origin;
	struct spec_cap *next;
};

/* A limit on the container's resources; see enum minc_limit. */
struct spec_limit {
	bool set;
	int64_t value; /* -1: none */
	const char *origin;
};
enum {
	SPEC_LIMITS = 10, /* above enum minc_limit */
	SPEC_GROUP_LIMITS = 9
}; /* below it they are of control groups */

/* A limit on the input and output of one block device. */
struct spec_io {
	const char *device; /* absolute path, or "MAJOR:MINOR" */
	unsigned which;     /* enum minc_io_limit */
	uint64_t value;
	const char *origin;
	struct spec_io *next;
};

/* A limit that each process has; see setrlimit(2). */
struct spec_rlimit {
	int resource;        /* RLIMIT_* */
	const char *name;    /* "nofile" */
	uint64_t soft, hard; /* UINT64_MAX: none */
	const char *origin;
	struct spec_rlimit *next;
};

/*
 * A root made of layers instead of a directory, and what its image says where the user
 * does not.
 */
struct spec_image {
	const char *name; /* for people: "image NAME" */
	/* absolute paths of squashfs files, lowest first */
	const char *const *layers;
	size_t layers_len;       /* 0: no image */
	const char *user, *cwd;  /* NULL: nothing said */
	const char *const *env;  /* "NAME=VALUE" */
	const char *const *argv; /* NULL: none */
	/* absolute directories, made if missing; NULL: none */
	const char *const *volumes;
};

struct spec {
	struct arena arena;
	struct err *err;    /* where failures go; owned by the context */
	const char *origin; /* of the calls to come; NULL: the call's name */
	int sticky;         /* first configuration failure, -errno */

	unsigned root_flags; /* MINC_ROOT_* */
	const char *root;    /* "/" by default, as given */
	const char *root_origin;
	struct spec_image image;
	/* MINC_FAKE_ROOT unless said otherwise, as for an image */
	bool fake_root_auto;
	bool listing; /* mounts are read from a config.json */
	bool umask_given;
	bool keep;           /* writes go to a directory ... */
	unsigned umask;      /* of the command; 022 unless it was given */
	const char *storage; /* ... this one, or NULL for a new one */
	const char *storage_origin;

	struct spec_mount *mounts, *last_tmpfs;
	struct spec_env *env;
	struct spec_fd *fds;
	struct spec_name *names;
	struct spec_cap *caps;

	const char *hostname, *hostname_origin;
	const char *name, *name_origin; /* of a background container */
	const char *id;                 /* NULL: a random one */
	uint64_t log_bytes;             /* 0: the default */
	const char *user, *user_origin;
	const char *cwd, *cwd_origin;
	const char *seccomp, *seccomp_origin; /* NULL: default */
	enum spec_net net;
	enum spec_userns userns;
	const char *net_if; /* interface to move in, or NULL */
	const char *net_origin;
	const char *userns_origin;
	uint64_t cpus[16]; /* mask, all zero: unset */
	const char *cpus_origin;
	struct spec_limit limits[SPEC_LIMITS]; /* by enum minc_limit */
	const char *cpuset_cpus, *cpuset_mems; /* lists such as "0-1,3", or NULL */
	const char *cpuset_origin;
	struct spec_io *io;
	struct spec_rlimit *rlimits;
	uint32_t flags; /* bits 1 << enum minc_flag */
	const char *flag_origin[16];

	const char *const *argv; /* of a config.json; NULL: none */
	bool idle;               /* its files are wanted, not its command */
};

void spec_init(struct spec *s, struct err *err);
void spec_done(struct spec *s);

static inline bool spec_flag(const struct spec *s, unsigned flag)
{
	return s->flags >> flag & 1;
}

/*
 * Whether it gets a user namespace of its own from a caller who is @privileged, or not.
 */
static inline bool spec_own_userns(const struct spec *s, bool privileged)
{
	return s->userns == SPEC_USERNS_SINGLE || s->userns == SPEC_USERNS_RANGE ||
	       (s->userns == SPEC_USERNS_AUTO && !privileged);
}

/* The setters behind the public calls of container.h; same contracts. */
int spec_set_origin(struct spec *s, const char *text);
int spec_set_root(struct spec *s, const char *dir, unsigned flags);
int spec_set_storage(struct spec *s, const char *dir);
int spec_add_bind(struct spec *s, const char *src, const char *dst, unsigned flags);
int spec_add_tmpfs(struct spec *s, const char *dst, uint64_t size_bytes, unsigned mode);
int spec_set_tmpfs_owner(struct spec *s, uint32_t uid, uint32_t gid);
int spec_set_hostname(struct spec *s, const char *name);
int spec_set_name(struct spec *s, const char *name);
int spec_set_id(struct spec *s, const char *id);
int spec_set_log_size(struct spec *s, uint64_t bytes);
int spec_set_user(struct spec *s, const char *user);
int spec_add_env(struct spec *s, const char *name, const char *value);
int spec_add_host(struct spec *s, const char *name_address);
int spec_set_cwd(struct spec *s, const char *dir);
int spec_set_umask(struct spec *s, int mask);
int spec_change_caps(struct spec *s, bool add, const char *names);
int spec_set_seccomp(struct spec *s, const char *profile);
int spec_set_network(struct spec *s, const char *mode);
int spec_set_userns(struct spec *s, const char *mode);
int spec_set_cpus(struct spec *s, const char *mask);
int spec_pass_fd(struct spec *s, int fd, int target);
int spec_set_stdio(struct spec *s, const int fds[3]);
/* One that was closed since it was given, or NULL. */
const struct spec_fd *spec_closed_fd(const struct spec *s);
/* The next call is taken as if none had failed. */
void spec_clear_failure(struct spec *s);
int spec_set_flag(struct spec *s, unsigned flag, int on);
int spec_set_argv(struct spec *s, const char *const *argv);
/* Copies @image; at most 500 layers, which is what overlayfs takes (spec-image.c). */
int spec_set_image(struct spec *s, const struct spec_image *image);
/* What the command runs as, "USER[:GROUP]", or NULL; and what is to blame for it. */
const char *spec_user(const struct spec *s, const char **ret_origin);
/* spec-limit.c */
int spec_set_limit(struct spec *s, unsigned limit, int64_t value);
int spec_set_cpuset(struct spec *s, const char *cpus, const char *mems);
int spec_set_io_limit(struct spec *s, const char *device, unsigned which, uint64_t value);
int spec_set_rlimit(struct spec *s, const char *name, uint64_t soft, uint64_t hard);

/* Whether the container may have control groups: has limits, or may make device files. */
bool spec_may_have_group(const struct spec *s);
/* Whether any limit needs a control group. */
bool spec_limits_group(const struct spec *s);
/* Name of RLIMIT_* @resource, such as "nofile"; NULL if it has none. */
const char *spec_rlimit_name(int resource);
/* A list such as "0-1,3" as a bit mask; -EINVAL: no such list, -ERANGE: above 1023. */
int spec_parse_list(const char *list, uint64_t ret[16]);

/*
 * For setters outside spec.c. What takes several calls begins with the former, so that
 * its failure is the one that is recorded, and ends with the latter, which keeps and
 * returns @r.
 */
void spec_begin(struct spec *s);
int spec_stick(struct spec *s, int r);
/* Record a refused argument, check and copy a text. */
int spec_refuse(struct spec *s, int r, const char *call, const char *what);
int spec_check_text(struct spec *s, const char *call, const char *text);
/* A file name may have any bytes but control characters; one inside is absolute. */
int spec_check_path(struct spec *s, const char *call, const char *path);
int spec_check_inside(struct spec *s, const char *call, const char *path);
int spec_keep_text(struct spec *s, const char *call, const char *text, const char **ret,
		   const char **ret_origin);
