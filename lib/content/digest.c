/* SPDX-License-Identifier: MIT */
/* digest - see digest.h. */
#include "content/digest.h"

#include <errno.h>
#include <string.h>

static const char prefix[] = "sha256:";
static const char digits[] = "0123456789abcdef";

/* "algorithm:encoded" as the specification has it, whatever the algorithm. */
static bool looks_like_digest(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789+._-";
	size_t name = strspn(s, letters);

	return name > 0 && s[name] == ':' && s[name + 1] != '\0' &&
	       strspn(s + name + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789=_-") == strlen(s + name + 1);
}

bool digest_is_hex(const char *s)
{
	return strspn(s, digits) == DIGEST_HEX;
}

int digest_parse(const char *s, struct digest *ret)
{
	if (strncmp(s, prefix, sizeof(prefix) - 1) != 0)
		return looks_like_digest(s) ? -EOPNOTSUPP : -EINVAL;
	if (strlen(s) != DIGEST_LEN || !digest_is_hex(s + sizeof(prefix) - 1))
		return -EINVAL;
	memcpy(ret->text, s, DIGEST_LEN + 1);
	return 0;
}

void digest_from_bytes(const unsigned char bytes[DIGEST_BYTES], struct digest *ret)
{
	char *p = ret->text + sizeof(prefix) - 1;

	memcpy(ret->text, prefix, sizeof(prefix) - 1);
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		*p++ = digits[bytes[i] >> 4];
		*p++ = digits[bytes[i] & 15];
	}
	*p = '\0';
}

int digest_compare(const void *a, const void *b)
{
	return strcmp(((const struct digest *)a)->text, ((const struct digest *)b)->text);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return digest_compare(a, b) == 0;
}
