/* SPDX-License-Identifier: MIT */
/* program - a C program as a user of the library would write it. */
#include <minc/minc.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	const char *const argv[] = { "sh", "-c", "exit 7", NULL };
	minc_ctx *c = minc_ctx_new();
	int status = -1;

	if (!c || strcmp(minc_version(), "") == 0)
		return 1;
	minc_set_hostname(c, "downstream");
	if (minc_run(c, argv, &status) < 0) {
		fprintf(stderr, "%s\n", minc_error_message(c));
		return 2;
	}
	minc_ctx_free(c);
	printf("libminc %s: status %d\n", minc_version(), status);
	return status == 7 ? 0 : 3;
}
