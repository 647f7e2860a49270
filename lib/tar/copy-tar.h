/* SPDX-License-Identifier: MIT */
/*
 * copy-tar - files of a container as a tar, and from one; the other half of
 * change/copy.h. The stream is not believed, and neither is the container. In module
 * import.
 */
#pragma once

#include "change/copy.h"

/*
 * The tar that comes from @fd, maybe compressed, goes below directory @to. 0, -EBADMSG:
 * damaged, or it leads out; -errno with a message.
 */
int copy_tar_in(struct err *e, int fd, const struct copy_end *to,
		const struct copy_how *how, struct copy_said *said);
/*
 * @from, as a tar to @fd; owners as the container counts. 0, -EPIPE, -errno with a
 * message.
 */
int copy_tar_out(struct err *e, const struct copy_end *from, int fd,
		 const struct copy_how *how, struct copy_said *said);
