/* SPDX-License-Identifier: MIT */
/* lib/base: arena, err, io, quote, str. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/quote.h"
#include "base/str.h"
#include "suite.h"

/* arena */

START_TEST(arena_memory_is_zeroed_and_aligned)
{
	struct arena a = { 0 };

	for (size_t size = 1; size < 200; size++) {
		unsigned char *p = arena_alloc(&a, size);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < size; i++)
			ck_assert_uint_eq(p[i], 0);
		memset(p, 0xff, size);
	}
	arena_done(&a);
}
END_TEST

START_TEST(arena_gives_what_is_larger_than_a_chunk)
{
	struct arena a = { 0 };
	char *small = arena_strdup(&a, "small");
	char *big = arena_alloc(&a, 10 << 20);

	ck_assert_ptr_nonnull(big);
	memset(big, 1, 10 << 20);
	ck_assert_str_eq(small, "small");
	arena_done(&a);
}
END_TEST

START_TEST(arena_refuses_absurd_sizes)
{
	struct arena a = { 0 };

	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX / 2));
	ck_assert_ptr_nonnull(arena_alloc(&a, 1)); /* still usable */
	arena_done(&a);
}
END_TEST

START_TEST(arena_without_memory_returns_null)
{
	struct arena a = { 0 };
	const char *const list[] = { "a", NULL };

	if (arena_alloc(&a, (size_t)1 << 39))
		return arena_done(&a); /* the machine promises anything */
	ck_assert_ptr_null(arena_strdup(&a, NULL));
	ck_assert_ptr_nonnull(arena_strv(&a, list));
	arena_done(&a);
}
END_TEST

START_TEST(arena_copies_text_and_lists)
{
	struct arena a = { 0 };
	char word[] = "word";
	const char *const list[] = { word, "", "x", NULL }, *const none[] = { NULL };
	const char **copy = arena_strv(&a, list);

	word[0] = 'W';
	ck_assert_str_eq(copy[0], "word");
	ck_assert_str_eq(copy[1], "");
	ck_assert_str_eq(copy[2], "x");
	ck_assert_ptr_null(copy[3]);
	ck_assert_ptr_null(arena_strv(&a, none)[0]);
	ck_assert_str_eq(arena_printf(&a, "%s-%d", "n", 5), "n-5");
	ck_assert_str_eq(arena_printf(&a, "%s", ""), "");
	arena_done(&a);
	arena_done(&a); /* empty: nothing to do */
}
END_TEST

START_TEST(arena_is_read_only_once_sealed)
{
	struct arena a = { 0 };
	char *text = arena_strdup(&a, "text");
	int status;
	pid_t pid;

	ck_assert_int_eq(arena_seal(&a), 0);
	ck_assert_str_eq(text, "text");
	pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL); /* a sanitizer's report would be noise */
		*(volatile char *)text = 'T';
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSEGV);
	arena_done(&a);
}
END_TEST

/* err */

START_TEST(first_failure_stands)
{
	struct err e = { 0 };

	ck_assert_int_eq(err_set(&e, -ENOENT, "open %s", "/a"), -ENOENT);
	ck_assert_int_eq(err_set(&e, -EPERM, "later"), -EPERM);
	ck_assert_int_eq(err_say(&e, -EPERM, "later"), -EPERM);
	ck_assert_str_eq(e.message, "open /a: No such file or directory");
	ck_assert_int_eq(e.code, -ENOENT);
	err_clear(&e);
	ck_assert_str_eq(e.message, "");
	ck_assert_int_eq(err_say(&e, -EINVAL, "--user 0x: not a number"), -EINVAL);
	ck_assert_str_eq(e.message, "--user 0x: not a number");
}
END_TEST

START_TEST(message_is_one_printable_line)
{
	struct err e = { 0 };

	err_say(&e, -EINVAL, "bind a\nb\x1b[31m\x7f");
	ck_assert_str_eq(e.message, "bind a?b?[31m?");
	err_hint(&e, "try\tthis");
	ck_assert_str_eq(e.hint, "try?this");
}
END_TEST

START_TEST(long_message_is_cut)
{
	char text[4096];
	struct err e = { 0 };

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(err_set(&e, -EIO, "%s", text), -EIO);
	ck_assert_uint_eq(strlen(e.message), sizeof(e.message) - 1);
	err_hint(&e, "%s", text);
	ck_assert_uint_eq(strlen(e.hint), sizeof(e.hint) - 1);
}
END_TEST

START_TEST(nobody_listens)
{
	ck_assert_int_eq(err_set(NULL, -EIO, "x"), -EIO);
	ck_assert_int_eq(err_say(NULL, -EIO, "x"), -EIO);
	err_hint(NULL, "x");
}
END_TEST

/* io */

START_TEST(whole_file_is_read_and_written)
{
	cleanup_close int fd = memfd_create("io", MFD_CLOEXEC);
	cleanup_free char *back = NULL, *text = malloc(100000);
	size_t len;

	memset(text, 'y', 100000);
	text[5] = '\0';
	ck_assert_int_eq(io_write_all(fd, text, 100000), 0);
	lseek(fd, 0, SEEK_SET);
	ck_assert_int_eq(io_read_all(fd, 100000, &back, &len), 0);
	ck_assert_uint_eq(len, 100000);
	ck_assert_mem_eq(back, text, len);
	ck_assert_int_eq(back[len], '\0');
}
END_TEST

START_TEST(limit_of_a_read_is_kept)
{
	cleanup_close int fd = memfd_create("io", MFD_CLOEXEC);
	cleanup_free char *exact = NULL, *untouched = NULL;
	size_t len;

	ck_assert_int_eq(io_write_all(fd, "12345", 5), 0);
	lseek(fd, 0, SEEK_SET);
	ck_assert_int_eq(io_read_all(fd, 4, &untouched, NULL), -EFBIG);
	ck_assert_ptr_null(untouched);
	lseek(fd, 0, SEEK_SET);
	ck_assert_int_eq(io_read_all(fd, 5, &exact, &len), 0);
	ck_assert_str_eq(exact, "12345");
}
END_TEST

START_TEST(a_list_that_fails_leaves_nothing_open)
{
	const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	DIR *list = io_open_list(AT_FDCWD, "/");

	ck_assert_ptr_nonnull(list);
	closedir(list);
	ck_assert_int_ge(fd, 0);
	ck_assert_ptr_null(io_list(fd));
	ck_assert_int_eq(errno, ENOTDIR);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
	ck_assert_ptr_null(io_open_list(AT_FDCWD, "/nonexistent"));
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(a_file_is_read_at_a_place)
{
	const int fd = memfd_create("text", MFD_CLOEXEC);
	char buf[8] = "";

	ck_assert_int_eq(write(fd, "0123456789", 10), 10);
	ck_assert_int_eq(io_read_at(fd, buf, 4, 2), 4);
	ck_assert_mem_eq(buf, "2345", 4);
	ck_assert_int_eq(io_read_at(fd, buf, 8, 7), 3);
	ck_assert_int_eq(io_read_at(fd, buf, 8, 10), 0);
	ck_assert_int_eq(io_read_at(-EBADF, buf, 8, 0), -EBADF);
	close(fd);
}
END_TEST

START_TEST(failures_of_io_are_told)
{
	cleanup_close int fd = memfd_create("io", MFD_CLOEXEC);
	cleanup_close int rdonly = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	cleanup_free char *text = NULL;

	ck_assert_int_eq(io_read_file(AT_FDCWD, "/nonexistent", 10, &text, NULL),
			 -ENOENT);
	ck_assert_int_eq(io_read_file(AT_FDCWD, "/", 10, &text, NULL), -EISDIR);
	ck_assert_int_eq(io_read_all(-1, 10, &text, NULL), -EBADF);
	ck_assert_int_eq(io_write_all(rdonly, "x", 1), -EBADF);
	ck_assert_int_eq(io_read_all(fd, 10, &text, NULL), 0);
	ck_assert_str_eq(text, ""); /* an empty file is text, too */
}
END_TEST

/* That flag belongs to whoever else has the pipe, too: ssh(1) and others set it. */
START_TEST(output_that_does_not_wait_is_waited_for)
{
	enum { BYTES = 300000 };
	cleanup_free char *text = calloc(1, BYTES);
	int fds[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		status = io_write_out(fds[1], text, BYTES, NULL, NULL);
		_exit(-status);
	}
	ck_assert_int_eq(close(fds[1]), 0);
	for (size_t n = 0; n < BYTES; n++)
		if (read(fds[0], text, 1) != 1)
			break;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(close(fds[0]), 0);
}
END_TEST

/*
 * The handler's and the mask's are the caller's, and so is a SIGPIPE that had come
 * before.
 */
START_TEST(output_that_nobody_reads_sends_no_signal)
{
	sigset_t set, pending;
	int fds[2];

	(void)signal(SIGPIPE, SIG_DFL);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(io_write_out(fds[1], "x", 1, NULL, NULL), -EPIPE);
	ck_assert(pthread_sigmask(SIG_BLOCK, NULL, &set) == 0 &&
		  !sigismember(&set, SIGPIPE));
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGPIPE);
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	ck_assert_int_eq(io_write_out(fds[1], "x", 1, NULL, NULL), -EPIPE);
	ck_assert(sigpending(&pending) == 0 && !sigismember(&pending, SIGPIPE));
	ck_assert_int_eq(raise(SIGPIPE), 0);
	ck_assert_int_eq(io_write_out(fds[1], "x", 1, NULL, NULL), -EPIPE);
	ck_assert(sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE));
	(void)signal(SIGPIPE, SIG_IGN); /* which takes it */
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

static const char *in_dir(char *buf, size_t len, const char *dir, const char *name)
{
	snprintf(buf, len, "%s/%s", dir, name);
	return buf;
}

/* What would have to be waited for hangs here until the test is killed. */
START_TEST(configuration_is_a_file_that_is_not_waited_for)
{
	static const char *const wrong[] = { "fifo", "to-fifo", "to-zero", "." };
	char dir[] = "/tmp/minc-config.XXXXXX", path[64];
	cleanup_free char *text = NULL;
	struct err e = { 0 };

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(mkfifo(in_dir(path, sizeof(path), dir, "fifo"), 0600), 0);
	ck_assert_int_eq(symlink("fifo", in_dir(path, sizeof(path), dir, "to-fifo")), 0);
	ck_assert_int_eq(symlink("/dev/zero", in_dir(path, sizeof(path), dir, "to-zero")),
			 0);
	ck_assert_int_eq(symlink("/proc/self/comm",
				 in_dir(path, sizeof(path), dir, "to-file")),
			 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		err_clear(&e);
		(void)in_dir(path, sizeof(path), dir, wrong[i]);
		ck_assert_int_eq(io_read_config(&e, path, 100, &text, NULL), -EBADMSG);
		ck_assert_ptr_nonnull(strstr(e.message, path));
		ck_assert_ptr_nonnull(strstr(e.message, "not a regular file"));
	}
	err_clear(&e);
	(void)in_dir(path, sizeof(path), dir, "fifo/below");
	ck_assert_int_eq(io_read_config(&e, path, 100, &text, NULL), -ENOENT);
	ck_assert_int_eq(io_read_config(&e, "/nonexistent", 100, &text, NULL), -ENOENT);
	ck_assert_str_eq(e.message, ""); /* that is for the caller to judge */
	(void)in_dir(path, sizeof(path), dir, "to-file");
	ck_assert_int_eq(io_read_config(&e, path, 100, &text, NULL), 0);
	ck_assert_int_eq(io_read_config(&e, path, 1, &text, NULL), -EFBIG);
	ck_assert_ptr_nonnull(strstr(e.message, path));
	for (size_t i = 0; i < 3; i++)
		(void)unlink(in_dir(path, sizeof(path), dir, wrong[i]));
	(void)unlink(in_dir(path, sizeof(path), dir, "to-file"));
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/*
 * Another process has a lease on @path, and gives it up when it is told; false: there are
 * none.
 */
static bool take_lease(const char *path)
{
	int told[2], sig;
	char taken = 0;
	sigset_t io;

	ck_assert_int_eq(pipe(told), 0);
	if (fork() == 0) {
		const int fd = open(path, O_RDWR | O_CLOEXEC);

		sigemptyset(&io);
		sigaddset(&io, SIGIO);
		sigprocmask(SIG_BLOCK, &io, NULL);
		taken = fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
		(void)!write(told[1], &taken, 1);
		if (taken)
			(void)sigwait(&io, &sig);
		_exit(fcntl(fd, F_SETLEASE, F_UNLCK) < 0);
	}
	close(told[1]);
	ck_assert_int_eq(read(told[0], &taken, 1), 1);
	close(told[0]);
	return taken;
}

START_TEST(a_file_with_a_lease_is_read)
{
	char path[] = "/tmp/minc-lease.XXXXXX";
	cleanup_free char *text = NULL;
	struct err e = { 0 };
	int fd = mkstemp(path), r;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "text", 4), 4);
	ck_assert_int_eq(close(fd), 0);
	if (take_lease(path)) {
		r = io_read_config(&e, path, 100, &text, NULL);
		ck_assert_msg(r == 0, "%s", e.message);
		ck_assert_str_eq(text, "text");
	}
	(void)waitpid(-1, NULL, 0);
	(void)unlink(path);
}
END_TEST

START_TEST(descriptor_moves_above_a_number)
{
	int low = open("/dev/null", O_RDONLY | O_CLOEXEC), high = fd_move_up(low, 100);

	ck_assert_int_ge(high, 100);
	ck_assert_int_eq(fcntl(high, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(low, F_GETFD), -1);
	ck_assert_int_eq(fd_move_up(high, 50), high);
	ck_assert_int_eq(fd_move_up(-EBADF, 50), -EBADF);
	fd_closep(&high);
	ck_assert_int_eq(high, -EBADF);
}
END_TEST

/* quote */

static void expect_quoted(void (*quote)(FILE *, const char *), const char *s,
			  const char *want)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	quote(out, s);
	fclose(out);
	ck_assert_str_eq(text, want);
	free(text);
}

START_TEST(shell_word_is_quoted_only_if_it_must_be)
{
	expect_quoted(quote_shell, "/bin/sh", "/bin/sh");
	expect_quoted(quote_shell, "", "''");
	expect_quoted(quote_shell, "a b", "'a b'");
	expect_quoted(quote_shell, "$(x)`y`\\", "'$(x)`y`\\'");
	expect_quoted(quote_shell, "it's", "'it'\\''s'");
	expect_quoted(quote_shell, "~", "'~'");
	expect_quoted(quote_shell, "a=b", "'a=b'");
	expect_quoted(quote_shell, "a\nb", "'a\nb'");
}
END_TEST

/* The shell itself is the judge. */
START_TEST(shell_reads_back_every_byte)
{
	char word[256], *command = NULL, back[300];
	size_t len;
	FILE *out = open_memstream(&command, &len), *in;

	for (int i = 0; i < 255; i++)
		word[i] = (char)(i + 1);
	word[255] = '\0';
	fputs("printf %s ", out);
	quote_shell(out, word);
	fclose(out);
	in = popen(command, "re");
	len = fread(back, 1, sizeof(back) - 1, in);
	back[len] = '\0';
	ck_assert_int_eq(pclose(in), 0);
	free(command);
	ck_assert_str_eq(back, word);
}
END_TEST

START_TEST(json_text_is_escaped_and_always_utf8)
{
	expect_quoted(quote_json, "", "\"\"");
	expect_quoted(quote_json, "a\"b\\c", "\"a\\\"b\\\\c\"");
	expect_quoted(quote_json, "\n\x7f", "\"\\u000a\\u007f\"");
	expect_quoted(quote_json, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7",
		      "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7\"");
	expect_quoted(quote_json, "\xff", "\"\\ufffd\"");
	expect_quoted(quote_json, "\xc0\xaf", "\"\\ufffd\\ufffd\""); /* overlong */
	expect_quoted(quote_json, "\xed\xa0\x80",
		      "\"\\ufffd\\ufffd\\ufffd\"");                  /* surrogate */
	expect_quoted(quote_json, "\xe2\x82", "\"\\ufffd\\ufffd\""); /* cut */
}
END_TEST

/* str */

START_TEST(paths_are_cleaned_by_their_words)
{
	static const char *const cases[][2] = {
		{ "/", "/" },          { "/a", "/a" },
		{ "//a//b/", "/a/b" }, { "/a/./b/.", "/a/b" },
		{ "/a/../b", "/b" },   { "/../../a", "/a" },
		{ "/a/b/../..", "/" }, { "/..a/...", "/..a/..." },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[32];

		snprintf(path, sizeof(path), "%s", cases[i][0]);
		str_clean_path(path);
		ck_assert_str_eq(path, cases[i][1]);
	}
}
END_TEST

START_TEST(octal_escapes_become_bytes)
{
	static const char *const texts[][2] = {
		{ "", "" },           { "/a\\040b\\134c\\012", "/a b\\c\n" },
		{ "\\", "\\" },       { "\\04", "\\04" },
		{ "\\400", "\\400" }, { "\\048", "\\048" },
	};
	char text[32];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		strcpy(text, texts[i][0]);
		str_unescape_octal(text);
		ck_assert_str_eq(text, texts[i][1]);
	}
}
END_TEST

START_TEST(numbers_are_strict)
{
	static const char *const bad[] = { "",    " 1", "1 ",  "+1", "-1",
					   "0x1", "1x", "1.0", "\n" };
	uint64_t n = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(str_to_u64(bad[i], 100, &n) == -EINVAL, "\"%s\"", bad[i]);
	ck_assert_int_eq(str_to_u64("101", 100, &n), -ERANGE);
	ck_assert_int_eq(str_to_u64("18446744073709551616", UINT64_MAX, &n), -ERANGE);
	ck_assert_uint_eq(n, 7); /* untouched by failures */
	ck_assert_int_eq(str_to_u64("18446744073709551615", UINT64_MAX, &n), 0);
	ck_assert_uint_eq(n, UINT64_MAX);
	ck_assert_int_eq(str_to_u64("007", 100, &n), 0);
	ck_assert_uint_eq(n, 7);
}
END_TEST

START_TEST(sizes_have_units)
{
	static const char *const bad[] = { "",    "k",   "1kk",  "1x",
					   "-1k", "1 k", "0x1k", "1.5g" };
	uint64_t n;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(str_to_size(bad[i], &n) == -EINVAL, "\"%s\"", bad[i]);
	ck_assert_int_eq(str_to_size("5", &n), 0);
	ck_assert_uint_eq(n, 5);
	ck_assert_int_eq(str_to_size("3K", &n), 0);
	ck_assert_uint_eq(n, 3 << 10);
	ck_assert_int_eq(str_to_size("2t", &n), 0);
	ck_assert_uint_eq(n, 2ull << 40);
	ck_assert_int_eq(str_to_size("16777216t", &n), -ERANGE);
	ck_assert_int_lt(str_to_size("00000000000000000000000000000000000001", &n), 0);
}
END_TEST

START_TEST(utf8_is_checked)
{
	ck_assert(str_is_printable_utf8(""));
	ck_assert(str_is_printable_utf8("caf\xc3\xa9 \xe2\x82\xac \xf4\x8f\xbf\xbf"));
	ck_assert(!str_is_printable_utf8("a\nb"));
	ck_assert(!str_is_printable_utf8("\x7f"));
	ck_assert(!str_is_printable_utf8("\xff"));
	ck_assert(!str_is_printable_utf8("\xc0\xaf"));
	ck_assert(!str_is_printable_utf8("\xe0\x80\xaf"));
	ck_assert(!str_is_printable_utf8("\xed\xa0\x80"));
	ck_assert(!str_is_printable_utf8("\xf4\x90\x80\x80"));
	ck_assert(!str_is_printable_utf8("\xe2\x82"));
}
END_TEST

START_TEST(texts_are_compared)
{
	ck_assert(str_starts_with("raw,eth0", "raw,"));
	ck_assert(!str_starts_with("ra", "raw,"));
	ck_assert(str_ends_with("ca.crt", ".crt"));
	ck_assert(!str_ends_with(".crt", ".crt"));
	ck_assert(!str_ends_with("rt", ".crt"));
	ck_assert(str_equal(NULL, NULL));
	ck_assert(!str_equal(NULL, ""));
	ck_assert(!str_equal("", NULL));
	ck_assert(str_equal("a", "a"));
	ck_assert(!str_is_number(""));
	ck_assert(str_is_number("0"));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("base");

	tcase_add_test(t, arena_memory_is_zeroed_and_aligned);
	tcase_add_test(t, arena_gives_what_is_larger_than_a_chunk);
	tcase_add_test(t, arena_refuses_absurd_sizes);
	tcase_add_test(t, arena_without_memory_returns_null);
	tcase_add_test(t, arena_copies_text_and_lists);
	tcase_add_test(t, arena_is_read_only_once_sealed);
	tcase_add_test(t, first_failure_stands);
	tcase_add_test(t, message_is_one_printable_line);
	tcase_add_test(t, long_message_is_cut);
	tcase_add_test(t, nobody_listens);
	tcase_add_test(t, whole_file_is_read_and_written);
	tcase_add_test(t, limit_of_a_read_is_kept);
	tcase_add_test(t, a_list_that_fails_leaves_nothing_open);
	tcase_add_test(t, a_file_is_read_at_a_place);
	tcase_add_test(t, failures_of_io_are_told);
	tcase_add_test(t, output_that_does_not_wait_is_waited_for);
	tcase_add_test(t, output_that_nobody_reads_sends_no_signal);
	tcase_add_test(t, configuration_is_a_file_that_is_not_waited_for);
	tcase_add_test(t, a_file_with_a_lease_is_read);
	tcase_add_test(t, descriptor_moves_above_a_number);
	tcase_add_test(t, shell_word_is_quoted_only_if_it_must_be);
	tcase_add_test(t, shell_reads_back_every_byte);
	tcase_add_test(t, json_text_is_escaped_and_always_utf8);
	tcase_add_test(t, octal_escapes_become_bytes);
	tcase_add_test(t, numbers_are_strict);
	tcase_add_test(t, sizes_have_units);
	tcase_add_test(t, utf8_is_checked);
	tcase_add_test(t, texts_are_compared);
	tcase_add_test(t, paths_are_cleaned_by_their_words);
	return run_case("base", t);
}
