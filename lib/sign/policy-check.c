/* SPDX-License-Identifier: MIT */
/*
 * policy-check - the signatures that a policy asks for. One of the index that an image
 * was chosen from counts like one of its manifest: cosign(1) signs what the name stands
 * for, which may be the index.
 */
#include "sign/policy-check.h"

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/str.h"
#include "content/digests.h"
#include "content/hash.h"
#include "sign/sign.h"
#include "store/image.h"
#include "store/manifest.h"
#include "store/store-file.h"

struct check {
	struct minc_transfer *t;
	const struct policy_question *q;
	struct arena a;
	struct ref ref;
	struct signatures of_manifest, of_index;
	bool has_index;
};

static int key_of(struct check *c, const struct policy_rule *rule, struct key **ret)
{
	cleanup_free char *text = NULL;
	const char *pem;
	size_t len;
	int r;

	if (rule->path) {
		r = io_read_config(c->t->err, rule->path, KEY_FILE_MAX, &text, &len);
		if (r == -ENOENT)
			return err_say(c->t->err, -ENOKEY, "%s: %s", rule->path,
				       strerror(ENOENT));
		return r < 0 ? r : key_public_text(c->t->err, rule->path, text, len, ret);
	}
	pem = payload_decode(&c->a, rule->data, KEY_FILE_MAX, &len);
	return pem ? key_public_text(c->t->err, rule->where, pem, len, ret)
		   : err_say(c->t->err, -EBADMSG, "%s: keyData: not base64", rule->where);
}

/*
 * Whether the index has the manifest; indexes in it are added to @others. -EBADMSG: it is
 * not what its digest says.
 */
static int look_into(struct check *c, const struct digest *index, struct digests *others,
		     bool *ret)
{
	struct manifest_child *children = NULL;
	struct arena a = { NULL };
	struct digest found;
	const char *text;
	size_t len, n = 0;
	int r = store_read_blob(c->t->store, &a, index, &text, &len);

	if (r == 0) {
		hash_buffer(text, len, &found);
		if (!digest_equal(&found, index))
			r = err_say(c->t->err, -EBADMSG, "index %s: damaged",
				    digest_hex(index));
	}
	if (r == 0)
		r = image_parse_index(&a, c->t->err, "index", text, len, &children, &n);
	for (size_t i = 0; r >= 0 && !*ret && i < n; i++) {
		*ret = digest_equal(&children[i].digest, c->q->manifest);
		if (!*ret && media_is_index(children[i].media_type))
			r = digests_add(others, &children[i].digest);
		if (r == -ENOMEM)
			/* returns @r */
			(void)err_set(c->t->err, r, "index %s", digest_hex(index));
	}
	arena_done(&a);
	return r < 0 ? r : 0;
}

/*
 * Whether the manifest is in @index or in an index in it. Each is read once, and no more
 * of them than an import reads.
 */
static int is_in_index(struct check *c, const struct digest *index, bool *ret)
{
	struct digests all = { .v = NULL };
	const struct digest *at;
	unsigned read = 0;
	int r = digests_add(&all, index);

	*ret = false;
	if (r < 0)
		/* returns @r */
		(void)err_set(c->t->err, r, "index %s", digest_hex(index));
	while (r >= 0 && !*ret && read <= INDEXES_MAX && (at = digests_next(&all))) {
		r = look_into(c, at, &all, ret);
		if (r == -ENOENT && all.at > 1) {
			/* not the one that it was chosen from */
			err_clear(c->t->err);
			r = 0;
		} else {
			read++;
		}
	}
	digests_done(&all);
	return r < 0 ? r : 0;
}

/* The signatures that the store has, and those that can be brought. */
static int gather(struct check *c)
{
	const struct policy_question *q = c->q;
	int r = signatures_read(c->t->store, &c->a, q->manifest, &c->of_manifest);

	if (r == 0 && q->bring)
		r = q->bring(&c->a, q->manifest, &c->of_manifest, q->data);
	c->has_index = q->index && *q->index->text;
	if (r == 0 && c->has_index && !q->chosen)
		r = is_in_index(c, q->index, &c->has_index);
	if (r == -ENOENT) { /* an index that is gone proves nothing */
		err_clear(c->t->err);
		c->has_index = false;
		r = 0;
	}
	if (r < 0 || !c->has_index)
		return r;
	r = signatures_read(c->t->store, &c->a, q->index, &c->of_index);
	if (r == 0 && q->bring)
		r = q->bring(&c->a, q->index, &c->of_index, q->data);
	return r;
}

static int check_rule(struct check *c, const struct policy_rule *rule)
{
	const char *by = rule->path ? rule->path : "the policy's key", *name = c->q->name;
	cleanup_key struct key *k = NULL;
	struct err ignored = { 0 };
	int r = key_of(c, rule, &k);

	if (r < 0)
		return r;
	if (c->has_index && signatures_check(&ignored, name, &c->of_index, k, by, &c->ref,
					     c->q->index) == 0)
		return 0;
	/* the message is about what is signed */
	if (c->has_index && c->of_manifest.len == 0)
		return signatures_check(c->t->err, name, &c->of_index, k, by, &c->ref,
					c->q->index);
	return signatures_check(c->t->err, name, &c->of_manifest, k, by, &c->ref,
				c->q->manifest);
}

static int check_rules(struct check *c, const struct policy *p)
{
	const char *name = c->q->name;
	int r;

	if (!*name || ref_parse(name, &c->ref) < 0)
		return err_say(
			c->t->err, -EKEYREJECTED,
			"%s: it has no name, and the signature that %s asks for is for one",
			c->q->manifest->text, p->rules[0].where);
	r = gather(c);
	if (r == 0 && c->of_manifest.len == 0 && c->of_index.len == 0)
		r = err_say(c->t->err, -ENOKEY, "%s: not signed, and %s asks for it",
			    name, p->rules[0].where);
	for (size_t i = 0; r == 0 && i < p->len; i++)
		r = check_rule(c, &p->rules[i]);
	return r;
}

int policy_check(struct minc_transfer *t, const struct policy_question *q)
{
	struct check c = { .t = t, .q = q };
	struct policy p;
	int r = policy_read(t->store, t->text[MINC_TRANSFER_POLICY], q->name, &p);

	if (r == 0 && p.len > 0)
		r = check_rules(&c, &p);
	arena_done(&c.a);
	policy_done(&p);
	return r;
}

int policy_allows(struct minc_transfer *t, const char *name,
		  const struct digest *manifest, const struct digest *index)
{
	const struct policy_question q = { .name = name,
					   .manifest = manifest,
					   .index = index };

	return policy_check(t, &q);
}
