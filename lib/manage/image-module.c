/* SPDX-License-Identifier: MIT */
/* image-module - see image-module.h. */
#include "manage/image-module.h"

#include "manage/containers.h"
#include "manage/inspect-image.h"
#include "manage/prune.h"
#include "manage/remove.h"
#include "manage/tag.h"
#include "manage/usage.h"
#include "manage/volumes.h"
#include "store/find.h"
#include "store/policy.h"

__attribute__((visibility("default"))) const struct image_ops image_ops = {
	.open = store_open,
	.close = store_free,
	.find = image_find_platform,
	.foreach = image_foreach,
	.free_image = image_free,
	.whole = image_whole,
	.inspect = image_inspect,
	.policy = policy_ask,
	.tag = image_tag,
	.remove = image_remove,
	.remove_all = images_remove,
	.prune = store_prune,
	.usage = store_usage,
	.create = containers_create,
	.containers = containers_foreach,
	.container = containers_find,
	.free_kept = containers_free,
	.kept_image = containers_image,
	.rename = containers_rename,
	.delete = containers_delete,
	.volume_create = volume_create,
	.volume_remove = volume_remove,
};
