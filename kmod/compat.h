/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels. probes/ found out what this one has; each
 * entry names the release that made it unnecessary.
 */
#ifndef NVGPU_COMPAT_H
#define NVGPU_COMPAT_H

#include <linux/mm.h>
#include <linux/huge_mm.h>
#include <linux/vfio_pci_core.h>

#include "probed.h"

/* Sets that no kernel has: a probe has failed for another reason. */
#if defined(NVGPU_HAVE_GET_REGION_INFO_CAPS) && !defined(NVGPU_HAVE_VFIO_DEVICE_INODE)
#error "probed.h: get_region_info_caps without vfio_device_inode; make clean, and again"
#endif
#if defined(NVGPU_HAVE_DETACH_IOAS) && !defined(NVGPU_HAVE_BIND_IOMMUFD)
#error "probed.h: detach_ioas without bind_iommufd; make clean, and again"
#endif

#ifdef NVGPU_HAVE_PFN_T
#include <linux/pfn_t.h>
#endif
#ifdef NVGPU_HAVE_PFN_ADDRESS_SPACE
#include <linux/memory-failure.h>
#endif

/* 6.3: vm_flags became const. */
#ifdef NVGPU_HAVE_VM_FLAGS_SET
static inline void nvgpu_vm_flags_set(struct vm_area_struct *vma,
				      vm_flags_t flags)
{
	vm_flags_set(vma, flags);
}
#else
static inline void nvgpu_vm_flags_set(struct vm_area_struct *vma,
				      unsigned long flags)
{
	vma->vm_flags |= flags;
}
#endif

/*
 * 6.9: lets KVM map write-combined memory as Normal-NC. Without it a guest
 * gets Device memory; nothing that a driver does could change that.
 */
#ifdef NVGPU_HAVE_VM_ALLOW_ANY_UNCACHED
#define NVGPU_VM_WRITE_COMBINED VM_ALLOW_ANY_UNCACHED
#else
#define NVGPU_VM_WRITE_COMBINED 0
#endif

/*
 * 6.10: vfio-pci-core takes every mapping of the device away on reset, in low
 * power and with memory decode off, and expects faults to bring it back. Older
 * ones leave the mappings of variant drivers alone, so that one made by
 * remap_pfn_range() lasts.
 */
#ifdef NVGPU_HAVE_VFIO_DEVICE_INODE
#define NVGPU_MAP_BY_FAULT
#endif

/* 6.12: PFN mappings of more than a page. 6.17: without pfn_t. */
static inline vm_fault_t nvgpu_insert_pfn(struct vm_fault *vmf,
					  unsigned long pfn, unsigned int order)
{
	if (!order)
		return vmf_insert_pfn(vmf->vma, vmf->address, pfn);
#ifdef NVGPU_HAVE_PFN_T
#define NVGPU_PFN(pfn) __pfn_to_pfn_t(pfn, PFN_DEV)
#else
#define NVGPU_PFN(pfn) (pfn)
#endif
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	if (order == PMD_ORDER)
		return vmf_insert_pfn_pmd(vmf, NVGPU_PFN(pfn), false);
#endif
#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
	if (order == PUD_ORDER)
		return vmf_insert_pfn_pud(vmf, NVGPU_PFN(pfn), false);
#endif
#undef NVGPU_PFN
	return VM_FAULT_FALLBACK;
}

/* Any kernel, other architectures: only arm64 has a mask of this name. */
#ifndef PHYS_MASK
#define PHYS_MASK (~0ULL)
#endif

#endif /* NVGPU_COMPAT_H */
