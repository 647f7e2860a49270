/* SPDX-License-Identifier: MIT */
/*
 * mirrors - see mirrors.h. What is not known is passed over, as newer versions of the
 * file have more; what is known must have its type, since a mistake in "blocked" or
 * "insecure" matters.
 */
#include "registry/mirrors.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/owner.h"
#include "base/str.h"
#include "registry/toml.h"

struct parser {
	struct arena *a;
	struct err *e;
	const char *path;
	struct toml t;
	struct mirrors *m;
	struct rule *rule;     /* open, or NULL */
	struct mirror *mirror; /* open, or NULL */
	unsigned seen;         /* keys of the open table */
};

static int bad(struct parser *p, const char *why)
{
	return err_say(p->e, -EBADMSG, "%s: line %u: %s", p->path, p->t.line, why);
}

static int no_memory(struct parser *p)
{
	return err_set(p->e, -ENOMEM, "%s", p->path);
}

static bool is_place(const char *s)
{
	return *s && strlen(s) < 512 &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789.-_:/[]*@")];
}

/* Keep the rule that has ended. */
static int close_rule(struct parser *p)
{
	struct rule *rule = p->rule;
	struct mirrors *m = p->m;

	if (!rule)
		return 0;
	p->rule = NULL;
	p->mirror = NULL;
	if (!rule->prefix)
		rule->prefix = rule->location;
	if (!rule->prefix)
		return bad(p, "a registry without prefix and location");
	for (size_t i = 0; i < rule->len; i++)
		if (!rule->mirrors[i].location)
			return bad(p, "a mirror without location");
	for (size_t i = 0; i < m->len; i++) {
		if (strcmp(m->rules[i]->prefix, rule->prefix) == 0) {
			m->rules[i] = rule;
			return 0;
		}
	}
	if (m->len == MIRRORS_RULES_MAX)
		return bad(p, "too many registries");
	if (m->len == m->room) {
		size_t room = m->room ? 2 * m->room : 8;
		struct rule **more = arena_alloc(p->a, room * sizeof(void *));

		if (!more)
			return no_memory(p);
		if (m->len > 0)
			memcpy(more, m->rules, m->len * sizeof(void *));
		m->rules = more;
		m->room = room;
	}
	m->rules[m->len++] = rule;
	return 0;
}

static int open_table(struct parser *p, const struct toml_item *item)
{
	bool mirror =
		item->kind == TOML_TABLES && strcmp(item->name, "registry.mirror") == 0;
	int r;

	p->seen = 0;
	if (mirror && p->rule) {
		if (p->rule->len == MIRRORS_PER_RULE_MAX)
			return bad(p, "too many mirrors");
		p->mirror = &p->rule->mirrors[p->rule->len++];
		return 0;
	}
	if (mirror)
		return bad(p, "a mirror of no registry");
	r = close_rule(p);
	if (r < 0 || item->kind != TOML_TABLES || strcmp(item->name, "registry") != 0)
		return r;
	p->rule = arena_new(p->a, struct rule);
	if (!p->rule)
		return no_memory(p);
	p->rule->file = p->path;
	return 0;
}

static int take_place(struct parser *p, const struct toml_item *item, const char **ret)
{
	if (item->kind != TOML_STRING)
		return bad(p, "not a string");
	if (!*item->text) /* as if it were not there */
		return 0;
	if (!is_place(item->text))
		return bad(p, "not the name of a registry");
	*ret = item->text;
	return 0;
}

static int take_bool(struct parser *p, const struct toml_item *item, bool *ret)
{
	if (item->kind != TOML_BOOL)
		return bad(p, "neither true nor false");
	*ret = item->truth;
	return 0;
}

static int take_use(struct parser *p, const struct toml_item *item, enum mirror_use *ret)
{
	if (item->kind != TOML_STRING)
		return bad(p, "not a string");
	if (strcmp(item->text, "digest-only") == 0)
		*ret = MIRROR_DIGESTS;
	else if (strcmp(item->text, "tag-only") == 0)
		*ret = MIRROR_TAGS;
	else if (*item->text && strcmp(item->text, "all") != 0)
		return bad(p, "pull-from-mirror is not all, digest-only or tag-only");
	return 0;
}

static const char *const keys[] = {
	"prefix",          "location", "insecure", "blocked", "mirror-by-digest-only",
	"pull-from-mirror"
};

static int take_key(struct parser *p, const struct toml_item *item)
{
	struct rule *rule = p->rule;
	struct mirror *mirror = p->mirror;
	size_t k = 0, count = sizeof(keys) / sizeof(keys[0]);

	while (k < count && strcmp(keys[k], item->name) != 0)
		k++;
	if (!rule || k == count)
		return 0;
	if (p->seen & 1u << k)
		return bad(p, "a key that was there before");
	p->seen |= 1u << k;
	switch (k) {
	case 0:
		return mirror ? 0 : take_place(p, item, &rule->prefix);
	case 1:
		return take_place(p, item, mirror ? &mirror->location : &rule->location);
	case 2:
		return take_bool(p, item, mirror ? &mirror->insecure : &rule->insecure);
	case 3:
		return mirror ? 0 : take_bool(p, item, &rule->blocked);
	case 4:
		return mirror ? 0 : take_bool(p, item, &rule->digests_only);
	default:
		return mirror ? take_use(p, item, &mirror->use) : 0;
	}
}

int mirrors_parse(struct arena *a, struct err *e, const char *path, const char *text,
		  struct mirrors *m)
{
	struct parser p = { .a = a,
			    .e = e,
			    .path = path,
			    .m = m,
			    .t = { .arena = a, .p = text, .line = 1 } };
	struct toml_item item;
	int r;

	while ((r = toml_next(&p.t, &item)) > 0) {
		bool table = item.kind == TOML_TABLE || item.kind == TOML_TABLES;

		r = table ? open_table(&p, &item) : take_key(&p, &item);
		if (r < 0)
			return r;
	}
	if (r == -ENOMEM)
		return no_memory(&p);
	return r < 0 ? bad(&p, p.t.why) : close_rule(&p);
}

static int load_file(struct arena *a, struct err *e, const char *path, struct mirrors *m)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r;

	if (!path)
		return -ENOMEM;
	r = io_read_config(e, path, MIRRORS_FILE_MAX, &text, &len);
	if (r < 0)
		return r;
	if (strlen(text) != len)
		return err_say(e, -EBADMSG, "%s: a zero byte", path);
	return mirrors_parse(a, e, path, text, m);
}

static int is_conf(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && dot != entry->d_name && strcmp(dot, ".conf") == 0;
}

static int load_dir(struct arena *a, struct err *e, const char *dir, struct mirrors *m)
{
	struct dirent **names;
	int n, r = 0;

	if (!dir)
		return -ENOMEM;
	n = scandir(dir, &names, is_conf, alphasort);
	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_set(e, -errno, "%s", dir);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = load_file(a, e,
				      arena_printf(a, "%s/%s", dir, names[i]->d_name), m);
		if (r == -ENOENT) /* a link to nothing */
			r = 0;
		free(names[i]);
	}
	free(names);
	return r;
}

int mirrors_load(struct arena *a, struct err *e, const char *etc, struct mirrors *ret)
{
	const char *home = owner_env_dir("HOME");
	const char *file = secure_getenv("CONTAINERS_REGISTRIES_CONF");
	struct mirrors m = { 0 };
	int r = -ENOENT;

	if (file && *file) {
		r = load_file(a, e, file, &m);
		if (r == -ENOENT)
			return err_set(e, r, "%s", file);
	} else {
		if (home)
			r = load_file(
				a, e,
				arena_printf(a, "%s/.config/containers/registries.conf",
					     home),
				&m);
		if (r == -ENOENT)
			r = load_file(a, e,
				      arena_printf(a, "%s/containers/registries.conf",
						   etc),
				      &m);
		if (r == 0 || r == -ENOENT)
			r = load_dir(a, e,
				     arena_printf(a, "%s/containers/registries.conf.d",
						  etc),
				     &m);
		if (r == 0 && home)
			r = load_dir(
				a, e,
				arena_printf(a, "%s/.config/containers/registries.conf.d",
					     home),
				&m);
	}
	if (r < 0)
		return err_set(e, r, "registries.conf");
	*ret = m;
	return 0;
}

/* How much of "REGISTRY/REPOSITORY" the prefix covers; 0: it does not fit. */
static size_t covers(const char *prefix, const struct ref *r, const char *whole)
{
	size_t n = strlen(prefix), host = strlen(r->registry);

	if (str_starts_with(prefix, "*."))
		return !strchr(prefix, '/') && host > n - 1 &&
				       strcmp(r->registry + host - (n - 1), prefix + 1) ==
					       0
			       ? n
			       : 0;
	if (strncmp(whole, prefix, n) != 0)
		return 0;
	return whole[n] == '\0' || whole[n] == '/' ? n : 0;
}

static void whole_name(const struct ref *r, char ret[REF_MAX + 1])
{
	size_t host = strlen(r->registry), rest = strlen(r->repository);

	memcpy(ret, r->registry, host);
	ret[host] = '/';
	memcpy(ret + host + 1, r->repository, rest + 1);
}

const struct rule *mirrors_find(const struct mirrors *m, const struct ref *r)
{
	const struct rule *best = NULL;
	char whole[REF_MAX + 1];
	size_t most = 0;

	whole_name(r, whole);
	for (size_t i = 0; i < m->len; i++) {
		size_t n = covers(m->rules[i]->prefix, r, whole);

		if (n > most) {
			most = n;
			best = m->rules[i];
		}
	}
	return best;
}

int mirrors_rewrite(struct arena *a, const struct rule *rule, const struct ref *r,
		    const char *location, const char **ret_host,
		    const char **ret_repository)
{
	const char *rest = r->repository, *slash, *name, *host;
	char whole[REF_MAX + 1];

	whole_name(r, whole);
	if (rule->prefix[0] != '*')
		rest = whole + strlen(rule->prefix);
	while (*rest == '/')
		rest++;
	slash = strchr(location, '/');
	host = arena_printf(a, "%.*s",
			    (int)(slash ? slash - location : (ptrdiff_t)strlen(location)),
			    location);
	name = arena_printf(a, "%s%s%s", slash ? slash + 1 : "",
			    slash && *rest ? "/" : "", rest);
	if (!host || !name)
		return -ENOMEM;
	if (!*host || !*name || strchr(host, '*') || strpbrk(name, "*:@[]") ||
	    strstr(name, "//") || strstr(name, ".."))
		return -EINVAL;
	*ret_host = host;
	*ret_repository = name;
	return 0;
}
