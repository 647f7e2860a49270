/* SPDX-License-Identifier: MIT */
/*
 * auth - credentials, where docker(1) and podman(1) keep them: config.json and auth.json,
 * and the programs docker-credential-NAME that these name. See containers-auth.json(5).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

/* whose say() and progress() are for helpers that take their time; or NULL */
struct registry_options;

enum { AUTH_FILE_MAX = 1 << 20, AUTH_TEXT_MAX = 64 << 10 };

struct credentials {
	const char *user, *password; /* NULL: none */
	const char *identity;        /* identity token, or NULL */
	const char *where;           /* file or program that says so, for messages */
};

/* What files and helpers say of @registry and @repository; none of them: 0 with NULLs. */
int auth_find(struct arena *a, struct err *e, const struct registry_options *o,
	      const char *authfile, const char *registry, const char *repository,
	      struct credentials *ret);
/* "USER:PASSWORD". -EINVAL */
int auth_split(struct arena *a, struct err *e, const char *text, struct credentials *ret);
/* Without control characters. */
bool auth_is_text(const char *s);
/* "Basic ...", in @a; NULL without memory. */
const char *auth_basic(struct arena *a, const struct credentials *c);

/* In the file where logins are kept, or by the helper that it names. */
int auth_keep(struct err *e, const struct registry_options *o, const char *authfile,
	      const char *registry, const char *user, const char *password);
/* -ENOENT: no file has any. */
int auth_forget(struct err *e, const struct registry_options *o, const char *authfile,
		const char *registry);

/* The rooms of it. */

/* Files that may have credentials, in order; NULL-terminated. NULL without memory. */
const char **auth_files(struct arena *a, const char *authfile);
/* The one to write to; NULL: there is no home. */
const char *auth_login_file(struct arena *a, const char *authfile);
/* Whole file as an object; -ENOENT. */
int auth_load(struct err *e, const char *path, json_t **ret);
/* The same of text; -EBADMSG. Exposed for the fuzzer. */
int auth_parse(struct err *e, const char *path, const char *text, size_t len,
	       json_t **ret);
/* Entry of "auths" for it. */
int auth_entry(struct arena *a, struct err *e, json_t *file, const char *path,
	       const char *registry, const char *repository, struct credentials *ret);
/* The helper's name for @registry, or NULL. */
const char *auth_helper(json_t *file, const char *registry);
/* What helpers and docker's files call @registry. */
const char *auth_server(const char *registry);
/* Whether a key of "auths" or "credHelpers" means @registry. */
bool auth_key_means(const char *key, const char *registry);
