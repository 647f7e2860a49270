/* SPDX-License-Identifier: MIT */
/*
 * images - what -r and -t name in the store: an image, of which a container is made and
 * kept, and such a container. A directory always comes first, so most starts never look
 * there.
 */
#ifndef IMAGES_H
#define IMAGES_H

#include "line.h"

/* 1: it names one, which is set; 0: it does not; -errno with the context's message. */
int images_root(struct options *o, const char *name);
int images_container(struct options *o, const char *name);

/* Make the container of an image, and print its id. */
int images_begin(struct options *o);
/* It did not start: remove it. */
void images_abandon(struct options *o);
/* Remove it after its end, for --rm. 0, or -errno with the message of o->c, a new one. */
int images_forget(struct options *o);
void images_done(struct options *o);

/* What images and containers are called, for completion; see common/tool.h. */
void images_names(const struct completion *c, unsigned kinds);

#endif
