/* SPDX-License-Identifier: MIT */
/*
 * registry-module - the distribution API, as a client. In module registry (libcurl,
 * libcrypto, jansson); import finds it by module_symbol("registry", "registry_ops").
 * Nothing here parses what it carries, and nothing is believed: sizes and digests are
 * checked while it comes, bodies have bounds. See the OCI distribution specification.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "content/media.h"
#include "content/ref.h"

struct registry;

struct registry_options {
	/* "USER:PASSWORD" or NULL: what auth.json and helpers say */
	const char *user;
	const char *authfile; /* or NULL */
	const char *cert_dir; /* or NULL: certs.d of docker and containers */
	const char *realm;    /* HOST[:PORT] that may see the credentials, too; or NULL */
	bool insecure;
	unsigned retries;
	unsigned stall_seconds; /* without a byte; 0: 30 */
	unsigned backoff_ms;    /* before the first retry; 0: 250 */
	const char *etc;        /* instead of /etc, for tests; or NULL */
	/* called in the caller's thread; not 0: -ECANCELED; may be NULL */
	int (*progress)(const char *what, uint64_t done, uint64_t total, void *data);
	/* what is waited for, one line each, in the caller's thread; may be NULL */
	void (*say)(const char *line, void *data);
	void *data;
};

/* A body with its media type, in memory from malloc(3). */
struct registry_text {
	char *text;
	size_t len;
	char media_type[128];
	struct digest digest; /* computed */
};

struct registry_blob {
	struct digest digest;
	uint64_t size;
	const char *const *urls; /* of a foreign layer, or NULL */
	int fd; /* fetch: to be written; store: to be read from its beginning */
	const char *media_type;
	/* store: a repository of the same registry that may have it, or NULL */
	const char *mount_from;
};

struct registry_ops {
	/*
	 * Talk to r's registry (or a mirror of it, when only reading) about r's
	 * repository.
	 */
	int (*open)(struct err *e, const struct ref *r, const struct registry_options *o,
		    bool push, struct registry **ret);
	struct registry *(*close)(struct registry *reg);
	/*
	 * @reference: tag or digest text; checked against a digest. -ENOENT, -EACCES, ...
	 */
	int (*get_manifest)(struct registry *reg, const char *reference,
			    struct registry_text *ret);
	int (*put_manifest)(struct registry *reg, const char *reference,
			    const char *media_type, const char *text, size_t len);
	/*
	 * In parallel, with resume and retry; digest and size checked. @done is called
	 * once for each blob in the caller's thread as soon as it is whole, while others
	 * still come; not 0 ends.
	 */
	int (*get_blobs)(struct registry *reg, struct registry_blob *blobs, size_t len,
			 int (*done)(struct registry_blob *b, void *data), void *data);
	/* What the registry has is not sent. */
	int (*put_blobs)(struct registry *reg, struct registry_blob *blobs, size_t len);
	/* Try and keep, forget. */
	int (*login)(struct err *e, const char *registry, const char *user,
		     const char *password, const struct registry_options *o);
	int (*logout)(struct err *e, const char *registry,
		      const struct registry_options *o);
};

/* Symbol of the module. */
extern const struct registry_ops registry_ops;
