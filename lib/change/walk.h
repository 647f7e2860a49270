/* SPDX-License-Identifier: MIT */
/*
 * walk - all names of the upper layers beside the base, as one tree in path order: what
 * overlayfs would merge, read as overlayfs does. No recursion: the levels are on the
 * heap, one descriptor each for the upper and the base directory is open, and the way up
 * is "..", checked to be the directory that was left. Memory: the names of the
 * directories on the current path.
 */
#pragma once

#include <stdbool.h>

#include "change/dir-names.h"
#include "change/object.h"
#include "run/record.h"

/* One name of the current directory, in both trees. */
struct spot {
	const char *name;
	struct object upper, base;
	bool whiteout; /* the container sees nothing here */
	bool opaque;   /* upper directory that hides all of the base's */
	bool marks;    /* upper directory with whiteouts that are marked files */
	bool layer;    /* upper directory of a mount below the root */
	bool settled;  /* made by the setup: only kind, content and target count */
	/*
	 * directory the setup made on the way to what a user may write: owner and
	 * attributes are not the container's doing
	 */
	bool passage;
	bool metacopy;   /* the upper file has attributes only, its bytes are below */
	bool redirected; /* its lower object has another name */
	bool mounted;    /* the base has a mount here now and had none, or the reverse */
	bool deep;       /* mounts of the container lie below it */
	bool dressed;    /* to be set by the visitor: attributes were applied, */
	bool kept;       /* they stay in the upper layer; handed on to the level */
};

/* A directory on the current path. */
struct level {
	struct names names;
	size_t next;
	size_t path_len;         /* of its path */
	struct stat upper, base; /* as they were when it was entered */
	unsigned long long base_mount;
	bool opaque, marks, layer, deep, plain;
	bool kept;    /* something in it stays in the upper layer */
	bool touched; /* something in the base directory was changed */
	bool dressed; /* and its own attributes */
	/* Descriptors of the level above, where ".." does not lead back. */
	bool upper_saved, base_saved;
	int upper_above, base_above;
};

struct walk;

struct walk_ops {
	/*
	 * 1: go into the upper directory, 0: go on, -errno: stop. May replace spot->base.
	 * The root comes first, if the setup made it like the base's; it is gone into
	 * anyway.
	 */
	int (*visit)(struct walk *w, struct spot *s, void *userdata);
	/* At the end of directory @l, which is still the current one. */
	int (*leave)(struct walk *w, struct level *l, void *userdata);
	/* Back in the directory above; @l is the one that was left, @name its name. */
	int (*left)(struct walk *w, const char *name, const struct level *l,
		    void *userdata);
	/* Directory @s cannot be read: @err. 0 to go on without it. */
	int (*unreadable)(struct walk *w, const struct spot *s, int err, void *userdata);
};

struct walk {
	const struct record *rec;
	int storage; /* directory with the layers */
	/* the base is another tree than the container's: a copy has no mounts */
	bool elsewhere;
	int upper, base; /* current directories, O_PATH; or -EBADF where there is none */
	struct level *levels;
	size_t depth, room;
	char *path; /* of the current name or directory; "" is the root */
	size_t path_len, path_room;
	const struct walk_ops *ops;
	void *userdata;
};

/*
 * Walk the layers in @storage over directory @base, which is @elsewhere if it is not the
 * recorded root. 0 or the first error.
 */
int walk_run(const struct record *rec, int storage, int base, bool elsewhere,
	     const struct walk_ops *ops, void *userdata);

/* The current path for people: of the root "/". */
static inline const char *walk_path(const struct walk *w)
{
	return w->path_len ? w->path : "/";
}

static inline struct level *walk_level(const struct walk *w)
{
	return &w->levels[w->depth - 1];
}
