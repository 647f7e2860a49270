/* SPDX-License-Identifier: MIT */
/*
 * volume - directories with a name, below volumes/ of the store: marten run -v NAME:TARGET
 * makes one when it is first used, and nothing but volume rm removes it.
 */
#define _XOPEN_SOURCE 700 /* nftw() */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kept.h"
#include "mount.h"
#include "verb.h"

enum { OPEN_MAX_DIRS = 32 };

static int path_of(struct call *call, const char *name, char path[PATH_MAX])
{
	if (!mount_is_volume_name(name))
		return fail_usage(
			call, "%.200s: a volume's name has letters, digits, _ . and -",
			name);
	if (snprintf(path, PATH_MAX, "%s/volumes/%s", minc_store_path(call->store),
		     name) >= PATH_MAX)
		return fail_say("%.200s: %s", name, strerror(ENAMETOOLONG));
	return 0;
}

static int list(struct call *call)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%s/volumes", minc_store_path(call->store));
	dir = opendir(path);
	if (!dir && errno != ENOENT)
		return fail_say("%.300s: %s", path, strerror(errno));
	while (dir && (e = readdir(dir)))
		if (mount_is_volume_name(e->d_name))
			(void)puts(e->d_name);
	if (dir)
		(void)closedir(dir); /* only read */
	return 0;
}

static int make(struct call *call, const char *name)
{
	char path[PATH_MAX], *slash;
	int status = path_of(call, name, path);

	if (status)
		return status;
	slash = strrchr(path, '/');
	*slash = '\0';
	if (mkdir(minc_store_path(call->store), 0700) < 0 && errno != EEXIST)
		return fail_say("%.300s: %s", minc_store_path(call->store),
				strerror(errno));
	if (mkdir(path, VOLUMES_MODE) < 0 && errno != EEXIST)
		return fail_say("%.300s: %s", path, strerror(errno));
	*slash = '/';
	if (mkdir(path, 0755) < 0)
		return fail_say("%.200s: %s", name, strerror(errno));
	(void)puts(name);
	return 0;
}

/* Whether "--volume NAME:.." or "source=NAME" is among the words of a container. */
static bool uses(const struct kept *k, const char *name)
{
	size_t len = strlen(name), i;

	for (i = 0; k->readable && i < k->recipe.options.len; i++) {
		const char *word = k->recipe.options.v[i], *found = strstr(word, name);

		if (found && (found == word || found[-1] == '=' || found[-1] == 'v') &&
		    (found[len] == ':' || found[len] == ',' || !found[len]))
			return true;
	}
	return false;
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	(void)type;
	return remove(path) < 0 ? errno : 0;
}

static int remove_volume(struct call *call, const char *name)
{
	struct kept_list kept;
	char path[PATH_MAX];
	int status = path_of(call, name, path), r;
	size_t i;

	if (status)
		return status;
	kept_list(call, &kept);
	for (i = 0; i < kept.len && status == 0; i++)
		if (uses(kept.v[i], name))
			status = fail_say("%.200s: container %.12s uses it", name,
					  kept.v[i]->id);
	kept_list_done(&kept);
	if (status)
		return status;
	r = nftw(path, remove_entry, OPEN_MAX_DIRS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	if (r != 0)
		return fail_say("%.200s: %s", name, strerror(r < 0 ? errno : r));
	(void)puts(name);
	return 0;
}

static int run_volume(struct call *call)
{
	const char *word = call->operands[0];
	int status = 0, i;

	if (!call_store(call))
		return EXIT_OURS;
	if (strcmp(word, "ls") == 0 && call->count == 1)
		return list(call);
	if ((strcmp(word, "create") != 0 && strcmp(word, "rm") != 0) || call->count < 2)
		return fail_usage(call, "volume: expects %s", call->verb->operands);
	for (i = 1; i < call->count; i++) {
		int r = *word == 'c' ? make(call, call->operands[i])
				     : remove_volume(call, call->operands[i]);

		if (r)
			status = r;
	}
	return status;
}

// clang-format off
const struct verb volume_verbs[] = {
	{ .names = "volume", .operands = "ls|create|rm [NAME...]", .least = 1, .most = -1,
	  .help = "Directories with a name, for run -v", .options = no_options,
	  .run = run_volume },
	{ .names = NULL }
};
// clang-format on
