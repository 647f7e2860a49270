/* SPDX-License-Identifier: MIT */
/*
 * object - one file, directory, link or device, held by an O_PATH descriptor: what is
 * looked at, compared and copied is the same object, whatever happens to its name.
 * Nothing here follows a symbolic link, and a FIFO or device is never opened.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct object {
	int fd;         /* O_PATH, or -EBADF if there is none */
	struct stat st; /* all zero without one */
};

#define OBJECT_NONE    ((struct object){ .fd = -EBADF })
#define cleanup_object __attribute__((cleanup(object_close)))

/*
 * @name in @dir, which may be -EBADF. Nothing there is no error: the result does not
 * exist.
 */
int object_open(int dir, const char *name, struct object *ret);
/* The same for a path below @dir, no part of which may be a link: -ENOTDIR. */
int object_open_path(int dir, const char *path, struct object *ret);
void object_close(struct object *o);
static inline bool object_exists(const struct object *o)
{
	return o->fd >= 0;
}

static inline bool object_is_dir(const struct object *o)
{
	return o->fd >= 0 && S_ISDIR(o->st.st_mode);
}

/* "/proc/self/fd/N": the object itself for calls that take no descriptor. */
struct object_path {
	char text[32];
};
struct object_path object_path(int fd);

/* A regular file for reading, without touching its atime where that is allowed. */
int object_read(const struct object *o);
/* Target of a symbolic link; free it. */
int object_target(const struct object *o, char **ret);
/* The mount it is on, to notice a mount point; 0 if this kernel does not tell. */
unsigned long long object_mount(const struct object *o);

/* 1 if both regular files have the same bytes, 0 if not, -errno. Holes are skipped. */
int object_same_content(const struct object *a, const struct object *b);
/* Copy the bytes of @from to the empty file @to, holes as holes. */
int object_copy_content(const struct object *from, int to);
/* Give @fd (any kind of descriptor) owner, attributes and times of @from, and @mode. */
int object_dress(int fd, const struct object *from, unsigned mode);
/* Only the times. */
int object_set_times(int fd, const struct stat *st);
