/* SPDX-License-Identifier: MIT */
/*
 * like-step - a directory of an upper layer that is like the one below it. What overlayfs
 * shows of a directory that both layers have, the root above all, is the upper one: its
 * mode, its owner, its times, its attributes. Child code (docs/architecture.md, "The
 * child").
 *
 * In a user namespace an owner may have no id, and is then seen as nobody: such a
 * directory stays the caller's, with the mode that it has below. Entries of an access
 * control list that are about nobody are left out; where there can be no list, the group
 * gets what the list says of the group, not what its mask allows to anybody. Labels of a
 * security module and overlayfs's own marks are never copied.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "mount/mount.h"

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

enum {
	NOBODY = 65534,    /* the number that is shown for an id that is not mapped */
	NAMES_MAX = 65536, /* neither a list nor a value is longer in Linux */
	MAX_ERRNO = 4095,
	GROUP_SHIFT = 3,
	/* linux/posix_acl.h, which libc's headers do not bring */
	ACL_USER = 0x02,
	ACL_GROUP_OBJ = 0x04,
	ACL_GROUP = 0x08
};

/* linux/posix_acl_xattr.h, little-endian as all that we run on. */
struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};
struct acl {
	uint32_t version;
	struct acl_entry entries[];
};

/*
 * Memory for attributes, which most directories do not have. It is not on the stack,
 * which may be a copy of a small stack of one of the caller's threads.
 */
struct room {
	char names[NAMES_MAX];
	union {
		struct acl acl;
		char value[NAMES_MAX];
	};
};

static int make_room(struct room **ret)
{
	long p = sys_call6(SYS_mmap, 0, sizeof(**ret), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p < 0 && p > -MAX_ERRNO)
		return (int)p;
	*ret = (struct room *)p;
	return 0;
}

/* The value of the mark when all is done; before that it is "y". */
static const char finished = 'd';

/* The directory below: open for reading or, if that is refused, by its name in /proc. */
struct below {
	int fd;
	bool by_path, borrowed; /* the slot's own descriptor */
	char path[PATH_OF_FD_MAX];
	struct stat st;
};

static void close_below(const struct below *b)
{
	if (!b->borrowed)
		(void)sys_close(b->fd); /* it was only looked at */
}

static int open_one(struct below *b, int at, const char *path)
{
	const int flags = O_DIRECTORY | O_NOFOLLOW;
	int ret;

	b->by_path = b->borrowed = false;
	b->fd = sys_openat(at, path, flags | O_RDONLY, 0);
	if (b->fd == -EACCES) {
		/* even "." cannot be looked up in a directory that we may not search */
		b->by_path = true;
		b->borrowed = at >= 0 && path[0] == '.' && !path[1];
		b->fd = b->borrowed ? at : sys_openat(at, path, flags | O_PATH, 0);
	}
	if (b->fd < 0)
		return b->fd;
	path_of_fd(b->path, b->fd);
	ret = sys_call(SYS_newfstatat, b->fd, "", &b->st, SYS_AT_EMPTY_PATH, 0);
	if (ret < 0)
		close_below(b);
	return ret;
}

/* The root of a layer that has no entry for it (tar/tree.c, tree_init()). */
static bool says_nothing(const struct stat *st)
{
	return (st->st_mode & 07777) == 0755 && st->st_mtim.tv_sec == 0 &&
	       st->st_mtim.tv_nsec == 0;
}

/* Among several layers the uppermost with an entry for its root, else the uppermost. */
static int open_below(struct runner *r, const struct dir_like *like, struct below *b)
{
	for (size_t i = 0; i < like->len; i++) {
		int ret = open_one(b, runner_fd(r, like->slots[i]), like->path);

		if (ret < 0 || like->len == 1 || !says_nothing(&b->st))
			return ret;
		close_below(b);
	}
	return open_one(b, runner_fd(r, like->slots[0]), like->path);
}

static int give_owner(int to, const struct stat *st, bool mapped)
{
	const uint32_t none = UINT32_MAX;
	uint32_t uid = mapped && st->st_uid == NOBODY ? none : st->st_uid;
	uint32_t gid = mapped && st->st_gid == NOBODY ? none : st->st_gid;

	if (uid == none && gid == none)
		return 0;
	return sys_call(SYS_fchown, to, uid, gid, 0, 0);
}

static int list_names(const struct below *b, char *buf, size_t size)
{
	return b->by_path ? sys_call(SYS_listxattr, b->path, buf, size, 0, 0)
			  : sys_call(SYS_flistxattr, b->fd, buf, size, 0, 0);
}

static int get_value(const struct below *b, const char *name, void *buf, size_t size)
{
	return b->by_path ? sys_call(SYS_getxattr, b->path, name, buf, size, 0)
			  : sys_call(SYS_fgetxattr, b->fd, name, buf, size, 0);
}

static bool starts_with(const char *s, const char *with)
{
	while (*with && *s == *with) {
		s++;
		with++;
	}
	return !*with;
}

/* Remove the entries of ids that are not mapped here; the new length. */
static size_t drop_nobody(struct acl *acl, size_t len)
{
	size_t n = (len - sizeof(*acl)) / sizeof(acl->entries[0]), kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct acl_entry *e = &acl->entries[i];

		if ((e->tag == ACL_USER || e->tag == ACL_GROUP) && e->id == UINT32_MAX)
			continue;
		acl->entries[kept++] = *e;
	}
	return sizeof(*acl) + kept * sizeof(acl->entries[0]);
}

/*
 * The mode without the list. With a list, the mode's bits of the group are the mask: of
 * these bits, only those stay that the list gives to the group itself.
 */
static unsigned mode_without_list(const struct acl *acl, size_t len, unsigned mode)
{
	unsigned group = 0;

	for (size_t i = 0; sizeof(*acl) + (i + 1) * sizeof(acl->entries[0]) <= len; i++)
		if (acl->entries[i].tag == ACL_GROUP_OBJ)
			group = acl->entries[i].perm & 07U;
	return (mode & ~(unsigned)S_IRWXG) | (mode & group << GROUP_SHIFT);
}

/*
 * Copy the list of @b to @to. If it is the access list and cannot be kept, *mode gets
 * what remains without it.
 */
static void copy_list(const struct below *b, int to, const char *name, struct acl *acl,
		      unsigned *mode)
{
	const bool access = strcmp(name, ACL_ACCESS) == 0;
	int len = get_value(b, name, acl, NAMES_MAX), ret;
	size_t kept;

	if (len < (int)sizeof(*acl)) { /* we may not see it, so it gives nothing */
		*mode &= access ? ~(unsigned)S_IRWXG : ~0U;
		return;
	}
	kept = drop_nobody(acl, (size_t)len);
	ret = sys_call(SYS_fsetxattr, to, name, acl, kept, 0);
	if (ret < 0 && access)
		*mode = mode_without_list(acl, kept, *mode);
}

/*
 * Copy all attributes but the access list, which comes later because it gives
 * permissions. Attributes that the file system of the upper layer refuses are left out.
 * Returns whether there is an access list.
 */
static bool copy_attributes(const struct below *b, int to, struct room *room,
			    unsigned *mode)
{
	int len = list_names(b, room->names, sizeof(room->names)), n;
	bool listed = false;
	size_t size;

	for (const char *name = room->names; len > 0 && name < room->names + len;
	     name += size) {
		size = strlen(name) + 1;
		listed |= strcmp(name, ACL_ACCESS) == 0;
		if (strcmp(name, ACL_DEFAULT) == 0)
			copy_list(b, to, name, &room->acl, mode);
		if ((!starts_with(name, "user.") && !starts_with(name, "trusted.")) ||
		    starts_with(name, "user.overlay.") ||
		    starts_with(name, "trusted.overlay."))
			continue;
		n = get_value(b, name, room->value, sizeof(room->value));
		if (n >= 0)
			/* see above */
			(void)sys_call(SYS_fsetxattr, to, name, room->value, n, 0);
	}
	return listed;
}

/*
 * Remove the list that @to inherits from the directory in which it was made: it gives
 * permissions to other users than the list of the directory below.
 */
static int drop_list(int to, const char *name)
{
	int ret = sys_call(SYS_fremovexattr, to, name, 0, 0, 0);

	return ret < 0 && sys_call(SYS_fgetxattr, to, name, NULL, 0, 0) >= 0 ? ret : 0;
}

static int drop_lists(int to)
{
	int ret = drop_list(to, ACL_ACCESS);

	return ret < 0 ? ret : drop_list(to, ACL_DEFAULT);
}

static int set_times(int fd, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	return sys_call(SYS_utimensat, fd, "", times, SYS_AT_EMPTY_PATH, 0);
}

/*
 * Permissions come last, and those of a list before the mode: one of them shows that all
 * is done, see like_is_unfinished().
 */
static int be_like_with(int to, const struct below *b, const struct dir_like *like,
			struct room *room)
{
	unsigned mode = b->st.st_mode & 07777;
	const bool listed = room && copy_attributes(b, to, room, &mode);
	int ret;

	if (like->mark)
		/* without the mark, the mode alone says whether all is done */
		(void)sys_call(SYS_fsetxattr, to, like->mark, "y", 1, 0);
	ret = set_times(to, &b->st);
	if (ret == 0 && listed)
		ret = sys_fchmod(to, mode & ~0777u);
	if (ret == 0 && listed)
		copy_list(b, to, ACL_ACCESS, &room->acl, &mode);
	if (ret == 0)
		ret = sys_fchmod(to, mode);
	if (ret == 0 && like->mark)
		/* see below */
		(void)sys_call(SYS_fsetxattr, to, like->mark, &finished, 1, 0);
	return ret;
}

static int be_like(int to, const struct below *b, const struct dir_like *like)
{
	struct room *room = NULL;
	int ret = give_owner(to, &b->st, like->mapped);

	if (ret == 0 && list_names(b, NULL, 0) > 0)
		ret = make_room(&room);
	if (ret == 0)
		ret = be_like_with(to, b, like, room);
	if (room)
		(void)sys_call(SYS_munmap, room, sizeof(*room), 0, 0, 0); /* ours */
	return ret;
}

int like_dress(struct runner *r, int to, const struct dir_like *like, unsigned mode)
{
	struct below b;
	int ret = drop_lists(to);

	if (ret == 0)
		ret = open_below(r, like, &b);
	if (ret == -ENOENT || ret == -ENOTDIR || ret == -ELOOP || ret == -EACCES)
		return sys_fchmod(to, mode);
	if (ret < 0)
		return ret;
	ret = be_like(to, &b, like);
	close_below(&b);
	return ret;
}

/* The command can remove all permissions from its root, but it cannot see the mark. */
int like_is_unfinished(int fd, const struct dir_like *like)
{
	struct stat st;
	char mark;
	int ret = sys_call(SYS_newfstatat, fd, "", &st, SYS_AT_EMPTY_PATH, 0);

	if (ret < 0 || st.st_mode & 0777) /* a set-group-ID is inherited */
		return ret < 0 ? ret : 0;
	return !like->mark || sys_call(SYS_fgetxattr, fd, like->mark, &mark, 1, 0) != 1 ||
	       mark != finished;
}

void like_note_times(int dir, struct like_times *ret)
{
	struct stat st;

	ret->known = sys_call(SYS_newfstatat, dir, "", &st, SYS_AT_EMPTY_PATH, 0) == 0;
	if (ret->known) {
		ret->times[0] = st.st_atim;
		ret->times[1] = st.st_mtim;
	}
}

void like_restore_times(int dir, const struct like_times *t)
{
	if (t->known) /* it may be another user's directory; only a time is wrong then */
		(void)sys_call(SYS_utimensat, dir, "", t->times, SYS_AT_EMPTY_PATH, 0);
}
