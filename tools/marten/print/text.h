/* SPDX-License-Identifier: MIT */
/* text - output for people and for programs. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A table whose columns are as wide as their widest cell. Cells are copied, and printed
 * without control characters.
 */
enum { TABLE_COLUMNS_MAX = 12 };
struct table {
	char **cells;
	size_t len, columns; /* columns: at most TABLE_COLUMNS_MAX */
	bool failed;         /* out of memory */
};

void table_cell(struct table *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Print and free; false without memory. */
bool table_print(struct table *t);

/* A JSON string with its quotation marks; bytes that are not UTF-8 become U+FFFD. */
void print_json_string(const char *s);

/* @s without control characters, cut to @size; returns @ret. */
const char *printable(char *ret, size_t size, const char *s);

/* "5.1 MiB" */
const char *size_text(char *ret, size_t size, uint64_t bytes);

/* "3 minutes" from a number of milliseconds. */
const char *time_span(char *ret, size_t size, int64_t ms);
int64_t time_now_ms(void);

#endif
