/* SPDX-License-Identifier: MIT */
/*
 * idle - see idle.h. A minc that waits for its command does nothing else, maybe for days
 * and a thousand times on a machine. Most of its memory is code that ran once; in a
 * static minc, more than a megabyte. Segments that cannot be written are dropped, which
 * needs no write-back. See madvise(2), MADV_DONTNEED.
 */
#include "idle.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static int forget(struct dl_phdr_info *object, size_t size, void *page)
{
	uintptr_t mask = *(const uintptr_t *)page - 1;
	int i;

	for (i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~mask;
		uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;

		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			(void)madvise((void *)start, end - start,
				      MADV_DONTNEED); /* or stay big */
	}
	return 0;
}

void idle_forget_code(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)dl_iterate_phdr(forget, &page);
}
