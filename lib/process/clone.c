/* SPDX-License-Identifier: MIT */
/* clone - the stacks; see clone.h, and clone-step.c for the rest. */
#include "process/clone.h"

#include <sys/mman.h>

enum { GUARD_BYTES = 64 * 1024, EACH_BYTES = GUARD_BYTES + CLONE_STACK_BYTES };

char *clone_map_stacks(size_t n, char **ret)
{
	char *all = mmap(NULL, n * EACH_BYTES, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (all == MAP_FAILED)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		ret[i] = all + i * EACH_BYTES + GUARD_BYTES;
		if (mprotect(ret[i], CLONE_STACK_BYTES, PROT_READ | PROT_WRITE) == 0)
			continue;
		clone_unmap_stacks(all, n);
		return NULL;
	}
	return all;
}

void clone_unmap_stacks(char *mapping, size_t n)
{
	if (mapping)
		(void)munmap(mapping, n * EACH_BYTES); /* our own mapping */
}
