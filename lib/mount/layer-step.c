/* SPDX-License-Identifier: MIT */
/*
 * layer-step - what layers are mounted from. Child code (docs/architecture.md, "The
 * child").
 */
#include <errno.h>

#include "base/digits.h"
#include "mount/loop.h"
#include "mount/mount.h"
#include "plan/hand-over.h"

int run_loop(struct runner *r, const struct step *s)
{
	const struct step_loop *d = s->data;
	int file = sys_openat(AT_FDCWD, d->path, O_RDONLY | O_NOFOLLOW, 0), fd;
	char path[LOOP_PATH_MAX];

	if (file < 0)
		return file;
	fd = loop_attach(file, path);
	(void)sys_close(file); /* the device keeps the file open */
	return runner_put(r, d->ret, fd);
}

/* Mount the connection @fd; the files belong to ids of this user namespace. */
static int mount_fuse(struct runner *r, const struct step *s, int fd)
{
	const struct step_fuse *d = s->data;
	static const char *const flags[] = { "allow_other", "default_permissions", "ro" };
	const char *const options[][2] = {
		{ "source", "minc" },   { "subtype", "minc" },    { "rootmode", "40000" },
		{ "user_id", d->user }, { "group_id", d->group },
	};
	char number[DIGITS_MAX + 1];
	int fs = sys_fsopen("fuse"), ret;

	if (fs < 0)
		return fs;
	*digits_put(number, (uint64_t)fd) = '\0';
	ret = sys_fsconfig(fs, FSCONFIG_SET_STRING, "fd", number, 0);
	for (size_t i = 0; ret == 0 && i < sizeof(options) / sizeof(options[0]); i++)
		ret = sys_fsconfig(fs, FSCONFIG_SET_STRING, options[i][0], options[i][1],
				   0);
	for (size_t i = 0; ret == 0 && i < sizeof(flags) / sizeof(flags[0]); i++)
		ret = sys_fsconfig(fs, FSCONFIG_SET_FLAG, flags[i], NULL, 0);
	if (ret == 0)
		ret = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (ret == 0)
		ret = runner_put(r, d->ret, sys_fsmount(fs, d->attr));
	/* a configuration context only: an error here does not concern the mount */
	(void)sys_close(fs);
	return ret;
}

/*
 * The connection must be opened here, in the user namespace of the mount. Afterwards only
 * the server has it: if the server ends, readers get an error and do not wait.
 */
int run_fuse(struct runner *r, const struct step *s)
{
	const struct step_fuse *d = s->data;
	const int socket = runner_fd(r, d->socket);
	int fd = sys_openat(AT_FDCWD, "/dev/fuse", O_RDWR, 0), ret;

	if (fd < 0)
		return fd;
	ret = mount_fuse(r, s, fd);
	if (ret == 0)
		ret = hand_over_fd(socket, "", 1, fd);
	(void)sys_close(fd);     /* the server's */
	(void)sys_close(socket); /* nothing more to say */
	r->slots[d->socket] = -EBADF;
	return ret;
}
