/* SPDX-License-Identifier: MIT */
/*
 * gen-filter - runs while libminc is built: prints the default filter for the default
 * capabilities as a C table, so that a start needs neither libseccomp nor time, and the
 * same for a filter above that decides about user namespaces (PROFILE_ASKED). For tests
 * also that for other capabilities, a mask.
 *
 * usage: gen-filter MACHINE [CAPABILITIES]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sec/filter.h"
#include "sec/profile.h"

static void print_table(const char *name, const struct sock_filter *filter, int len)
{
	printf("static const struct sock_filter %s[] = {\n", name);
	for (int i = 0; i < len; i++)
		printf("\t{ 0x%02x, %u, %u, 0x%08x },\n", filter[i].code, filter[i].jt,
		       filter[i].jf, filter[i].k);
	printf("};\n");
}

int main(int argc, char **argv)
{
	struct sock_filter filter[FILTER_MAX];
	uint64_t caps = PROFILE_DEFAULT_CAPS;
	int len;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: gen-filter MACHINE [CAPABILITIES]\n");
		return EXIT_FAILURE;
	}
	if (argc == 3)
		caps = strtoull(argv[2], NULL, 0);
	len = filter_compile(argv[1], caps, filter);
	if (len == -ENOTSUP) {
		fprintf(stderr, "gen-filter: no system call numbers for %s\n", argv[1]);
		return EXIT_FAILURE;
	}
	if (len < 0) {
		fprintf(stderr, "gen-filter: %s: %s\n", argv[1], strerror(-len));
		return EXIT_FAILURE;
	}
	printf("/* Made by gen-filter for %s: %d instructions. */\n", argv[1], len);
	printf("#define SEC_DEFAULT_FILTER_LEN %d\n", len);
	printf("#define SEC_FILTER_CAPS UINT64_C(0x%llx)\n",
	       (unsigned long long)profile_caps());
	print_table("sec_default_filter", filter, len);
	if (argc == 3)
		return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
	len = filter_compile(argv[1], caps | PROFILE_BIT(PROFILE_ASKED), filter);
	if (len < 0)
		return EXIT_FAILURE;
	printf("#define SEC_ASKED_FILTER_LEN %d\n", len);
	print_table("sec_asked_filter", filter, len);
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
