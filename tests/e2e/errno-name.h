/* SPDX-License-Identifier: MIT */
/* errno-name - EPERM and its kin as words: strerrorname_np(3) is glibc's alone. */
#pragma once

#include <errno.h>
#include <stddef.h>

// clang-format off
static const struct {
	int number;
	const char *name;
} errno_names[] = {
	{ E2BIG, "E2BIG" }, { EACCES, "EACCES" }, { EADDRINUSE, "EADDRINUSE" },
	{ EADDRNOTAVAIL, "EADDRNOTAVAIL" }, { EAFNOSUPPORT, "EAFNOSUPPORT" },
	{ EAGAIN, "EAGAIN" }, { EALREADY, "EALREADY" }, { EBADF, "EBADF" },
	{ EBADMSG, "EBADMSG" }, { EBUSY, "EBUSY" }, { ECANCELED, "ECANCELED" },
	{ ECHILD, "ECHILD" }, { ECONNREFUSED, "ECONNREFUSED" },
	{ ECONNRESET, "ECONNRESET" }, { EDEADLK, "EDEADLK" },
	{ EDESTADDRREQ, "EDESTADDRREQ" }, { EDOM, "EDOM" }, { EDQUOT, "EDQUOT" },
	{ EEXIST, "EEXIST" }, { EFAULT, "EFAULT" }, { EFBIG, "EFBIG" },
	{ EHOSTUNREACH, "EHOSTUNREACH" }, { EIDRM, "EIDRM" }, { EILSEQ, "EILSEQ" },
	{ EINPROGRESS, "EINPROGRESS" }, { EINTR, "EINTR" }, { EINVAL, "EINVAL" },
	{ EIO, "EIO" }, { EISCONN, "EISCONN" }, { EISDIR, "EISDIR" },
	{ EKEYEXPIRED, "EKEYEXPIRED" }, { EKEYREJECTED, "EKEYREJECTED" },
	{ EKEYREVOKED, "EKEYREVOKED" },
	{ ELOOP, "ELOOP" }, { EMEDIUMTYPE, "EMEDIUMTYPE" }, { EMFILE, "EMFILE" },
	{ EMLINK, "EMLINK" }, { EMSGSIZE, "EMSGSIZE" }, { ENAMETOOLONG, "ENAMETOOLONG" },
	{ ENETDOWN, "ENETDOWN" }, { ENETUNREACH, "ENETUNREACH" }, { ENFILE, "ENFILE" },
	{ ENOBUFS, "ENOBUFS" }, { ENODATA, "ENODATA" }, { ENODEV, "ENODEV" },
	{ ENOENT, "ENOENT" }, { ENOEXEC, "ENOEXEC" }, { ENOKEY, "ENOKEY" },
	{ ENOLCK, "ENOLCK" }, { ENOMEDIUM, "ENOMEDIUM" }, { ENOMEM, "ENOMEM" },
	{ ENOMSG, "ENOMSG" }, { ENOPKG, "ENOPKG" }, { ENOPROTOOPT, "ENOPROTOOPT" },
	{ ENOSPC, "ENOSPC" }, { ENOSYS, "ENOSYS" }, { ENOTBLK, "ENOTBLK" },
	{ ENOTCONN, "ENOTCONN" }, { ENOTDIR, "ENOTDIR" }, { ENOTEMPTY, "ENOTEMPTY" },
	{ ENOTSOCK, "ENOTSOCK" }, { ENOTTY, "ENOTTY" }, { ENXIO, "ENXIO" },
	{ EOPNOTSUPP, "EOPNOTSUPP" }, { EOVERFLOW, "EOVERFLOW" }, { EPERM, "EPERM" },
	{ EPFNOSUPPORT, "EPFNOSUPPORT" }, { EPIPE, "EPIPE" }, { EPROTO, "EPROTO" },
	{ EPROTONOSUPPORT, "EPROTONOSUPPORT" }, { EPROTOTYPE, "EPROTOTYPE" },
	{ ERANGE, "ERANGE" }, { EREMOTE, "EREMOTE" }, { EREMOTEIO, "EREMOTEIO" },
	{ EROFS, "EROFS" }, { ESHUTDOWN, "ESHUTDOWN" },
	{ ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT" }, { ESPIPE, "ESPIPE" }, { ESRCH, "ESRCH" },
	{ ESTALE, "ESTALE" }, { ETIME, "ETIME" }, { ETIMEDOUT, "ETIMEDOUT" },
	{ ETXTBSY, "ETXTBSY" }, { EUCLEAN, "EUCLEAN" }, { EUSERS, "EUSERS" },
	{ EXDEV, "EXDEV" },
};
// clang-format on

/* The name of error number @number; "E?" for one that no test has met. */
static const char *errno_name(int number)
{
	for (size_t i = 0; i < sizeof(errno_names) / sizeof(*errno_names); i++)
		if (errno_names[i].number == number)
			return errno_names[i].name;
	return "E?";
}
