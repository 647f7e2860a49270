/* SPDX-License-Identifier: MIT */
/* json-text - see json-text.h. */
#include "json/json-text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * The parser's buffer for tokens is made to grow first, and seen to have grown: it gets
 * ["000...", TEXT], whose first token is longer than any other, and is compared.
 */
struct parts {
	const char *text;
	size_t len, at, warm; /* length of all, position in it, zeros */
};

/* Quoted text is a token, other tokens are shorter than what is between two quotes. */
static size_t longest_token(const char *text, size_t len)
{
	size_t longest = 0, from = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\') {
			i++;
		} else if (text[i] == '"') {
			longest = i - from > longest ? i - from : longest;
			from = i;
		}
	}
	return (len - from > longest ? len - from : longest) + 2;
}

static size_t next_part(void *buf, size_t room, void *data)
{
	struct parts *p = data;
	size_t begin = p->warm + 4; /* ["000", */
	char *to = buf;
	size_t n = 0;

	for (; n < room && p->at < begin; n++, p->at++)
		to[n] = p->at == 0                         ? '['
			: p->at == 1 || p->at == begin - 2 ? '"'
			: p->at == begin - 1               ? ','
							   : '0';
	if (n < room && p->at < begin + p->len) {
		size_t left = begin + p->len - p->at,
		       take = left < room - n ? left : room - n;

		memcpy(to + n, p->text + p->at - begin, take);
		p->at += take;
		n += take;
	}
	if (n < room && p->at == begin + p->len) {
		to[n++] = ']';
		p->at++;
	}
	return n;
}

/* What is wrong with it, without the words about our own brackets; -EBADMSG, -ENOMEM. */
static int explain(const char *text, size_t len, json_error_t *why)
{
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, why);

	if (!o)
		return json_error_code(why) == json_error_out_of_memory ? -ENOMEM
									: -EBADMSG;
	json_decref(o); /* of whatever characters were not dropped: there is no memory */
	return -ENOMEM;
}

/* Of the list that was read, or was not; its first element tells. */
static bool lacks_memory(const json_t *list, const json_error_t *error, size_t warm)
{
	if (!list)
		return json_error_code(error) == json_error_out_of_memory;
	return json_array_size(list) == 2 &&
	       json_string_length(json_array_get(list, 0)) != warm;
}

int json_text_read(const char *text, size_t len, json_t **ret, json_error_t *why)
{
	struct parts parts = { .text = text,
			       .len = len,
			       .warm = longest_token(text, len) };
	json_error_t error;
	json_t *list =
		json_load_callback(next_part, &parts, JSON_REJECT_DUPLICATES, &error);
	int r = 0;

	if (lacks_memory(list, &error, parts.warm))
		r = -ENOMEM;
	/* nothing, or more than one value */
	else if (!list || json_array_size(list) != 2)
		r = explain(text, len, &error);
	if (r == 0)
		*ret = json_incref(json_array_get(list, 1));
	else if (why)
		*why = error;
	json_decref(list);
	return r;
}

int json_text_write(const json_t *o, size_t flags, char **ret, size_t *ret_len)
{
	size_t len = json_dumpb(o, NULL, 0, flags);
	char *text = len ? malloc(len + 1) : NULL;

	if (!text || json_dumpb(o, text, len, flags) != len) {
		free(text);
		return -ENOMEM;
	}
	text[len] = '\0';
	*ret = text;
	if (ret_len)
		*ret_len = len;
	return 0;
}
