/* SPDX-License-Identifier: MIT */
/*
 * tree - for the tests of control groups: a description, and a directory with files that
 * are made up.
 */
#pragma once

#include <check.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/spec.h"

static struct err err;
static struct spec spec;

static void setup(void)
{
	err_clear(&err);
	spec_init(&spec, &err);
}

static void teardown(void)
{
	spec_done(&spec);
}

static char top[] = "/tmp/minc-cgroup-XXXXXX";

static void make_file(const char *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A file below the temporary directory with all directories on the way. */
static void make_file(const char *text, const char *format, ...)
{
	char path[512];
	va_list ap;
	FILE *out;
	int n = snprintf(path, sizeof(path), "%s/", top);

	va_start(ap, format);
	vsnprintf(path + n, sizeof(path) - (size_t)n, format, ap);
	va_end(ap);
	for (char *p = path + n; (p = strchr(p, '/')); p++) {
		*p = '\0';
		(void)mkdir(path, 0755); /* it may be there */
		*p = '/';
	}
	out = fopen(path, "we");
	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	ck_assert_int_eq(fclose(out), 0);
}

static void remove_below(const char *path)
{
	DIR *list = opendir(path);
	struct dirent *d;
	char below[1024];

	while (list && (d = readdir(list))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, d->d_name);
		if (unlink(below) < 0)
			remove_below(below);
	}
	if (list)
		closedir(list);
	(void)rmdir(path); /* the next run has another */
}

static void make_top(void)
{
	setup();
	memcpy(top + strlen(top) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(top));
}

static void remove_top(void)
{
	remove_below(top);
	teardown();
}
