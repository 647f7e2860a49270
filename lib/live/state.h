/* SPDX-License-Identifier: MIT */
/*
 * state - what is known on disk of the containers in the background: one directory each,
 * below the runtime directory (background.h says where). Its name is the id.
 *
 * The monitor holds an flock(2) on "lock" as long as it lives, the container's lease:
 * who gets that lock looks at something nobody keeps any more. Files appear whole. A
 * directory without state.json is a start that goes on, or, with a free lock, one that
 * has failed in the middle. names/NAME is a symbolic link to the id; creating, renaming
 * and sweeping are done under a lock on the runtime directory.
 */
#pragma once

#include <limits.h>

#include "base/arena.h"
#include "run/run.h"

enum { STATE_ID_LEN = 64, STATE_VERSION = 1 };

/* state.json; the strings belong to an arena. */
struct state_facts {
	int pid;
	/* of pid, field 22 of proc_pid_stat(5): it tells whether it is the same */
	uint64_t start_time;
	uint64_t created_ns;
	const char *hostname, *storage; /* storage NULL: nothing is kept */
	bool terminal, init, auto_remove;
	bool storage_made; /* by the library: it goes with the container */
	const char *const *command;
	const char *const *cgroups; /* as cgroup_set_open() takes them */
};

/*
 * Read state.json; found by module_symbol("oci", "oci_state_load"). Strict: every field
 * there and in range, nothing twice; unknown ones are passed over, so that a newer
 * version's file can be read. -EBADMSG otherwise, or -ENOMEM.
 */
typedef int state_load_fn(const char *text, size_t len, struct arena *a,
			  struct state_facts *ret);

struct state {
	int runtime, dir;
	int lock;   /* held; or -EBADF */
	int status; /* what will be its status, to be read when it is gone; or -EBADF */
	char id[STATE_ID_LEN + 1];
	char name[NAME_MAX + 1]; /* "" without one */
	const char *path;        /* of dir, for people */
	struct arena arena;
	struct state_facts facts;
};

/* Make the directory of a container that is about to start, locked. */
int state_create(struct minc_ctx *c, struct state **ret);
/* The container runs: state.json. */
int state_commit(struct state *s, struct minc_ctx *c, const struct minc_container *ct,
		 const struct plan *p, bool storage_made);
/* Remove the directory and the name. */
void state_remove(struct state *s);
struct state *state_free(struct state *s);

/*
 * For the rooms of state. The runtime directory, its path in @path; -ENOENT: not made
 * yet.
 */
int state_runtime(struct minc_ctx *c, bool create, char path[PATH_MAX], int *ret);
/* The id of what is called @word; -ENOENT without a message, else with one. */
int state_resolve(struct minc_ctx *c, int runtime, const char *word,
		  char ret[STATE_ID_LEN + 1]);
/* Names change under the lock on the runtime directory; @origin: for messages. */
int state_take_name(struct minc_ctx *c, struct state *s, const char *name,
		    const char *origin);
/* unless it is another's by now */
void state_drop_name(const struct state *s, const char *name);
/*
 * "DEVICE:INODE" of its directory, hexadecimal: no other that there is has the same. 0 or
 * -errno.
 */
enum { STATE_NUMBERS_LEN = 2 * 16 + 2 };
int state_numbers(const struct state *s, char ret[STATE_NUMBERS_LEN]);
/* The process that is its monitor, found by its command line; 0: there is none. */
int state_monitor(const struct state *s);
/* The lock on the runtime directory; c's log hears when it is waited for. */
void state_lock(const struct minc_ctx *c, int runtime);
/* Nothing is open yet. */
struct state *state_new(const char *runtime_path, const char *id);
int state_open(struct state *s, int runtime); /* -ENOENT: it is gone */
bool state_is_id(const char *s);
void state_read_name(struct state *s);
/* Remove what is nobody's, or a part of it; the runtime directory is locked. */
void state_sweep(int runtime, const char *path);
/* The same for one that is known. */
void state_sweep_one(int runtime, const char *path, const char *id);

/* By name, id or beginning of an id, as minc_open(). */
int state_find(struct minc_ctx *c, state_load_fn *load, const char *word,
	       struct state **ret);
/*
 * All, oldest first, and NULL; to be freed one by one, and the list. They are not open,
 * as there may be more than a process may have: state_open(), state_read_name().
 * @texts: holds their strings, for an arena each would cost more than reading them.
 * @ret_runtime: their directory, or negative.
 */
int state_list(struct minc_ctx *c, state_load_fn *load, struct arena *texts,
	       struct state ***ret, int *ret_runtime);

/* The end as it was written down: 0 with the exit status, -ENOENT while there is none. */
int state_status(const struct state *s, int *ret_status, uint64_t *ret_ended_ns,
		 uint64_t *ret_lost);
/* Whether the monitor lives: it holds the lease. */
bool state_is_kept(const struct state *s);
int state_rename(struct minc_ctx *c, struct state *s, const char *name);
/*
 * Remove what is known of a container, without reading it (state-forget.c). -EBUSY: it
 * runs; with @force its monitor is killed, with which it ends. @ret_id: its whole id, on
 * success; or NULL.
 */
int state_forget(struct minc_ctx *c, const char *word, bool force, char *ret_id);

/* Field 22 of proc_pid_stat(5): which process has the number; 0 if none has. */
/* may be NULL; see proc_pid_stat(5) */
uint64_t process_start_time(int pid, char *ret_state);

/* Write "NAME.new" in the state directory and rename it to @name; 0 or -errno. */
int state_write(const struct state *s, const char *name, const char *text, size_t len);
