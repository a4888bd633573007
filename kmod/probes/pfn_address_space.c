// SPDX-License-Identifier: GPL-2.0-only
/* 7.0: memory failures in PFN mappings. */
#include <linux/memory-failure.h>

int pfn_to_pgoff(struct vm_area_struct *vma, unsigned long pfn, pgoff_t *pgoff);

int probe(struct pfn_address_space *space)
{
	space->pfn_to_vma_pgoff = pfn_to_pgoff;
	return register_pfn_address_space(space);
}
