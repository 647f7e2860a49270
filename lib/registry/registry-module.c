/* SPDX-License-Identifier: MIT */
/* registry-module - see registry-module.h. */
#include "registry/registry-module.h"

#include "registry/blobs.h"
#include "registry/registry.h"
#include "registry/upload.h"

__attribute__((visibility("default"))) const struct registry_ops registry_ops = {
	.open = registry_open,
	.close = registry_close,
	.get_manifest = registry_get_manifest,
	.put_manifest = registry_put_manifest,
	.get_blobs = blobs_get,
	.put_blobs = blobs_put,
	.login = login_to,
	.logout = logout_from,
};
