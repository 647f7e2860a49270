/* SPDX-License-Identifier: MIT */
/* tar-write - see tar-write.h. */
#include "tar/tar-write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "content/hash.h"
#include "tar/holes.h"

enum {
	BLOCK = 512,
	BUFFER_BYTES = 1 << 20,
	PATH_BYTES = 1 << 18,
	OCTAL_ID_MAX = 07777777,
	HOLE_MIN = 1 << 20,
	HOLES_MIN = 64 << 20,
	PARTS_MAX = 1 << 16
};
#define OCTAL_SIZE_MAX UINT64_C(077777777777)

/* The fields of a header, as POSIX has them. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type,
		link[100], magic[6], version[2], uname[32], gname[32], major[8], minor[8],
		prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

struct tar_writer {
	struct err *e;
	const char *what;
	int fd;
	bool holes;              /* of @fd: where zeros are */
	int (*look)(void *data); /* or NULL */
	void *look_data;
	bool any_name;
	struct hash *hash;
	char *buffer;
	size_t used;
	uint64_t bytes;
	uint64_t real_size; /* of the file at hand, if it has holes */
	struct arena arena; /* of names that hard links need */
	char *path;         /* PATH_BYTES */
};

static int no_memory(struct tar_writer *t)
{
	return err_set(t->e, -ENOMEM, "%s", t->what);
}

int tar_map_add(struct tar_map *m, uint64_t at, uint64_t len)
{
	struct tar_part *last = m->len > 0 ? &m->v[m->len - 1] : NULL;
	struct tar_part *more;

	if (last && (at - last->at - last->len < HOLE_MIN || m->len == PARTS_MAX)) {
		m->data += at + len - last->at - last->len;
		last->len = at + len - last->at;
		return 0;
	}
	if (!last && at < HOLE_MIN) {
		len += at;
		at = 0;
	}
	more = array_grow(m->v, &m->room, m->len + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	m->v = more;
	m->v[m->len++] = (struct tar_part){ at, len };
	m->data += len;
	return 0;
}

bool tar_map_is_sparse(const struct tar_map *m, uint64_t size)
{
	return size >= HOLES_MIN && m->data <= size - HOLES_MIN;
}

void tar_map_done(struct tar_map *m)
{
	free(m->v);
	*m = (struct tar_map){ .v = NULL };
}

int tar_writer_new(struct err *e, const char *what, int fd, bool hashed,
		   struct tar_writer **ret)
{
	struct tar_writer *t = calloc(1, sizeof(*t));

	if (!t)
		return err_set(e, -ENOMEM, "%s", what);
	t->e = e;
	t->what = what;
	t->fd = fd;
	t->holes = fd >= 0 && holes_can(fd);
	t->buffer = malloc(BUFFER_BYTES);
	t->path = malloc(PATH_BYTES);
	t->hash = hashed ? hash_new() : NULL;
	if (!t->buffer || !t->path || (hashed && !t->hash)) {
		tar_writer_free(t);
		return err_set(e, -ENOMEM, "%s", what);
	}
	*ret = t;
	return 0;
}

void tar_writer_watch(struct tar_writer *t, int (*look)(void *data), void *data)
{
	t->look = look;
	t->look_data = data;
}

void tar_writer_any_name(struct tar_writer *t)
{
	t->any_name = true;
}

struct tar_writer *tar_writer_free(struct tar_writer *t)
{
	if (!t)
		return NULL;
	hash_free(t->hash);
	arena_done(&t->arena);
	free(t->buffer);
	free(t->path);
	free(t);
	return NULL;
}

static int flush(struct tar_writer *t)
{
	int r = 0;

	if (t->hash)
		hash_update(t->hash, t->buffer, t->used);
	if (t->fd >= 0)
		r = t->holes ? holes_write(t->fd, t->buffer, t->used)
			     : io_write_out(t->fd, t->buffer, t->used, t->look,
					    t->look_data);
	t->used = 0;
	return r < 0 ? err_set(t->e, r, "%s: writing the tar", t->what) : 0;
}

int tar_writer_content(struct tar_writer *t, const void *data, size_t len)
{
	const char *p = data;

	t->bytes += len;
	while (len > 0) {
		const size_t room = BUFFER_BYTES - t->used, n = len < room ? len : room;

		memcpy(t->buffer + t->used, p, n);
		t->used += n;
		p += n;
		len -= n;
		if (t->used == BUFFER_BYTES) {
			int r = flush(t);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

int tar_writer_pad(struct tar_writer *t)
{
	static const char zeros[BLOCK];

	return tar_writer_content(t, zeros, (size_t)(-t->bytes % BLOCK));
}

/* Octal with a NUL; what does not fit is in a pax record, and 0 here. */
static void octal(char *field, size_t size, uint64_t value)
{
	const uint64_t max = (UINT64_C(1) << 3 * (size - 1)) - 1;

	value = value > max ? 0 : value;
	field[size - 1] = '\0';
	for (size_t i = size - 1; i > 0; i--, value >>= 3)
		field[i - 1] = (char)('0' + (value & 7));
}

static int write_header(struct tar_writer *t, struct header *h)
{
	unsigned sum = 0;

	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	memset(h->sum, ' ', sizeof(h->sum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += ((const unsigned char *)h)[i];
	octal(h->sum, 7, sum); /* "dddddd\0 ", as everyone has it */
	return tar_writer_content(t, h, sizeof(*h));
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static void add_record(FILE *out, const char *key, const void *value, size_t len)
{
	const size_t rest = strlen(key) + len + 3;
	size_t total = rest + 1;

	while (rest + (size_t)snprintf(NULL, 0, "%zu", total) != total)
		total = rest + (size_t)snprintf(NULL, 0, "%zu", total);
	fprintf(out, "%zu %s=", total, key);
	fwrite(value, 1, len, out);
	fputc('\n', out);
}

static void add_number(FILE *out, const char *key, uint64_t value)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);

	add_record(out, key, text, (size_t)len);
}

static int by_key(const void *a, const void *b)
{
	return strcmp((*(const struct tree_xattr *const *)a)->name,
		      (*(const struct tree_xattr *const *)b)->name);
}

static int add_xattrs(FILE *out, const struct tree_inode *i)
{
	cleanup_free const struct tree_xattr **list = NULL;
	size_t len = 0, n = 0;

	for (const struct tree_xattr *x = i->xattrs; x; x = x->next)
		len += !tree_xattr_is_foreign(x->name);
	if (len == 0)
		return 0;
	list = malloc(len * sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (const struct tree_xattr *x = i->xattrs; x; x = x->next)
		if (!tree_xattr_is_foreign(x->name))
			list[n++] = x;
	qsort(list, len, sizeof(*list), by_key);
	for (n = 0; n < len; n++) {
		char key[512];

		(void)snprintf(key, sizeof(key), "SCHILY.xattr.%s", list[n]->name);
		add_record(out, key, list[n]->value, list[n]->len);
	}
	return 0;
}

static int write_pax(struct tar_writer *t, const char *text, size_t len)
{
	struct header h = { .name = "PaxHeaders/0", .type = 'x' };
	int r;

	octal(h.mode, sizeof(h.mode), 0644);
	octal(h.uid, sizeof(h.uid), 0);
	octal(h.gid, sizeof(h.gid), 0);
	octal(h.size, sizeof(h.size), len);
	octal(h.mtime, sizeof(h.mtime), 0);
	r = write_header(t, &h);
	if (r == 0)
		r = tar_writer_content(t, text, len);
	return r == 0 ? tar_writer_pad(t) : r;
}

struct entry {
	const struct tree_inode *inode;
	const char *path, *link;
	uint64_t size;
	uint64_t real_size; /* of a file with holes; else 0 */
	bool plain;         /* no attributes: a hard link, a .wh. file */
};

static int write_records(struct tar_writer *t, const struct entry *en)
{
	const struct tree_inode *i = en->inode;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int r = out ? 0 : -ENOMEM;

	if (r == 0 && en->link && strlen(en->link) > sizeof(((struct header *)0)->link))
		add_record(out, "linkpath", en->link, strlen(en->link));
	if (r == 0 && en->real_size) {
		add_number(out, "GNU.sparse.major", 1);
		add_number(out, "GNU.sparse.minor", 0);
		add_record(out, "GNU.sparse.name", en->path, strlen(en->path));
		add_number(out, "GNU.sparse.realsize", en->real_size);
	} else if (r == 0 && strlen(en->path) > sizeof(((struct header *)0)->name)) {
		add_record(out, "path", en->path, strlen(en->path));
	}
	if (r == 0 && en->size > OCTAL_SIZE_MAX)
		add_number(out, "size", en->size);
	if (r == 0 && i->uid > OCTAL_ID_MAX)
		add_number(out, "uid", i->uid);
	if (r == 0 && i->gid > OCTAL_ID_MAX)
		add_number(out, "gid", i->gid);
	if (r == 0 && !en->plain)
		r = add_xattrs(out, i);
	if (out && fclose(out) != 0)
		r = -ENOMEM;
	if (r < 0)
		r = no_memory(t);
	else if (len > 0)
		r = write_pax(t, text, len);
	free(text);
	return r;
}

static int write_entry(struct tar_writer *t, const struct entry *en, char type)
{
	const struct tree_inode *i = en->inode;
	/* the other is in a record */
	const char *name = en->real_size ? "GNUSparseFile.0/file" : en->path;
	struct header h = { .type = type };
	int r = write_records(t, en);

	if (r < 0)
		return r;
	/* neither needs a NUL when it fills its field */
	memcpy(h.name, name, strnlen(name, sizeof(h.name)));
	if (en->link)
		memcpy(h.link, en->link, strnlen(en->link, sizeof(h.link)));
	octal(h.mode, sizeof(h.mode), i->mode & 07777);
	octal(h.uid, sizeof(h.uid), i->uid);
	octal(h.gid, sizeof(h.gid), i->gid);
	octal(h.size, sizeof(h.size), en->size);
	octal(h.mtime, sizeof(h.mtime), i->mtime);
	octal(h.major, sizeof(h.major), type == '3' || type == '4' ? i->major : 0);
	octal(h.minor, sizeof(h.minor), type == '3' || type == '4' ? i->minor : 0);
	return write_header(t, &h);
}

/* An empty file that means a removal: @name in the directory of @path. */
static int write_whiteout(struct tar_writer *t, const char *dir, const char *prefix,
			  const char *name)
{
	static const struct tree_inode nothing = { .mode = S_IFREG };
	cleanup_free char *path = NULL;
	int r = asprintf(&path, "%s%s%s", dir, prefix, name);
	struct entry en = { .inode = &nothing, .plain = true };

	if (r < 0) {
		path = NULL;
		return no_memory(t);
	}
	en.path = path;
	return write_entry(t, &en, '0');
}

static char type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return '2';
	case S_IFCHR:
		return '3';
	case S_IFBLK:
		return '4';
	case S_IFDIR:
		return '5';
	case S_IFIFO:
		return '6';
	default:
		return '0';
	}
}

static int write_directory(struct tar_writer *t, const struct tree_name *n)
{
	struct entry en = { .inode = n->inode, .path = t->path };
	const size_t len = strlen(t->path);
	int r;

	memcpy(t->path + len, len ? "/" : "./", len ? 2 : 3);
	r = write_entry(t, &en, '5');
	if (r == 0 && n->inode->opaque)
		r = write_whiteout(t, t->path, ".wh.", ".wh..opq");
	return r;
}

/*
 * What a file with holes begins with: how many parts there are, where each is, and where
 * the end.
 */
static char *map_text(const struct tar_map *m, uint64_t size, size_t *ret_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_len);
	int failed;

	if (!out)
		return NULL;
	fprintf(out, "%zu\n", m->len + 1);
	for (size_t i = 0; i < m->len; i++)
		fprintf(out, "%llu\n%llu\n", (unsigned long long)m->v[i].at,
			(unsigned long long)m->v[i].len);
	fprintf(out, "%llu\n0\n", (unsigned long long)size);
	for (long at = ftell(out); at > 0 && at % BLOCK != 0; at++)
		fputc('\0', out);
	failed = ferror(out);
	if (fclose(out) == 0 && !failed)
		return text;
	free(text);
	return NULL;
}

int tar_writer_sparse(struct tar_writer *t, struct tree_name *n, uint64_t size,
		      const struct tar_map *m)
{
	size_t len = 0;
	cleanup_free char *text = map_text(m, size, &len);
	int r = text ? 0 : no_memory(t);

	t->real_size = size;
	if (r == 0)
		r = tar_writer_entry(t, n, len + m->data);
	t->real_size = 0;
	if (r > 0 && tar_writer_content(t, text, len) < 0)
		r = t->e->code;
	return r;
}

int tar_writer_entry(struct tar_writer *t, struct tree_name *n, uint64_t size)
{
	struct tree_inode *i = n->inode;
	struct entry en = {
		.inode = i, .path = t->path, .link = i->target, .real_size = t->real_size
	};
	int r = tree_path(n, t->path, PATH_BYTES - 3);

	if (r < 0)
		return err_set(t->e, r, "%s: a path", t->what);
	if (S_ISDIR(i->mode))
		return write_directory(t, n);
	if (S_ISSOCK(i->mode))
		return 0; /* tar has no sockets, and a copy of one is of no use */
	if (i->whiteout) {
		t->path[strlen(t->path) - strlen(n->name)] = '\0';
		return write_whiteout(t, t->path, ".wh.", n->name);
	}
	if (!t->any_name && str_starts_with(n->name, ".wh."))
		return err_say(t->e, -EBADMSG,
			       "%s: %s: a name that means a removed file in a layer",
			       t->what, t->path);
	if (i->first) {
		en.link = i->first;
		en.plain = true;
		en.real_size = 0;
		return write_entry(t, &en, '1');
	}
	if (i->nlink > 1) {
		i->first = arena_strdup(&t->arena, t->path);
		if (!i->first)
			return no_memory(t);
	}
	en.size = S_ISREG(i->mode) ? size : 0;
	r = write_entry(t, &en, type_of(i->mode));
	return r == 0 && S_ISREG(i->mode) ? 1 : r;
}

int tar_writer_finish(struct tar_writer *t, struct digest *ret, uint64_t *ret_bytes)
{
	static const char zeros[2 * BLOCK];
	int r = tar_writer_content(t, zeros, sizeof(zeros));

	if (r == 0)
		r = flush(t);
	if (r < 0)
		return r;
	if (t->holes && (r = holes_end(t->fd)) < 0)
		return err_set(t->e, r, "%s: writing the tar", t->what);
	if (t->hash && ret) {
		hash_end(t->hash, ret);
		t->hash = NULL;
	}
	if (ret_bytes)
		*ret_bytes = t->bytes;
	return 0;
}
