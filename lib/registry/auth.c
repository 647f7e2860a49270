/* SPDX-License-Identifier: MIT */
/*
 * auth - see auth.h: finding credentials. The first file that knows the registry counts.
 * Keys of podman may name a namespace or repository: the longest that fits is taken.
 */
#include "registry/auth.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/owner.h"
#include "base/str.h"
#include "registry/helper.h"
#include "json/json-text.h"

static const char *env_of(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : NULL;
}

static const char *podman_file(struct arena *a)
{
	const char *runtime = owner_env_dir("XDG_RUNTIME_DIR");

	return runtime ? arena_printf(a, "%s/containers/auth.json", runtime)
		       : arena_printf(a, "/run/containers/%u/auth.json",
				      (unsigned)geteuid());
}

static const char *docker_file(struct arena *a, const char *dir, const char *home)
{
	if (dir)
		return arena_printf(a, "%s/config.json", dir);
	return home ? arena_printf(a, "%s/.docker/config.json", home) : NULL;
}

/* What another user has left in the environment is passed over: nothing in it is ours. */
const char **auth_files(struct arena *a, const char *authfile)
{
	const char *config = owner_env_dir("XDG_CONFIG_HOME"),
		   *home = owner_env_dir("HOME");
	const char *docker = owner_env_dir("DOCKER_CONFIG");
	const char **ret = arena_alloc(a, 5 * sizeof(*ret));
	size_t n = 0;

	if (!ret)
		return NULL;
	if (!authfile)
		authfile = env_of("REGISTRY_AUTH_FILE");
	if (authfile) {
		ret[0] = authfile;
		return ret;
	}
	ret[n++] = podman_file(a);
	if (config)
		ret[n++] = arena_printf(a, "%s/containers/auth.json", config);
	else if (home)
		ret[n++] = arena_printf(a, "%s/.config/containers/auth.json", home);
	if (docker || home)
		ret[n++] = docker_file(a, docker, home);
	for (size_t i = 0; i < n; i++)
		if (!ret[i])
			return NULL;
	return ret;
}

/*
 * docker's, because podman reads it too. Whether it may be written to is for login.c to
 * say.
 */
const char *auth_login_file(struct arena *a, const char *authfile)
{
	if (!authfile)
		authfile = env_of("REGISTRY_AUTH_FILE");
	return authfile ? authfile
			: docker_file(a, env_of("DOCKER_CONFIG"), env_of("HOME"));
}

int auth_parse(struct err *e, const char *path, const char *text, size_t len,
	       json_t **ret)
{
	json_error_t where = { 0 };
	json_t *object = NULL;
	int r = 0;

	if (strspn(text, " \t\r\n") == len) /* touch(1) made it */
		r = (object = json_object()) ? 0 : -ENOMEM;
	else
		r = json_text_read(text, len, &object, &where);
	if (r == -ENOMEM)
		return err_set(e, r, "%s", path);
	if (r < 0)
		return err_say(e, r, "%s: line %d: %s", path, where.line, where.text);
	if (!json_is_object(object)) {
		json_decref(object);
		return err_say(e, -EBADMSG, "%s: not an object", path);
	}
	*ret = object;
	return 0;
}

int auth_load(struct err *e, const char *path, json_t **ret)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r = io_read_config(e, path, AUTH_FILE_MAX, &text, &len);

	if (r < 0)
		return r;
	r = auth_parse(e, path, text, len, ret);
	explicit_bzero(text, len);
	return r;
}

const char *auth_server(const char *registry)
{
	return strcmp(registry, "docker.io") == 0 ? "https://index.docker.io/v1/"
						  : registry;
}

/* "https://HOST/v1/" -> "HOST"; its length. */
static const char *host_of(const char *key, size_t *len)
{
	if (str_starts_with(key, "https://"))
		key += 8;
	else if (str_starts_with(key, "http://"))
		key += 7;
	*len = strcspn(key, "/");
	return key;
}

bool auth_key_means(const char *key, const char *registry)
{
	size_t len;
	const char *host = host_of(key, &len);

	/* A key of podman for a repository is not for the whole registry. */
	if (host == key && key[len] == '/')
		return false;
	if (strcmp(registry, "docker.io") == 0 &&
	    ((len == 15 && memcmp(host, "index.docker.io", 15) == 0) ||
	     (len == 20 && memcmp(host, "registry-1.docker.io", 20) == 0)))
		return true;
	return len == strlen(registry) && memcmp(host, registry, len) == 0;
}

/* "docker.io/library", "docker.io/library/alpine": how much of the name @key is. */
static size_t fits(const char *key, const char *registry, const char *repository)
{
	size_t n = strlen(registry), k = strlen(key);
	size_t m = k > n + 1 ? k - n - 1 : 0;

	if (auth_key_means(key, registry))
		return 1;
	if (m == 0 || strncmp(key, registry, n) != 0 || key[n] != '/' ||
	    strncmp(key + n + 1, repository, m) != 0)
		return 0;
	return repository[m] == '\0' || repository[m] == '/' ? m + 1 : 0;
}

bool auth_is_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

int auth_split(struct arena *a, struct err *e, const char *text, struct credentials *ret)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text)
		return err_say(e, -EINVAL, "credentials: not USER:PASSWORD");
	if (!auth_is_text(text))
		return err_say(e, -EINVAL, "credentials: a control character");
	ret->user = arena_printf(a, "%.*s", (int)(colon - text), text);
	ret->password = arena_strdup(a, colon + 1);
	return ret->user && ret->password ? 0 : -ENOMEM;
}

/* @ret has room for as many bytes as @base64 has. */
static int decode(const char *base64, char *ret)
{
	size_t n = strlen(base64), padding = 0;
	int len;

	if (n == 0 || n % 4 != 0)
		return -EBADMSG;
	while (padding < 2 && base64[n - 1 - padding] == '=')
		padding++;
	len = EVP_DecodeBlock((unsigned char *)ret, (const unsigned char *)base64,
			      (int)n);
	if (len < (int)padding)
		return -EBADMSG;
	len -= (int)padding;
	ret[len] = '\0';
	return strlen(ret) == (size_t)len ? 0 : -EBADMSG;
}

static int take_entry(struct arena *a, json_t *entry, struct credentials *ret)
{
	const char *auth = json_string_value(json_object_get(entry, "auth"));
	const char *user = json_string_value(json_object_get(entry, "username"));
	const char *password = json_string_value(json_object_get(entry, "password"));
	const char *identity = json_string_value(json_object_get(entry, "identitytoken"));
	struct credentials c = { 0 };
	int r = 0;

	if (auth && *auth) {
		size_t size = strlen(auth) + 1;
		char *text = size <= AUTH_TEXT_MAX ? arena_alloc(a, size) : NULL;

		r = text ? decode(auth, text) : size > AUTH_TEXT_MAX ? -EBADMSG : -ENOMEM;
		if (r == 0)
			r = auth_split(a, NULL, text, &c);
	} else if (user && *user && password) {
		c.user = arena_strdup(a, user);
		c.password = arena_strdup(a, password);
		r = c.user && c.password ? 0 : -ENOMEM;
	}
	if (r == 0 && identity && *identity) {
		c.identity = arena_strdup(a, identity);
		r = c.identity ? 0 : -ENOMEM;
	}
	/* A colon would end it early. */
	if (r == 0 && c.user && strchr(c.user, ':'))
		r = -EBADMSG;
	if (r == 0)
		*ret = c;
	return r == -EINVAL ? -EBADMSG : r;
}

int auth_entry(struct arena *a, struct err *e, json_t *file, const char *path,
	       const char *registry, const char *repository, struct credentials *ret)
{
	json_t *value, *best = NULL;
	const char *key, *best_key = NULL;
	size_t most = 0;
	int r;

	json_object_foreach(json_object_get(file, "auths"), key, value)
	{
		size_t n = fits(key, registry, repository);

		if (n > most) {
			most = n;
			best = value;
			best_key = key;
		}
	}
	if (!best)
		return 0;
	r = take_entry(a, best, ret);
	if (r < 0)
		return err_set(e, r, "%s: auths: %s", path, best_key);
	ret->where = ret->user || ret->identity ? arena_strdup(a, path) : NULL;
	return 0;
}

const char *auth_helper(json_t *file, const char *registry)
{
	json_t *value;
	const char *key;

	json_object_foreach(json_object_get(file, "credHelpers"), key, value) if (
		auth_key_means(key, registry) && json_string_value(value) &&
		*json_string_value(value)) return json_string_value(value);
	value = json_object_get(file, "credsStore");
	return json_string_value(value) && *json_string_value(value)
		       ? json_string_value(value)
		       : NULL;
}

/* @given: the caller names the file. */
static int find_in(struct arena *a, struct err *e, const struct registry_options *o,
		   const char *path, bool given, const char *registry,
		   const char *repository, struct credentials *ret)
{
	struct err why = { 0 };
	json_t *file = NULL;
	const char *helper;
	int r = auth_load(&why, path, &file);

	/* one that another user left in the environment has nothing of ours */
	if (r == -ENOENT || (r == -EACCES && !given))
		return 0;
	if (r < 0)
		return why.code ? err_say(e, r, "%s", why.message) : r;
	helper = auth_helper(file, registry);
	if (helper)
		r = helper_get(a, e, o, helper, auth_server(registry), ret);
	if (r == 0 && !ret->where)
		r = auth_entry(a, e, file, path, registry, repository, ret);
	json_decref(file);
	return r;
}

int auth_find(struct arena *a, struct err *e, const struct registry_options *o,
	      const char *authfile, const char *registry, const char *repository,
	      struct credentials *ret)
{
	const char **files = auth_files(a, authfile);
	struct credentials found = { 0 };
	int r = files ? 0 : -ENOMEM;

	for (; r == 0 && *files && !found.where; files++)
		r = find_in(a, e, o, *files, authfile, registry, repository, &found);
	if (r < 0)
		return err_set(e, r, "credentials for %s", registry);
	*ret = found;
	return 0;
}

const char *auth_basic(struct arena *a, const struct credentials *c)
{
	char *plain = arena_printf(a, "%s:%s", c->user, c->password);
	size_t len = plain ? strlen(plain) : 0;
	char *encoded = plain && len <= AUTH_TEXT_MAX
				? arena_alloc(a, (len + 2) / 3 * 4 + 1)
				: NULL;

	if (!encoded)
		return NULL;
	EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)plain, (int)len);
	return arena_printf(a, "Basic %s", encoded);
}
