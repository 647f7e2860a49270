/* SPDX-License-Identifier: MIT */
/*
 * caps - which capabilities the command gets: podman's eleven, changed by the user in the
 * order of his words, and never more than the caller could give (capabilities(7)).
 * Names come from libcap-ng (caps-module.h); what it does not know is refused.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/module.h"
#include "minc/container.h"
#include "sec/caps-module.h"
#include "sec/profile.h"
#include "sec/sec.h"

enum { CAP_NAME_MAX = 32 };

struct change {
	uint64_t available;
	uint64_t known;
	uint64_t keep, added; /* the result so far */
	const char *origin;
};

/* One name of a list, NUL-terminated, without "CAP_"; the rest of the list. */
static const char *next_name(const char *names, char *name)
{
	size_t len = strcspn(names, ",");
	size_t n;

	if (len >= 4 && !strncasecmp(names, "cap_", 4)) {
		names += 4;
		len -= 4;
	}
	n = len < CAP_NAME_MAX ? len : CAP_NAME_MAX - 1;
	memcpy(name, names, n);
	name[n] = '\0';
	names += len;
	return *names ? names + 1 : NULL;
}

static int change_one(struct change *c, bool add, const char *name, struct err *e)
{
	void *number;
	uint64_t bit;
	int cap, r = module_symbol("caps", "caps_number", e, &number);

	if (r < 0)
		return r;
	cap = ((caps_number_fn *)number)(name);

	if (cap < 0 || cap > 63)
		return err_say(e, -EINVAL, "%s: unknown capability %s", c->origin, name);
	bit = UINT64_C(1) << cap;
	if (!add) {
		c->keep &= ~bit;
		c->added &= ~bit;
		return 0;
	}
	if (!(c->known & bit))
		return err_say(e, -EPERM, "%s: this kernel has no capability %s",
			       c->origin, name);
	if (!(c->available & bit))
		return err_say(e, -EPERM, "%s: the caller cannot give the capability %s",
			       c->origin, name);
	c->keep |= bit;
	c->added |= bit;
	return 0;
}

static int change_list(struct change *c, const struct spec_cap *list, struct err *e)
{
	const char *names = list->names;
	char name[CAP_NAME_MAX];
	int r = 0;

	c->origin = list->origin;
	if (!c->origin)
		c->origin = list->add ? "minc_add_cap" : "minc_drop_cap";
	while (names && r == 0) {
		names = next_name(names, name);
		if (strcasecmp(name, "all") != 0)
			r = change_one(c, list->add, name, e);
		else if (list->add)
			c->keep = c->added = c->available;
		else
			c->keep = c->added = 0;
	}
	return r;
}

int caps_resolve(const struct spec *s, const struct host *h, bool in_userns,
		 uint64_t *ret_keep, uint64_t *ret_added, struct err *e)
{
	struct change c = {
		.known = h->caps_known,
		.available = h->caps_known,
	};
	int r = 0;

	/* A new user namespace gives all of them over itself. */
	if (!in_userns)
		c.available &= h->caps_bounding & h->caps_permitted;
	c.keep = spec_flag(s, MINC_PRIVILEGED) ? c.available
					       : PROFILE_DEFAULT_CAPS & c.available;
	for (const struct spec_cap *cap = s->caps; cap && r == 0; cap = cap->next)
		r = change_list(&c, cap, e);
	if (r < 0)
		return r;
	*ret_keep = c.keep;
	*ret_added = c.added;
	return 0;
}

void caps_format(uint64_t mask, char *buf, size_t len)
{
	size_t used = 0;
	void *name_of;

	if (len)
		buf[0] = '\0';
	if (!mask || module_symbol("caps", "caps_name", NULL, &name_of) < 0)
		name_of = NULL; /* then by number */
	for (unsigned cap = 0; cap < 64 && used < len; cap++) {
		const char *name;
		int n;

		if (!(mask >> cap & 1))
			continue;
		name = name_of ? ((caps_name_fn *)name_of)(cap) : NULL;
		if (name)
			n = snprintf(buf + used, len - used, "%scap_%s", used ? "," : "",
				     name);
		else
			n = snprintf(buf + used, len - used, "%scap_%u", used ? "," : "",
				     cap);
		used += n > 0 ? (size_t)n : 0;
	}
}
