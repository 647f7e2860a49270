/* SPDX-License-Identifier: MIT */
/*
 * names - the names of containers, images and volumes, for completion: without messages,
 * so what cannot be read has no names.
 */
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "common/complete.h"
#include "marten/verbs/volume.h"

struct asked {
	struct call *call;
	const struct completion *completion;
};

static int offer_container(minc_container *ct, void *userdata)
{
	const struct completion *c = userdata;
	char id[13];

	(void)snprintf(id, sizeof(id), "%s", minc_container_id(ct));
	complete_name(c, minc_container_name(ct), "container");
	if (*complete_typed(c))
		complete_name(c, id, minc_container_name(ct));
	return 0;
}

static int offer_kept(minc_kept *k, void *userdata)
{
	const struct asked *a = userdata;
	minc_container *ct;
	char id[13];

	(void)snprintf(id, sizeof(id), "%s", minc_kept_id(k));
	if (minc_open(a->call->c, minc_kept_id(k), &ct) == 0) {
		minc_container_free(ct); /* it is one of those in the background, too */
		return 0;
	}
	complete_name(a->completion, minc_kept_name(k), "container");
	if (*complete_typed(a->completion))
		complete_name(a->completion, id, minc_kept_name(k));
	return 0;
}

static int offer_image(minc_image *image, void *userdata)
{
	const struct completion *c = userdata;
	const char *name = minc_image_name(image);
	char id[13];

	(void)snprintf(id, sizeof(id), "%s", minc_image_id(image));
	complete_name(c, name, "image");
	if (*complete_typed(c))
		complete_name(c, id, *name ? name : "image");
	return 0;
}

void offer_names(const struct completion *c, unsigned kinds)
{
	struct call call = { .c = minc_ctx_new(), .store_dir = complete_first(c) };
	struct asked asked = { &call, c };
	char **volumes = NULL;
	size_t i;

	if (call.c && minc_store_open(call.c, call.store_dir, &call.store) < 0)
		call.store = NULL;
	if (call.c && (kinds & NAME_CONTAINER))
		(void)minc_foreach(call.c, offer_container, (void *)c);
	if (call.store && (kinds & NAME_CONTAINER))
		(void)minc_store_containers(call.store, offer_kept, &asked);
	if (call.store && (kinds & NAME_IMAGE))
		(void)minc_image_foreach(call.store, offer_image, (void *)c);
	if (call.store && (kinds & NAME_VOLUME))
		volumes = volumes_list(&call);
	for (i = 0; volumes && volumes[i]; i++)
		complete_name(c, volumes[i], "volume");
	volumes_done(volumes);
	minc_store_free(call.store);
	minc_ctx_free(call.c);
}
