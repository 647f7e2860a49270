/* SPDX-License-Identifier: MIT */
/* import-module - see import-module.h. */
#include "import/import-module.h"

#include <errno.h>

#include "import/import.h"
#include "sign/policy-check.h"
#include "sign/sign.h"
#include "store/store-file.h"
#include "tar/copy-tar.h"
#include "transfer/commit.h"
#include "transfer/export.h"
#include "transfer/fsck.h"
#include "transfer/pull.h"
#include "transfer/push.h"
#include "transfer/remote.h"
#include "transfer/take.h"
#include "transfer/volume-fill.h"

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

__attribute__((visibility("default"))) const struct import_ops import_ops = {
	.import = import_source,
	.export = export_images,
	.pull = pull_image,
	.push = push_image,
	.login = registry_login,
	.logout = registry_logout,
	.commit = commit_container,
	.fsck = fsck_store,
	.keygen = key_make,
	.sign = sign_image,
	.verify = sign_verify,
	.allows = policy_allows,
	.unpack = part_to_dir,
	.complete = complete,
	.copy_in = copy_tar_in,
	.copy_out = copy_tar_out,
	.fill = volume_fill,
};
