/* SPDX-License-Identifier: MIT */
/*
 * scratch - the one tmpfs of a container (mount.h says what is in it), and how many bytes
 * and files it and every other tmpfs hold.
 */
#include <minc/container.h>

#include "mount/mount.h"

const char mount_why_attached[] =
	"somewhere that goes away: an unattached one is slower to tear down";

/*
 * What the kernel holds of a file beside its pages no size counts: 1.5 KiB with a long
 * name, and with access control lists a page for each that sec/profile.c lets through, of
 * which a directory has two. So there is an end of files: one for 8 KiB, twice as many as
 * ext4 makes, and some for ours. All of them together take 1.2 times the size at most.
 */
enum { FILE_BYTES = 8192 };

static void limit_tmpfs(struct plan *p, struct step_fs *fs, uint64_t size)
{
	/* 0: any number */
	const uint64_t files = size ? size / FILE_BYTES + FS_MORE_FILES : 0;

	mount_option(fs, "size", plan_text(p, "%llu", (unsigned long long)size));
	mount_option(fs, "nr_inodes", plan_text(p, "%llu", (unsigned long long)files));
}

struct step_fs *mount_tmpfs(struct plan *p, const struct mounts *m, unsigned attr,
			    uint64_t size, const char *origin, const char *why)
{
	const struct spec_limit *limit = &m->spec->limits[MINC_LIMIT_SCRATCH];
	struct step_fs *fs = mount_fs(p, "tmpfs", attr, origin, why);

	if (size) {
		limit_tmpfs(p, fs, size);
	} else if (limit->set) {
		limit_tmpfs(p, fs, limit->value < 0 ? 0 : (uint64_t)limit->value);
	} else {
		/*
		 * the memory's size is the kernel's secret: sysinfo(2) looks at each disk
		 * for it
		 */
		mount_option(fs, "size", "25%");
		fs->file_bytes = FILE_BYTES;
	}
	return fs;
}

void mount_plan_scratch(struct plan *p, struct mounts *m)
{
	const struct spec_limit *limit = &m->spec->limits[MINC_LIMIT_SCRATCH];
	struct step_fs *fs =
		mount_tmpfs(p, m, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, limit->origin,
			    limit->set ? "one private tmpfs for all that is made and "
					 "forgotten"
				       : "one private tmpfs for all that is made and "
					 "forgotten: a quarter of the memory at most");

	mount_option(fs, "mode", "755");
	m->scratch = fs->ret;
	/*
	 * Not on "/" of a copied namespace: pivot_root(2) puts the old root on top of the
	 * new one, and the umount that follows takes what lies uppermost.
	 */
	mount_attach(p, m->scratch, SLOT_CWD, m->template ? "/" : "/sys", CREATE_NOTHING,
		     NULL, mount_why_attached);
}

int mount_scratch_dir(struct plan *p, struct mounts *m, const char *name, unsigned mode,
		      const char *why)
{
	struct step_mkdir *d = plan_append(p, &step_mkdir, NULL, why)->data;

	d->at = m->scratch;
	d->path = name;
	d->mode = mode;
	d->ret = SLOT_NONE;
	return mount_tree(p, m, m->scratch, name, false, NULL, why);
}
