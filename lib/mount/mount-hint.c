/* SPDX-License-Identifier: MIT */
/*
 * mount-hint - why a file system was not mounted, for people. A hint names the knob: the
 * setting, the option or the program in the way.
 */
#include <errno.h>
#include <string.h>

#include "mount/mount-rows.h"

/*
 * Overlayfs says why it refuses, if it says it, only in the kernel's log before Linux
 * 6.8.
 */
static const struct step_hint overlay_hints[] = {
	{ -ENODEV, "this kernel has no overlayfs: modprobe overlay, or --direct" },
	{ -EINVAL,
	  "overlayfs refuses some file systems as a lower or upper layer, and more than two of "
	  "itself on each other (the kernel's log says which: dmesg): another directory, or "
	  "--direct" },
	{ -E2BIG,
	  "before Linux 6.8 a page of text names all layers, and here are so many open files "
	  "that their numbers do not fit" },
	{ -EROFS, "what the container writes needs a file system that can be written" },
	{ -ENOSPC,
	  "the file system of what the container writes has no room, or no inodes, left" },
	{ -EBUSY, "another overlay uses this directory" },
	{ -ESTALE, "the directory was used for other layers before" },
	{ 0 },
};

static void hint_overlay(struct err *e, int err)
{
	for (const struct step_hint *h = overlay_hints; h->text; h++)
		if (h->err == err)
			err_hint(e, "%s", h->text);
}

void hint_fs(struct err *e, const struct plan *p, const struct step *s, int err,
	     const char *note)
{
	const struct step_fs *d = s->data;

	(void)p;
	if (strstr(note, "Mount too revealing"))
		err_hint(e, "here parts of /proc or /sys are hidden, so the kernel "
			    "refuses a new "
			    "one: what made this container must not hide them "
			    "(--privileged)");
	else if (strncmp(note, "e ", 2) == 0)
		err_hint(e, "the kernel says: %.*s", (int)strcspn(note + 2, "\n"),
			 note + 2);
	else if (strcmp(d->type, "squashfs") == 0 && err == -ENODEV)
		err_hint(e, "this kernel has no squashfs: modprobe squashfs");
	else if (strcmp(d->type, "overlay") == 0)
		hint_overlay(e, err);
}
