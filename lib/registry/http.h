/* SPDX-License-Identifier: MIT */
/*
 * http - one request and its answer over libcurl, with bounds on everything that the
 * other side sends. It does not retry and does not log in: exchange.c does. Redirects are
 * ours, not curl's, so that one place says what may follow and what is told to whom.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "content/digest.h"
#include "registry/certs.h"

enum {
	HTTP_HEADERS_MAX = 200,        /* lines of an answer */
	HTTP_HEADER_BYTES = 64 << 10,  /* of all of them */
	HTTP_REFUSAL_BYTES = 16 << 10, /* of the body of an answer that is no success */
	HTTP_CHALLENGES_MAX = 8 << 10, /* of all WWW-Authenticate lines */
	HTTP_URL_MAX = 8 << 10,
	HTTP_REDIRECTS_MAX = 10
};

struct http {
	/* What is asked for. Strings are borrowed, but for @url. */
	const char *method;
	char *url;
	const char *
		/* whole value; forgotten when a redirect leaves the origin */
		authorization;
	const char *accept, *content_type;
	uint64_t range_from; /* 0: all of it */
	const char *body;
	int body_fd; /* instead of @body, from its beginning; or -EBADF */
	uint64_t body_len, body_sent;
	const struct trust *trust; /* may be NULL */
	bool own_host; /* @url is of the host the client's certificate is for */
	bool insecure;
	unsigned stall_seconds, total_seconds; /* 0: no limit of the latter */
	/*
	 * Gets the body of a success; not 0 ends the request with it. NULL: the body is
	 * kept in @text, at most @text_max bytes.
	 */
	int (*sink)(void *data, const void *p, size_t len);
	void *sink_data;
	size_t text_max;

	/* The answer. */
	long status;
	char media_type[128];
	char *location, *challenges; /* lines, each with its newline */
	struct digest digest;        /* Docker-Content-Digest, or "" */
	unsigned retry_after;        /* seconds */
	bool encoded;                /* has a Content-Encoding */
	bool partial;                /* has a Content-Range that begins at @range_from */
	char *text;
	size_t text_len;
	int refused;     /* -errno of what we ended it with */
	const char *why; /* reason of a failure, in words */

	/* Between start and end. */
	CURL *easy;
	struct curl_slist *lines;
	size_t header_bytes, header_lines;
	uint64_t moved; /* bytes to and fro */
	char error[CURL_ERROR_SIZE];
	unsigned redirects;
};

void http_init(struct http *h);
void http_done(struct http *h);

/*
 * Begin; @tag is the handle's private pointer. The answer of an earlier request is
 * dropped.
 */
int http_start(struct http *h, CURLM *multi, void *tag);
/*
 * @code is what curl said of it; 0: there is an answer with a status. Otherwise -errno,
 * with the reason in @why (static, or in @error).
 */
int http_end(struct http *h, CURLM *multi, CURLcode code);
/* End it at once, whatever it does. */
void http_abandon(struct http *h, CURLM *multi);

/*
 * Whether the answer sends us elsewhere: then 1, and @url, @authorization are changed. 0:
 * no redirect; -errno with @why: one that must not be followed.
 */
int http_redirect(struct http *h);

/* @location relative to @base, as a new string; -EINVAL: no URL of ours, -ENOMEM. */
int http_resolve(const char *base, const char *location, const char *add_query,
		 char **ret);
/* Scheme, host and port are the same. */
bool http_same_origin(const char *a, const char *b);
bool http_is_tls(const char *url);
/*
 * Whether @to is of this machine (localhost, 127.0.0.1, [::1]..) and @from, which names
 * it, is not.
 */
bool http_leads_inside(const char *from, const char *to);
/* Text of others as one printable line of at most @size - 1 bytes. */
void http_printable(const char *text, size_t len, char *ret, size_t size);
