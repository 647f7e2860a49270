/* SPDX-License-Identifier: MIT */
/*
 * overlay-step - an overlay of many layers before Linux 6.8 (child code). A value of
 * fsconfig(2) has 255 characters and there is no "lowerdir+" yet, but the options of
 * mount(2) fill a page. The layers are descriptors; seen from /proc/self/fd their names
 * are their numbers, so that a page holds more of them than the 500 that overlayfs takes.
 * mount(2) needs a place to mount on; from there the step that attaches the root moves
 * the mount.
 *
 * And of every overlay: whether it can be written.
 */
#include <errno.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "mount/mount.h"

static int work_directory(struct runner *r, const struct step *s)
{
	const struct step_fs *d = s->data;

	for (size_t i = 0; i < d->options_len; i++)
		if (strcmp(d->options[i].key, "workdir") == 0)
			return runner_fd(r, d->options[i].slot);
	return -EBADF;
}

int overlay_check(struct runner *r, const struct step *s, int mount)
{
	const int work = work_directory(r, s);
	struct statfs fs;
	int ret;

	if (work < 0)
		return 0;
	ret = sys_call(SYS_fstatfs, mount, &fs, 0, 0, 0);
	if (ret < 0 || !(fs.f_flags & ST_RDONLY))
		return ret;
	/* to find the reason: try what overlayfs could not do */
	ret = sys_mkdirat(work, "again", 0);
	if (ret < 0 && ret != -EEXIST)
		return ret;
	/* its contents are never read */
	(void)sys_unlinkat(work, "again", AT_REMOVEDIR);
	return -EROFS;
}

/* A page of text. Its length also counts text that did not fit. */
struct page {
	/* the smallest page; the kernel puts a zero into its last byte */
	char text[4096];
	size_t len;
};

static void put_text(struct page *p, const char *text)
{
	for (; *text; text++, p->len++)
		if (p->len < sizeof(p->text))
			p->text[p->len] = *text;
}

/* "=3:4:5", as seen from /proc/self/fd. */
static int put_slots(struct runner *r, struct page *p, const int *slots, size_t len)
{
	char path[PATH_OF_FD_MAX];

	for (size_t i = 0; i < len; i++) {
		const int fd = runner_fd(r, slots[i]);

		if (fd < 0)
			return -EBADF;
		path_of_fd(path, fd);
		put_text(p, i > 0 ? ":" : "=");
		put_text(p, path + sizeof(PATH_FDS));
	}
	return 0;
}

static int put_option(struct runner *r, struct page *p, const struct fs_option *o)
{
	if (p->len > 0)
		put_text(p, ",");
	put_text(p, o->key);
	if (o->slots)
		return put_slots(r, p, o->slots, o->slots_len);
	if (o->slot != SLOT_NONE)
		return put_slots(r, p, &o->slot, 1);
	if (o->value) {
		put_text(p, "=");
		put_text(p, o->value);
	}
	return 0;
}

static int put_options(struct runner *r, struct page *p, const struct step *s)
{
	const struct step_fs *d = s->data;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < d->options_len; i++)
		ret = put_option(r, p, &d->options[i]);
	if (ret < 0)
		return ret;
	if (p->len >= sizeof(p->text))
		return -E2BIG;
	p->text[p->len] = '\0';
	return 0;
}

/* Open a directory, or the mount on it. */
static int open_place(struct runner *r, const struct step *s)
{
	const struct step_fs *d = s->data;

	return sys_openat(runner_fd(r, d->at), d->place,
			  O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* Put the new mount, with its flags, into its slot; its descriptor is used to move it. */
static int take_mount(struct runner *r, const struct step *s)
{
	const struct step_fs *d = s->data;
	const struct mount_attr attr = { .attr_set = d->attr };
	int fd = open_place(r, s), ret;

	if (fd < 0)
		return fd;
	ret = sys_mount_setattr(fd, "", SYS_AT_EMPTY_PATH, &attr);
	if (ret == 0)
		ret = overlay_check(r, s, fd);
	if (ret == 0)
		return runner_put(r, d->ret, fd);
	(void)sys_close(fd); /* O_PATH */
	return ret;
}

/*
 * The directory that the caller was in is not needed again, because all paths of the host
 * are absolute.
 */
int overlay_from_list(struct runner *r, const struct step *s)
{
	const struct step_fs *d = s->data;
	char target[PATH_OF_FD_MAX];
	struct page page;
	int ret, place;

	page.len = 0;
	ret = put_options(r, &page, s);
	if (ret < 0)
		return ret;
	place = open_place(r, s);
	if (place < 0)
		return place;
	path_of_fd(target, place);
	ret = sys_chdir(PATH_FDS);
	if (ret == 0)
		ret = sys_mount(d->type, target, d->type, 0, page.text);
	(void)sys_close(place); /* O_PATH */
	if (ret == 0)
		ret = sys_chdir("/");
	return ret < 0 ? ret : take_mount(r, s);
}
