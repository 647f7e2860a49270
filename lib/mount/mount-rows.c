/* SPDX-License-Identifier: MIT */
/* mount-rows - see mount-rows.h. */
#include "mount/mount-rows.h"

#include <errno.h>

static const struct step_hint propagation_hints[] = {
	{ -EINVAL,
	  "the root of a chroot(2) is no mount point: mount --bind DIR DIR before it "
	  "makes one" },
	{ 0 },
};

STEP_NAMED(open, "%s", d->path)

static const struct step_hint open_hints[] = {
	{ -ESTALE,
	  "somebody has put another directory in its place since it was looked at" },
	{ 0 },
};

STEP_NAMED(tree, "%s%s%s", d->path, d->target ? " on " : "", d->target ? d->target : "")
STEP_NAMED(loop, "%s", d->path)

static const struct step_hint loop_hints[] = {
	{ -ENOENT, "the image lacks a layer, or there is no /dev/loop-control: modprobe "
		   "loop" },
	{ 0 },
};

STEP_NAMED(serve, "%s", d->argv ? d->argv[2] : "")

static const struct step_hint fuse_hints[] = {
	{ -ENOENT, "image layers are read through /dev/fuse: modprobe fuse" },
	{ -EACCES, "image layers are read through /dev/fuse, which everybody may open: "
		   "chmod 666 /dev/fuse" },
	{ -ENODEV, "this kernel has no FUSE: modprobe fuse" },
	{ 0 },
};

STEP_NAMED(fs, "%s%s%s", d->type, d->shown ? " of " : "", d->shown ? d->shown : "")
STEP_NAMED(attach, "%s", d->path)

static const struct step_hint attach_hints[] = {
	{ -EISDIR,
	  "the container has a directory there, which only a directory can be shown over" },
	{ -ENOTDIR,
	  "the container has a file there, or on the way: a directory can only be shown over one" },
	{ -EROFS,
	  "its mount point is missing below what is shown read-only, where nothing is made" },
	{ 0 },
};

STEP_NAMED(mkdir, "%s", d->path)
STEP_NAMED(mknod, "%s", d->path)
STEP_NAMED(symlink, "%s -> %s", d->path, d->target)
STEP_NAMED(file, "%s", d->path)

static const struct step_hint root_hints[] = {
	{ -EINVAL,
	  "pivot_root(2) needs / to be a mount point that is not the initial ramfs" },
	{ 0 },
};

const struct step_ops step_propagation = {
	STEP_FACES_BARE("private", propagation),
	.hints = propagation_hints,
};

const struct step_ops step_open = {
	STEP_FACES("open", open),
	.name_object = name_open,
	.hints = open_hints,
};

const struct step_ops step_tree = {
	STEP_FACES("bind", tree),
	.name_object = name_tree,
};

const struct step_ops step_loop = {
	STEP_FACES("loop device for", loop),
	.name_object = name_loop,
	.hints = loop_hints,
};

const struct step_ops step_serve = {
	STEP_FACES("serve layers", serve),
	.name_object = name_serve,
	.hint = hint_serve,
	.hold = hold_serve,
};

const struct step_ops step_fuse = {
	STEP_FACES("mount layers", fuse),
	.hints = fuse_hints,
};

const struct step_ops step_fs = {
	STEP_FACES("mount", fs),
	.name_object = name_fs,
	.hint = hint_fs,
};

const struct step_ops step_setattr = {
	STEP_FACES("mount flags", setattr),
};

const struct step_ops step_attach = {
	STEP_FACES("attach on", attach),
	.name_object = name_attach,
	.hints = attach_hints,
};

const struct step_ops step_mkdir = {
	STEP_FACES("make directory", mkdir),
	.name_object = name_mkdir,
};

const struct step_ops step_mknod = {
	STEP_FACES("make device", mknod),
	.name_object = name_mknod,
};

const struct step_ops step_symlink = {
	STEP_FACES("make link", symlink),
	.name_object = name_symlink,
};

const struct step_ops step_file = {
	STEP_FACES("write", file),
	.name_object = name_file,
};

const struct step_ops step_root = {
	STEP_FACES("change root", root),
	.hints = root_hints,
};

static const struct step_ops *const rows[] = {
	&step_propagation, &step_open,    &step_tree,    &step_loop,   &step_serve,
	&step_fuse,        &step_fs,      &step_setattr, &step_attach, &step_mkdir,
	&step_mknod,       &step_symlink, &step_file,    &step_root,   NULL
};

const struct mechanism mount_steps = { "mount", rows, mount_functions };
