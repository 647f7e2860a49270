/* SPDX-License-Identifier: MIT */
/*
 * certs - see certs.h. The first directory that exists counts, as it does for others. A
 * private authority is trusted besides the system's: redirects lead to hosts of the
 * world.
 */
#include "registry/certs.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/owner.h"
#include "base/str.h"
#include "registry/exchange.h"
#include "registry/realm.h"

enum { PEM_MAX = 1 << 20, REALMS_MAX = 16 << 10, FILES_MAX = 64 };

static int append(struct arena *a, struct trust *t, const char *text, size_t len)
{
	char *more = arena_alloc(a, t->ca_len + len + 2);

	if (!more)
		return -ENOMEM;
	if (t->ca_len > 0)
		memcpy(more, t->ca, t->ca_len);
	memcpy(more + t->ca_len, text, len);
	more[t->ca_len + len] = '\n';
	t->ca = more;
	t->ca_len += len + 1;
	return 0;
}

static int append_file(struct arena *a, struct err *e, const char *path, struct trust *t)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r = io_read_config(e, path, PEM_MAX, &text, &len);

	return r < 0 ? err_set(e, r, "certificate %s", path) : append(a, t, text, len);
}

static int take_client(struct arena *a, struct err *e, const char *path, struct trust *t)
{
	size_t stem = strlen(path) - strlen(".cert");
	const char *key = arena_printf(a, "%.*s.key", (int)stem, path);
	struct stat of_cert, of_key;

	if (!key)
		return -ENOMEM;
	if (stat(key, &of_key) < 0)
		return err_set(e, -errno, "certificate %s: its key %s", path, key);
	if (stat(path, &of_cert) < 0)
		return err_set(e, -errno, "certificate %s", path);
	/* libcurl opens them, and would wait */
	if (!S_ISREG(of_cert.st_mode) || !S_ISREG(of_key.st_mode))
		return err_say(e, -EBADMSG, "certificate %s: not a regular file",
			       S_ISREG(of_cert.st_mode) ? key : path);
	t->cert = path;
	t->key = key;
	return 0;
}

/* Lines without what is around the words; empty ones and "# ..." are passed over. */
static int take_realms(struct arena *a, struct err *e, const char *path, struct trust *t)
{
	cleanup_free char *text = NULL;
	char *line, *next;
	const char *lines = "";
	size_t len;
	int r = io_read_config(e, path, REALMS_MAX, &text, &len);

	if (r < 0)
		return err_set(e, r, "%s", path);
	for (line = text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		line += strspn(line, " \t");
		line[strcspn(line, " \t\r")] = '\0';
		if (!*line || *line == '#')
			continue;
		if (!realm_is_host(line))
			return err_say(e, -EBADMSG, "%s: %.80s: not HOST[:PORT]", path,
				       line);
		lines = arena_printf(a, "%s%s\n", lines, line);
		if (!lines)
			return -ENOMEM;
	}
	t->realms = lines;
	return 0;
}

static int take_name(struct arena *a, struct err *e, const char *dir, const char *name,
		     struct trust *t)
{
	const char *path = arena_printf(a, "%s/%s", dir, name);

	if (!path)
		return -ENOMEM;
	if (str_ends_with(name, ".crt"))
		return append_file(a, e, path, t);
	if (str_ends_with(name, ".cert") && !t->cert)
		return take_client(a, e, path, t);
	if (strcmp(name, "token-realm") == 0)
		return take_realms(a, e, path, t);
	return 0;
}

/* 1: it is there, and all of it was taken; 0: it is not. */
static int take_dir(struct arena *a, struct err *e, const char *dir, struct trust *t)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), r = 0;
	const char *system = curl_version_info(CURLVERSION_NOW)->cainfo;

	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_set(e, -errno, "%s", dir);
	for (int i = 0; i < n; i++) {
		if (r == 0 && i < FILES_MAX)
			r = take_name(a, e, dir, names[i]->d_name, t);
		free(names[i]);
	}
	free(names);
	if (r == 0 && t->ca_len > 0 && system && access(system, R_OK) == 0)
		r = append_file(a, e, system, t);
	return r < 0 ? r : 1;
}

int certs_load(struct arena *a, struct err *e, const char *dir, const char *etc,
	       const char *host, struct trust *ret)
{
	const char *home = owner_env_dir("HOME");
	const struct {
		const char *above, *below;
	} dirs[] = {
		{ home, ".config/containers/certs.d" },
		{ etc, "containers/certs.d" },
		{ etc, "docker/certs.d" },
	};
	struct trust t = { 0 };
	int r = dir ? take_dir(a, e, dir, &t) : 0;

	if (dir && r == 0)
		return err_set(e, -ENOENT, "certificates %s", dir);
	for (size_t i = 0; !dir && r == 0 && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		const char *path;

		if (!dirs[i].above)
			continue;
		path = arena_printf(a, "%s/%s/%s", dirs[i].above, dirs[i].below, host);
		r = path ? take_dir(a, e, path, &t) : -ENOMEM;
	}
	if (r < 0)
		return err_set(e, r, "certificates of %s", host);
	*ret = t;
	return 0;
}
