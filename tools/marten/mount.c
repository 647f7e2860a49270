/* SPDX-License-Identifier: MIT */
/* mount - see mount.h. The words are those of docker-run(1) and podman-run(1). */
#include "mount.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/limit.h"
#include "common/number.h"

enum { TMPFS_MODE = 01777, VOLUME_NAME_MAX = 128 };

static const char no_memory[] = "out of memory";

bool mount_is_volume_name(const char *name)
{
	static const char first[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const char *p = name;

	if (!*p || !strchr(first, *p) || strlen(name) > VOLUME_NAME_MAX)
		return false;
	while (*p && (strchr(first, *p) || strchr("_.-", *p)))
		p++;
	return !*p;
}

/* @parent/@name as an empty directory, and the parent if need be. */
static const char *make_dir(const char *parent, const char *path)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return NULL;
	if (errno != ENOENT)
		return strerror(errno);
	if (mkdir(parent, VOLUMES_MODE) < 0 && errno != EEXIST)
		return strerror(errno);
	return mkdir(path, 0755) == 0 || errno == EEXIST ? NULL : strerror(errno);
}

const char *mount_anonymous(minc_ctx *c, struct places *p, const char *target)
{
	char path[PATH_MAX];

	if (snprintf(path, PATH_MAX, "%s/%d", p->container, p->anonymous) >= PATH_MAX)
		return strerror(ENAMETOOLONG);
	p->anonymous++;
	return limit_answer(minc_add_bind(c, path, target, MINC_BIND_VOLUME));
}

static const char *mount_named(minc_ctx *c, struct places *p, const char *name,
			       const char *target, unsigned flags)
{
	char path[PATH_MAX];
	const char *wrong = NULL;

	if (!mount_is_volume_name(name))
		return "a volume's name has letters, digits, _ . and -; a path begins "
		       "with / or .";
	if (snprintf(path, PATH_MAX, "%s/%s", p->store, name) >= PATH_MAX)
		return strerror(ENAMETOOLONG);
	if (!(flags & MINC_BIND_VOLUME)) /* nocopy */
		wrong = make_dir(p->store, path);
	return wrong ? wrong : limit_answer(minc_add_bind(c, path, target, flags));
}

/* "z" and "Z" are for SELinux; where there is none they mean nothing. */
static const char *volume_flags(char *words, unsigned *ret)
{
	char *rest = NULL, *word;

	for (word = strtok_r(words, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		if (strcmp(word, "ro") == 0)
			*ret |= MINC_BIND_RDONLY;
		else if (strcmp(word, "nocopy") == 0)
			*ret &= ~(unsigned)MINC_BIND_VOLUME;
		else if ((strcmp(word, "z") == 0 || strcmp(word, "Z") == 0) &&
			 access("/sys/fs/selinux/enforce", F_OK) < 0)
			continue;
		else if (strcmp(word, "rw") != 0)
			return "unknown mount option (ro, rw, nocopy)";
	return NULL;
}

/* In place: SRC:DST[:FLAGS] */
static const char *volume(minc_ctx *c, struct places *p, char *src)
{
	char *dst = strchr(src, ':'), *words;
	unsigned flags = MINC_BIND_VOLUME;
	const char *wrong;

	if (!dst)
		return *src == '/' ? mount_anonymous(c, p, src) : "not SOURCE:TARGET";
	*dst++ = '\0';
	words = strchr(dst, ':');
	if (words) {
		*words++ = '\0';
		wrong = volume_flags(words, &flags);
		if (wrong)
			return wrong;
	}
	if (*dst != '/')
		return "the target is not an absolute path";
	if ((*src == '/' || *src == '.') && !(flags & MINC_BIND_VOLUME))
		return "nocopy is for volumes";
	if (*src == '/' || *src == '.')
		return limit_answer(
			minc_add_bind(c, src, dst, flags & ~(unsigned)MINC_BIND_VOLUME));
	return mount_named(c, p, src, dst, flags);
}

const char *mount_volume(minc_ctx *c, struct places *p, const char *value)
{
	char *copy = strdup(value);
	const char *wrong = copy ? volume(c, p, copy) : no_memory;

	free(copy);
	return wrong;
}

struct tmpfs {
	uint64_t size;
	unsigned mode;
};

static const char *tmpfs_word(struct tmpfs *t, const char *key, const char *value)
{
	const char *end = "";
	uint64_t n = 0;

	if (strcmp(key, "size") == 0)
		return value && number_parse_size(value, &end, &t->size) == 0 && !*end
			       ? NULL
			       : "size: not a size such as 64m";
	if (strcmp(key, "mode") == 0) {
		if (!value || number_parse(value, &end, 8, 07777, &n) < 0 || *end)
			return "mode: not octal";
		t->mode = (unsigned)n;
		return NULL;
	}
	/* these it is anyhow */
	return strcmp(key, "rw") == 0 || strcmp(key, "nosuid") == 0 ||
			       strcmp(key, "nodev") == 0
		       ? NULL
		       : "unknown option (size=, mode=, rw, nosuid, nodev)";
}

const char *mount_memory(minc_ctx *c, const char *value)
{
	struct tmpfs t = { .mode = TMPFS_MODE };
	char *copy = strdup(value), *words, *rest = NULL, *word;
	const char *wrong = copy ? NULL : no_memory;

	words = copy ? strchr(copy, ':') : NULL;
	if (words)
		*words++ = '\0';
	for (word = words ? strtok_r(words, ",", &rest) : NULL; word && !wrong;
	     word = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(word, '=');

		if (equals)
			*equals++ = '\0';
		wrong = tmpfs_word(&t, word, equals);
	}
	if (!wrong)
		wrong = limit_answer(minc_add_tmpfs(c, copy, t.size, t.mode));
	free(copy);
	return wrong;
}

struct mount {
	const char *type, *source, *target;
	unsigned flags;
	bool nocopy;
	struct tmpfs tmpfs;
};

static const char *mount_word(struct mount *m, const char *key, const char *value)
{
	static const struct {
		const char *name;
		size_t offset;
	} texts[] = { { "type", offsetof(struct mount, type) },
		      { "source", offsetof(struct mount, source) },
		      { "src", offsetof(struct mount, source) },
		      { "target", offsetof(struct mount, target) },
		      { "destination", offsetof(struct mount, target) },
		      { "dst", offsetof(struct mount, target) } };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(key, texts[i].name) == 0) {
			*(const char **)((char *)m + texts[i].offset) = value;
			return value && *value ? NULL : "empty value";
		}
	if (strcmp(key, "readonly") == 0 || strcmp(key, "ro") == 0) {
		if (value && strcmp(value, "true") != 0 && strcmp(value, "1") != 0)
			return strcmp(value, "false") == 0 ? NULL
							   : "neither true nor false";
		m->flags |= MINC_BIND_RDONLY;
		return NULL;
	}
	if (strcmp(key, "volume-nocopy") == 0) {
		if (value && strcmp(value, "true") != 0 && strcmp(value, "1") != 0)
			return strcmp(value, "false") == 0 ? NULL
							   : "neither true nor false";
		m->nocopy = true;
		return NULL;
	}
	if (strncmp(key, "tmpfs-", 6) == 0)
		return tmpfs_word(&m->tmpfs, key + 6, value);
	return "unknown field (type, source, target, readonly, tmpfs-size, tmpfs-mode, "
	       "volume-nocopy)";
}

static const char *mount(minc_ctx *c, struct places *p, const struct mount *m)
{
	const char *type = m->type ? m->type : "volume"; /* as docker has it */

	if (!m->target || *m->target != '/')
		return "target= is missing, or not an absolute path";
	if (m->nocopy && strcmp(type, "volume") != 0)
		return "volume-nocopy is for volumes";
	if (strcmp(type, "bind") == 0)
		return m->source ? limit_answer(minc_add_bind(c, m->source, m->target,
							      m->flags))
				 : "source= is missing";
	if (strcmp(type, "tmpfs") == 0)
		return m->source || m->flags
			       ? "a tmpfs has no source and is not read-only"
			       : limit_answer(minc_add_tmpfs(c, m->target, m->tmpfs.size,
							     m->tmpfs.mode));
	if (strcmp(type, "volume") != 0)
		return "unknown type (bind, tmpfs, volume)";
	return m->source ? mount_named(c, p, m->source, m->target,
				       m->flags | (m->nocopy ? 0 : MINC_BIND_VOLUME))
			 : mount_anonymous(c, p, m->target);
}

const char *mount_mount(minc_ctx *c, struct places *p, const char *value)
{
	struct mount m = { .tmpfs = { .mode = TMPFS_MODE } };
	char *copy = strdup(value), *rest = NULL, *word;
	const char *wrong = copy ? NULL : no_memory;

	for (word = copy ? strtok_r(copy, ",", &rest) : NULL; word && !wrong;
	     word = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(word, '=');

		if (equals)
			*equals++ = '\0';
		wrong = mount_word(&m, word, equals);
	}
	if (!wrong)
		wrong = mount(c, p, &m);
	free(copy);
	return wrong;
}

/* What a device may be used for, some letters of "rwm". */
static const char *device_flags(const char *access, unsigned *ret)
{
	if (strspn(access, "rwm") != strlen(access) || !strchr(access, 'r'))
		return "only r, rw, rm and rwm are possible";
	*ret = MINC_BIND_DEV | (strchr(access, 'w') ? 0 : MINC_BIND_RDONLY);
	return NULL;
}

/* HOST[:CONTAINER[:rwm]] */
const char *mount_device(minc_ctx *c, const char *value)
{
	char *src = strdup(value), *dst = src ? strchr(src, ':') : NULL, *access = NULL;
	const char *wrong = src ? NULL : no_memory;
	unsigned flags = MINC_BIND_DEV;
	struct stat st;

	if (dst) {
		*dst++ = '\0';
		access = strchr(dst, ':');
		if (access)
			*access++ = '\0';
		else if (*dst != '/')
			access = dst, dst = NULL;
	}
	if (access)
		wrong = device_flags(access, &flags);
	if (!wrong && src && stat(src, &st) < 0)
		wrong = strerror(errno);
	else if (!wrong && src && !S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		wrong = "not a device";
	if (!wrong)
		wrong = limit_answer(minc_add_bind(c, src, dst, flags));
	free(src);
	return wrong;
}
