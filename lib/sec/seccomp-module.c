/* SPDX-License-Identifier: MIT */
/*
 * seccomp-module - see seccomp-module.h. The default profile for other capabilities, and
 * how a program of libseccomp gets into a plan.
 */
#include "sec/seccomp-module.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "sec/filter.h"

__attribute__((visibility("default"))) seccomp_for_caps_fn seccomp_for_caps;

int seccomp_for_caps(struct plan *p, uint64_t caps, struct filter_result *ret,
		     struct err *e)
{
	cleanup_free struct sock_filter *filter = malloc(FILTER_MAX * sizeof(*filter));
	struct sock_filter *copy;
	int len;

	if (!filter)
		return err_set(e, -ENOMEM, "seccomp profile default");
	len = filter_compile(NULL, caps, filter);
	if (len < 0)
		return err_set(e, len, "seccomp profile default");
	copy = plan_alloc(p, (size_t)len * sizeof(*copy));
	if (!copy)
		return err_set(e, -ENOMEM, "seccomp profile default");
	memcpy(copy, filter, (size_t)len * sizeof(*copy));
	ret->filter = copy;
	ret->len = (unsigned short)len;
	return 0;
}

/* The finished program, by way of a memory file: libseccomp 2.5 writes only to those. */
int seccomp_export(void *filter, struct plan *p, const char *path,
		   struct filter_result *ret, struct err *e)
{
	cleanup_close int fd = memfd_create("seccomp", MFD_CLOEXEC);
	struct sock_filter *copy;
	struct stat st;
	int n;

	if (fd < 0)
		return err_set(e, -errno, "seccomp profile %s", path);
	n = seccomp_export_bpf(filter, fd);
	if (n >= 0 && fstat(fd, &st) < 0)
		n = -errno;
	if (n >= 0 && (size_t)st.st_size > FILTER_MAX * sizeof(*copy))
		n = -E2BIG;
	if (n < 0)
		return err_set(e, n, "seccomp profile %s", path);
	copy = plan_alloc(p, (size_t)st.st_size);
	if (!copy)
		return err_set(e, -ENOMEM, "seccomp profile %s", path);
	if (pread(fd, copy, (size_t)st.st_size, 0) != st.st_size)
		return err_set(e, -EIO, "seccomp profile %s", path);
	ret->filter = copy;
	ret->len = (unsigned short)((size_t)st.st_size / sizeof(*copy));
	return 0;
}
