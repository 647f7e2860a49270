/* SPDX-License-Identifier: MIT */
/*
 * plan - a straight line of prepared steps. Every string, descriptor slot and flag is
 * ready before the clone; no step allocates, decides or calls back. An object that
 * exists only later (a detached mount, a directory inside it) has a slot: a small
 * number that one step fills and later steps name.
 *
 * Each kind of step is one row (struct step_ops) with two faces: run makes the system
 * calls, say prints the shell that means the same. A mechanism has its rows, and what
 * they are told, in a header of its own (mount/mount-rows.h); run/steps.c is the table of
 * all mechanisms. The code that carries out, explains or reports a plan knows no kind: it
 * asks the row.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"

struct sys_clone_args; /* base/sys.h */

enum step_flag {
	/* done by the caller before the clone, undone on failure */
	STEP_HOST = 1 << 0,
	STEP_OPTIONAL = 1 << 1,  /* failure is a warning (--best-effort) */
	STEP_IF_EXISTS = 1 << 2, /* skipped if the path it names does not exist */
	STEP_QUIET = 1 << 3, /* the directory that something is made in keeps its times */
};

enum {
	SLOT_CWD = -1, /* the caller's directory: relative and absolute host paths */
	SLOT_NONE = -2
};

struct step_ops;

/* The row has the functions of a step; @data has the arguments, in the row's own type. */
struct step {
	const struct step_ops *ops;
	unsigned flags;
	const char *why;    /* one sentence, for people */
	const char *origin; /* the option that caused it; NULL: a default */
	void *data;         /* struct step_WHAT, which its mechanism has */
};

/* No struct step_WHAT is larger; see plan_append(). */
enum { STEP_DATA_MAX = 128 };

/* The arguments of @s, whose row is known to be step_WHAT. */
#define STEP_DATA(s, what) ((struct step_##what *)(s)->data)

struct plan {
	struct arena arena;
	struct step *steps;
	size_t len, size;
	int slots;            /* how many */
	uint64_t clone_flags; /* CLONE_NEW* */
	bool own_memory;      /* the child must not share the caller's memory */
	/* a process outside of the pid namespace holds it (run/keeper-step.c) */
	bool keeper;
	bool held; /* and it ends with the caller, or the monitor */
	/* the keeper, or the watcher, is asked about changes of ids (sec/fake.c) */
	bool ids;
	/* enters a container: the sealed program forks into its pid namespace */
	bool forks;
	bool watched;          /* and a child of ours watches what it forks */
	size_t cgroups;        /* steps that make one */
	bool scope;            /* systemd(1) makes one */
	const char **warnings; /* what --best-effort leaves out, found while planning */
	size_t warnings_len;
	bool terminal;
	bool unpack;  /* the image, below storage (UNPACKED_ROOT) */
	bool volumes; /* a bind with MINC_BIND_VOLUME */
	struct {      /* of files that are made for the container before it starts */
		bool single; /* all are the caller's */
		bool range;  /* ids are those of a namespace with the caller's ranges */
		bool few;    /* the caller is in a namespace itself: some cannot be set */
		uint32_t uid, gid; /* the command's */
	} owners;
	bool reusable; /* depends on the context only: good for the next start, too */
	int lowest_fd; /* internal descriptors start here, above all targets */
	const char *storage; /* absolute directory that is kept, or NULL */
	/* what its layers are layers of, or NULL (run/record.h) */
	const char *record;
	const char *command; /* argv[0], for messages */
	int failed; /* sticky -errno while planning, -ENOMEM of plan_append() above all */
	struct step scratch; /* returned instead of a step without memory */
	_Alignas(max_align_t) char scratch_data[STEP_DATA_MAX];
};

/*
 * Below the storage: closed to others, for there may be set-user-ID programs of
 * anybody's.
 */
#define UNPACKED      "unpacked"
#define UNPACKED_ROOT UNPACKED "/rootfs"

/*
 * Append a step, its data zeroed; never NULL: without memory it is a scratch step, whose
 * data have room for any, and plan_seal() fails. The step moves when another is appended;
 * its data stay where they are.
 */
struct step *plan_append(struct plan *p, const struct step_ops *ops, const char *origin,
			 const char *why);

/* A new slot number. */
int plan_slot(struct plan *p);

/* Formatted text in the plan's arena; "" without memory, and plan_seal() fails. */
const char *plan_text(struct plan *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The start will warn: "SUBJECT: REASON". */
void plan_warn(struct plan *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Zeroed memory for a table of the plan; NULL only if @size is absurd or without memory.
 */
void *plan_alloc(struct plan *p, size_t size);

/* Make the plan read-only; 0 or -ENOMEM if anything above failed. */
int plan_seal(struct plan *p);
void plan_done(struct plan *p);

struct runner; /* plan/runner.h: slots and channel of one execution */
struct answer; /* plan/answer.h: what the caller does while the child waits */
struct held;   /* plan/held.h: what lasts as long as the container */
struct held_list;

/* Advice for an errno with a known cause: what to look at, or to change. */
struct step_hint {
	int err;
	const char *text; /* NULL: the end of a list */
};

struct step_ops {
	const char *name; /* verb in messages */
	size_t size;      /* of struct step_WHAT; 0: its steps have no arguments */
	/* system calls only; 0 or -errno */
	int (*run)(struct runner *r, const struct step *s);
	void (*say)(FILE *out, const struct step *s); /* POSIX shell */

	/* The rest is NULL or 0 for most. */

	/* object of the step for messages, such as "/a on /b"; may print nothing */
	void (*name_object)(char *buf, size_t len, const struct step *s);
	const struct step_hint *hints;
	/* If an errno is not enough; @note is the kernel's message, or "". */
	void (*hint)(struct err *e, const struct plan *p, const struct step *s, int err,
		     const char *note);
	/*
	 * The caller's part, while run() waits for it in runner_wait(): 0, or -errno with
	 * a message. Such a plan needs own_memory, for a child that shares its caller's
	 * memory lets it sleep.
	 */
	int (*answer)(struct answer *a, const struct step *s);
	/* Whether this step has such a part, if not all of the kind have. */
	bool (*waits)(const struct step *s);
	/*
	 * For a step that the caller does: take a place in @l, before run() makes the
	 * thing; NULL without memory, or if no place is free.
	 */
	struct held *(*hold)(struct held_list *l, const struct step *s);
	/* Set in @a the part that the clone itself does. @slots are the caller's. */
	void (*clone)(struct sys_clone_args *a, const struct step *s, const int *slots);
	/* bits 1 << enum verdict_kind: other verdicts that run() may send */
	unsigned says;

	/* The script begins with it, outside of all namespaces. */
	bool first;
	/* For such a step: the directory that the script removes at its end. */
	const char *(*leaves)(const struct step *s);
	/* Options for unshare(1), each after a blank: what the clone does of it. */
	void (*say_clone)(FILE *out, const struct step *s);
};

/* A header of rows: there is such a kind of step, with these two faces. */
#define STEP_KIND(what)                                         \
	extern const struct step_ops step_##what;               \
	int run_##what(struct runner *r, const struct step *s); \
	void say_##what(FILE *out, const struct step *s)
/* What every row has: those, and struct step_WHAT or nothing. */
#define STEP_FACES(title, what)                                                    \
	.name = (title), .size = STEP_SIZE(struct step_##what), .run = run_##what, \
	.say = say_##what
#define STEP_FACES_BARE(title, what) .name = (title), .run = run_##what, .say = say_##what
/* name_WHAT(), which prints this of its data @d. */
#define STEP_NAMED(what, format, ...)                                        \
	static void name_##what(char *buf, size_t len, const struct step *s) \
	{                                                                    \
		const struct step_##what *d = s->data;                       \
                                                                             \
		snprintf(buf, len, format, __VA_ARGS__);                     \
	}
/* Or it does not compile. */
#define STEP_SIZE(type) \
	(sizeof(type) * sizeof(char[sizeof(type) <= STEP_DATA_MAX ? 1 : -1]))

/* The steps that one room has. */
struct mechanism {
	const char *name;
	const struct step_ops *const *rows; /* NULL-terminated */
	const char *functions; /* of the shell, which its say() calls; or NULL */
};

/* "" for a step without an object. */
void step_name_object(char *buf, size_t len, const struct step *s);

/* Whether @s waits for the caller. */
static inline bool step_waits(const struct step *s)
{
	return s->ops->answer && (!s->ops->waits || s->ops->waits(s));
}
