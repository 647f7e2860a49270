/* SPDX-License-Identifier: MIT */
/* record - see record.h. */
#include "run/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"

static const char file_name[] = "layers", version[] = "minc-layers 1";
enum { RECORD_MAX_BYTES = 16 * 1024 * 1024, RECORD_MAX_MOUNTS = 100000 };

static void put_path(FILE *out, const char *key, const char *path)
{
	fputs(key, out);
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if (c <= ' ' || c == '\\' || c == 0x7f)
			fprintf(out, "\\%03o", c);
		else
			fputc(c, out);
	}
	fputc('\n', out);
}

static void put_mounts(FILE *out, const struct mounts *m, bool split)
{
	for (size_t i = 0; i < m->submounts_len; i++) {
		const struct submount *s = &m->submounts[i];
		const char *inside = mount_inside(m, s->path);
		char key[32];

		/* what has no layer of its own; a split root needs to know them all */
		if (!split && (s->out_of_reach || mount_is_api(s->fstype) ||
			       mount_is_replaced(inside) || !s->directory ||
			       !mount_can_be_lower(s->fstype)))
			continue;
		snprintf(key, sizeof(key), "submount %zu ", i + 1);
		put_path(out, key, inside);
	}
}

static void put_made(FILE *out, const struct mounts *m)
{
	static const char *const own[] = {
		"/dev", "/proc", "/sys", "/tmp", "/etc/resolv.conf", "/etc/hosts"
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		put_path(out, "made ", own[i]);
	for (const struct spec_mount *i = m->spec->mounts; i && m->targets;
	     i = i->next, n++)
		put_path(out, "made ", m->targets[n]);
}

const char *record_describe(struct plan *p, const struct mounts *m)
{
	bool split = m->in_userns && m->submounts_len > 0;
	cleanup_free char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int r;

	if (!out) {
		p->failed = -ENOMEM;
		return NULL;
	}
	fprintf(out, "xattr %s\n", m->in_userns ? "user" : "trusted");
	for (size_t i = 0; i < m->spec->image.layers_len; i++)
		put_path(out, "image ", m->spec->image.layers[i]);
	if (!m->spec->image.layers_len)
		put_path(out, "root ", m->root_path);
	if (split)
		fputs("split\n", out);
	put_mounts(out, m, split);
	put_made(out, m);
	r = ferror(out);
	if (fclose(out) != 0 || r) {
		p->failed = -ENOMEM;
		return NULL;
	}
	return plan_text(p, "%s", text);
}

/* The first two lines: version and time. */
static int parse_head(const char *text, struct timespec *ret, const char **ret_body)
{
	uint64_t seconds, nanoseconds;
	char first[24], second[16];
	int used = 0;

	if (!str_starts_with(text, version))
		return -EBADMSG;
	if (sscanf(text + strlen(version), "\nstarted %20[0-9].%9[0-9]%n", first, second,
		   &used) != 2 ||
	    text[strlen(version) + (size_t)used] != '\n' ||
	    str_to_u64(first, INT64_MAX, &seconds) < 0 ||
	    str_to_u64(second, 999999999, &nanoseconds) < 0)
		return -EBADMSG;
	ret->tv_sec = (time_t)seconds;
	ret->tv_nsec = (long)nanoseconds;
	*ret_body = text + strlen(version) + used + 1;
	return 0;
}

static int replace(int dir, struct timespec started, const char *body)
{
	cleanup_free char *text = NULL;
	int n = asprintf(&text, "%s\nstarted %jd.%09ld\n%s", version,
			 (intmax_t)started.tv_sec, started.tv_nsec, body);

	if (n < 0) {
		text = NULL; /* undefined after a failure */
		return -ENOMEM;
	}
	return io_replace_file(dir, file_name, text, (size_t)n);
}

/*
 * The time that the kernel stamps a file with now: what is changed from now on is not
 * older. It is asked of a file: from Linux 6.13 on a stamp can be ahead of
 * CLOCK_REALTIME_COARSE.
 */
static int stamp_now(struct timespec *ret)
{
	cleanup_close int fd = memfd_create("stamp", MFD_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*ret = st.st_ctim;
	return 0;
}

int record_write(int dir, const char *body)
{
	cleanup_free char *text = NULL;
	struct timespec started = { 0 };
	const char *old = NULL;
	int r = stamp_now(&started);

	if (r < 0)
		return r;
	r = io_read_own_file(dir, file_name, RECORD_MAX_BYTES, &text, NULL);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0) {
		struct timespec then;

		r = parse_head(text, &then, &old);
		if (r < 0)
			return r;
		if (then.tv_sec != 0)
			started = then;
		if (then.tv_sec != 0 && strcmp(old, body) == 0)
			return 0;
	}
	return replace(dir, started, body);
}

int record_restart(int dir)
{
	cleanup_free char *text = NULL;
	struct timespec started;
	const char *body = NULL;
	int r = io_read_own_file(dir, file_name, RECORD_MAX_BYTES, &text, NULL);

	if (r < 0)
		return r;
	r = parse_head(text, &started, &body);
	return r < 0 ? r : replace(dir, (struct timespec){ 0 }, body);
}

/*
 * Undo put_path() in place; false if it is no absolute, plain path. str_unescape_octal()
 * leaves what is no escape; here that is a damaged file.
 */
static bool unescape(char *s)
{
	char *to = s, *from = s;

	while (*from) {
		unsigned value = (unsigned char)*from++;

		if (value <= ' ')
			return false;
		if (value == '\\') {
			value = 0;
			for (int i = 0; i < 3; i++, from++) {
				if (*from < '0' || *from > '7')
					return false;
				value = value * 8 + (unsigned)(*from - '0');
			}
			if (value == 0 || value > 0xff)
				return false;
		}
		*to++ = (char)value;
	}
	*to = '\0';
	return *s == '/' && !strstr(s, "//") && !strstr(s, "/./") && !strstr(s, "/../") &&
	       (!s[1] || to[-1] != '/');
}

static int parse_mount(struct record *rec, char *line)
{
	char *path = strchr(line, ' ');
	uint64_t n;

	if (!path)
		return -EBADMSG;
	*path++ = '\0';
	if (str_to_u64(line, RECORD_MAX_MOUNTS, &n) < 0 || n == 0 || !unescape(path))
		return -EBADMSG;
	rec->mounts[rec->mounts_len++] = (struct record_mount){ (unsigned)n, path };
	return 0;
}

static int parse_line(struct record *rec, char *line)
{
	if (str_equal(line, "split"))
		rec->split = true;
	else if (str_equal(line, "xattr user"))
		rec->userxattr = true;
	else if (str_equal(line, "xattr trusted"))
		rec->userxattr = false;
	else if (str_starts_with(line, "root ") && !rec->root && unescape(line + 5))
		rec->root = line + 5;
	else if (str_starts_with(line, "image ") && unescape(line + 6))
		rec->layers[rec->layers_len++] = line + 6;
	else if (str_starts_with(line, "submount "))
		return parse_mount(rec, line + 9);
	else if (str_starts_with(line, "made ") && unescape(line + 5))
		rec->made[rec->made_len++] = line + 5;
	else
		return -EBADMSG;
	return 0;
}

static int parse_body(struct record *rec, const char *body)
{
	char *text = arena_strdup(&rec->arena, body);
	size_t lines = 1;
	int r = 0;

	for (const char *i = body; *i; i++)
		lines += *i == '\n';
	if (lines > RECORD_MAX_MOUNTS)
		return -EBADMSG;
	rec->mounts = arena_alloc(&rec->arena, lines * sizeof(*rec->mounts));
	rec->made = arena_alloc(&rec->arena, lines * sizeof(*rec->made));
	rec->layers = arena_alloc(&rec->arena, lines * sizeof(*rec->layers));
	if (!text || !rec->mounts || !rec->made || !rec->layers)
		return -ENOMEM;
	while (r == 0 && *text) {
		char *end = strchr(text, '\n');

		if (!end)
			return -EBADMSG;
		*end = '\0';
		r = parse_line(rec, text);
		text = end + 1;
	}
	return r == 0 && !rec->root == !rec->layers_len ? -EBADMSG : r;
}

int record_read(int dir, struct record *ret)
{
	cleanup_free char *text = NULL;
	struct record rec = { 0 };
	const char *body;
	size_t len;
	int r = io_read_own_file(dir, file_name, RECORD_MAX_BYTES, &text, &len);

	if (r < 0)
		return r;
	if (strlen(text) != len)
		return -EBADMSG;
	r = parse_head(text, &rec.started, &body);
	if (r == 0)
		r = parse_body(&rec, body);
	if (r < 0)
		record_done(&rec);
	else
		*ret = rec;
	return r;
}

void record_done(struct record *rec)
{
	arena_done(&rec->arena);
	memset(rec, 0, sizeof(*rec));
}
