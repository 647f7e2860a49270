/* SPDX-License-Identifier: MIT */
/*
 * realm - who may see the credentials of a registry. A registry answers 401 with the URL
 * of a server that hands out tokens, and may name any: credentials go to the registry's
 * own origin, to the few servers that well-known registries are known to use, and to
 * those that the user names, by an option or in certs.d/HOST/token-realm. To all others
 * the client is a stranger, who may still read what is for everybody.
 */
#include "registry/realm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "registry/exchange.h"

static const struct {
	const char *host, *realm;
} known[] = {
	{ "registry-1.docker.io", "auth.docker.io" }, /* Docker Hub */
	{ "registry.gitlab.com", "gitlab.com" },
};

bool realm_is_host(const char *text)
{
	static const char may[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789.-:[]";
	size_t n = strlen(text);

	return n > 0 && n < 300 && strspn(text, may) == n;
}

/*
 * Whether @url is of the server @name, HOST[:PORT]: with the port of its scheme if
 * without.
 */
static bool is_at(const char *url, const char *name, size_t len)
{
	cleanup_free char *server = NULL;

	if (asprintf(&server, "%s://%.*s/", http_is_tls(url) ? "https" : "http", (int)len,
		     name) < 0) {
		server = NULL;
		return false;
	}
	return http_same_origin(url, server);
}

/* One of the lines of @realms, each a server's name. */
static bool is_named(const char *url, const char *realms)
{
	for (const char *p = realms; p && *p;) {
		size_t len = strcspn(p, "\n");

		if (len > 0 && is_at(url, p, len))
			return true;
		p += len + (p[len] == '\n');
	}
	return false;
}

bool realm_may_know(const struct registry *reg, const struct place *p, const char *url)
{
	bool last = p == &reg->places[reg->len - 1];

	if (place_is_own(p, url))
		return true;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(p->host, known[i].host) == 0 && http_is_tls(url) &&
		    is_at(url, known[i].realm, strlen(known[i].realm)))
			return true;
	/* What the caller says is for the registry, not for mirrors that files name. */
	return is_named(url, p->trust.realms) || (last && is_named(url, reg->o.realm));
}
