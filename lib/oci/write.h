/* SPDX-License-Identifier: MIT */
/* write - building a config.json. The first failure sticks; values may then be NULL. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "plan/host.h"
#include "plan/spec.h"

struct writer {
	const struct spec *s;
	const struct host *h;
	json_t *notes; /* annotations; borrowed from the top */
	bool in_userns;
	bool escaped; /* some text was: see OCI_NOTE_BYTES */
	int failed;   /* -errno */
};

/* Take @value into @object or @array; a NULL records -ENOMEM. */
void write_put(struct writer *w, json_t *object, const char *key, json_t *value);
void write_append(struct writer *w, json_t *array, json_t *value);

/* Any text; what JSON cannot hold is escaped. */
json_t *write_text(struct writer *w, const char *text);
json_t *write_format(struct writer *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A host path, absolute. */
json_t *write_path(struct writer *w, const char *path);
/* An array of the NULL-terminated @list. */
json_t *write_texts(struct writer *w, const char *const *list);
void write_note(struct writer *w, const char *note, const char *value);

/* The rooms of the file. */
void write_process(struct writer *w, json_t *top, const char *const *argv);
void write_mounts(struct writer *w, json_t *top);
void write_linux(struct writer *w, json_t *top);
void write_resources(struct writer *w, json_t *linux_object);
void write_rlimits(struct writer *w, json_t *process);
/* process.user as far as it is known without the container's passwd(5). */
void write_ids(const struct writer *w, uint32_t *ret_uid, uint32_t *ret_gid);
