/* SPDX-License-Identifier: MIT */
/* mount-say - the steps of the file tree as shell; see plan/explain.c for the script. */
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "mount/mount.h"

static const struct {
	uint64_t attr;
	const char *option;
} attrs[] = {
	{ MOUNT_ATTR_RDONLY, "ro" },
	{ MOUNT_ATTR_NOSUID, "nosuid" },
	{ MOUNT_ATTR_NODEV, "nodev" },
	{ MOUNT_ATTR_NOEXEC, "noexec" },
};

static void put_attrs(FILE *out, uint64_t set, const char *separator)
{
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		if (!(set & attrs[i].attr))
			continue;
		fprintf(out, "%s%s", separator, attrs[i].option);
		separator = ",";
	}
}

/* @path below slot @at, as one shell word. */
static void put_path(FILE *out, int at, const char *path)
{
	if (at != SLOT_CWD)
		fprintf(out, "\"$s%d\"/", at);
	quote_shell(out, path);
}

/* Around what makes @path below slot @at, where that is to leave no trace in times. */
static void put_quiet(FILE *out, const struct step *s, int at, const char *path)
{
	if (!(s->flags & STEP_QUIET))
		return;
	fputs("quiet ", out);
	put_path(out, at, path);
	fputc('\n', out);
}

static void put_loud(FILE *out, const struct step *s)
{
	if (s->flags & STEP_QUIET)
		fputs("loud\n", out);
}

void say_propagation(FILE *out, const struct step *s)
{
	(void)s;
	fputs("mount --make-rprivate /\n", out);
}

/*
 * What is read of the container's tree is copied: what is mounted there later may hide
 * it.
 */
static void say_source(FILE *out, const struct step *s)
{
	fprintf(out, "s%d=; ", s->open.ret);
	if (!s->open.in_root) {
		fputs("f=", out);
		quote_shell(out, s->open.path);
		fprintf(out, "; [ ! -f \"$f\" ] || s%d=$f\n", s->open.ret);
		return;
	}
	fprintf(out, "f=$(inside \"$s%d\" ", s->open.at);
	quote_shell(out, s->open.path);
	fprintf(out,
		"); [ ! -f \"$f\" ] || case $(stat -f -c %%T \"$f\") in proc | sysfs) ;; "
		"*) s%d=$t/%d; cat \"$f\" >\"$s%d\" ;; esac\n",
		s->open.ret, s->open.ret, s->open.ret);
}

void say_open(FILE *out, const struct step *s)
{
	if (s->open.read) {
		say_source(out, s);
		return;
	}
	if (s->open.create) {
		fprintf(out, "s%d=$(inside \"$s%d\" ", s->open.ret, s->open.at);
		quote_shell(out, s->open.path);
		fputs(")\n", out);
		if (s->flags & STEP_QUIET)
			fprintf(out, "quiet \"$s%d\"\n", s->open.ret);
		if (s->open.uid || s->open.gid)
			fprintf(out,
				"[ -d \"$s%d\" ] || { mkdir -p \"$s%d\" && chown %u:%u \"$s%d\"; }\n",
				s->open.ret, s->open.ret, (unsigned)s->open.uid,
				(unsigned)s->open.gid, s->open.ret);
		else
			fprintf(out, "mkdir -p \"$s%d\"\n", s->open.ret);
		put_loud(out, s);
		return;
	}
	/* overlay's options cannot hold these characters: give it another name */
	if (strpbrk(s->open.path, ":,\\\"'\n")) {
		fprintf(out, "s%d=$t/%d; mkdir \"$s%d\"; mount --bind ", s->open.ret,
			s->open.ret, s->open.ret);
		put_path(out, s->open.at, s->open.path);
		fprintf(out, " \"$s%d\"\n", s->open.ret);
		return;
	}
	fprintf(out, "s%d=", s->open.ret);
	put_path(out, s->open.at, s->open.path);
	fputc('\n', out);
}

void say_tree(FILE *out, const struct step *s)
{
	fprintf(out, "s%d=$t/%d; place \"$s%d\" ", s->tree.ret, s->tree.ret, s->tree.ret);
	put_path(out, s->tree.at, s->tree.path);
	fprintf(out, "\nmount %s ", s->tree.recursive ? "--rbind" : "--bind");
	put_path(out, s->tree.at, s->tree.path);
	fprintf(out, " \"$s%d\"\n", s->tree.ret);
}

/* Slot @slot as a value; of many, the short name that it has in $t. */
static void put_value(FILE *out, int slot, bool many)
{
	fprintf(out, many ? "\"${s%d#\"$t\"/}\"" : "\"$s%d\"", slot);
}

static bool continues_list(const struct step *s, size_t i)
{
	return i > 0 && strcmp(s->fs.options[i].key, "lowerdir+") == 0 &&
	       strcmp(s->fs.options[i - 1].key, "lowerdir+") == 0;
}

static bool has_list(const struct step *s)
{
	bool many = s->fs.place;

	for (size_t i = 0; i < s->fs.options_len; i++)
		many = many || continues_list(s, i);
	return many;
}

static void put_options(FILE *out, const struct step *s, const char *separator, bool many)
{
	for (size_t i = 0; i < s->fs.options_len; i++) {
		const struct fs_option *o = &s->fs.options[i];

		if (continues_list(s, i)) {
			fputc(':', out);
			put_value(out, o->slot, many);
			continue;
		}
		/* lowerdir+ is for descriptors */
		fprintf(out, "%s%.*s", separator, (int)strcspn(o->key, "+"), o->key);
		for (size_t n = 0; n < o->slots_len; n++) {
			fputc(n ? ':' : '=', out);
			put_value(out, o->slots[n], many);
		}
		if (o->slot != SLOT_NONE) {
			fputc('=', out);
			put_value(out, o->slot, many);
		} else if (o->value) {
			fprintf(out, "=%s", o->value);
		}
		separator = ",";
	}
}

static void put_place(FILE *out, const struct step *s)
{
	if (!s->fs.place) {
		fprintf(out, "s%d=$t/%d; mkdir \"$s%d\"\n", s->fs.ret, s->fs.ret,
			s->fs.ret);
		return;
	}
	fprintf(out, "s%d=", s->fs.ret);
	put_path(out, s->fs.at, s->fs.place);
	fputc('\n', out);
}

/*
 * In a user namespace mount(8) cannot remount: it hands over the owner, whose id is not
 * mapped.
 */
static void put_files(FILE *out, const struct step *s)
{
	const int slot = s->fs.ret;

	fprintf(out, "mount -t %s", s->fs.type);
	put_options(out, s, " -o ", false);
	fprintf(out, " %s \"$s%d\" # to see its size\n", s->fs.type, slot);
	fprintf(out,
		"files=$(($(stat -fc '%%b * %%S' \"$s%d\") / %u + %d)); umount \"$s%d\"\n",
		slot, s->fs.file_bytes, FS_MORE_FILES, slot);
}

void say_fs(FILE *out, const struct step *s)
{
	const unsigned attr = s->fs.attr & ~(unsigned)MOUNT_ATTR_RDONLY;
	const bool many = has_list(s);

	put_place(out, s);
	if (s->fs.file_bytes)
		put_files(out, s);
	/* mount(2) takes a page of options: hundreds of layers only with short names */
	fprintf(out, "%smount -t %s",
		many ? "(cd \"$t\"; LIBMOUNT_FORCE_MOUNT2=always " : "", s->fs.type);
	/* "ro" here would make the file system read-only, not this mount of it */
	if (attr)
		put_attrs(out, attr, " -o ");
	put_options(out, s, attr ? "," : " -o ", many);
	if (s->fs.file_bytes)
		fputs(",nr_inodes=$files", out);
	if (s->fs.on_device)
		fprintf(out,
			" \"$s%d\" \"$s%d\"\nlosetup -d \"$s%d\" # once it is unmounted\n",
			s->fs.device, s->fs.ret, s->fs.device);
	else
		fprintf(out, " %s \"$s%d\"%s\n", s->fs.type, s->fs.ret, many ? ")" : "");
	if (s->fs.attr & MOUNT_ATTR_RDONLY)
		fprintf(out, "flags ro \"$s%d\"\n", s->fs.ret);
}

void say_setattr(FILE *out, const struct step *s)
{
	fputs("flags ", out);
	put_attrs(out, s->setattr.set, "");
	if (s->setattr.clear & MOUNT_ATTR_NODEV) /* all that is ever cleared */
		fputs(s->setattr.set ? ",dev" : "dev", out);
	fprintf(out, " \"$s%d\"%s\n", s->setattr.slot, s->setattr.recursive ? " -R" : "");
}

static void say_spare(FILE *out, const struct step *s)
{
	fprintf(out, "[ -e \"$(inside \"$s%d\" ", s->attach.at);
	quote_shell(out, s->attach.path);
	fprintf(out, ")\" ] || {\n\tmkdir -m %o ", s->attach.spare_mode);
	put_path(out, s->attach.mount, s->attach.spare);
	fputs("; mkdir \"$t/spare\"; mount --bind ", out);
	put_path(out, s->attach.mount, s->attach.spare);
	fprintf(out,
		" \"$t/spare\"\n\tflags nosuid,nodev \"$t/spare\"\n"
		"\tattach \"$t/spare\" \"$s%d\" ",
		s->attach.at);
	quote_shell(out, s->attach.path);
	fprintf(out, " %s\n}\n", s->flags & STEP_QUIET ? "quiet" : "create");
}

void say_attach(FILE *out, const struct step *s)
{
	if (s->attach.spare) {
		say_spare(out, s);
		return;
	}
	if (s->attach.at == SLOT_CWD) {
		fprintf(out, "# it stays at \"$s%d\" until the root changes\n",
			s->attach.mount);
		return;
	}
	fprintf(out, "attach \"$s%d\" \"$s%d\" ", s->attach.mount, s->attach.at);
	quote_shell(out, s->attach.path);
	fprintf(out, "%s; s%d=$target\n",
		s->attach.create != CREATE_LIKE_MOUNT ? ""
		: s->flags & STEP_QUIET               ? " quiet"
						      : " create",
		s->attach.mount);
}

static void put_like(FILE *out, const struct dir_like *like)
{
	for (size_t i = 0; i < like->len; i++) {
		fputc(' ', out);
		put_path(out, like->slots[i], like->path);
	}
	fputs("; }", out);
}

void say_mkdir(FILE *out, const struct step *s)
{
	const struct dir_like *like = s->mkdir.like;

	put_quiet(out, s, s->mkdir.at, s->mkdir.path);
	fputs("[ -d ", out);
	put_path(out, s->mkdir.at, s->mkdir.path);
	fprintf(out, " ] || %smkdir -p -m %o ", like ? "{ " : "", s->mkdir.mode);
	put_path(out, s->mkdir.at, s->mkdir.path);
	if (like) {
		fprintf(out, "; like %s ", like->mapped ? "65534" : "-");
		put_path(out, s->mkdir.at, s->mkdir.path);
		put_like(out, like);
	}
	fputc('\n', out);
	put_loud(out, s);
	if (s->mkdir.ret == SLOT_NONE)
		return;
	fprintf(out, "s%d=", s->mkdir.ret);
	put_path(out, s->mkdir.at, s->mkdir.path);
	fputc('\n', out);
}

void say_mknod(FILE *out, const struct step *s)
{
	fprintf(out, "mknod -m %o ", s->mknod.mode & 07777);
	put_path(out, s->mknod.at, s->mknod.path);
	fprintf(out, " c %u %u\n", s->mknod.major, s->mknod.minor);
}

void say_symlink(FILE *out, const struct step *s)
{
	put_quiet(out, s, s->symlink.at, s->symlink.path);
	if (!s->symlink.replace) {
		fputs("[ -L ", out);
		put_path(out, s->symlink.at, s->symlink.path);
		fputs(" ] || ", out);
	}
	fprintf(out, "ln -s%s ", s->symlink.replace ? "fn" : "");
	quote_shell(out, s->symlink.target);
	fputc(' ', out);
	put_path(out, s->symlink.at, s->symlink.path);
	fputc('\n', out);
	put_loud(out, s);
}

void say_file(FILE *out, const struct step *s)
{
	put_quiet(out, s, s->file.at, s->file.path);
	fputs("[ -e ", out);
	put_path(out, s->file.at, s->file.path);
	fputs(" ] || { ", out);
	if (s->file.before) {
		fputs("printf %s ", out);
		quote_shell(out, s->file.before);
		fputs("; ", out);
	}
	if (s->file.source != SLOT_NONE)
		fprintf(out, "cat \"${s%d:-/dev/null}\"; ", s->file.source);
	fputs("printf %s ", out);
	quote_shell(out, s->file.content);
	fputs("; } >", out);
	put_path(out, s->file.at, s->file.path);
	fputc('\n', out);
	put_loud(out, s);
}

void say_root(FILE *out, const struct step *s)
{
	fprintf(out,
		"cd /usr # stays in the host's tree, where host() finds its programs\n"
		"host() { prog=$1; shift; \"./$ld\" --library-path \"$libs\" \"./$prog\" \"$@\"; }\n"
		"pivot_root \"$s%d\" \"$s%d/tmp\"\n"
		"host \"$umount\" -l /tmp # what is there now is the old root\n",
		s->root.slot, s->root.slot);
}
