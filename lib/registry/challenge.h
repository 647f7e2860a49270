/* SPDX-License-Identifier: MIT */
/*
 * challenge - WWW-Authenticate of a registry: what it wants to see before it answers. See
 * RFC 9110 section 11, and the token specification of distribution.
 */
#pragma once

enum challenge_kind { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_kind kind;
	char realm[2048], service[512], scope[1024]; /* of Bearer; "" where absent */
};

/*
 * The best of @lines (each a header's value, with a newline): Bearer before Basic; others
 * are passed over. -EBADMSG: not of that form, or a value that does not fit.
 */
int challenge_parse(const char *lines, struct challenge *ret);
