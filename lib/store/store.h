/* SPDX-License-Identifier: MIT */
/*
 * store - the directory: oci-layout, index.json, blobs/sha256/HEX, layers/HEX.sqfs (HEX
 * of the layer's diff id), signatures/HEX (of a manifest), containers/ID/, volumes/NAME/,
 * write.lock, index.lock. All of it is its owner's alone (store-owner.c).
 *
 * Whoever makes files in it holds a shared flock(2) on "write.lock" meanwhile
 * (store_share), so that what is new and not yet referred to is not swept; prune, remove
 * and fsck --repair hold it exclusively (store_own). A change of index.json holds one on
 * "index.lock", for as short as it takes: a shared lock cannot become exclusive without
 * being lost for a moment. Readers take no lock. Files appear whole: O_TMPFILE, fsync,
 * linkat; or, where the file system has no O_TMPFILE, or there is no /proc to link by,
 * ".tmp-PID-RANDOM", which the next writer sweeps under the exclusive lock.
 * Blobs and layers first, then their directories are synced, then index.json is replaced.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "content/digest.h"
#include "content/media.h"

enum { STORE_INDEX_MAX = 256 << 20 /* bytes of index.json */ };

struct store {
	struct err *err; /* the context's */
	char *path;      /* absolute */
	int dir;         /* -EBADF as long as the directory does not exist */
	bool foreign;    /* it is root's, and the caller is not: only read */
	int lock;        /* of "write.lock", or -EBADF */
	int index_lock;  /* while index.json is changed, else -EBADF */
	int shared;      /* how many times store_share() */
	bool owned;
	bool any_image;                             /* no policy is asked */
	bool volumes_swept;                         /* by us: once is enough */
	void (*warn)(const char *line, void *data); /* or NULL */
	void *warn_data;
};

/* @path NULL: the default place. Failures say so in @err. */
int store_open(struct err *err, const char *path, struct store **ret);
struct store *store_free(struct store *s);
/* Make the directory and what belongs in it, if it is not there. */
int store_make(struct store *s);
int store_share(struct store *s); /* nests; makes the store; waits for an owner */
void store_unshare(struct store *s);
int store_own(struct store *s); /* not while shared by us; sweeps temporaries */
void store_disown(struct store *s);

/* index.json. */
struct index_entry {
	const char *media_type;
	struct digest digest;
	uint64_t size;
	const char *name; /* as ref_short() has it, or whatever another tool wrote; "" */
	const char *architecture, *os, *variant; /* "" unknown */
	/* that the image was chosen from, which is kept, too; "" none */
	struct digest index;
	/*
	 * what a listing needs, from our own annotations; config "" where they are
	 * missing
	 */
	struct digest config;
	uint64_t mounted_size;
	int64_t created_ms;
	size_t place;       /* in the list of index.json, which may have more */
	bool gone, unnamed; /* by a removal that is not written yet */
};
struct index {
	struct index_entry *entries; /* oldest first */
	size_t len;
};
/*
 * No file: empty. Entries that are no images, or have other digests than SHA-256, are
 * left out.
 */
int store_index(struct store *s, struct arena *a, struct index *ret);
/*
 * Add a manifest that is in blobs, under @name (NULL or "": without one). Another image
 * loses that name; its entry goes if it has others, else it stays without a name. Takes
 * the lock of the index; may be called while shared by us.
 */
int store_index_add(struct store *s, const char *media_type,
		    const struct digest *manifest, uint64_t size, const char *name,
		    const char *architecture, const char *os, const char *variant);
/*
 * The same for several at once: index.json is written once. One that replaces another
 * inherits its index. To one without a name that of its image is written in @list, in @a;
 * "" none.
 */
int store_index_put(struct store *s, struct arena *a, struct index_entry *list,
		    size_t len);
