/* SPDX-License-Identifier: MIT */
/*
 * read - strict access to a config.json: every value has the type it must have, every key
 * is known, and a refusal names its field ("config.json: linux.devices: not supported").
 *
 * "where" is the dotted name of the object that holds a key; "" is the whole file.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "plan/spec.h"

struct reader {
	struct spec *s;
	const char *file; /* as the caller spelled it */
	json_t *notes;    /* annotations, or NULL; borrowed */
	bool privileged;  /* by our annotation */
};

/* Record "FILE: MESSAGE" as the spec's failure; returns -EINVAL. */
int read_refuse(const struct reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int read_no_memory(const struct reader *r);

/* Name the field for the messages of the setters called next; 0 or -ENOMEM. */
int read_origin(const struct reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Refuse any key of @object that is not in @known (NULL-terminated). */
int read_only_known(const struct reader *r, json_t *object, const char *where,
		    const char *const *known);

/* The value of @key if it has type @type; *ret is NULL where it is absent. */
int read_value(const struct reader *r, json_t *object, const char *where, const char *key,
	       json_type type, json_t **ret);

/* The same, typed; *ret keeps its value where the key is absent. */
int read_string(const struct reader *r, json_t *object, const char *where,
		const char *key, const char **ret);
int read_bool(const struct reader *r, json_t *object, const char *where, const char *key,
	      bool *ret);
int read_number(const struct reader *r, json_t *object, const char *where,
		const char *key, uint64_t max, uint64_t *ret);

/* Refuse an array of which not all elements are strings. */
int read_strings(const struct reader *r, json_t *array, const char *where);

/* Our annotation, or NULL. Checked to be a string before. */
const char *read_note(const struct reader *r, const char *note);
bool read_note_is(const struct reader *r, const char *note, const char *value);

/* @path, made absolute or relative to the caller by the file's directory; NULL without
 * memory (then recorded). */
const char *read_path(const struct reader *r, const char *path);

/* The rooms of the file. */
int read_mounts(struct reader *r, json_t *mounts);
int read_linux(struct reader *r, json_t *linux_object, uint32_t uid, uint32_t gid);
int read_resources(struct reader *r, json_t *linux_object);
int read_rlimits(struct reader *r, json_t *process);
int read_process(struct reader *r, json_t *process, uint32_t *ret_uid, uint32_t *ret_gid);
