/* SPDX-License-Identifier: MIT */
/*
 * journal - the file "applied" beside the layers, out of the container's reach: which
 * objects of the base are our own work, so that they do not count as changed underneath,
 * and the random word in the names of our temporaries, so that a later apply can remove
 * what a killed one left, and nothing else.
 *
 *	minc-applied 1 0123456789abcdef0123456789abcdef
 *	own DEVICE INODE SECONDS NANOSECONDS	made by us, its ctime then
 *	own DEVICE INODE 0 0			a directory: whatever its ctime
 *	mode DEVICE INODE MODE			a directory its owner can write to for
 *	                                        now; in the end it gets MODE
 *	shut DEVICE INODE			and has it
 *	end					the apply was not cut short
 *
 * Lines are appended before the base is changed; that is enough for a killed process.
 * After a crash of the machine a path may be refused that was our own work.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "change/change.h"
#include "change/subtree.h"

static const char file_name[] = "applied", head[] = "minc-applied 1 ";
enum { JOURNAL_MAX_BYTES = 1 << 30, TOKEN_LEN = 32 };

static int own(struct journal *j, uint64_t dev, uint64_t ino, uint64_t seconds,
	       uint64_t nanoseconds)
{
	struct inode *i = inodes_put(&j->own, dev, ino);

	if (!i)
		return -ENOMEM;
	i->a = seconds;
	i->b = nanoseconds;
	return 0;
}

static int due(struct journal *j, uint64_t dev, uint64_t ino, unsigned mode, bool is_due)
{
	struct inode *i = inodes_put(&j->modes, dev, ino);

	if (!i)
		return -ENOMEM;
	i->a = mode;
	i->b = is_due;
	return 0;
}

static int parse_line(struct journal *j, const char *line)
{
	uint64_t dev, ino, seconds, nanoseconds;
	char mode[6], end;

	j->cut_short = !str_equal(line, "end");
	if (!j->cut_short)
		return 0;
	if (sscanf(line, "mode %" SCNu64 " %" SCNu64 " %5[0-7]%c", &dev, &ino, mode,
		   &end) == 3 &&
	    ino != 0 &&
	    /* else it may be half a line, and another mode */
	    strlen(mode) == 5 && mode[0] == '0')
		return due(j, dev, ino, (unsigned)strtoul(mode, NULL, 8), true);
	if (sscanf(line, "shut %" SCNu64 " %" SCNu64 "%c", &dev, &ino, &end) == 2 &&
	    ino != 0)
		return due(j, dev, ino, 0, false);
	if (sscanf(line, "own %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &dev, &ino,
		   &seconds, &nanoseconds) != 4 ||
	    ino == 0)
		return 0; /* half a line of a killed process: to know less is safe */
	return own(j, dev, ino, seconds, nanoseconds);
}

static int parse(struct journal *j, char *text)
{
	char *line = text + strlen(head), *end;
	int r = 0;

	if (!str_starts_with(text, head) ||
	    strspn(line, "0123456789abcdef") != TOKEN_LEN || line[TOKEN_LEN] != '\n')
		return -EBADMSG;
	memcpy(j->token, line, TOKEN_LEN);
	j->token[TOKEN_LEN] = '\0';
	j->cut_short = true;
	/* the last line may be half of one */
	for (line += TOKEN_LEN + 1; r == 0 && (end = strchr(line, '\n'));
	     line = end + 1) {
		*end = '\0';
		r = parse_line(j, line);
	}
	if (*line)
		j->cut_short = true;
	return r;
}

int journal_read(struct journal *j, int dir)
{
	cleanup_free char *text = NULL;
	int r;

	journal_done(j);
	r = io_read_own_file(dir, file_name, JOURNAL_MAX_BYTES, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return parse(j, text);
}

static int begin(struct journal *j, int dir)
{
	unsigned char random[TOKEN_LEN / 2];
	char text[sizeof(head) + TOKEN_LEN + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(j->token + 2 * i, 3, "%02x", random[i]);
	snprintf(text, sizeof(text), "%s%s\n", head, j->token);
	return io_replace_file(dir, file_name, text, strlen(text));
}

int journal_open(struct journal *j, int dir)
{
	int r = journal_read(j, dir);

	if (r == 0 && !j->token[0])
		r = begin(j, dir);
	if (r < 0)
		return r;
	j->fd = openat(dir, file_name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (j->fd < 0)
		return -errno;
	/* ends half a line, and says that from here on there is no end yet */
	return j->cut_short ? io_write_all(j->fd, "\n", 1) : 0;
}

int journal_note(struct journal *j, const struct stat *st)
{
	bool any = S_ISDIR(st->st_mode);
	uint64_t seconds = any ? 0 : (uint64_t)st->st_ctim.tv_sec;
	uint64_t nanoseconds = any ? 0 : (uint64_t)st->st_ctim.tv_nsec;
	const struct inode *i = inodes_find(&j->own, st->st_dev, st->st_ino);
	char line[128];
	int r;

	if (i && i->a == seconds && i->b == nanoseconds)
		return 0;
	snprintf(line, sizeof(line), "own %ju %ju %" PRIu64 " %" PRIu64 "\n",
		 (uintmax_t)st->st_dev, (uintmax_t)st->st_ino, seconds, nanoseconds);
	r = io_write_all(j->fd, line, strlen(line));
	return r < 0 ? r : own(j, st->st_dev, st->st_ino, seconds, nanoseconds);
}

bool journal_owns(const struct journal *j, const struct stat *st)
{
	const struct inode *i = inodes_find(&j->own, st->st_dev, st->st_ino);

	return i && ((i->a == 0 && i->b == 0) || (i->a == (uint64_t)st->st_ctim.tv_sec &&
						  i->b == (uint64_t)st->st_ctim.tv_nsec));
}

int journal_open_dir(struct journal *j, const struct stat *st, unsigned mode, bool final)
{
	char line[96];
	unsigned known;
	int r;

	if (journal_due(j, st, &known) && (known == mode || !final))
		return 0;
	snprintf(line, sizeof(line), "mode %ju %ju %05o\n", (uintmax_t)st->st_dev,
		 (uintmax_t)st->st_ino, mode);
	r = io_write_all(j->fd, line, strlen(line));
	return r < 0 ? r : due(j, st->st_dev, st->st_ino, mode, true);
}

bool journal_due(const struct journal *j, const struct stat *st, unsigned *ret_mode)
{
	const struct inode *i = inodes_find(&j->modes, st->st_dev, st->st_ino);

	if (!i || !i->b)
		return false;
	*ret_mode = (unsigned)i->a;
	return true;
}

int journal_shut_dir(struct journal *j, const struct stat *st)
{
	char line[96];
	int r;

	snprintf(line, sizeof(line), "shut %ju %ju\n", (uintmax_t)st->st_dev,
		 (uintmax_t)st->st_ino);
	r = io_write_all(j->fd, line, strlen(line));
	return r < 0 ? r : due(j, st->st_dev, st->st_ino, 0, false);
}

int journal_end(struct journal *j)
{
	return io_write_all(j->fd, "end\n", 4);
}

int journal_forget(struct journal *j, int dir)
{
	journal_done(j);
	return unlinkat(dir, file_name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

void journal_done(struct journal *j)
{
	fd_closep(&j->fd);
	inodes_done(&j->own);
	inodes_done(&j->modes);
	j->token[0] = '\0';
	j->cut_short = false;
}

void journal_name(const struct journal *j, unsigned n, char *buf, size_t size)
{
	snprintf(buf, size, ".minc-%s-%u", j->token, n);
}

int journal_sweep(const struct journal *j, int dir)
{
	struct names names = { 0 };
	char prefix[64];
	int r = names_read(dir, &names);

	snprintf(prefix, sizeof(prefix), ".minc-%s-", j->token);
	for (size_t i = 0; r == 0 && i < names.len; i++)
		if (str_starts_with(names_get(&names, i), prefix))
			r = subtree_remove(dir, names_get(&names, i));
	names_done(&names);
	return r;
}
