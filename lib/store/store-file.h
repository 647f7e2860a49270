/* SPDX-License-Identifier: MIT */
/* store-file - files of a store, and what else its room needs beside store.h. */
#pragma once

#include <sys/stat.h>

#include "store/store.h"

/* What names of temporary files begin with. A sweep removes those. */
#define STORE_TEMPORARY ".tmp-"

/* Locked files have mode 0600: whoever may read a file can lock it for ever. */
#define STORE_LOCK       "write.lock"
#define STORE_INDEX_LOCK "index.lock"
/* Of versions that left the store readable for others; removed when it is closed. */
#define STORE_OLD_LOCK "lock"

enum { STORE_WHAT_MAX = 300 };
/* "store PATH", for a message about it, in @buf of STORE_WHAT_MAX bytes. */
const char *store_what(const struct store *s, char *buf);

/*
 * Whether the directory may be used at all: it is the caller's, or root's and only read,
 * and nobody else writes to it. Closes what an earlier version left open. -EPERM with a
 * message.
 */
int store_check_owner(struct store *s);
/* The same for the file @name that @st is of. */
int store_check_file(struct store *s, const char *name, const struct stat *st);
/* Close a directory that becomes a store; the owner of a store may open it later. */
int store_close_new(struct store *s);

/* Open the directory if it is there by now; -ENOENT (without a message): it is not. */
int store_look(struct store *s);
/*
 * As store_own(), but -EWOULDBLOCK (without a message) while others write, and no sweep.
 */
int store_own_now(struct store *s);
/* As store_own(), without the sweep. */
int store_own_unswept(struct store *s);
/* A name for a temporary, in @ret. */
void store_temporary(char ret[64]);
/* Held for a change of index.json. After STORE_LOCK, never before it. */
int store_lock_index(struct store *s);
void store_unlock_index(struct store *s);
/* Lock @fd, a directory of the store, until it is closed. */
int store_lock_names(struct store *s, int fd);
/* fsync of a directory of the store, "." itself. */
int store_sync_dir(struct store *s, const char *name);

/* The text of index.json without entries. */
extern const char store_no_images[];

/* A file on its way into the store. */
struct store_file {
	int fd;        /* read and write */
	int at;        /* directory it is for, O_PATH or readable */
	char name[64]; /* temporary name, "" with O_TMPFILE */
};

/*
 * Where a blob is, as the OCI image layout has it, and a layer, below the store. @hex:
 * the 64 digits of the digest.
 */
#define STORE_BLOBS "blobs/sha256"
enum { STORE_PATH_LEN = 96 };
void store_blob_path(const char *hex, char ret[STORE_PATH_LEN]);
void store_layer_path(const char *hex, char ret[STORE_PATH_LEN]);

/* @where: STORE_BLOBS, "layers", "signatures". While shared. */
int store_file_new(struct store *s, const char *where, struct store_file *ret);
/*
 * fsync, and give it @name. One that is there already has the same content by its digest
 * and is left, unless @replace. The directory is synced by store_sync(). Closes @f, also
 * on failure.
 */
int store_file_commit(struct store *s, struct store_file *f, const char *name,
		      bool replace);
/* The same for blob @d. One that is there with another length is damaged: replaced. */
int store_blob_commit(struct store *s, struct store_file *f, const struct digest *d);
void store_file_abandon(struct store_file *f); /* nothing if it was committed */
/* All three for a file whose content is at hand. */
int store_put(struct store *s, const char *where, const char *name, const void *data,
	      size_t len, bool replace);
/* A file without a name, to write and read: its descriptor, or -errno with a message. */
int store_scratch(struct store *s);
int store_sync(struct store *s); /* blobs, layers, signatures */
/*
 * Open for reading; the size in *ret_size, unless it is NULL. -ENOENT; -EBADMSG: it is no
 * regular file.
 */
int store_open_blob(struct store *s, const struct digest *d, uint64_t *ret_size);
int store_open_layer(struct store *s, const struct digest *diff_id, uint64_t *ret_size);
/* Whether it is there, with that size; no message. */
bool store_has_blob(struct store *s, const struct digest *d, uint64_t size);
bool store_has_layer(struct store *s, const struct digest *diff_id);
/* The whole text of a manifest or config, in @a; -EFBIG above CONTENT_JSON_MAX. */
int store_read_blob(struct store *s, struct arena *a, const struct digest *d,
		    const char **ret, size_t *ret_len);
/* Write a small blob, while shared; as store_blob_commit(). */
int store_write_blob(struct store *s, const struct digest *d, const void *data,
		     size_t len);
