/* SPDX-License-Identifier: MIT */
/* mount-words - see mount-words.h. */
#include "common/mount-words.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/number.h"

char *mount_words_cut(char *s)
{
	char *to = s;

	for (; *s && *s != ':'; s++) {
		if (*s == '\\' && (s[1] == ':' || s[1] == '\\'))
			s++;
		*to++ = *s;
	}
	s = *s ? s + 1 : NULL;
	*to = '\0';
	return s;
}

/* "z" and "Z" are for SELinux; where there is none they mean nothing. */
static bool is_label(const char *word, size_t len)
{
	return len == 1 && (*word == 'z' || *word == 'Z') &&
	       access("/sys/fs/selinux/enforce", F_OK) < 0;
}

/* The last four: how it is for all, and for Docker on machines that are not Linux. */
static const struct {
	const char *name;
	/* of two that contradict each other the second is @not of the first */
	unsigned flag, not ;
} bind_words[] = {
	// clang-format off
	{ "ro", MINC_BIND_RDONLY, 0 }, { "rw", 0, MINC_BIND_RDONLY },
	{ "dev", MINC_BIND_DEV, 0 }, { "nodev", 0, MINC_BIND_DEV },
	{ "suid", MINC_BIND_SUID, 0 }, { "nosuid", 0, MINC_BIND_SUID },
	{ "noexec", MINC_BIND_NOEXEC, 0 }, { "exec", 0, MINC_BIND_NOEXEC },
	{ "private", 0, 0 }, { "rprivate", 0, 0 }, { "rbind", 0, 0 }, { "nocopy", MOUNT_NOCOPY, 0 },
	{ "cached", 0, 0 }, { "delegated", 0, 0 }, { "consistent", 0, 0 },
	// clang-format on
};

const char *mount_words_bind(const char *words, unsigned *ret)
{
	static const char wrong[] =
		"unknown or contradicting flag (ro, rw, dev, suid, exec, noexec)";
	const size_t n = sizeof(bind_words) / sizeof(bind_words[0]);
	unsigned set = 0, cleared = 0;

	for (;; words++) {
		size_t len = strcspn(words, ","), i;

		for (i = 0; i < n; i++)
			if (strlen(bind_words[i].name) == len &&
			    strncmp(words, bind_words[i].name, len) == 0)
				break;
		if (i == n && !is_label(words, len))
			return wrong;
		set |= i < n ? bind_words[i].flag : 0;
		cleared |= i < n ? bind_words[i].not : 0;
		if (set & cleared)
			return wrong;
		words += len;
		if (!*words)
			break;
	}
	*ret = set;
	return NULL;
}

static const char *read_id(const char *value, uint32_t *ret)
{
	const char *end = "";
	uint64_t n = 0;

	if (!value || number_parse(value, &end, 10, UINT32_MAX - 1, &n) < 0 || *end)
		return "uid, gid: not a number";
	*ret = (uint32_t)n;
	return NULL;
}

/* A percentage is of the machine's memory, as tmpfs(5) has it. */
static const char *read_size(const char *value, uint64_t *ret)
{
	const char *end = "";
	uint64_t n = 0;

	if (value && number_parse_size(value, &end, &n) == 0 && !*end) {
		*ret = n;
		return NULL;
	}
	if (!value || number_parse(value, &end, 10, 100, &n) < 0 || n == 0 ||
	    strcmp(end, "%") != 0)
		return "size: not a size such as 64m or 10%";
	*ret = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 100 *
	       n;
	return NULL;
}

/* What it is anyhow, or what makes no difference to programs. */
static bool is_usual(const char *word)
{
	static const char *const words[] = { "rw",       "nosuid",   "nodev",
					     "exec",     "defaults", "relatime",
					     "rprivate", "private",  "notmpcopyup" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

const char *mount_words_tmpfs_one(struct tmpfs_words *t, const char *key,
				  const char *value)
{
	const char *end = "";
	uint64_t n = 0;

	if (strcmp(key, "size") == 0)
		return read_size(value, &t->size);
	if (strcmp(key, "mode") == 0) {
		if (!value || number_parse(value, &end, 8, 07777, &n) < 0 || *end)
			return "mode: not octal";
		t->mode = (t->mode & ~07777u) | (unsigned)n;
		return NULL;
	}
	if (strcmp(key, "uid") == 0 || strcmp(key, "gid") == 0) {
		t->owned = true;
		return read_id(value, *key == 'u' ? &t->uid : &t->gid);
	}
	if (!value && strcmp(key, "ro") == 0)
		t->mode |= MINC_TMPFS_RDONLY;
	else if (!value && strcmp(key, "noexec") == 0)
		t->mode |= MINC_TMPFS_NOEXEC;
	else if (value || !is_usual(key))
		return "unknown option (size=, mode=, uid=, gid=, ro, rw, exec, noexec)";
	return NULL;
}

const char *mount_words_tmpfs(char *value, struct tmpfs_words *ret)
{
	char *words = mount_words_cut(value), *rest = NULL, *word;
	const char *wrong = NULL;

	*ret = (struct tmpfs_words){ .mode = TMPFS_MODE };
	for (word = words ? strtok_r(words, ",", &rest) : NULL; word && !wrong;
	     word = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(word, '=');

		if (equals)
			*equals++ = '\0';
		wrong = mount_words_tmpfs_one(ret, word, equals);
	}
	return wrong;
}

int mount_words_add_tmpfs(minc_ctx *c, const char *dir, const struct tmpfs_words *t)
{
	int r = minc_add_tmpfs(c, dir, t->size, t->mode);

	return r < 0 || !t->owned ? r : minc_set_tmpfs_owner(c, t->uid, t->gid);
}
