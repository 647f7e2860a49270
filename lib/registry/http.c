/* SPDX-License-Identifier: MIT */
/*
 * http - see http.h. curl is told to decode nothing, to follow nothing, to read no
 * .netrc, to raise no signal, and to speak http and https only. See libcurl(3), RFC 9110.
 */
#include "registry/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

enum {
	CONNECT_SECONDS = 30,
	STALL_BYTES = 64,
	BUFFER_BYTES = 256 << 10,
	PAUSE_MAX = 1 << 20
};

/*
 * CURLOPT_QUICK_EXIT, of 7.87: what is abandoned while its name is looked up is not
 * waited for. An older one does not know it, and waits as long as the resolver does.
 */
enum { OPTION_QUICK_EXIT = CURLOPTTYPE_LONG + 322 };

void http_init(struct http *h)
{
	*h = (struct http){ .body_fd = -EBADF };
}

static void drop_answer(struct http *h)
{
	free(h->location);
	free(h->challenges);
	free(h->text);
	h->location = h->challenges = h->text = NULL;
	h->text_len = 0;
	h->status = 0;
	h->media_type[0] = h->digest.text[0] = h->error[0] = '\0';
	h->retry_after = 0;
	h->encoded = h->partial = false;
	h->refused = 0;
	h->why = NULL;
	h->header_bytes = h->header_lines = 0;
	h->body_sent = h->moved = 0;
}

void http_done(struct http *h)
{
	drop_answer(h);
	free(h->url);
	h->url = NULL;
	if (h->easy)
		curl_easy_cleanup(h->easy);
	h->easy = NULL;
	curl_slist_free_all(h->lines);
	h->lines = NULL;
}

void http_printable(const char *text, size_t len, char *ret, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < len && used + 5 < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= ' ' && c < 0x7f)
			ret[used++] = (char)c;
		else
			used += (size_t)snprintf(ret + used, size - used, "\\x%02x", c);
	}
	ret[used] = '\0';
}

static int refuse(struct http *h, int r, const char *why)
{
	if (h->refused == 0) {
		h->refused = r;
		h->why = why;
	}
	return r;
}

/* Whether @line is header @name, and its value without blanks around it. */
static bool is_header(const char *line, size_t all, const char *name, const char **v,
		      size_t *len)
{
	size_t n = strlen(name);
	const char *p = line + n + 1, *end = line + all;

	if (all <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && strchr(" \t\r\n", end[-1]))
		end--;
	*v = p;
	*len = (size_t)(end - p);
	return !memchr(p, '\0', *len);
}

static int keep_challenge(struct http *h, const char *value, size_t len)
{
	size_t old = h->challenges ? strlen(h->challenges) : 0;
	char *more;

	if (old + len + 2 > HTTP_CHALLENGES_MAX)
		return refuse(h, -EBADMSG, "the WWW-Authenticate headers are too long");
	more = realloc(h->challenges, old + len + 2);
	if (!more)
		return refuse(h, -ENOMEM, "out of memory");
	memcpy(more + old, value, len);
	memcpy(more + old + len, "\n", 2);
	h->challenges = more;
	return 0;
}

static void read_number(const char *value, size_t len, uint64_t max, uint64_t *ret)
{
	char digits[24];

	if (len >= sizeof(digits))
		return;
	memcpy(digits, value, len);
	digits[len] = '\0';
	(void)str_to_u64(digits, max, ret); /* nonsense: as if it were not there */
}

/* Seconds, or a date; one that has passed, and nonsense, as if it were not there. */
static unsigned read_pause(const char *value, size_t len)
{
	const time_t now = time(NULL);
	uint64_t seconds = PAUSE_MAX;
	char text[64];
	time_t then;

	if (len == 0 || len >= sizeof(text))
		return 0;
	memcpy(text, value, len);
	text[len] = '\0';
	if (strspn(text, "0123456789") == len) {
		/* more than a number holds is too long as well */
		(void)str_to_u64(text, PAUSE_MAX, &seconds);
		return (unsigned)seconds;
	}
	then = curl_getdate(text, NULL);
	if (then <= now)
		return 0;
	return then - now < PAUSE_MAX ? (unsigned)(then - now) : PAUSE_MAX;
}

/* "bytes FROM-TO/SIZE": whether it continues what we have. */
static bool continues(const char *value, size_t len, uint64_t from)
{
	const char *dash = memchr(value, '-', len);
	uint64_t begin = UINT64_MAX;

	if (!dash || len < 6 || strncasecmp(value, "bytes ", 6) != 0)
		return false;
	read_number(value + 6, (size_t)(dash - value) - 6, UINT64_MAX - 1, &begin);
	return begin == from;
}

static void keep_media_type(struct http *h, const char *v, size_t len)
{
	size_t n = 0;

	while (n < len && v[n] > ' ' && v[n] < 0x7f && v[n] != ';')
		n++;
	if (n >= sizeof(h->media_type))
		return;
	memcpy(h->media_type, v, n);
	h->media_type[n] = '\0';
}

static void keep_digest(struct http *h, const char *v, size_t len)
{
	char text[DIGEST_LEN + 1] = "";

	if (len < sizeof(text))
		memcpy(text, v, len);
	if (digest_parse(text, &h->digest) < 0)
		h->digest.text[0] =
			'\0'; /* of another algorithm: nothing to compare with */
}

static int keep_header(struct http *h, const char *line, size_t all)
{
	const char *v;
	size_t len;

	if (is_header(line, all, "content-type", &v, &len)) {
		keep_media_type(h, v, len);
	} else if (is_header(line, all, "location", &v, &len)) {
		if (len > HTTP_URL_MAX)
			return refuse(h, -EBADMSG, "the Location header is too long");
		free(h->location);
		h->location = strndup(v, len);
	} else if (is_header(line, all, "www-authenticate", &v, &len)) {
		return keep_challenge(h, v, len);
	} else if (is_header(line, all, "docker-content-digest", &v, &len)) {
		keep_digest(h, v, len);
	} else if (is_header(line, all, "retry-after", &v, &len)) {
		h->retry_after = read_pause(v, len);
	} else if (is_header(line, all, "content-encoding", &v, &len)) {
		h->encoded = len != 8 || strncasecmp(v, "identity", 8) != 0;
	} else if (is_header(line, all, "content-range", &v, &len)) {
		h->partial = continues(v, len, h->range_from);
	}
	return 0;
}

static size_t on_header(char *line, size_t size, size_t n, void *data)
{
	struct http *h = data;
	size_t len = size * n;

	h->header_bytes += len;
	h->moved += len;
	if (++h->header_lines > HTTP_HEADERS_MAX || h->header_bytes > HTTP_HEADER_BYTES) {
		refuse(h, -EBADMSG, "the answer has too many headers");
		return 0;
	}
	/* A status line: what came before belonged to an interim answer (1xx). */
	if (len > 5 && strncmp(line, "HTTP/", 5) == 0) {
		free(h->location);
		free(h->challenges);
		h->location = h->challenges = NULL;
		return len;
	}
	return keep_header(h, line, len) < 0 ? 0 : len;
}

static int keep_text(struct http *h, const char *p, size_t len, size_t max)
{
	char *more;

	if (len > max - h->text_len)
		return -EFBIG;
	more = realloc(h->text, h->text_len + len + 1);
	if (!more)
		return refuse(h, -ENOMEM, "out of memory");
	memcpy(more + h->text_len, p, len);
	h->text = more;
	h->text_len += len;
	h->text[h->text_len] = '\0';
	return 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *data)
{
	struct http *h = data;
	size_t len = size * n;
	int r;

	h->moved += len;
	if (h->status == 0)
		(void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &h->status);
	if (h->status < 200 || h->status > 299) {
		/* Explanations have an end: what is beyond is not read at all. */
		if (keep_text(h, p, len, HTTP_REFUSAL_BYTES) < 0)
			return 0;
		return len;
	}
	if (h->encoded) {
		refuse(h, -EBADMSG,
		       "the answer has a Content-Encoding that was not asked for");
		return 0;
	}
	if (h->sink) {
		r = h->sink(h->sink_data, p, len);
		if (r < 0)
			refuse(h, r, NULL);
		return r < 0 ? 0 : len;
	}
	r = keep_text(h, p, len, h->text_max);
	if (r == -EFBIG)
		refuse(h, -EBADMSG, "the answer is too large");
	return r < 0 ? 0 : len;
}

static size_t on_read(char *buf, size_t size, size_t n, void *data)
{
	struct http *h = data;
	uint64_t left = h->body_len - h->body_sent;
	size_t want = size * n;
	ssize_t got;

	if (want > left)
		want = (size_t)left;
	if (want == 0)
		return 0;
	if (h->body) {
		memcpy(buf, h->body + h->body_sent, want);
		got = (ssize_t)want;
	} else {
		do
			got = pread(h->body_fd, buf, want, (off_t)h->body_sent);
		while (got < 0 && errno == EINTR);
	}
	if (got <= 0) {
		refuse(h, got < 0 ? -errno : -EIO, "the file ends before its size");
		return CURL_READFUNC_ABORT;
	}
	h->body_sent += (uint64_t)got;
	h->moved += (uint64_t)got;
	return (size_t)got;
}

/* curl sends again over a new connection when an idle one turns out to be closed. */
static int on_seek(void *data, curl_off_t offset, int origin)
{
	struct http *h = data;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > h->body_len)
		return CURL_SEEKFUNC_FAIL;
	h->body_sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static int add_line(struct http *h, const char *name, const char *value)
{
	struct curl_slist *more;
	char *line;

	if (!value)
		return 0;
	if (asprintf(&line, *value ? "%s: %s" : "%s:", name, value) < 0)
		return -ENOMEM;
	more = curl_slist_append(h->lines, line);
	explicit_bzero(line, strlen(line)); /* it may be a password */
	free(line);
	if (!more)
		return -ENOMEM;
	h->lines = more;
	return 0;
}

static int set_lines(struct http *h)
{
	int r;

	curl_slist_free_all(h->lines);
	h->lines = NULL;
	r = add_line(h, "Accept", h->accept ? h->accept : "*/*");
	if (r == 0)
		r = add_line(h, "Accept-Encoding", "identity");
	if (r == 0)
		r = add_line(h, "Authorization", h->authorization);
	if (r == 0)
		r = add_line(h, "Content-Type", h->content_type);
	/*
	 * An empty one switches off curl's own: a wait of a second with servers that
	 * ignore it.
	 */
	if (r == 0)
		r = add_line(h, "Expect", "");
	return r;
}

static void set_body(struct http *h)
{
	CURL *c = h->easy;

	if (strcmp(h->method, "HEAD") == 0) {
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	} else if (strcmp(h->method, "GET") != 0) {
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, h->method);
		curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)h->body_len);
		curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
		curl_easy_setopt(c, CURLOPT_READDATA, h);
		curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
		curl_easy_setopt(c, CURLOPT_SEEKDATA, h);
		curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER_BYTES);
	}
	/* Not as a resumption: whether the answer continues it, our sink decides. */
	if (h->range_from > 0) {
		char range[32];

		snprintf(range, sizeof(range), "%llu-",
			 (unsigned long long)h->range_from);
		curl_easy_setopt(c, CURLOPT_RANGE, range);
	}
}

static void set_trust(struct http *h)
{
	const struct trust *t = h->trust;
	CURL *c = h->easy;

	if (h->insecure) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (t && t->ca_len > 0) {
		struct curl_blob ca = { .data = (void *)t->ca,
					.len = t->ca_len,
					.flags = CURL_BLOB_NOCOPY };

		curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &ca);
	}
	/* The client's certificate says who we are: only to the host it is kept for. */
	if (t && t->cert && h->own_host) {
		curl_easy_setopt(c, CURLOPT_SSLCERT, t->cert);
		curl_easy_setopt(c, CURLOPT_SSLKEY, t->key);
	}
}

static int set_all(struct http *h, void *tag)
{
	CURL *c = h->easy;
	int r = set_lines(h);

	if (r < 0)
		return r;
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, h->lines);
	curl_easy_setopt(c, CURLOPT_PRIVATE, tag);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 1L);
	(void)curl_easy_setopt(c, (CURLoption)OPTION_QUICK_EXIT, 1L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->error);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "minc/" MINC_VERSION);
	curl_easy_setopt(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)h->stall_seconds);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)h->total_seconds);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	set_body(h);
	set_trust(h);
	if (curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR,
			     h->insecure ? "http,https" : "https") ||
	    curl_easy_setopt(c, CURLOPT_URL, h->url))
		return -ENOMEM;
	return 0;
}

int http_start(struct http *h, CURLM *multi, void *tag)
{
	int r;

	drop_answer(h);
	if (h->easy)
		curl_easy_reset(h->easy);
	else
		h->easy = curl_easy_init();
	if (!h->easy)
		return -ENOMEM;
	r = set_all(h, tag);
	if (r == 0 && curl_multi_add_handle(multi, h->easy) != CURLM_OK)
		r = -ENOMEM;
	return r;
}

void http_abandon(struct http *h, CURLM *multi)
{
	if (h->easy)
		(void)curl_multi_remove_handle(multi, h->easy); /* in it or not */
}

/* Failures that errno(3) has words for. */
static const struct {
	CURLcode code;
	int r;
} meanings[] = {
	{ CURLE_COULDNT_CONNECT, -ECONNREFUSED },
	{ CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH },
	{ CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH },
	{ CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT },
	{ CURLE_OUT_OF_MEMORY, -ENOMEM },
	{ CURLE_SSL_CONNECT_ERROR, -EPROTO },
	{ CURLE_PEER_FAILED_VERIFICATION, -EKEYREJECTED },
	{ CURLE_SSL_CERTPROBLEM, -EKEYREJECTED },
	{ CURLE_SSL_CACERT_BADFILE, -EKEYREJECTED },
	{ CURLE_PARTIAL_FILE, -ECONNRESET },
	{ CURLE_GOT_NOTHING, -ECONNRESET },
	{ CURLE_RECV_ERROR, -ECONNRESET },
	{ CURLE_SEND_ERROR, -ECONNRESET },
	{ CURLE_HTTP2, -ECONNRESET },
	{ CURLE_HTTP2_STREAM, -ECONNRESET },
	{ CURLE_WEIRD_SERVER_REPLY, -EBADMSG },
	{ CURLE_URL_MALFORMAT, -EINVAL },
	{ CURLE_UNSUPPORTED_PROTOCOL, -EPROTONOSUPPORT },
};

int http_end(struct http *h, CURLM *multi, CURLcode code)
{
	(void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &h->status);
	http_abandon(h, multi);
	curl_slist_free_all(h->lines);
	h->lines = NULL;
	if (h->refused < 0)
		return h->refused;
	/* A refusal whose explanation we cut is a refusal. */
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && h->status >= 300))
		return 0;
	h->why = h->error[0] ? h->error : curl_easy_strerror(code);
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].code == code)
			return meanings[i].r;
	return -EIO;
}

struct url_parts {
	CURLU *u;
	char *scheme, *host, *port;
};

static void parts_done(struct url_parts *p)
{
	curl_free(p->scheme);
	curl_free(p->host);
	curl_free(p->port);
	curl_url_cleanup(p->u);
}

static bool parts_get(struct url_parts *p, const char *url)
{
	p->u = curl_url();
	return p->u && !curl_url_set(p->u, CURLUPART_URL, url, CURLU_DISALLOW_USER) &&
	       !curl_url_get(p->u, CURLUPART_SCHEME, &p->scheme, 0) &&
	       !curl_url_get(p->u, CURLUPART_HOST, &p->host, 0) &&
	       !curl_url_get(p->u, CURLUPART_PORT, &p->port, CURLU_DEFAULT_PORT);
}

bool http_same_origin(const char *a, const char *b)
{
	__attribute__((cleanup(parts_done))) struct url_parts x = { 0 }, y = { 0 };

	return parts_get(&x, a) && parts_get(&y, b) && !strcasecmp(x.scheme, y.scheme) &&
	       !strcasecmp(x.host, y.host) && !strcmp(x.port, y.port);
}

/* By its name or number alone: what a name resolves to is not asked for. */
static bool is_inside(const char *host)
{
	size_t n = strlen(host), m = strlen("localhost");
	struct in6_addr six;
	struct in_addr four;
	char bare[64];

	if (n >= m && strcasecmp(host + n - m, "localhost") == 0 &&
	    (n == m || host[n - m - 1] == '.'))
		return true;
	if (host[0] == '[' && n - 2 < sizeof(bare)) {
		memcpy(bare, host + 1, n - 2);
		bare[n - 2] = '\0';
		if (inet_pton(AF_INET6, bare, &six) != 1)
			return false;
		if (!IN6_IS_ADDR_V4MAPPED(&six) && !IN6_IS_ADDR_V4COMPAT(&six))
			return IN6_IS_ADDR_LOOPBACK(&six) ||
			       IN6_IS_ADDR_UNSPECIFIED(&six);
		memcpy(&four, &six.s6_addr[12], sizeof(four));
	} else if (inet_pton(AF_INET, host, &four) != 1) {
		return false;
	}
	return ntohl(four.s_addr) >> 24 == 127 || ntohl(four.s_addr) >> 24 == 0;
}

bool http_leads_inside(const char *from, const char *to)
{
	__attribute__((cleanup(parts_done))) struct url_parts x = { 0 }, y = { 0 };

	return parts_get(&y, to) && is_inside(y.host) &&
	       !(parts_get(&x, from) && is_inside(x.host));
}

bool http_is_tls(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0;
}

static void url_cleanup(CURLU **u)
{
	curl_url_cleanup(*u);
}

int http_resolve(const char *base, const char *location, const char *add_query,
		 char **ret)
{
	__attribute__((cleanup(url_cleanup))) CURLU *u = curl_url();
	char *whole = NULL;
	int r = -EINVAL;

	if (!u)
		return -ENOMEM;
	if (curl_url_set(u, CURLUPART_URL, base, CURLU_DISALLOW_USER) ||
	    curl_url_set(u, CURLUPART_URL, location, CURLU_DISALLOW_USER) ||
	    curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) ||
	    (add_query &&
	     curl_url_set(u, CURLUPART_QUERY, add_query, CURLU_APPENDQUERY)) ||
	    curl_url_get(u, CURLUPART_URL, &whole, 0))
		return -EINVAL;
	if (strlen(whole) <= HTTP_URL_MAX &&
	    (http_is_tls(whole) || !strncasecmp(whole, "http://", 7))) {
		*ret = strdup(whole);
		r = *ret ? 0 : -ENOMEM;
	}
	curl_free(whole);
	return r;
}

int http_redirect(struct http *h)
{
	bool moved = h->status == 301 || h->status == 302 || h->status == 303 ||
		     h->status == 307 || h->status == 308;
	char *url = NULL;
	int r;

	if (!moved || !h->location)
		return 0;
	if (strcmp(h->method, "GET") != 0 && strcmp(h->method, "HEAD") != 0) {
		h->why = "it is redirected, though it sends something";
		return -EBADMSG;
	}
	if (++h->redirects > HTTP_REDIRECTS_MAX) {
		h->why = "more than 10 redirects";
		return -ELOOP;
	}
	r = http_resolve(h->url, h->location, NULL, &url);
	if (r < 0) {
		h->why = "it is redirected to what is no URL of http or https";
		return r == -ENOMEM ? r : -EBADMSG;
	}
	if (!http_is_tls(url) && !h->insecure) {
		free(url);
		h->why = "it is redirected from https to http";
		return -EACCES;
	}
	if (http_leads_inside(h->url, url)) {
		free(url);
		h->why = "it is redirected to this machine";
		return -EACCES;
	}
	if (!http_same_origin(h->url, url)) {
		h->authorization = NULL;
		h->own_host = false;
	}
	free(h->url);
	h->url = url;
	return 1;
}
