/* SPDX-License-Identifier: MIT */
/*
 * ref - see ref.h. The grammar is that of distribution/reference; what is not in it is
 * refused, so that a name never holds a blank, a control character or a way out of a
 * path.
 */
#include "content/ref.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

enum { NAME_MAX_BYTES = 255, PORT_DIGITS = 5 };

static const char hub[] = "docker.io";
static const char official[] = "library/";

/* [a-z0-9]+ with ".", "_", "__" or dashes between such. */
static bool is_component(const char *s, size_t len)
{
	size_t i = 0;

	for (;;) {
		size_t word = strspn(s + i, LOWER DIGIT);

		if (word == 0 || i + word > len)
			return false;
		i += word;
		if (i == len)
			return true;
		if (s[i] == '.')
			i++;
		else if (s[i] == '_')
			i += s[i + 1] == '_' ? 2 : 1;
		else if (s[i] == '-')
			i += strspn(s + i, "-");
		else
			return false;
	}
}

static bool is_repository(const char *s)
{
	for (;;) {
		size_t len = strcspn(s, "/");

		if (!is_component(s, len))
			return false;
		if (s[len] == '\0')
			return true;
		s += len + 1;
	}
}

static bool is_port(const char *s)
{
	size_t len = strspn(s, DIGIT);

	/* with a zero before it the same port would have two names */
	return len > 0 && len <= PORT_DIGITS && *s != '0' && s[len] == '\0';
}

static bool is_host(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t label = strcspn(s + i, ".");

		if (label > len - i)
			label = len - i;
		if (label == 0 || s[i] == '-' || s[i + label - 1] == '-')
			return false;
		for (size_t k = i; k < i + label; k++)
			if (!strchr(LOWER UPPER DIGIT "-", s[k]))
				return false;
		i += label;
		if (i < len && ++i == len)
			return false; /* "host." */
	}
	return len > 0;
}

static bool is_registry(const char *s)
{
	size_t len;

	if (*s == '[') {
		len = strspn(s + 1, DIGIT "abcdefABCDEF:");
		if (len == 0 || s[len + 1] != ']')
			return false;
		s += len + 2;
		return *s == '\0' || (*s == ':' && is_port(s + 1));
	}
	len = strcspn(s, ":");
	return is_host(s, len) && (s[len] == '\0' || is_port(s + len + 1));
}

static bool is_tag(const char *s)
{
	return *s != '.' && *s != '-' && *s != '\0' &&
	       strspn(s, LOWER UPPER DIGIT "_.-") == strlen(s);
}

/* What is before the first "/" is a registry if no repository begins like that. */
static bool names_registry(const char *s, size_t len)
{
	if (len == 9 && strncmp(s, "localhost", len) == 0)
		return true;
	for (size_t i = 0; i < len; i++)
		if (strchr(".:[" UPPER, s[i]))
			return true;
	return false;
}

static int split_tag(char *name, struct ref *ret)
{
	char *slash = strrchr(name, '/');
	char *colon = strrchr(slash ? slash : name, ':');

	if (!colon)
		return 0;
	if (!is_tag(colon + 1) || strlen(colon + 1) >= sizeof(ret->tag))
		return -EINVAL;
	strcpy(ret->tag, colon + 1);
	*colon = '\0';
	return 0;
}

static int split_name(const char *name, struct ref *ret)
{
	const char *slash = strchr(name, '/'), *rest = name;

	strcpy(ret->registry, hub);
	if (slash && names_registry(name, (size_t)(slash - name))) {
		memcpy(ret->registry, name, (size_t)(slash - name));
		ret->registry[slash - name] = '\0';
		if (!is_registry(ret->registry))
			return -EINVAL;
		if (strcasecmp(ret->registry, "index.docker.io") == 0)
			strcpy(ret->registry, hub);
		rest = slash + 1;
	}
	if (!is_repository(rest))
		return -EINVAL;
	if (snprintf(ret->repository, sizeof(ret->repository), "%s%s",
		     strcmp(ret->registry, hub) == 0 && !strchr(rest, '/') ? official
									   : "",
		     rest) >= (int)sizeof(ret->repository))
		return -EINVAL;
	return 0;
}

int ref_parse(const char *name, struct ref *ret)
{
	struct ref r = { .registry = "" };
	char text[REF_MAX];
	char *at;

	if (strlen(name) >= sizeof(text))
		return -EINVAL;
	strcpy(text, name);
	at = strchr(text, '@');
	if (at) {
		*at = '\0';
		if (digest_parse(at + 1, &r.digest) < 0)
			return -EINVAL;
	}
	if (split_tag(text, &r) < 0 || strlen(text) > NAME_MAX_BYTES)
		return -EINVAL;
	if (split_name(text, &r) < 0)
		return -EINVAL;
	/* 64 hexadecimal digits are an id, never a name, nor the short form of one */
	ref_short_repository(&r, text);
	if (strlen(text) == DIGEST_HEX && digest_is_hex(text))
		return -EINVAL;
	/* "sha256:..." is a digest, never a tag */
	if (strcmp(text, "sha256") == 0)
		return -EINVAL;
	if (!at && !*r.tag)
		strcpy(r.tag, "latest");
	*ret = r;
	return 0;
}

void ref_short_repository(const struct ref *r, char ret[REF_MAX])
{
	const char *repository = r->repository, *slash = strchr(repository, '/');

	/* "docker.io/x.y/z" is not "x.y/z", which is another registry's */
	if (strcmp(r->registry, hub) != 0 ||
	    (slash && names_registry(repository, (size_t)(slash - repository)))) {
		snprintf(ret, REF_MAX, "%s/%s", r->registry, repository);
		return;
	}
	if (strncmp(repository, official, sizeof(official) - 1) == 0 &&
	    !strchr(repository + sizeof(official) - 1, '/'))
		repository += sizeof(official) - 1;
	snprintf(ret, REF_MAX, "%s", repository);
}

/* @ret holds the beginning; its parts are bounded so that all fits in REF_MAX. */
static void add_tag(const struct ref *r, char ret[REF_MAX])
{
	size_t len = strlen(ret);

	snprintf(ret + len, REF_MAX - len, "%s%s%s%s", *r->tag ? ":" : "", r->tag,
		 *r->digest.text ? "@" : "", r->digest.text);
}

void ref_short(const struct ref *r, char ret[REF_MAX])
{
	ref_short_repository(r, ret);
	add_tag(r, ret);
}

void ref_whole(const struct ref *r, char ret[REF_MAX])
{
	snprintf(ret, REF_MAX, "%s/%s", r->registry, r->repository);
	add_tag(r, ret);
}
