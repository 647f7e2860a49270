/* SPDX-License-Identifier: MIT */
/*
 * image-file - a small file of an image that is not mounted: what the overlay of its
 * layers would show. See plan/image-file.h, and the OCI image specification, layer.md,
 * for whiteouts; in a squashfs they are what overlayfs takes, a character device 0:0 and
 * an attribute "opaque".
 */
#include "plan/image-file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqfs/inode.h>

#include "base/fd.h"
#include "base/str.h"
#include "squash/squash-content.h"

enum { LINKS_MAX = 40 };

struct search {
	const char *name;
	size_t len;
	uint64_t ref;
};

static int match(const char *name, size_t len, uint64_t ref, uint32_t number, mode_t mode,
		 void *data)
{
	struct search *s = data;

	(void)number;
	(void)mode;
	if (len != s->len || memcmp(name, s->name, len) != 0)
		return 0;
	s->ref = ref;
	return 1;
}

static int is_opaque(const char *key, const void *value, size_t len, void *data)
{
	(void)data;
	return (strcmp(key, "trusted.overlay.opaque") == 0 ||
		strcmp(key, "user.overlay.opaque") == 0) &&
	       len == 1 && *(const char *)value == 'y';
}

enum { ABSENT, FOUND, HIDDEN, LINK };

/*
 * Walk @path in one layer. HIDDEN: lower layers do not matter. LINK: @link has the path
 * to go on with instead, in all layers again.
 */
static int walk(struct squash *s, const char *path, sqfs_inode_generic_t **ret,
		char *link)
{
	sqfs_inode_generic_t *at;
	int missing = ABSENT;
	int r = squash_inode(s, squash_root(s), &at);

	for (const char *p = path; r == 0 && *p;) {
		struct search find = { .name = p, .len = strcspn(p, "/") };
		const char *rest = p + find.len + (p[find.len] == '/'), *target;
		struct stat st;
		size_t len;

		if (squash_xattrs(s, at, is_opaque, NULL) > 0)
			missing = HIDDEN;
		r = squash_list(s, at, match, &find);
		sqfs_free(at);
		at = NULL;
		if (r <= 0)
			return r == 0 || r == -ENOTDIR ? missing : r;
		r = squash_inode(s, find.ref, &at);
		if (r < 0)
			return r;
		r = squash_stat(s, at, &st);
		if (r < 0) {
			sqfs_free(at);
			return r;
		}
		if (S_ISLNK(st.st_mode)) {
			r = squash_link(at, &target, &len);
			if (r == 0 &&
			    snprintf(link, PATH_MAX, "%.*s%.*s%s%s",
				     *target == '/' ? 0 : (int)(p - path), path, (int)len,
				     target, *rest ? "/" : "", rest) >= PATH_MAX)
				r = -ENAMETOOLONG;
			sqfs_free(at);
			return r < 0 ? r : LINK;
		}
		if (!S_ISDIR(st.st_mode) && (*rest || !S_ISREG(st.st_mode))) {
			sqfs_free(at); /* a whiteout, or what is no directory */
			return HIDDEN;
		}
		p = rest;
	}
	if (r < 0)
		return r;
	*ret = at;
	return FOUND;
}

static int read_content(struct squash *s, const sqfs_inode_generic_t *file, size_t max,
			char **ret)
{
	const uint64_t size = squash_size(file);
	struct squash_blocks blocks;
	struct squash_work work = { 0 };
	cleanup_free char *text = NULL;
	ssize_t n;

	if ((file->base.mode & S_IFMT) != S_IFREG)
		return -ENOENT;
	if (size > max)
		return -EFBIG;
	text = malloc(size + 1);
	if (!text)
		return -ENOMEM;
	squash_blocks_init(&blocks, s->super.block_size, 0);
	n = squash_content(s, &work, &blocks, file, 0, text, size);
	squash_blocks_done(&blocks);
	squash_work_done(&work);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	*ret = text;
	text = NULL;
	return 0;
}

/* In one layer; as walk(), and with FOUND the text. */
static int read_in_layer(const char *layer, const char *path, size_t max, struct err *e,
			 char *link, char **ret)
{
	cleanup_close int fd =
		open(layer, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	sqfs_inode_generic_t *file = NULL;
	struct squash s;
	int r;

	if (fd < 0)
		return err_set(e, -errno, "%s", layer);
	r = squash_open(&s, fd, layer, e);
	if (r < 0)
		return r;
	r = walk(&s, path, &file, link);
	if (r == FOUND) {
		int failed = read_content(&s, file, max, ret);

		sqfs_free(file);
		r = failed < 0 ? failed : r;
	}
	squash_close(&s);
	return r == -EBADMSG ? err_say(e, r, "%s: damaged", layer) : r;
}

int image_file_read(const char *const *layers, size_t len, const char *path, size_t max,
		    struct err *e, char **ret)
{
	char at[1 + PATH_MAX], link[PATH_MAX];

	snprintf(at, sizeof(at), "/%s", path);
	for (unsigned links = 0; links <= LINKS_MAX; links++) {
		int r = ABSENT;

		str_clean_path(at); /* inside the image */
		for (size_t i = len; i-- > 0 && r == ABSENT;)
			r = read_in_layer(layers[i], at + 1, max, e, link, ret);
		if (r < 0 || r == FOUND)
			return r < 0 ? r : 0;
		if (r != LINK)
			return -ENOENT;
		memcpy(at + 1, link, sizeof(link));
	}
	return -ELOOP;
}
