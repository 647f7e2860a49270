/* SPDX-License-Identifier: MIT */
/* no-filter - in place of what gen-filter prints when there is no libseccomp. */
#define SEC_DEFAULT_FILTER_LEN 0
#define SEC_FILTER_CAPS        0
static const struct sock_filter sec_default_filter[1];
#define SEC_ASKED_FILTER_LEN 0
static const struct sock_filter sec_asked_filter[1];
