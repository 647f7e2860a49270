/* SPDX-License-Identifier: MIT */
/* memfd - see memfd.h. */
#include "run/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/io.h"

#define MEMFD_EXEC 0x0010U /* 6.3 */

int memfd_program(const char *name, const unsigned char *program, size_t len)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	cleanup_close int fd =
		memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MEMFD_EXEC);
	int r;

	if (fd < 0 && errno == EINVAL) /* before 6.3 */
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, program, len);
	/*
	 * what nobody may read is not dumpable when it is executed: execve(2), prctl(2)
	 */
	if (r == 0 && (fchmod(fd, 0111) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0))
		r = -errno;
	return r < 0 ? r : take_fd(&fd);
}
