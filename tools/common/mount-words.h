/* SPDX-License-Identifier: MIT */
/*
 * mount-words - the values of options that mount something: fields between colons, and
 * the words for what is mounted. As docker(1), podman(1) and mount(8) have them.
 */
#ifndef MOUNT_WORDS_H
#define MOUNT_WORDS_H

#include <minc/minc.h>
#include <stdbool.h>

/*
 * End @s, in place, at its first colon, and give what follows; NULL without one. "\:" is
 * a colon that belongs to the field, "\\" a backslash; any other backslash is one, too.
 */
char *mount_words_cut(char *s);

/* "nocopy", which says something of volumes only, beside MINC_BIND_*. */
#define MOUNT_NOCOPY (1u << 30)
/* MINC_BIND_* of "ro,noexec". NULL, or what is wrong with @words. */
const char *mount_words_bind(const char *words, unsigned *ret);

/* What a tmpfs is to be like; "rw" and the like change nothing. */
struct tmpfs_words {
	uint64_t size;
	unsigned mode; /* and MINC_TMPFS_* */
	bool owned;
	uint32_t uid, gid;
};
enum { TMPFS_MODE = 01777 }; /* what its mode is before any word */

/* One word, @value after its "=" or NULL. NULL, or what is wrong with it. */
const char *mount_words_tmpfs_one(struct tmpfs_words *t, const char *key,
				  const char *value);
/* "DIR[:WORD,..]", in place: DIR is what is left of @value. The same. */
const char *mount_words_tmpfs(char *value, struct tmpfs_words *ret);
/* minc_add_tmpfs() and whose it is; 0 or -errno. */
int mount_words_add_tmpfs(minc_ctx *c, const char *dir, const struct tmpfs_words *t);

#endif
