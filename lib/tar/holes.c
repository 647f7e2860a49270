/* SPDX-License-Identifier: MIT */
/* holes - see holes.h. */
#include "tar/holes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

/* Less would make a file slower to read, and save little. */
enum { RUN_BYTES = 64 << 10 };

bool holes_can(int fd)
{
	const off_t at = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	return at >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_size <= at && !(fcntl(fd, F_GETFL) & O_APPEND);
}

static bool is_run(const char *p, size_t len)
{
	return len == RUN_BYTES && p[0] == 0 && memcmp(p, p + 1, len - 1) == 0;
}

int holes_write(int fd, const void *buf, size_t len)
{
	const char *p = buf, *const end = p + len;
	int r = 0;

	while (r == 0 && p < end) {
		const char *to = p;

		/* what is written, up to the next run */
		for (size_t n; to < end; to += n) {
			n = (size_t)(end - to) < RUN_BYTES ? (size_t)(end - to)
							   : RUN_BYTES;
			if (is_run(to, n))
				break;
		}
		r = io_write_all(fd, p, (size_t)(to - p));
		for (p = to; r == 0 && end - p >= RUN_BYTES && is_run(p, RUN_BYTES);
		     p += RUN_BYTES)
			r = lseek(fd, RUN_BYTES, SEEK_CUR) < 0 ? -errno : 0;
	}
	return r;
}

int holes_end(int fd)
{
	const off_t at = lseek(fd, 0, SEEK_CUR);

	return at < 0 || ftruncate(fd, at) < 0 ? -errno : 0;
}
