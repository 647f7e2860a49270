/* SPDX-License-Identifier: MIT */
/* transfer - what module import is found by. */
#include "image/transfer.h"

#include <errno.h>

#include "image/sign.h"
#include "image/squash-tree.h"

static int complete(struct minc_transfer *t, struct image *img)
{
	int r = store_share(t->store);

	if (r < 0)
		return r;
	r = take_layers(t, img);
	if (r == 0)
		r = store_sync(t->store);
	store_unshare(t->store);
	return r;
}

static int lower_open(struct err *e, const char *what, const int *layers, size_t len,
		      struct squash_reader **ret)
{
	return squash_reader_open(e, what, layers, len, true, ret);
}

static int lower_find(struct squash_reader *s, const char *path, struct tree_name **ret)
{
	const char *wrong;

	*ret = NULL;
	return tree_walk(squash_reader_tree(s), path, false, ret, &wrong);
}

__attribute__((visibility("default"))) const struct import_ops import_ops = {
	.import = import_source,
	.export = export_images,
	.pull = pull_image,
	.push = push_image,
	.login = registry_login,
	.logout = registry_logout,
	.commit = commit_container,
	.fsck = fsck_store,
	.keygen = sign_keygen,
	.sign = sign_image,
	.verify = sign_verify,
	.unpack = unpack_layers,
	.complete = complete,
	.lower_open = lower_open,
	.lower_close = squash_reader_close,
	.lower_find = lower_find,
	.lower_size = squash_reader_size,
	.lower_content = squash_reader_content,
};
