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
#include "common/mount-words.h"
#include "common/switch.h"

static const char no_memory[] = "out of memory";

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

	if (minc_volume_check_name(name) < 0)
		return "a volume's name has letters, digits, _ . and -; a path begins "
		       "with / or .";
	if (snprintf(path, PATH_MAX, "%s/%s", p->store, name) >= PATH_MAX)
		return strerror(ENAMETOOLONG);
	return limit_answer(minc_add_bind(c, path, target, flags | MINC_BIND_VOLUME));
}

/* What one of the options asks for; its texts point into the option's value. */
struct mount {
	const char *type, *source, *target;
	unsigned flags;
	bool nocopy; /* of a volume */
	struct tmpfs_words tmpfs;
};

/* In place: SRC:DST[:FLAGS], or DST alone. */
static const char *parse_volume(char *src, struct mount *m)
{
	char *dst = mount_words_cut(src), *words = dst ? mount_words_cut(dst) : NULL;
	const char *wrong;

	m->source = dst ? src : NULL;
	m->target = dst ? dst : src;
	m->type = dst && (*src == '/' || *src == '.') ? "bind" : "volume";
	if (!dst && *src != '/')
		return "not SOURCE:TARGET";
	if (*m->target != '/')
		return "the target is not an absolute path; a colon of a path is \\:";
	wrong = words ? mount_words_bind(words, &m->flags) : NULL;
	m->nocopy = m->flags & MOUNT_NOCOPY;
	m->flags &= ~MOUNT_NOCOPY;
	return wrong;
}

static const char *parse_memory(char *value, struct mount *m)
{
	m->type = "tmpfs";
	m->target = value;
	return mount_words_tmpfs(value, &m->tmpfs);
}

/*
 * The next field of what is separated by commas, in place, as in a file of such: what
 * begins with a quotation mark ends at the next one, and two of them are one. NULL at the
 * end.
 */
static char *next_field(char **rest)
{
	char *field = *rest, *from = field, *to = field;
	const bool quoted = field && *field == '"';

	if (!field || !*field)
		return NULL;
	for (from += quoted; *from && (quoted || *from != ','); *to++ = *from++)
		if (quoted && *from == '"' && *++from != '"')
			break;
	from += *from == ',';
	*to = '\0';
	*rest = from;
	return field;
}

static const char *set_text(struct mount *m, const char *key, const char *value)
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
	return "unknown field (type, source, target, readonly, tmpfs-size, tmpfs-mode, "
	       "volume-nocopy)";
}

static const char *mount_word(struct mount *m, const char *key, const char *value)
{
	static const char *const read_only[] = { "readonly", "ro" };
	bool on = true;
	size_t i;

	for (i = 0; i < 2; i++)
		if (strcmp(key, read_only[i]) == 0) {
			if (value && !switch_read(value, &on))
				return "neither true nor false";
			m->flags = on ? m->flags | MINC_BIND_RDONLY
				      : m->flags & ~MINC_BIND_RDONLY;
			return NULL;
		}
	if (strcmp(key, "volume-nocopy") == 0) {
		m->nocopy = true;
		return value && !switch_read(value, &m->nocopy) ? "neither true nor false"
								: NULL;
	}
	if (strncmp(key, "tmpfs-", 6) == 0)
		return mount_words_tmpfs_one(&m->tmpfs, key + 6, value);
	/* how it is for all, and for Docker on machines that are not Linux */
	if (strcmp(key, "consistency") == 0)
		return NULL;
	if (strcmp(key, "bind-propagation") == 0)
		return value && (strcmp(value, "rprivate") == 0 ||
				 strcmp(value, "private") == 0)
			       ? NULL
			       : "bind-propagation: only private and rprivate are possible";
	return set_text(m, key, value);
}

static const char *parse_mount(char *rest, struct mount *m)
{
	const char *wrong = NULL;
	char *word;

	m->type = "volume"; /* as docker has it */
	m->tmpfs.mode = TMPFS_MODE;
	while (!wrong && (word = next_field(&rest))) {
		char *equals = strchr(word, '=');

		if (equals)
			*equals++ = '\0';
		wrong = mount_word(m, word, equals);
	}
	if (!wrong && (!m->target || *m->target != '/'))
		wrong = "target= is missing, or not an absolute path";
	return wrong;
}

static const char *add(minc_ctx *c, struct places *p, struct mount *m)
{
	if (m->nocopy && strcmp(m->type, "volume") != 0)
		return "nocopy is for volumes";
	if (strcmp(m->type, "bind") == 0)
		return m->source ? limit_answer(minc_add_bind(c, m->source, m->target,
							      m->flags))
				 : "source= is missing";
	if (strcmp(m->type, "tmpfs") == 0) {
		if (m->source)
			return "a tmpfs has no source";
		if (m->flags & MINC_BIND_RDONLY)
			m->tmpfs.mode |= MINC_TMPFS_RDONLY;
		return limit_answer(mount_words_add_tmpfs(c, m->target, &m->tmpfs));
	}
	if (strcmp(m->type, "volume") != 0)
		return "unknown type (bind, tmpfs, volume)";
	return m->source ? mount_named(c, p, m->source, m->target,
				       m->flags | (m->nocopy ? MINC_BIND_NOCOPY : 0))
			 : mount_anonymous(c, p, m->target);
}

typedef const char *parse_fn(char *value, struct mount *m);

static const char *parse_and_add(minc_ctx *c, struct places *p, parse_fn *parse,
				 const char *value)
{
	struct mount m = { .type = NULL };
	char *copy = strdup(value);
	const char *wrong = copy ? parse(copy, &m) : no_memory;

	if (!wrong)
		wrong = add(c, p, &m);
	free(copy);
	return wrong;
}

const char *mount_volume(minc_ctx *c, struct places *p, const char *value)
{
	return parse_and_add(c, p, parse_volume, value);
}

const char *mount_mount(minc_ctx *c, struct places *p, const char *value)
{
	return parse_and_add(c, p, parse_mount, value);
}

const char *mount_memory(minc_ctx *c, struct places *p, const char *value)
{
	return parse_and_add(c, p, parse_memory, value);
}

/* The same names; "" and "." are none. */
static bool same_place(const char *a, const char *b)
{
	for (;;) {
		size_t len;

		while (*a == '/' || (*a == '.' && (a[1] == '/' || !a[1])))
			a++;
		while (*b == '/' || (*b == '.' && (b[1] == '/' || !b[1])))
			b++;
		len = strcspn(a, "/");
		if (len != strcspn(b, "/") || strncmp(a, b, len) != 0)
			return false;
		if (len == 0)
			return true;
		a += len;
		b += len;
	}
}

static bool any_covers(const struct words *values, parse_fn *parse, const char *target)
{
	bool found = false;
	size_t i;

	for (i = 0; i < values->len && !found; i++) {
		struct mount m = { .type = NULL };
		char *copy = strdup(values->v[i]);

		/* what is wrong with it is said when it is added */
		found = copy && !parse(copy, &m) && same_place(m.target, target);
		free(copy);
	}
	return found;
}

bool mount_covers(const struct words *volumes, const struct words *mounts,
		  const struct words *tmpfs, const char *target)
{
	return any_covers(volumes, parse_volume, target) ||
	       any_covers(mounts, parse_mount, target) ||
	       any_covers(tmpfs, parse_memory, target);
}

static int each_of(const struct words *values, parse_fn *parse, volume_fn *fn,
		   void *userdata)
{
	int r = 0;
	size_t i;

	for (i = 0; i < values->len && r == 0; i++) {
		struct mount m = { .type = NULL };
		char *copy = strdup(values->v[i]);

		if (!copy)
			return -1;
		if (!parse(copy, &m) && strcmp(m.type, "volume") == 0 && m.source)
			r = fn(m.source, userdata);
		free(copy);
	}
	return r;
}

int mount_each_volume(const struct words *volumes, const struct words *mounts,
		      volume_fn *fn, void *userdata)
{
	int r = each_of(volumes, parse_volume, fn, userdata);

	return r ? r : each_of(mounts, parse_mount, fn, userdata);
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
	char *src = strdup(value), *dst = src ? mount_words_cut(src) : NULL,
	     *access = NULL;
	const char *wrong = src ? NULL : no_memory;
	unsigned flags = MINC_BIND_DEV;
	struct stat st;

	if (dst) {
		access = mount_words_cut(dst);
		if (!access && *dst != '/')
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
