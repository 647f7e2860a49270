/* SPDX-License-Identifier: MIT */
/* registry - opening a registry, manifests, login: the calls of struct registry_ops. */
#pragma once

#include "registry/registry-module.h"

/* registry_ops.open and .close: see there. */
int registry_open(struct err *e, const struct ref *r, const struct registry_options *o,
		  bool push, struct registry **ret);
struct registry *registry_close(struct registry *reg);

/* registry_ops.get_manifest and .put_manifest: see there. */
int registry_get_manifest(struct registry *reg, const char *reference,
			  struct registry_text *ret);
int registry_put_manifest(struct registry *reg, const char *reference,
			  const char *media_type, const char *text, size_t len);

/* registry_ops.login and .logout: see there. */
int login_to(struct err *e, const char *registry, const char *user, const char *password,
	     const struct registry_options *o);
int logout_from(struct err *e, const char *registry, const struct registry_options *o);
