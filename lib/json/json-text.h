/* SPDX-License-Identifier: MIT */
/*
 * json-text - JSON texts in and out by jansson(3), whole or not at all. Used by modules
 * only: the library itself does not link jansson. Other rooms know what a text means.
 *
 * jansson collects tokens and output in buffers that grow, and where they cannot, some
 * versions (2.14) leave characters out and go on: short of memory, a digest lost a digit
 * and a rewritten file lost a field. Nothing in lib/ calls json_load*(3) or json_dump*(3)
 * but this.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

/*
 * One value of any type, without duplicate keys. 0; -EBADMSG, with @why filled (it may be
 * NULL); -ENOMEM.
 */
int json_text_read(const char *text, size_t len, json_t **ret, json_error_t *why);
/*
 * @flags: of json_dumps(3). A string for free(3) and its length (@ret_len may be NULL);
 * -ENOMEM.
 */
int json_text_write(const json_t *o, size_t flags, char **ret, size_t *ret_len);
