/* SPDX-License-Identifier: MIT */
/*
 * tar to squashfs and back: what is kept, what is refused, and that nothing but the files
 * matters.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqfs/inode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "squash/squash-read.h"
#include "squash/squash-tar.h"
#include "squash/squash-to-dir.h"
#include "squash/squash-to-tar.h"
#include "squash/squash.h"
#include "suite.h"

enum { TAR_MAX = 4 << 20 };

/* A tar that is put together by hand, so that it may be wrong. */
static struct {
	char data[TAR_MAX];
	size_t len;
} tar;

static bool of_root; /* the tar is one of a root file system */
static struct err err;
static struct squash_result result;

struct memory {
	struct byte_source source;
	const char *data;
	size_t len, step;
	int fail;
};

static ssize_t read_memory(struct byte_source *source, void *buf, size_t len)
{
	struct memory *m = (struct memory *)source;

	len = len < m->step ? len : m->step;
	len = len < m->len ? len : m->len;
	if (len == 0)
		return m->fail;
	memcpy(buf, m->data, len);
	m->data += len;
	m->len -= len;
	return (ssize_t)len;
}

static void put(const void *data, size_t len)
{
	ck_assert_uint_lt(tar.len + len + 512, TAR_MAX);
	memcpy(tar.data + tar.len, data, len);
	tar.len += (len + 511) / 512 * 512;
}

static void begin(void)
{
	memset(&tar, 0, sizeof(tar));
	memset(&err, 0, sizeof(err));
	memset(&result, 0, sizeof(result));
	of_root = false;
}

static void end(void)
{
	tar.len += 1024;
}

static char *header(const char *name, char type, size_t size, const char *link)
{
	char *h = tar.data + tar.len;
	unsigned sum = 0;

	strncpy(h, name, 100);
	snprintf(h + 100, 8, "%07o", 0644);
	snprintf(h + 108, 8, "%07o", 1000);
	snprintf(h + 116, 8, "%07o", 100);
	snprintf(h + 124, 12, "%011zo", size);
	snprintf(h + 136, 12, "%011o", 1234567890);
	h[156] = type;
	strncpy(h + 157, link, 100);
	memcpy(h + 257,
	       "ustar\0"
	       "00",
	       8);
	snprintf(h + 329, 8, "%07o", 1);
	snprintf(h + 337, 8, "%07o", 3);
	memset(h + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 7, "%06o", sum);
	tar.len += 512;
	return h;
}

static void file(const char *name, const char *text)
{
	header(name, '0', strlen(text), "");
	put(text, strlen(text));
}

static void pax(const char *key, const char *value, size_t len)
{
	static char record[128 << 10];
	size_t rest = strlen(key) + len + 3, total = rest;
	int n;

	while (rest + (size_t)snprintf(NULL, 0, "%zu", total) != total)
		total = rest + (size_t)snprintf(NULL, 0, "%zu", total);
	n = snprintf(record, sizeof(record), "%zu %s=", total, key);
	memcpy(record + n, value, len);
	record[total - 1] = '\n';
	header("pax", 'x', total, "");
	put(record, total);
}

static int new_file(void)
{
	int fd = memfd_create("squash", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static int squash_data(const void *data, size_t len, size_t step, unsigned threads,
		       int out)
{
	struct memory m = { { .read = read_memory }, data, len, step, 0 };
	struct squash_limits limits = { .max_bytes = 1 << 30,
					.max_entries = 1000,
					.threads = threads };

	memset(&err, 0, sizeof(err));
	return squash_tar(&err, "layer", &m.source, out, !of_root, &limits, NULL, NULL,
			  &result);
}

static int squash(int out)
{
	return squash_data(tar.data, tar.len, 1 << 20, 2, out);
}

static char *bytes_of(int fd, size_t *ret_len)
{
	char *text;

	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(io_read_all(fd, 1 << 30, &text, ret_len), 0);
	return text;
}

static void assert_same(int a, int b)
{
	size_t a_len, b_len;
	char *a_text = bytes_of(a, &a_len), *b_text = bytes_of(b, &b_len);

	ck_assert_uint_eq(a_len, b_len);
	ck_assert_int_eq(memcmp(a_text, b_text, a_len), 0);
	free(a_text);
	free(b_text);
}

static void everything(void)
{
	static const char capability[] = "\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0";
	char name[256];

	begin();
	header("./", '5', 0, "");
	file("./b/file", "text\n");
	header("./b", '5', 0, "");
	header("a-device", '3', 0, "");
	header("a-fifo", '6', 0, "");
	header("a-link", '2', 0, "/nowhere/at/all");
	header("hard", '1', 0, "b/file");
	pax("SCHILY.xattr.security.capability", capability, 20);
	file("capable", "x");
	pax("SCHILY.xattr.trusted.overlay.redirect", "/etc", 4);
	file("forged", "x");
	memset(name, 'n', 255);
	pax("path", name, 255);
	file("short", "long name");
	pax("uid", "4294967294", 10);
	file("nobody", "");
	file("d/.wh.gone", "");
	file("e/.wh..wh..opq", "");
	file("e/stays", "s");
	end();
}

START_TEST(a_round_trip_keeps_everything)
{

	int first = new_file(), packed = new_file(), second = new_file(),
	    again = new_file();
	size_t len;
	char *text;

	everything();
	ck_assert_msg(squash(first) == 0, "%s", err.message);
	ck_assert_int_eq(squash_to_tar(&err, "layer", &first, 1, true, packed, NULL,
				       NULL),
			 0);
	text = bytes_of(packed, &len);
	ck_assert_ptr_nonnull(memmem(text, len, "security.capability", 19));
	ck_assert_ptr_nonnull(memmem(text, len, "d/.wh.gone", 10));
	ck_assert_ptr_nonnull(memmem(text, len, "e/.wh..wh..opq", 14));
	ck_assert_ptr_nonnull(memmem(text, len, "uid=4294967294", 14));
	ck_assert_ptr_nonnull(memmem(text, len, "/nowhere/at/all", 15));
	ck_assert_ptr_null(memmem(text, len, "redirect", 8));
	ck_assert_msg(squash_data(text, len, 1 << 20, 0, second) == 0, "%s", err.message);
	ck_assert_int_eq(squash_to_tar(&err, "layer", &second, 1, true, again, NULL,
				       NULL),
			 0);
	assert_same(packed, again);
	free(text);
	close(first), close(packed), close(second), close(again);
}
END_TEST

START_TEST(neither_threads_nor_pieces_change_the_image)
{
	int one = new_file(), many = new_file(), pieces = new_file();

	everything();
	ck_assert_int_eq(squash_data(tar.data, tar.len, 1 << 20, 1, one), 0);
	ck_assert_int_eq(squash_data(tar.data, tar.len, 1 << 20, 8, many), 0);
	ck_assert_int_eq(squash_data(tar.data, tar.len, 7, 2, pieces), 0);
	assert_same(one, many);
	assert_same(one, pieces);
	close(one), close(many), close(pieces);
}
END_TEST

/*
 * Of all that is in a new directory, as ls(1) and cat(1) say it; "-" with ret 1:
 * untouched.
 */
static void part_is(int layer, const char *path, int want, const char *seen)
{
	const struct squash_part part = { .path = path, .one_owner = true };
	char dir[] = "/tmp/minc-part-XXXXXX", command[256], line[512] = "";
	size_t len;
	FILE *in;
	int fd, r;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = squash_part_to_dir(&err, "image", &layer, 1, &part, fd);
	ck_assert_msg(r == want, "%s: %d %s", path, r, err.message);
	snprintf(command, sizeof(command),
		 "stat -c %%a %s && chmod u+x %s && cd %s && find . -type f | sort && "
		 "cat */file file 2>&- | tr -d '\\n'",
		 dir, dir, dir);
	in = popen(command, "re");
	len = fread(line, 1, sizeof(line) - 1, in);
	line[len] = '\0';
	pclose(in);
	snprintf(command, sizeof(command), "chmod -R u+rwx %s; rm -r %s", dir, dir);
	ck_assert_int_eq(system(command), 0);
	close(fd);
	ck_assert_msg(strcmp(line, seen) == 0, "%s: %s", path, line);
}

START_TEST(a_part_is_one_directory_and_no_link_leads_out)
{
	int layer = new_file();

	begin();
	header("a", '5', 0, "");
	file("a/b/file", "inner");
	file("a/file", "outer");
	header("link", '2', 0, "/a/b");
	header("up", '2', 0, "../../../../../..");
	header("a/way", '2', 0, "../up/link");
	header("loop", '2', 0, "loop");
	header("out", '2', 0, "/up/etc");
	header("a/hard", '1', 0, "a/file");
	end();
	ck_assert_msg(squash(layer) == 0, "%s", err.message);
	part_is(layer, "/a", PART_FILES, "644\n./b/file\n./file\n./hard\ninnerouter");
	part_is(layer, "a/./b/../b//", PART_FILES, "755\n./file\ninner");
	part_is(layer, "/link", PART_FILES, "755\n./file\ninner");
	part_is(layer, "/a/way", PART_FILES, "755\n./file\ninner");
	part_is(layer, "/../a/b", PART_FILES, "755\n./file\ninner");
	part_is(layer, "/up/a/b", PART_FILES, "755\n./file\ninner");
	part_is(layer, "/loop", PART_ABSENT, "700\n");
	part_is(layer, "/out", PART_ABSENT, "700\n");
	part_is(layer, "/a/file", PART_ABSENT, "700\n");
	part_is(layer, "/nothing", PART_ABSENT, "700\n");
	close(layer);
}
END_TEST

START_TEST(whiteouts_are_applied_when_layers_are_merged)
{
	int layers[2] = { new_file(), new_file() }, packed = new_file();
	size_t len;
	char *text;

	begin();
	file("a/gone", "1");
	file("a/stays", "2");
	file("b/hidden", "3");
	end();
	ck_assert_int_eq(squash(layers[0]), 0);
	begin();
	file("a/.wh.gone", "");
	file("b/.wh..wh..opq", "");
	file("b/new", "4");
	file(".wh.never-there", "");
	end();
	ck_assert_int_eq(squash(layers[1]), 0);
	ck_assert_int_eq(squash_to_tar(&err, "image", layers, 2, false, packed, NULL,
				       NULL),
			 0);
	text = bytes_of(packed, &len);
	ck_assert_ptr_nonnull(memmem(text, len, "a/stays", 7));
	ck_assert_ptr_nonnull(memmem(text, len, "b/new", 5));
	ck_assert_ptr_null(memmem(text, len, "gone", 4));
	ck_assert_ptr_null(memmem(text, len, "hidden", 6));
	ck_assert_ptr_null(memmem(text, len, ".wh.", 4));
	ck_assert_ptr_null(memmem(text, len, "never", 5));
	free(text);
	close(layers[0]), close(layers[1]), close(packed);
}
END_TEST

static void refused(int r, const char *why)
{
	int out = new_file();

	ck_assert_int_eq(squash(out), r);
	ck_assert_msg(strstr(err.message, why) != NULL, "\"%s\", not \"%s\"", err.message,
		      why);
	ck_assert_msg(strncmp(err.message, "layer: ", 7) == 0, "%s", err.message);
	close(out);
}

START_TEST(names_that_leave_the_layer_are_refused)
{
	static const char *const names[] = { "../f", "a/../../f", "..", "a/../.." };
	static char text[4096];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		begin(), file(names[i], "x"), end();
		refused(-EBADMSG, "\"..\" in a path");
	}
	begin(), file("f", "x"), header("l", '1', 0, "../f"), end();
	refused(-EBADMSG, "\"..\" in a path");
	begin(), file("a/..", "x"), end();
	refused(-EBADMSG, "the root is not a directory");
	begin(), header("l", '2', 0, "l"), file("l/passwd", "x"), end();
	refused(-EBADMSG, "too many symbolic links");
	memset(text, 'n', 256);
	begin(), pax("path", text, 256), file("f", ""), end();
	refused(-EBADMSG, "255 bytes");
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "d/", 2);
	begin(), pax("path", text, sizeof(text)), file("f", ""), end();
	refused(-EBADMSG, "1024 directories");
	begin(), file("d/.wh...", ""), end();
	refused(-EBADMSG, "whiteout of nothing");
}
END_TEST

START_TEST(hard_links_to_nothing_are_refused)
{
	begin(), header("l", '1', 0, "nowhere"), end();
	refused(-EBADMSG, "l: a hard link to what the layer does not have");
	begin(), header("l", '1', 0, "l"), end();
	refused(-EBADMSG, "l: a hard link to what the layer does not have");
	begin(), header("d", '5', 0, ""), header("l", '1', 0, "d"), end();
	refused(-EBADMSG, "a hard link to a directory");
}
END_TEST

START_TEST(a_file_that_is_not_whole_is_no_layer)
{
	begin(), header("f", '0', 5000, ""), tar.len += 512;
	refused(-EBADMSG, "runcated");
	everything();
	for (size_t len = 1; len < tar.len - 1024; len += len < 4096 ? 1 : 511) {
		int out = new_file(), r = squash_data(tar.data, len, 1 << 20, 1, out);

		/* only between two files, or in what fills up the block after one */
		ck_assert(r == 0 || (r == -EBADMSG && *err.message));
		close(out);
	}
}
END_TEST

START_TEST(a_tar_that_is_not_whole_is_no_root_file_system)
{
	begin(), of_root = true, header("f", '0', 512, ""),
		 tar.len += 512; /* ends with zeros, without the end */
	refused(-EBADMSG, "truncated");
	begin(), of_root = true;
	refused(-EBADMSG, "truncated");
	everything(), of_root = true;
	for (size_t len = 512; len < tar.len - 1024; len += 512) {
		int out = new_file();

		ck_assert_int_eq(squash_data(tar.data, len, 1 << 20, 1, out), -EBADMSG);
		close(out);
	}
	begin(), of_root = true, file("f", "x"), end(), put("more", 4);
	refused(-EBADMSG, "something follows");
	of_root = false;
}
END_TEST

START_TEST(a_layer_ends_as_others_let_it_end)
{
	int out = new_file();

	begin();
	ck_assert_int_eq(squash(out), 0);
	begin(), file("f", "x");
	ck_assert_int_eq(squash_data(tar.data, 513, 1 << 20, 1, out), 0);
	begin(), file("f", "x"), end(), put("more", 4);
	ck_assert_int_eq(squash(out), 0);
	begin(), file("f", "x"), tar.len += 512, file("g", "y"), end();
	refused(-EBADMSG, "single block of zeros");
	close(out);
}
END_TEST

START_TEST(numbers_that_do_not_fit_are_refused)
{
	begin(), pax("uid", "4294967295", 10), file("f", ""), end();
	refused(-EBADMSG, "an owner");
	begin(), pax("size", "4611686018427387904", 19), file("f", ""), end();
	refused(-EOVERFLOW, "bytes of files");
	begin(), pax("GNU.sparse.size", "4611686018427387904", 19), file("f", ""), end();
	refused(-EOVERFLOW, "bytes of files");
	begin();
	for (int i = 0; i < 1001; i++)
		header("f", '0', 0, "");
	end();
	refused(-EOVERFLOW, "more than 1000 files");
}
END_TEST

START_TEST(the_later_of_two_entries_wins)
{
	int out = new_file(), packed = new_file();
	size_t len;
	char *text;

	begin();
	file("a", "first"), file("a", "second");
	file("b/below", "third"), file("b", "fourth");
	file("c", "fifth"), header("c", '5', 0, ""), file("c/in", "sixth");
	end();
	ck_assert_msg(squash(out) == 0, "%s", err.message);
	ck_assert_int_eq(squash_to_tar(&err, "layer", &out, 1, true, packed, NULL, NULL),
			 0);
	text = bytes_of(packed, &len);
	ck_assert_ptr_null(memmem(text, len, "first", 5));
	ck_assert_ptr_nonnull(memmem(text, len, "second", 6));
	ck_assert_ptr_null(memmem(text, len, "third", 5));
	ck_assert_ptr_nonnull(memmem(text, len, "fourth", 6));
	ck_assert_ptr_null(memmem(text, len, "fifth", 5));
	ck_assert_ptr_nonnull(memmem(text, len, "sixth", 5));
	free(text);
	close(out), close(packed);
}
END_TEST

START_TEST(a_name_of_any_charset_is_kept)
{
	int out = new_file(), packed = new_file();
	size_t len;
	char *text;

	begin(), pax("path", "F\xc5\x91tan", 6), file("f", "");
	pax("path", "\xff\xfe.x", 4), file("g", ""), end();
	ck_assert_msg(squash(out) == 0, "%s", err.message);
	ck_assert_int_eq(squash_to_tar(&err, "layer", &out, 1, true, packed, NULL, NULL),
			 0);
	text = bytes_of(packed, &len);
	ck_assert_ptr_nonnull(memmem(text, len, "F\xc5\x91tan", 6));
	ck_assert_ptr_nonnull(memmem(text, len, "\xff\xfe.x", 4));
	free(text);
	close(out), close(packed);
}
END_TEST

/* One gzip member, whose blocks are stored as they are; see RFC 1952. */
static size_t gzip_member(const char *data, size_t len, unsigned char *out)
{
	static const unsigned char head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	uint32_t crc = ~UINT32_C(0);
	size_t at = sizeof(head), done = 0;

	memcpy(out, head, sizeof(head));
	do {
		const size_t n = len - done < 65535 ? len - done : 65535;

		out[at++] = done + n == len;
		out[at++] = n & 0xff, out[at++] = (unsigned char)(n >> 8);
		out[at++] = ~n & 0xff, out[at++] = (unsigned char)(~n >> 8);
		memcpy(out + at, data + done, n);
		at += n;
		done += n;
	} while (done < len);
	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	crc = ~crc;
	for (int i = 0; i < 4; i++)
		out[at++] = (unsigned char)(crc >> 8 * i);
	for (int i = 0; i < 4; i++)
		out[at++] = (unsigned char)(len >> 8 * i);
	return at;
}

START_TEST(gzip_is_checked_to_its_last_byte)
{
	static unsigned char packed[2 * TAR_MAX];
	struct digest plain;
	size_t len, half;
	int out = new_file();

	begin();
	file("a", "content");
	end();
	ck_assert_int_eq(squash(out), 0);
	plain = result.diff_id;
	half = gzip_member(tar.data, 700, packed);
	len = half + gzip_member(tar.data + 700, tar.len - 700, packed + half);
	for (size_t step = 1; step < 1 << 20; step *= 7) { /* two members, in pieces */
		ck_assert_int_eq(ftruncate(out, 0), 0);
		ck_assert_int_eq(squash_data(packed, len, step, 1, out), 0);
		ck_assert_str_eq(result.diff_id.text, plain.text);
	}
	for (size_t cut = 1; cut < len - half; cut++) {
		ck_assert_int_eq(ftruncate(out, 0), 0);
		ck_assert_int_eq(squash_data(packed, len - cut, 1 << 20, 1, out),
				 -EBADMSG);
	}
	for (size_t i = 1; i <= 8; i++) { /* checksum and length */
		packed[len - i] ^= 0x10;
		ck_assert_int_eq(ftruncate(out, 0), 0);
		ck_assert_int_eq(squash_data(packed, len, 1 << 20, 1, out), -EBADMSG);
		packed[len - i] ^= 0x10;
	}
	memcpy(packed + len, "more", 4);
	ck_assert_int_eq(ftruncate(out, 0), 0);
	ck_assert_int_eq(squash_data(packed, len + 4, 1 << 20, 1, out), -EBADMSG);
	ck_assert_str_eq(err.message, "layer: damaged or truncated gzip data");
	close(out);
}
END_TEST

START_TEST(a_failing_source_says_why)
{
	struct memory m = { { .read = read_memory }, NULL, 0, 512, -EIO };
	struct squash_limits limits = { 0 };
	int out = new_file();

	everything();
	m.data = tar.data, m.len = 2048;
	ck_assert_int_eq(squash_tar(&err, "layer", &m.source, out, true, &limits, NULL,
				    NULL, &result),
			 -EIO);
	ck_assert_str_eq(err.message, "layer: Input/output error");
	close(out);
}
END_TEST

START_TEST(a_full_disk_is_said)
{
	struct rlimit small = { 64, 64 };
	int out = new_file(), status;
	pid_t pid;

	everything();
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGXFSZ, SIG_IGN);
		(void)setrlimit(RLIMIT_FSIZE, &small);
		_exit(squash(out) == -EFBIG && strstr(err.message, "File too large") ? 0
										     : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(out);
}
END_TEST

static int stop(uint64_t bytes, void *data)
{
	(void)bytes;
	return ++*(int *)data;
}

START_TEST(progress_can_cancel)
{
	struct memory m = { { .read = read_memory }, NULL, 0, 512, 0 };
	struct squash_limits limits = { 0 };
	int out = new_file(), calls = 0;

	everything();
	m.data = tar.data, m.len = tar.len;
	ck_assert_int_eq(squash_tar(&err, "layer", &m.source, out, true, &limits, stop,
				    &calls, &result),
			 -ECANCELED);
	ck_assert_int_eq(calls, 1);
	close(out);
}
END_TEST

START_TEST(a_damaged_image_is_refused)
{
	int out = new_file(), packed = new_file();
	size_t len;
	char *text;

	everything();
	ck_assert_int_eq(squash(out), 0);
	text = bytes_of(out, &len);
	/* every byte of the superblock, and of what follows in steps */
	for (size_t i = 0; i < len; i += i < 96 ? 1 : 13) {
		const char flipped = (char)(text[i] ^ 0x55);

		ck_assert_int_eq(pwrite(out, &flipped, 1, (off_t)i), 1);
		memset(&err, 0, sizeof(err));
		ck_assert_int_eq(ftruncate(packed, 0), 0);
		if (squash_to_tar(&err, "layer", &out, 1, true, packed, NULL, NULL) < 0)
			ck_assert_str_ne(err.message, "");
		ck_assert_int_eq(pwrite(out, &text[i], 1, (off_t)i), 1);
	}
	free(text);
	close(out), close(packed);
}
END_TEST

/* As the kernel has it; "nobody" could be somebody. */
START_TEST(an_owner_that_is_in_no_table_is_damage)
{
	sqfs_inode_generic_t *root;
	int out = new_file();
	struct squash s;
	struct stat st;

	everything();
	ck_assert_int_eq(squash(out), 0);
	ck_assert_int_eq(squash_open(&s, out, "layer", &err), 0);
	ck_assert_int_eq(squash_inode(&s, squash_root(&s), &root), 0);
	ck_assert_int_eq(squash_stat(&s, root, &st), 0);
	root->base.uid_idx = 0xffff;
	ck_assert_int_eq(squash_stat(&s, root, &st), -EBADMSG);
	sqfs_free(root);
	squash_close(&s);
	close(out);
}
END_TEST

START_TEST(what_cannot_be_read_is_not_called_damaged)
{
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), out = new_file();

	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(squash_to_tar(&err, "layer", &dir, 1, true, out, NULL, NULL),
			 -EISDIR);
	ck_assert_str_eq(err.message, "layer: Is a directory");
	close(dir), close(out);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("squash");

	tcase_add_test(t, a_round_trip_keeps_everything);
	tcase_add_test(t, a_part_is_one_directory_and_no_link_leads_out);
	tcase_add_test(t, neither_threads_nor_pieces_change_the_image);
	tcase_add_test(t, whiteouts_are_applied_when_layers_are_merged);
	tcase_add_test(t, names_that_leave_the_layer_are_refused);
	tcase_add_test(t, hard_links_to_nothing_are_refused);
	tcase_add_test(t, a_file_that_is_not_whole_is_no_layer);
	tcase_add_test(t, a_tar_that_is_not_whole_is_no_root_file_system);
	tcase_add_test(t, a_layer_ends_as_others_let_it_end);
	tcase_add_test(t, numbers_that_do_not_fit_are_refused);
	tcase_add_test(t, the_later_of_two_entries_wins);
	tcase_add_test(t, a_name_of_any_charset_is_kept);
	tcase_add_test(t, a_failing_source_says_why);
	tcase_add_test(t, a_full_disk_is_said);
	tcase_add_test(t, gzip_is_checked_to_its_last_byte);
	tcase_add_test(t, progress_can_cancel);
	tcase_add_test(t, a_damaged_image_is_refused);
	tcase_add_test(t, an_owner_that_is_in_no_table_is_damage);
	tcase_add_test(t, what_cannot_be_read_is_not_called_damaged);
	tcase_set_timeout(t, 120);
	return run_case("squash", t);
}
