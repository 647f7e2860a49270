/* SPDX-License-Identifier: MIT */
/* mount-say - the steps of the file tree as shell; see plan/explain.c for the script. */
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "mount/mount.h"

const char mount_functions[] =
	"\n"
	"# inside ROOT PATH: PATH with every symbolic link and \"..\" resolved inside ROOT\n"
	"inside() {\n"
	"\tleft=$2 seen=\n"
	"\twhile [ -n \"$left\" ]; do\n"
	"\t\tleft=${left#/}\n"
	"\t\tname=${left%%/*}\n"
	"\t\tcase $left in */*) left=${left#*/} ;; *) left= ;; esac\n"
	"\t\tcase $name in\n"
	"\t\t'' | .) continue ;;\n"
	"\t\t..) seen=${seen%/*}; continue ;;\n"
	"\t\tesac\n"
	"\t\tif [ -L \"$1$seen/$name\" ]; then\n"
	"\t\t\tlink=$(readlink \"$1$seen/$name\")\n"
	"\t\t\tcase $link in /*) seen= ;; esac\n"
	"\t\t\tleft=$link/$left\n"
	"\t\telse\n"
	"\t\t\tseen=$seen/$name\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tprintf '%s\\n' \"$1$seen\"\n"
	"}\n"
	"# place NAME SOURCE: a mount point of SOURCE's type\n"
	"place() { if [ -d \"$2\" ]; then mkdir \"$1\"; else : >\"$1\"; fi; }\n"
	"# like NOBODY DIR BELOW..: DIR is new over the first that is not as a layer without an entry\n"
	"# for its root; an owner NOBODY has no id here. Not in shell: lists and attributes.\n"
	"like() {\n"
	"\tnobody=$1 dir=$2 from=$3\n"
	"\tshift 2\n"
	"\tfor below; do\n"
	"\t\t[ -d \"$below\" ] || return 0\n"
	"\t\t[ \"$(stat -c '%a %Y' \"$below\")\" = '755 0' ] || { from=$below; break; }\n"
	"\tdone\n"
	"\tuid=$(stat -c %u \"$from\") gid=$(stat -c %g \"$from\")\n"
	"\t[ \"$uid\" = \"$nobody\" ] || chown \"$uid\" \"$dir\"\n"
	"\t[ \"$gid\" = \"$nobody\" ] || chgrp \"$gid\" \"$dir\"\n"
	"\tchmod \"$(stat -c %a \"$from\")\" \"$dir\"\n"
	"\ttouch -r \"$from\" \"$dir\"\n"
	"}\n"
	"# quiet DIR, loud: what is made in DIR in between does not show in its time\n"
	"quiet() {\n"
	"\tup=$1\n"
	"\twhile ! [ -d \"$up\" ]; do up=${up%/*}; done\n"
	"\ttime=$(stat -c %y \"$up\")\n"
	"}\n"
	"loud() { touch -d \"$time\" \"$up\" 2>/dev/null || :; }\n"
	"# attach MOUNT ROOT PATH [create|quiet]: move a mount to PATH inside ROOT, made if missing\n"
	"attach() {\n"
	"\ttarget=$(inside \"$2\" \"$3\")\n"
	"\tif [ -n \"${4-}\" ] && ! [ -e \"$target\" ]; then\n"
	"\t\tquiet \"$target\"\n"
	"\t\tif [ -d \"$1\" ]; then mkdir -p \"$target\"\n"
	"\t\telse mkdir -p \"${target%/*}\"; : >\"$target\"; fi\n"
	"\t\t[ \"$4\" = create ] || loud\n"
	"\tfi\n"
	"\tmount -n --move \"$1\" \"$target\"\n"
	"}\n"
	"# flags OPTIONS MOUNT: change a mount's flags; with -R as $3 also of all below it\n"
	"flags() {\n"
	"\tfindmnt ${3-} -rno TARGET \"$2\" | while IFS= read -r m; do\n"
	"\t\tmount -o \"remount,bind,$1\" \"$(printf '%b' \"$m\")\"\n"
	"\tdone\n"
	"}\n";

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
	/* only now: where mounts are shared it would be on the host, too */
	fputs("mount -t tmpfs minc \"$t\" # room for what the steps below mount\n", out);
}

/*
 * What is read of the container's tree is copied: what is mounted there later may hide
 * it.
 */
static void say_source(FILE *out, const struct step *s)
{
	const struct step_open *d = s->data;

	fprintf(out, "s%d=; ", d->ret);
	if (!d->in_root) {
		fputs("f=", out);
		quote_shell(out, d->path);
		fprintf(out, "; [ ! -f \"$f\" ] || s%d=$f\n", d->ret);
		return;
	}
	fprintf(out, "f=$(inside \"$s%d\" ", d->at);
	quote_shell(out, d->path);
	fprintf(out,
		"); [ ! -f \"$f\" ] || case $(stat -f -c %%T \"$f\") in proc | sysfs) ;; "
		"*) s%d=$t/%d; cat \"$f\" >\"$s%d\" ;; esac\n",
		d->ret, d->ret, d->ret);
}

void say_open(FILE *out, const struct step *s)
{
	const struct step_open *d = s->data;

	if (d->read) {
		say_source(out, s);
		return;
	}
	if (d->create) {
		fprintf(out, "s%d=$(inside \"$s%d\" ", d->ret, d->at);
		quote_shell(out, d->path);
		fputs(")\n", out);
		if (s->flags & STEP_QUIET)
			fprintf(out, "quiet \"$s%d\"\n", d->ret);
		if (d->uid || d->gid)
			fprintf(out,
				"[ -d \"$s%d\" ] || { mkdir -p \"$s%d\" && chown %u:%u \"$s%d\"; }\n",
				d->ret, d->ret, (unsigned)d->uid, (unsigned)d->gid,
				d->ret);
		else
			fprintf(out, "mkdir -p \"$s%d\"\n", d->ret);
		put_loud(out, s);
		return;
	}
	/* overlay's options cannot hold these characters: give it another name */
	if (strpbrk(d->path, ":,\\\"'\n")) {
		fprintf(out, "s%d=$t/%d; mkdir \"$s%d\"; mount --bind ", d->ret, d->ret,
			d->ret);
		put_path(out, d->at, d->path);
		fprintf(out, " \"$s%d\"\n", d->ret);
		return;
	}
	fprintf(out, "s%d=", d->ret);
	put_path(out, d->at, d->path);
	fputc('\n', out);
}

void say_tree(FILE *out, const struct step *s)
{
	const struct step_tree *d = s->data;

	fprintf(out, "s%d=$t/%d; place \"$s%d\" ", d->ret, d->ret, d->ret);
	put_path(out, d->at, d->path);
	fprintf(out, "\nmount %s ", d->recursive ? "--rbind" : "--bind");
	put_path(out, d->at, d->path);
	fprintf(out, " \"$s%d\"\n", d->ret);
}

/* Slot @slot as a value; of many, the short name that it has in $t. */
static void put_value(FILE *out, int slot, bool many)
{
	fprintf(out, many ? "\"${s%d#\"$t\"/}\"" : "\"$s%d\"", slot);
}

static bool continues_list(const struct step *s, size_t i)
{
	const struct step_fs *d = s->data;

	return i > 0 && strcmp(d->options[i].key, "lowerdir+") == 0 &&
	       strcmp(d->options[i - 1].key, "lowerdir+") == 0;
}

static bool has_list(const struct step *s)
{
	const struct step_fs *d = s->data;
	bool many = d->place;

	for (size_t i = 0; i < d->options_len; i++)
		many = many || continues_list(s, i);
	return many;
}

static void put_options(FILE *out, const struct step *s, const char *separator, bool many)
{
	const struct step_fs *d = s->data;

	for (size_t i = 0; i < d->options_len; i++) {
		const struct fs_option *o = &d->options[i];

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
	const struct step_fs *d = s->data;

	if (!d->place) {
		fprintf(out, "s%d=$t/%d; mkdir \"$s%d\"\n", d->ret, d->ret, d->ret);
		return;
	}
	fprintf(out, "s%d=", d->ret);
	put_path(out, d->at, d->place);
	fputc('\n', out);
}

/*
 * In a user namespace mount(8) cannot remount: it hands over the owner, whose id is not
 * mapped.
 */
static void put_files(FILE *out, const struct step *s)
{
	const struct step_fs *d = s->data;
	const int slot = d->ret;

	fprintf(out, "mount -t %s", d->type);
	put_options(out, s, " -o ", false);
	fprintf(out, " %s \"$s%d\" # to see its size\n", d->type, slot);
	fprintf(out,
		"files=$(($(stat -fc '%%b * %%S' \"$s%d\") / %u + %d)); umount \"$s%d\"\n",
		slot, d->file_bytes, FS_MORE_FILES, slot);
}

void say_fs(FILE *out, const struct step *s)
{
	const struct step_fs *d = s->data;
	const unsigned attr = d->attr & ~(unsigned)MOUNT_ATTR_RDONLY;
	const bool many = has_list(s);

	put_place(out, s);
	if (d->file_bytes)
		put_files(out, s);
	/* mount(2) takes a page of options: hundreds of layers only with short names */
	fprintf(out, "%smount -t %s",
		many ? "(cd \"$t\"; LIBMOUNT_FORCE_MOUNT2=always " : "", d->type);
	/* "ro" here would make the file system read-only, not this mount of it */
	if (attr)
		put_attrs(out, attr, " -o ");
	put_options(out, s, attr ? "," : " -o ", many);
	if (d->file_bytes)
		fputs(",nr_inodes=$files", out);
	if (d->on_device)
		fprintf(out,
			" \"$s%d\" \"$s%d\"\nlosetup -d \"$s%d\" # once it is unmounted\n",
			d->device, d->ret, d->device);
	else
		fprintf(out, " %s \"$s%d\"%s\n", d->type, d->ret, many ? ")" : "");
	if (d->attr & MOUNT_ATTR_RDONLY)
		fprintf(out, "flags ro \"$s%d\"\n", d->ret);
}

void say_setattr(FILE *out, const struct step *s)
{
	const struct step_setattr *d = s->data;

	fputs("flags ", out);
	put_attrs(out, d->set, "");
	if (d->clear & MOUNT_ATTR_NODEV) /* all that is ever cleared */
		fputs(d->set ? ",dev" : "dev", out);
	fprintf(out, " \"$s%d\"%s\n", d->slot, d->recursive ? " -R" : "");
}

static void say_spare(FILE *out, const struct step *s)
{
	const struct step_attach *d = s->data;

	fprintf(out, "[ -e \"$(inside \"$s%d\" ", d->at);
	quote_shell(out, d->path);
	fprintf(out, ")\" ] || {\n\tmkdir -m %o ", d->spare_mode);
	put_path(out, d->mount, d->spare);
	fputs("; mkdir \"$t/spare\"; mount --bind ", out);
	put_path(out, d->mount, d->spare);
	fprintf(out,
		" \"$t/spare\"\n\tflags nosuid,nodev \"$t/spare\"\n"
		"\tattach \"$t/spare\" \"$s%d\" ",
		d->at);
	quote_shell(out, d->path);
	fprintf(out, " %s\n}\n", s->flags & STEP_QUIET ? "quiet" : "create");
}

void say_attach(FILE *out, const struct step *s)
{
	const struct step_attach *d = s->data;

	if (d->spare) {
		say_spare(out, s);
		return;
	}
	if (d->at == SLOT_CWD) {
		fprintf(out, "# it stays at \"$s%d\" until the root changes\n", d->mount);
		return;
	}
	fprintf(out, "attach \"$s%d\" \"$s%d\" ", d->mount, d->at);
	quote_shell(out, d->path);
	fprintf(out, "%s; s%d=$target\n",
		d->create != CREATE_LIKE_MOUNT ? ""
		: s->flags & STEP_QUIET        ? " quiet"
					       : " create",
		d->mount);
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
	const struct step_mkdir *d = s->data;
	const struct dir_like *like = d->like;

	put_quiet(out, s, d->at, d->path);
	fputs("[ -d ", out);
	put_path(out, d->at, d->path);
	fprintf(out, " ] || %smkdir -p -m %o ", like ? "{ " : "", d->mode);
	put_path(out, d->at, d->path);
	if (like) {
		fprintf(out, "; like %s ", like->mapped ? "65534" : "-");
		put_path(out, d->at, d->path);
		put_like(out, like);
	}
	fputc('\n', out);
	put_loud(out, s);
	if (d->ret == SLOT_NONE)
		return;
	fprintf(out, "s%d=", d->ret);
	put_path(out, d->at, d->path);
	fputc('\n', out);
}

void say_mknod(FILE *out, const struct step *s)
{
	const struct step_mknod *d = s->data;

	fprintf(out, "mknod -m %o ", d->mode & 07777);
	put_path(out, d->at, d->path);
	fprintf(out, " c %u %u\n", d->major, d->minor);
}

void say_symlink(FILE *out, const struct step *s)
{
	const struct step_symlink *d = s->data;

	put_quiet(out, s, d->at, d->path);
	if (!d->replace) {
		fputs("[ -L ", out);
		put_path(out, d->at, d->path);
		fputs(" ] || ", out);
	}
	fprintf(out, "ln -s%s ", d->replace ? "fn" : "");
	quote_shell(out, d->target);
	fputc(' ', out);
	put_path(out, d->at, d->path);
	fputc('\n', out);
	put_loud(out, s);
}

void say_file(FILE *out, const struct step *s)
{
	const struct step_file *d = s->data;

	put_quiet(out, s, d->at, d->path);
	fputs("[ -e ", out);
	put_path(out, d->at, d->path);
	fputs(" ] || { ", out);
	if (d->before) {
		fputs("printf %s ", out);
		quote_shell(out, d->before);
		fputs("; ", out);
	}
	if (d->source != SLOT_NONE)
		fprintf(out, "cat \"${s%d:-/dev/null}\"; ", d->source);
	fputs("printf %s ", out);
	quote_shell(out, d->content);
	fputs("; } >", out);
	put_path(out, d->at, d->path);
	fputc('\n', out);
	put_loud(out, s);
}

void say_root(FILE *out, const struct step *s)
{
	const struct step_root *d = s->data;

	fprintf(out,
		"cd /usr # stays in the host's tree, where host() finds its programs\n"
		"host() { prog=$1; shift; \"./$ld\" --library-path \"$libs\" \"./$prog\" \"$@\"; }\n"
		"pivot_root \"$s%d\" \"$s%d/tmp\"\n"
		"host \"$umount\" -l /tmp # what is there now is the old root\n",
		d->slot, d->slot);
}
