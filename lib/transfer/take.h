/* SPDX-License-Identifier: MIT */
/*
 * take - an image on its way into the store, which is shared meanwhile. It is listed
 * last, when everything that it needs is there.
 */
#pragma once

#include <jansson.h>

#include "content/media.h"
#include "content/ref.h"
#include "store/handles.h"

struct budget;
struct layer_made;
struct signatures;

/* From the numbers of @t and whether they were given. budget_done() afterwards. */
void take_budget(const struct minc_transfer *t, struct budget *b);

/*
 * All that one command brings, counted in @b, is listed at its end: the store is shared
 * until then. take_end() in any case after take_begin() has succeeded; see listing_end().
 */
int take_begin(struct minc_transfer *t, struct budget *b);
int take_end(struct minc_transfer *t, int r, image_found_fn *fn, void *data);

/* Where an image comes from. */
struct origin {
	/*
	 * A manifest or index, at the most CONTENT_JSON_MAX; its digest is checked by the
	 * caller.
	 */
	int (*text)(struct origin *o, const struct digest *d, uint64_t size, char **ret,
		    size_t *ret_len);
	/* The same for a config, where that is another thing; NULL: it is not. */
	int (*config)(struct origin *o, const struct digest *d, uint64_t size, char **ret,
		      size_t *ret_len);
	/* Bring those blobs to the store. */
	int (*blobs)(struct origin *o, struct image_layer *const *list, size_t len);
	/*
	 * Signatures of @d that are kept there, see sign_bring_fn; @o is its data. NULL:
	 * none are.
	 */
	int (*signatures)(struct arena *a, const struct digest *d,
			  struct signatures *list, void *o);
	const char *what; /* names it in messages */
};

/*
 * An image by the descriptor of its manifest or index, into the store, listed under
 * @name. A name from t replaces it.
 */
int take_image(struct minc_transfer *t, struct origin *o, const char *media_type,
	       const struct digest *d, uint64_t size, const char *name);
/* Layers of an image whose blobs are there: convert what is missing, on all CPUs. */
int take_layers(struct minc_transfer *t, const struct image *img);
/*
 * The same, and then all of them, lowest first: *ret_len descriptors to be closed, also
 * after a failure.
 */
int take_open_layers(struct minc_transfer *t, const struct image *img,
		     int fds[CONTENT_LAYERS_MAX], size_t *ret_len);
/* Config and layers are there: write both and the manifest, and list it. */
int take_built(struct minc_transfer *t, json_t *config, const struct layer_made *layers,
	       size_t layers_len, const char *name);
/* The same with the config's own text, which decides its id. */
int take_config(struct minc_transfer *t, const char *config, size_t config_len,
		const struct layer_made *layers, size_t layers_len, const char *name);
/* What the budget says of @n images and names, before the first of them is listed. */
int take_counted(struct minc_transfer *t, const char *what, size_t n);
/* A name as the index has it; -EINVAL with a message. NULL or "": "". */
int take_name(struct minc_transfer *t, const char *name, char ret[REF_MAX]);
/* "a@sha256:..." is a promise: -EBADMSG if that is neither the manifest nor its index. */
int take_check_digest(struct minc_transfer *t, const char *name,
		      const struct digest *manifest, const struct digest *index);
