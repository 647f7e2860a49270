/* SPDX-License-Identifier: MIT */
/* suite - how the programs of check's tests end: all is run, and main() returns. */
#pragma once

#include <check.h>
#include <stdbool.h>

/* Run @s, which goes with it; with @tap for meson's protocol of that name. 0 or 1. */
static inline int run_suite(Suite *s, bool tap)
{
	SRunner *runner = srunner_create(s);
	int failed;

	if (tap)
		srunner_set_tap(runner, "-");
	srunner_run_all(runner, tap ? CK_SILENT : CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

/* The same for one case, in a suite @name. */
static inline int run_case(const char *name, TCase *t)
{
	Suite *s = suite_create(name);

	suite_add_tcase(s, t);
	return run_suite(s, false);
}
