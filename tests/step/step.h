/* SPDX-License-Identifier: MIT */
/*
 * step - a stage for one step: a process in mount and UTS namespaces of its own, once as
 * root and once as an ordinary user in a user namespace. A tmpfs that nobody else sees is
 * mounted on /tmp. The step runs by its row, as in a container's child; the test then
 * looks at what the kernel says. The process ends with _exit(2), so whatever the step did
 * to it is gone.
 */
#pragma once

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include "mount/mount-rows.h"
#include "ns/ns-rows.h"
#include "plan/runner.h"
#include "run/run-rows.h"
#include "run/run.h"
#include "sec/sec-rows.h"
#include "tty/tty-rows.h"

enum who { AS_ROOT, AS_USER, WHO_MAX };

/* Slots: the tmpfs on /tmp, some to be filled, and one that never is. */
enum { ROOM, ONE, TWO, THREE, FOUR, FIVE, UNSET, SLOTS };

typedef void act_fn(struct runner *r, enum who who);

/* A test of check(3) that plays its body on the stage. */
#define STEP_TEST(name)                                                  \
	static act_fn act_##name;                                        \
	START_TEST(name)                                                 \
	{                                                                \
		stage(#name, (enum who)_i, act_##name);                  \
	}                                                                \
	END_TEST                                                         \
	static void act_##name(struct runner *r __attribute__((unused)), \
			       enum who who __attribute__((unused)))

void stage(const char *name, enum who who, act_fn *act);

/* main() of a test program: each of @tests as root, if we are, and as a user. */
int stage_main(const char *room, const TTest *const *tests, size_t len);

/* On the stage: what cannot be tried here, and what must be true. */
_Noreturn void skip(const char *reason);
_Noreturn void give_up(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define expect(condition)                                                        \
	do {                                                                     \
		if (!(condition))                                                \
			give_up(__FILE__, __LINE__, "not true: %s", #condition); \
	} while (0)
/* A system call of libc that must succeed; its result. */
#define must(call) must_at(__FILE__, __LINE__, #call, (long)(call))
/* The same text; the same number. */
#define same(got, want)  same_at(__FILE__, __LINE__, got, want)
#define equal(got, want) equal_at(__FILE__, __LINE__, got, want)
int must_at(const char *file, int line, const char *call, long result);
void same_at(const char *file, int line, const char *got, const char *want);
void equal_at(const char *file, int line, long long got, long long want);

/* A step of that kind, told this. */
#define STEP(kind, ...)                                    \
	.ops = &step_##kind, .data = &(struct step_##kind) \
	{                                                  \
		__VA_ARGS__                                \
	}

/* The step with these members succeeds; fails with exactly this error. */
#define works(r, ...) step_at(__FILE__, __LINE__, r, 0, &(struct step){ __VA_ARGS__ })
#define fails(r, err, ...) \
	step_at(__FILE__, __LINE__, r, err, &(struct step){ __VA_ARGS__ })
void step_at(const char *file, int line, struct runner *r, int err, const struct step *s);

/*
 * The caller's end of the runner's channel; hang_up() closes it, as a caller that died.
 */
int caller_end(void);
void hang_up(void);

/* fork(2) and the exit status of the child, 128 + n if a signal ended it. */
int in_child(struct runner *r, void (*act)(struct runner *r));

/* What is in the file, at most @len - 1 bytes. */
void read_text(const char *path, char *buf, size_t len);
/* The rest of line "NAME:" of /proc/self/status, without blanks before it. */
void status_line(const char *name, char *buf, size_t len);
unsigned long long status_mask(const char *name);
/* The line of /proc/self/mountinfo of the uppermost mount on @path, "" if none. */
void mount_line(const char *path, char *buf, size_t len);

void put_file(const char *path, const char *content);
void put_dir(const char *path);
void put_link(const char *target, const char *path);
/* Whether there is anything at @path, a dangling link included. */
bool is_there(const char *path);
/* Whether @a and @b are one file. */
bool same_file(const char *a, const char *b);
/* @slot becomes the directory @path. */
void open_slot(struct runner *r, int slot, const char *path);
/*
 * A root directory as @slot: /tmp/root, with links that want to leave it for
 * /tmp/outside; and that nothing was made or mounted there.
 */
void make_root(struct runner *r, int slot);
void nothing_came_outside(void);
/* Refuse system call @nr with @err from here on. */
void refuse(int nr, int err);
