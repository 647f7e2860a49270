/* SPDX-License-Identifier: MIT */
/*
 * layers - an image's layers as read-only mounts for the root overlay. The kernel's
 * squashfs on a loop device where the caller may mount one: a device goes with its last
 * mount, so nothing is left whatever ends the container. See loop(4).
 */
#include "mount/mount.h"

#include <minc/container.h>
#include <sys/stat.h>

static const char why_loop[] = "a layer of the image, where the kernel can mount it",
		  why_layer[] = "its files, read-only and never unpacked",
		  why_attached[] = "somewhere that goes away with the container";

static unsigned layer_attr(const struct mounts *m)
{
	return MOUNT_ATTR_RDONLY |
	       (spec_flag(m->spec, MINC_PRIVILEGED) ? 0 : (unsigned)MOUNT_ATTR_NODEV);
}

/*
 * The nearly empty namespace has no /dev, so there the caller mounts, and hands the
 * detached mounts on.
 */
static int plan_squashfs(struct plan *p, struct mounts *m, const char *path)
{
	const char *origin = m->spec->image.name;
	const unsigned flags = m->template ? STEP_HOST : 0;
	const size_t first = p->len;
	struct step_loop *loop = plan_append(p, &step_loop, origin, why_loop)->data;
	struct step_fs *fs;

	loop->path = path;
	loop->ret = plan_slot(p);
	fs = mount_fs(p, "squashfs", layer_attr(m), origin, why_layer);
	fs->shown = path;
	fs->on_device = true;
	fs->device = loop->ret;
	mount_option(fs, "ro", NULL);
	for (size_t i = first; i < p->len; i++)
		p->steps[i].flags |= flags;
	return fs->ret;
}

static void plan_server(struct plan *p, struct mounts *m, int *ret_socket)
{
	const struct spec_image *image = &m->spec->image;
	const char **argv = plan_alloc(p, (image->layers_len + 3) * sizeof(*argv));
	struct step *s =
		plan_append(p, &step_serve, image->name,
			    "an ordinary user cannot mount them: a process reads them");
	struct step_serve *d = s->data;

	s->flags |= STEP_HOST;
	d->program = m->server;
	d->argv = argv;
	d->ret = *ret_socket = plan_slot(p);
	if (!argv)
		return; /* plan_seal() fails */
	argv[0] = "minc-fuse";
	argv[1] = m->server_ids;
	for (size_t i = 0; i < image->layers_len; i++)
		argv[2 + i] = image->layers[i];
}

/* One mount for all: layer N is its directory "N". */
static void plan_fuse(struct plan *p, struct mounts *m)
{
	const char *origin = m->spec->image.name;
	struct step_fuse *fuse;
	int socket;

	plan_server(p, m, &socket);
	fuse = plan_append(p, &step_fuse, origin, "what that process serves")->data;
	fuse->socket = socket;
	fuse->attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV;
	fuse->user = plan_text(p, "%u", m->uid);
	fuse->group = plan_text(p, "%u", m->gid);
	fuse->ret = plan_slot(p);
	mount_attach(p, fuse->ret, SLOT_CWD, "/sys", CREATE_NOTHING, origin,
		     why_attached);
	for (size_t i = m->layers_len; i-- > 0;) {
		struct step_open *layer =
			plan_append(p, &step_open, origin, why_layer)->data;

		layer->at = fuse->ret;
		layer->path = plan_text(p, "%zu", i);
		layer->directory = true;
		layer->ret = m->layers[m->layers_len - 1 - i] = plan_slot(p);
	}
}

/* One layer that is all of them. */
static void plan_unpacked(struct plan *p, struct mounts *m)
{
	const int at = mount_storage(p, m, m->spec->image.name);
	struct step_open *d =
		plan_append(p, &step_open, m->spec->image.name,
			    "its files, unpacked before: there is no /dev/fuse")
			->data;

	d->at = at;
	d->path = UNPACKED_ROOT;
	d->directory = true;
	d->ret = plan_slot(p);
	m->layers_len = 1;
	if (m->layers)
		m->layers[0] = d->ret;
}

void mount_plan_layers(struct plan *p, struct mounts *m)
{
	const struct spec_image *image = &m->spec->image;

	m->layers = plan_alloc(p, image->layers_len * sizeof(*m->layers));
	m->layers_len = m->layers ? image->layers_len : 0; /* else plan_seal() fails */
	if (m->unpacked) {
		plan_unpacked(p, m);
		return;
	}
	if (!m->loops) {
		plan_fuse(p, m);
		return;
	}
	for (size_t i = 0; i < m->layers_len; i++)
		m->layers[m->layers_len - 1 - i] = plan_squashfs(p, m, image->layers[i]);
}

void mount_attach_layers(struct plan *p, struct mounts *m)
{
	for (size_t i = m->layers_len; m->loops && i-- > 0;)
		mount_attach(p, m->layers[i], SLOT_CWD, m->template ? "/" : "/sys",
			     CREATE_NOTHING, m->spec->image.name, why_attached);
}

/*
 * A missing one belongs to who will use it, as with podman(1). Nobody opens it
 * afterwards.
 */
static void make_directory(struct plan *p, struct mounts *m, const char *path, int slot,
			   const char *origin, const char *why)
{
	struct step *s = plan_append(p, &step_open, origin, why);
	struct step_open *d = s->data;

	d->at = m->root;
	d->path = plan_text(p, "%s", path);
	d->in_root = d->directory = true;
	d->create = S_IFDIR | 0755;
	d->uid = m->user;
	d->gid = m->group;
	d->forget = true;
	d->ret = slot;
}

static void plan_start(struct plan *p, struct mounts *m)
{
	const struct spec_image *image = &m->spec->image;
	const char *cwd = m->spec->cwd ? m->spec->cwd : image->cwd;

	if (image->layers_len && cwd && *cwd == '/')
		make_directory(p, m, cwd, plan_slot(p),
			       m->spec->cwd ? m->spec->cwd_origin : image->name,
			       "where the command starts, made if missing");
}

void mount_plan_volumes(struct plan *p, struct mounts *m)
{
	const struct spec_image *image = &m->spec->image;

	const int slot = image->volumes && *image->volumes ? plan_slot(p) : SLOT_NONE;

	for (const char *const *v = image->volumes; v && *v; v++)
		make_directory(p, m, *v, slot, image->name,
			       "a volume of the image, made if missing");
	/*
	 * before the root is read-only; what the user mounts there may be writable, or
	 * not
	 */
	if (m->spec->root_flags & MINC_ROOT_RDONLY)
		plan_start(p, m);
}

void mount_plan_cwd(struct plan *p, struct mounts *m)
{
	if (!(m->spec->root_flags & MINC_ROOT_RDONLY))
		plan_start(p, m);
}
