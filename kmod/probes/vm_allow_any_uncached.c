// SPDX-License-Identifier: GPL-2.0-only
/* 6.9: KVM may map what is write-combined here as Normal-NC. */
#include <linux/mm.h>

vm_flags_t probe(void)
{
	return VM_ALLOW_ANY_UNCACHED;
}
