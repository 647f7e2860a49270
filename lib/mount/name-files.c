/* SPDX-License-Identifier: MIT */
/*
 * name-files - /etc/hosts and /etc/resolv.conf of the container's own: small files in
 * scratch that are shown over what the root has, so that it can write to them and neither
 * the root nor the host is changed. Programs look up their own host name, and
 * "localhost", and fail or wait where nothing knows them.
 *
 * With the host's network names are the host's, so its files come first; else the root's
 * own /etc/hosts does. What is added comes last: the first answer counts. See hosts(5),
 * resolv.conf(5).
 */
#include <fcntl.h>
#include <minc/container.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "mount/mount.h"

static const char hosts_path[] = "/etc/hosts", resolv_path[] = "/etc/resolv.conf";

/* Fit for a line of hosts(5). */
static bool is_name(const char *name)
{
	static const char fit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-._";

	return name && *name && !name[strspn(name, fit)];
}

/* The name that the container has for itself. */
static const char *own_name(const struct mounts *m)
{
	const struct spec *s = m->spec;
	const char *name = s->hostname ? s->hostname
			   : s->name   ? s->name
				       : m->host->nodename;

	return is_name(name) ? name : NULL;
}

static bool on_host_root(const struct mounts *m)
{
	return strcmp(m->root_path, "/") == 0;
}

/* A root of the host's knows the host's names already, and can be written. */
bool mount_has_hosts(const struct mounts *m)
{
	return !on_host_root(m) || m->spec->hostname || m->spec->name || m->spec->names;
}

bool mount_has_resolv(const struct mounts *m)
{
	return !on_host_root(m) && m->spec->net == SPEC_NET_HOST && m->host->resolv_conf;
}

/* To be read before the host's tree is gone. */
static int plan_source(struct plan *p, const struct mounts *m, const char *path,
		       const char *why)
{
	struct step *s = plan_append(p, &step_open, NULL, why);
	struct step_open *d = s->data;

	s->flags |= STEP_IF_EXISTS | (m->template ? STEP_HOST : 0);
	d->at = SLOT_CWD;
	d->path = path;
	d->read = true;
	d->ret = plan_slot(p);
	return d->ret;
}

/*
 * To be read before the container's own /proc is there: a link of the root's may lead
 * into it.
 */
static int plan_root_source(struct plan *p, const struct mounts *m)
{
	struct step *s = plan_append(p, &step_open, NULL, "the names that the root has");
	struct step_open *d = s->data;

	s->flags |= STEP_IF_EXISTS;
	d->at = m->root;
	d->path = hosts_path;
	d->in_root = d->read = true;
	d->ret = plan_slot(p);
	return d->ret;
}

void mount_plan_name_sources(struct plan *p, struct mounts *m)
{
	m->resolv_source = m->hosts_source = SLOT_NONE;
	if (mount_has_resolv(m))
		m->resolv_source =
			plan_source(p, m, resolv_path,
				    "the host's network: its name servers, too");
	if (mount_has_hosts(m) && m->host->hosts &&
	    (on_host_root(m) || m->spec->net == SPEC_NET_HOST))
		m->hosts_source = plan_source(p, m, hosts_path, "the host's names, too");
}

/* "a.b.c" is known as "a", too; and a container by its name. */
static const char *own_line(struct plan *p, const struct mounts *m)
{
	const char *name = own_name(m), *more = m->spec->name;
	size_t len = name ? strcspn(name, ".") : 0;

	if (!name)
		return "";
	if (!is_name(more) || strcmp(more, name) == 0)
		more = "";
	return plan_text(p, "127.0.1.1\t%s%s%.*s%s%s\n", name,
			 len && name[len] ? " " : "", len && name[len] ? (int)len : 0,
			 name, *more ? " " : "", more);
}

/* Names of the user come first. */
static const char *asked_lines(struct plan *p, const struct mounts *m)
{
	const char *text = NULL;

	for (const struct spec_name *n = m->spec->names; n; n = n->next)
		text = plan_text(p, "%s%s\t%s\n", text ? text : "", n->address, n->name);
	return text;
}

static void plan_file(struct plan *p, struct mounts *m, const char *name,
		      const char *path, const char *before, int source,
		      const char *content, const char *why)
{
	const bool direct = m->spec->root_flags & MINC_ROOT_DIRECT;
	const bool rdonly = m->spec->root_flags & MINC_ROOT_RDONLY;
	struct step_file *d = plan_append(p, &step_file, NULL, why)->data;
	size_t first = p->len;
	int slot;

	d->at = m->scratch;
	d->path = name;
	d->content = content;
	d->before = before;
	d->source = source;
	d->mode = 0644;
	slot = mount_tree(p, m, m->scratch, name, false, NULL, why);
	mount_attr(p, slot, false,
		   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
			   (rdonly ? MOUNT_ATTR_RDONLY : 0),
		   NULL, "data only");
	mount_attach(p, slot, m->root, path, direct ? CREATE_NOTHING : CREATE_LIKE_MOUNT,
		     NULL, why);
	if (direct) /* nothing is made in the directory itself for this */
		for (size_t i = first; i < p->len; i++)
			p->steps[i].flags |= STEP_IF_EXISTS;
}

/*
 * Whether @path leads to anything in the directory @root, as the container will see it.
 */
static bool is_inside(const char *root, const char *path)
{
	cleanup_close int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = at < 0 ? at : path_open_in_root(at, path, 0);

	if (fd >= 0)
		(void)close(fd); /* O_PATH */
	return fd >= 0;
}

/* Without an overlay there is no place for it but in the directory itself. */
static void warn_direct(struct plan *p, const struct mounts *m)
{
	const char *path = plan_text(p, "%s%s", m->root_path, resolv_path);

	if (m->spec->root_flags & MINC_ROOT_DIRECT &&
	    !is_inside(m->root_path, resolv_path))
		plan_warn(
			p,
			"%s: not there, so names are not looked up as on the host: an empty file "
			"will do",
			path);
}

void mount_plan_root_names(struct plan *p, struct mounts *m)
{
	if (mount_has_hosts(m) && m->hosts_source == SLOT_NONE &&
	    m->spec->net != SPEC_NET_HOST)
		m->hosts_source = plan_root_source(p, m);
}

void mount_plan_names(struct plan *p, struct mounts *m)
{
	if (mount_has_resolv(m)) {
		warn_direct(p, m);
		plan_file(p, m, "resolv.conf", resolv_path, NULL, m->resolv_source, "",
			  "names are looked up as on the host");
	}
	if (!mount_has_hosts(m))
		return;
	plan_file(
		p, m, "hosts", hosts_path, asked_lines(p, m), m->hosts_source,
		plan_text(
			p,
			"\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n%s",
			own_line(p, m)),
		"its own name and localhost can be looked up");
}
