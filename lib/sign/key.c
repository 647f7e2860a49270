/* SPDX-License-Identifier: MIT */
/*
 * key - see key.h. What libcrypto leaves in its queue of errors is taken out of it again.
 */
#include "sign/key.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "content/hash.h"

struct key {
	EVP_PKEY *pkey;
};

static void bio_freep(BIO **b)
{
	BIO_free(*b);
}

#define cleanup_bio __attribute__((cleanup(bio_freep)))

struct key *key_free(struct key *k)
{
	if (k)
		EVP_PKEY_free(k->pkey);
	free(k);
	return NULL;
}

static int write_bio(BIO *b, int dir, const char *name, mode_t mode)
{
	cleanup_close int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       mode);
	char *text;
	long len = BIO_get_mem_data(b, &text);
	int r;

	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text, (size_t)len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, name, 0); /* half a key is none */
	return r;
}

/* Two files in @dir, whose names begin with @name; @base is what the user calls them. */
static int make_pair(EVP_PKEY *pkey, struct err *e, const char *base, int dir,
		     const char *name)
{
	cleanup_bio BIO *private = BIO_new(BIO_s_secmem());
	cleanup_bio BIO *public = BIO_new(BIO_s_mem());
	char key[NAME_MAX + 8], pub[NAME_MAX + 8];
	int r;

	snprintf(key, sizeof(key), "%s.key", name);
	snprintf(pub, sizeof(pub), "%s.pub", name);
	if (!private || !public || PEM_write_bio_PUBKEY(public, pkey) != 1 ||
	    PEM_write_bio_PKCS8PrivateKey(private, pkey, NULL, NULL, 0, NULL, NULL) != 1)
		return err_set(e, -ENOMEM, "%s.key", base);
	r = write_bio(public, dir, pub, 0644);
	if (r < 0)
		return err_set(e, r, "%s.pub", base);
	r = write_bio(private, dir, key, 0600);
	if (r < 0)
		(void)unlinkat(dir, pub, 0); /* just made */
	return r < 0 ? err_set(e, r, "%s.key", base) : 0;
}

int key_make(struct err *e, const char *base)
{
	char name[NAME_MAX + 1];
	cleanup_close int dir = io_open_dir_of(base, name);
	EVP_PKEY *pkey;
	int r;

	if (dir < 0 || base[strlen(base) - 1] == '/')
		return err_set(e, dir < 0 ? dir : -EISDIR, "%s.key", base);
	ERR_set_mark();
	pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	r = pkey ? make_pair(pkey, e, base, dir, name)
		 : err_set(e, -ENOMEM, "%s.key", base);
	EVP_PKEY_free(pkey);
	ERR_pop_to_mark();
	return r;
}

/* Never asks on the terminal. */
static int password(char *buf, int size, int writing, void *data)
{
	const char *word = secure_getenv("COSIGN_PASSWORD");
	bool *asked = data;
	size_t len = word ? strlen(word) : 0;

	(void)writing;
	*asked = true;
	if (!word || len > (size_t)size)
		return -1;
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): its length is returned */
	memcpy(buf, word, len);
	return (int)len;
}

static int accept(struct err *e, const char *what, EVP_PKEY *pkey, struct key **ret)
{
	char group[64] = "";
	struct key *k;

	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC)
		/* "" then */
		(void)EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL);
	if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_ED25519 &&
	    !str_equal(group, "prime256v1"))
		return err_say(e, -EBADMSG,
			       "%s: neither an Ed25519 nor an ECDSA P-256 key", what);
	k = malloc(sizeof(*k));
	if (!k)
		return err_set(e, -ENOMEM, "%s", what);
	k->pkey = pkey;
	*ret = k;
	return 0;
}

static int refuse(struct err *e, const char *what, const char *text, bool private,
		  bool asked)
{
	if (private && (strstr(text, "BEGIN ENCRYPTED SIGSTORE PRIVATE KEY") ||
			strstr(text, "BEGIN ENCRYPTED COSIGN PRIVATE KEY")))
		return err_say(
			e, -EBADMSG,
			"%s: encrypted in cosign's own way, which only cosign reads: make "
			"the key with openssl(1) and give it to cosign by "
			"\"cosign import-key-pair\"",
			what);
	if (asked && !secure_getenv("COSIGN_PASSWORD"))
		return err_say(e, -ENOKEY,
			       "%s: encrypted, and COSIGN_PASSWORD is not set", what);
	if (asked)
		return err_say(e, -ENOKEY, "%s: COSIGN_PASSWORD does not decrypt it",
			       what);
	return err_say(e, -EBADMSG, "%s: no %s key in PEM", what,
		       private ? "private" : "public");
}

static int parse(struct err *e, const char *what, const char *pem, size_t len,
		 bool private, struct key **ret)
{
	cleanup_bio BIO *b = NULL;
	EVP_PKEY *pkey = NULL;
	bool asked = false;
	int r;

	if (len > KEY_FILE_MAX)
		return err_set(e, -EFBIG, "%s", what);
	ERR_set_mark();
	b = BIO_new_mem_buf(pem, (int)len);
	if (b)
		pkey = private ? PEM_read_bio_PrivateKey(b, NULL, password, &asked)
			       : PEM_read_bio_PUBKEY(b, NULL, password, &asked);
	r = !b      ? err_set(e, -ENOMEM, "%s", what)
	    : !pkey ? refuse(e, what, pem, private, asked)
		    : accept(e, what, pkey, ret);
	if (r < 0)
		EVP_PKEY_free(pkey);
	ERR_pop_to_mark();
	return r;
}

static int read_key(struct err *e, const char *file, bool private, struct key **ret)
{
	char *text = NULL;
	size_t len;
	int r = io_read_file(AT_FDCWD, file, KEY_FILE_MAX, &text, &len);

	if (r == -ENOENT)
		return err_say(e, -ENOKEY, "%s: %s", file, strerror(ENOENT));
	if (r < 0)
		return err_set(e, r, "%s", file);
	r = parse(e, file, text, len, private, ret);
	OPENSSL_cleanse(text, len);
	free(text);
	return r;
}

int key_private(struct err *e, const char *file, struct key **ret)
{
	return read_key(e, file, true, ret);
}

int key_public(struct err *e, const char *file, struct key **ret)
{
	return read_key(e, file, false, ret);
}

int key_public_text(struct err *e, const char *what, const char *pem, size_t len,
		    struct key **ret)
{
	return parse(e, what, pem, len, false, ret);
}

int key_id(const struct key *k, struct digest *ret)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(k->pkey, &der);

	if (len <= 0)
		return -ENOMEM;
	hash_buffer(der, (size_t)len, ret);
	OPENSSL_free(der);
	return 0;
}

/* Ed25519 hashes by itself. */
static const EVP_MD *md_of(const struct key *k)
{
	return EVP_PKEY_get_base_id(k->pkey) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
}

int key_sign(const struct key *k, const void *data, size_t len,
	     unsigned char ret[KEY_SIGNATURE_MAX], size_t *ret_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t room = KEY_SIGNATURE_MAX;
	int r = 0;

	if (!ctx)
		return -ENOMEM;
	ERR_set_mark();
	if (EVP_DigestSignInit(ctx, NULL, md_of(k), NULL, k->pkey) != 1 ||
	    EVP_DigestSign(ctx, ret, &room, data, len) != 1)
		r = -EIO;
	else
		*ret_len = room;
	ERR_pop_to_mark();
	EVP_MD_CTX_free(ctx);
	return r;
}

bool key_holds(const struct key *k, const void *data, size_t len,
	       const unsigned char *signature, size_t signature_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool holds;

	ERR_set_mark();
	holds = ctx && EVP_DigestVerifyInit(ctx, NULL, md_of(k), NULL, k->pkey) == 1 &&
		EVP_DigestVerify(ctx, signature, signature_len, data, len) == 1;
	ERR_pop_to_mark();
	EVP_MD_CTX_free(ctx);
	return holds;
}
