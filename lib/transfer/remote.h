/* SPDX-License-Identifier: MIT */
/* remote - registries, as a transfer calls them: by the module that talks. */
#pragma once

#include "registry/registry-module.h"
#include "store/handles.h"

/* What module registry is called by; -ENOSYS with a message: it is missing. */
int remote_ops(struct minc_transfer *t, const struct registry_ops **ret);
/* What the numbers and texts of @t, which is borrowed, are for a registry. */
void remote_options(struct minc_transfer *t, struct registry_options *ret);
/* A name of an image; -EINVAL with a message. */
int remote_name(struct minc_transfer *t, const char *name, struct ref *ret);

int registry_login(struct minc_transfer *t, const char *registry, const char *user,
		   const char *password);
int registry_logout(struct minc_transfer *t, const char *registry);
