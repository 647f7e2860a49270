/* SPDX-License-Identifier: MIT */
/*
 * standard - the tables that reading and writing share: our annotations, the file systems
 * every container gets, hidden and protected paths, capability names.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OCI_NOTE "org.libminc."
/* "overlay": root.path is only read; else it is used as it is, as OCI says. root.readonly
 * then keeps other runtimes from writing it. */
#define OCI_NOTE_ROOT   OCI_NOTE "root"
#define OCI_NOTE_LAYERS OCI_NOTE "layers" /* of an image, instead of root.path */
/* "true": nor can the overlay be written */
#define OCI_NOTE_READONLY     OCI_NOTE "readonly"
#define OCI_NOTE_SUBMOUNTS    OCI_NOTE "submounts" /* "true" or "false" */
#define OCI_NOTE_KEEP         OCI_NOTE "keep"      /* "true": writes are kept */
#define OCI_NOTE_STORAGE      OCI_NOTE "storage"   /* in this directory */
#define OCI_NOTE_USER         OCI_NOTE "user"      /* where process.user cannot say it */
#define OCI_NOTE_CWD          OCI_NOTE "cwd" /* "auto": the caller's, where it exists */
#define OCI_NOTE_DEFAULT_PATH OCI_NOTE "default-path" /* "true": PATH was not asked for */
/* changes of the default, in order */
#define OCI_NOTE_CAPS OCI_NOTE "capabilities"
/* "default" or a profile; else unconfined */
#define OCI_NOTE_SECCOMP   OCI_NOTE "seccomp"
#define OCI_NOTE_INTERFACE OCI_NOTE "net-interface"
#define OCI_NOTE_USERNS    OCI_NOTE "userns"       /* "auto", "single" or "range" */
#define OCI_NOTE_CPUS      OCI_NOTE "cpus"         /* hexadecimal mask */
#define OCI_NOTE_SCRATCH   OCI_NOTE "scratch-size" /* bytes, or -1 */
/* "escaped": what is not UTF-8 is written as str_escape_bytes() does, in all strings */
#define OCI_NOTE_BYTES     OCI_NOTE "bytes"
#define OCI_NOTE_HOSTS     OCI_NOTE "hosts"     /* "NAME:ADDRESS NAME:ADDRESS" */
#define OCI_NOTE_FAKE_ROOT OCI_NOTE "fake-root" /* "auto": where there is one id */

/* Keys of linux.resources.blockIO, in the order of enum minc_io_limit. */
#define OCI_THROTTLES                                                                \
	"throttleReadBpsDevice", "throttleWriteBpsDevice", "throttleReadIOPSDevice", \
		"throttleWriteIOPSDevice"

/* A switch that is an annotation with the value "true". */
struct oci_flag_note {
	const char *note;
	unsigned flag; /* enum minc_flag */
};
extern const struct oci_flag_note oci_flag_notes[];
extern const size_t oci_flag_notes_len;

/* What the library mounts by itself in every container. */
struct oci_api_mount {
	const char *destination, *type, *source;
	const char *options[8]; /* NULL-terminated */
};
extern const struct oci_api_mount oci_api_mounts[];
extern const size_t oci_api_mounts_len;

extern const char *const oci_masked_paths[];   /* NULL-terminated */
extern const char *const oci_readonly_paths[]; /* NULL-terminated */

extern const char oci_default_path[];

#define OCI_CAPS_DEFAULT UINT64_C(0x800405fb)

/* Apply a change as minc_add_cap(3) does; -EINVAL for an unknown name. */
int oci_caps_change(uint64_t *mask, uint64_t all, bool add, const char *names);
/* "CAP_NAME" of a number in @buf; NULL if it has none. */
const char *oci_cap_name(unsigned cap, char *buf, size_t len);
/* Number of exactly "CAP_NAME"; -EINVAL. */
int oci_cap_number(const char *name);
