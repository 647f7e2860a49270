/* SPDX-License-Identifier: MIT */
/*
 * platform - which manifest of an index is for a machine. Names are Go's; variants are
 * ordered, and a machine runs what is made for a lower one.
 */
#include "store/platform.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/str.h"
#include "store/image.h"
#include "store/manifest.h"

static const struct {
	const char *machine, *architecture, *variant;
} machines[] = {
	{ "x86_64", "amd64", "" },    { "aarch64", "arm64", "" },
	{ "armv8l", "arm", "v7" },    { "armv7l", "arm", "v7" },
	{ "armv6l", "arm", "v6" },    { "armv5tel", "arm", "v5" },
	{ "i686", "386", "" },        { "i586", "386", "" },
	{ "ppc64le", "ppc64le", "" }, { "s390x", "s390x", "" },
	{ "riscv64", "riscv64", "" }, { "loongarch64", "loong64", "" },
	{ "mips64", "mips64le", "" },
};

void platform_machine(struct platform *ret)
{
	struct utsname u;
	size_t i = 0;

	*ret = (struct platform){ .os = "linux" };
	if (uname(&u) < 0)
		return;
	while (i < sizeof(machines) / sizeof(machines[0]) &&
	       !str_equal(machines[i].machine, u.machine))
		i++;
	if (i == sizeof(machines) / sizeof(machines[0])) {
		snprintf(ret->architecture, sizeof(ret->architecture), "%.31s",
			 u.machine);
		return;
	}
	strcpy(ret->architecture, machines[i].architecture);
	strcpy(ret->variant, machines[i].variant);
}

/* Names that others use for Go's. */
static void use_go_names(struct platform *p)
{
	static const struct {
		const char *other, *architecture, *variant;
	} others[] = { { "x86_64", "amd64", "" },  { "x86-64", "amd64", "" },
		       { "aarch64", "arm64", "" }, { "armhf", "arm", "v7" },
		       { "armel", "arm", "v6" },   { "i386", "386", "" } };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (str_equal(others[i].other, p->architecture)) {
			strcpy(p->architecture, others[i].architecture);
			if (!*p->variant)
				strcpy(p->variant, others[i].variant);
			return;
		}
}

static int parse(const char *text, struct platform *ret)
{
	char *const part[] = { ret->os, ret->architecture, ret->variant };
	size_t i = 0;

	*ret = (struct platform){ .os = "" };
	for (; i < sizeof(part) / sizeof(part[0]); i++) {
		size_t len = strcspn(text, "/");

		if (len == 0 || len >= sizeof(ret->os))
			return -EINVAL;
		memcpy(part[i], text, len);
		text += len;
		if (!*text)
			break;
		text++;
	}
	if (i == 0 || i == sizeof(part) / sizeof(part[0]))
		return -EINVAL;
	use_go_names(ret);
	return 0;
}

/* "v7" is 7. Without a variant it is the lowest of all, as in containerd. */
static unsigned level(const char *architecture, const char *variant)
{
	unsigned n;

	if (!*variant)
		return str_equal(architecture, "arm")     ? 7
		       : str_equal(architecture, "arm64") ? 8
							  : 1;
	return variant[0] == 'v' && variant[1] >= '1' && variant[1] <= '9' &&
			       sscanf(variant + 1, "%2u", &n) == 1
		       ? n
		       : 0;
}

static const struct manifest_child *best(const struct manifest_child *children,
					 size_t len, const struct platform *p)
{
	unsigned wanted = level(p->architecture, p->variant), found = 0;
	const struct manifest_child *ret = NULL;

	for (size_t i = 0; i < len; i++) {
		const struct manifest_child *c = &children[i];
		unsigned is = level(p->architecture, c->variant);

		if (!str_equal(c->os, p->os) ||
		    !str_equal(c->architecture, p->architecture))
			continue;
		if (str_equal(c->variant, p->variant))
			return c;
		if (is > 0 && is <= wanted && is > found) {
			ret = c;
			found = is;
		}
	}
	return ret;
}

static int refuse(struct err *e, const char *what, const struct manifest_child *children,
		  size_t len, const struct platform *p)
{
	char list[400] = "";
	size_t used = 0;

	for (size_t i = 0; i < len && used < sizeof(list) - 1; i++) {
		const struct manifest_child *c = &children[i];
		int n;

		if (!*c->os || str_equal(c->os, "unknown"))
			continue;
		n = snprintf(list + used, sizeof(list) - used, "%s%s/%s%s%s",
			     used ? ", " : "", c->os, c->architecture,
			     *c->variant ? "/" : "", c->variant);
		used += n < 0 ? 0 : (size_t)n;
	}
	return err_say(e, -ENOENT, "%s: nothing for %s/%s%s%s, only for %s", what, p->os,
		       p->architecture, *p->variant ? "/" : "", p->variant,
		       *list ? list : "nothing that is named");
}

static int read_platform(struct err *e, const char *platform, struct platform *ret)
{
	if (!platform)
		platform_machine(ret);
	else if (parse(platform, ret) < 0)
		return err_say(e, -EINVAL, "platform %s: not OS/ARCHITECTURE[/VARIANT]",
			       platform);
	return 0;
}

int image_fits_platform(struct err *e, const struct image *img, const char *platform)
{
	struct manifest_child is = { .os = img->os,
				     .architecture = img->architecture,
				     .variant = img->variant };
	struct platform p;
	int r = read_platform(e, platform, &p);

	return r < 0 ? r : (!*is.os && !*is.architecture) || best(&is, 1, &p) ? 1 : 0;
}

/* The only one, if it has no platform; attestations ("unknown") do not count. */
static const struct manifest_child *only(const struct manifest_child *children,
					 size_t len)
{
	const struct manifest_child *ret = NULL;

	for (size_t i = 0; i < len; i++) {
		if (str_equal(children[i].os, "unknown"))
			continue;
		if (ret || *children[i].os || *children[i].architecture)
			return NULL;
		ret = &children[i];
	}
	return ret;
}

int image_choose_platform(struct err *e, const char *what,
			  const struct manifest_child *children, size_t len,
			  const char *platform, size_t *ret)
{
	const struct manifest_child *found;
	struct platform p;
	int r = read_platform(e, platform, &p);

	if (r < 0)
		return r;
	found = best(children, len, &p);
	if (!found)
		found = only(children, len);
	if (!found)
		return refuse(e, what, children, len, &p);
	*ret = (size_t)(found - children);
	return 0;
}
