// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() of coherent memory.
 *
 * Where vfio-pci-core takes mappings away (see NVGPU_MAP_BY_FAULT) pages come
 * by fault, as large as both addresses and the kernel (6.12) allow, and only
 * while the memory may be touched. Where it does not, everything is mapped at
 * once: there a fault handler would see every page once and never again, at one
 * fault for each.
 */
#include <linux/mm.h>
#include <linux/overflow.h>

#include "nvgpu.h"

#define NVGPU_PGOFF_SHIFT (VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT)
#define NVGPU_PGOFF_MASK (BIT_ULL(NVGPU_PGOFF_SHIFT) - 1)

#ifdef NVGPU_MAP_BY_FAULT

/* Takes all mappings away; faults bring them back. */
void nvgpu_zap(struct nvgpu_device *gpu)
{
	struct address_space *mapping = gpu->core.vdev.inode->i_mapping;
	const struct nvgpu_part *part;
	unsigned int i;

	for (i = 0; i < gpu->num_regions; i++) {
		part = &gpu->regions[i].part;
		unmap_mapping_range(mapping, VFIO_PCI_INDEX_TO_OFFSET(part->bar),
				    part->size, true);
	}
}

static vm_fault_t nvgpu_insert(struct nvgpu_region *region, struct vm_fault *vmf,
			       unsigned long pfn, unsigned int order)
{
	vm_fault_t ret;

	if (nvgpu_begin_access(region->gpu, NVGPU_POWER_NOT_HELD))
		return VM_FAULT_SIGBUS;
	ret = nvgpu_insert_pfn(vmf, pfn, order);
	nvgpu_end_access(region->gpu);
	return ret;
}

static vm_fault_t nvgpu_fault_order(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct nvgpu_region *region = vma->vm_private_data;
	unsigned long size = PAGE_SIZE << order;
	unsigned long addr = ALIGN_DOWN(vmf->address, size);
	unsigned long page, pfn;

	if (addr < vma->vm_start || size > vma->vm_end - addr)
		return VM_FAULT_FALLBACK;
	page = (vma->vm_pgoff & NVGPU_PGOFF_MASK) +
	       ((addr - vma->vm_start) >> PAGE_SHIFT);
	pfn = PHYS_PFN(region->part.base) + page;
	if (!IS_ALIGNED(pfn, 1UL << order))
		return VM_FAULT_FALLBACK;
	return nvgpu_insert(region, vmf, pfn, order);
}

static vm_fault_t nvgpu_fault(struct vm_fault *vmf)
{
	return nvgpu_fault_order(vmf, 0);
}

static const struct vm_operations_struct nvgpu_vm_ops = {
	.fault = nvgpu_fault,
#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
	.huge_fault = nvgpu_fault_order,
#endif
};

/* NULL: not a mapping of coherent memory. */
struct nvgpu_region *nvgpu_region_of(struct vm_area_struct *vma)
{
	return vma->vm_ops == &nvgpu_vm_ops ? vma->vm_private_data : NULL;
}

static int nvgpu_map(struct nvgpu_region *region, struct vm_area_struct *vma,
		     u64 start)
{
	nvgpu_vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = region;
	vma->vm_ops = &nvgpu_vm_ops;
	return 0;
}

#else

void nvgpu_zap(struct nvgpu_device *gpu)
{
}

static int nvgpu_map(struct nvgpu_region *region, struct vm_area_struct *vma,
		     u64 start)
{
	/* Sets the flags that the other variant sets by hand. */
	return remap_pfn_range(vma, vma->vm_start,
			       PHYS_PFN(region->part.base + start),
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

#endif /* NVGPU_MAP_BY_FAULT */

static int nvgpu_map_region(struct nvgpu_region *region,
			    struct vm_area_struct *vma)
{
	u64 start = (u64)(vma->vm_pgoff & NVGPU_PGOFF_MASK) << PAGE_SHIFT;
	u64 end;

	/* A private mapping could be written to: the kernel would BUG. */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (check_add_overflow(start, (u64)(vma->vm_end - vma->vm_start), &end))
		return -EOVERFLOW;
	/* The tail up to the BAR's size is no memory, so nothing to map. */
	if (end > region->part.size)
		return -EINVAL;

	if (region->write_combined) {
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
		nvgpu_vm_flags_set(vma, NVGPU_VM_WRITE_COMBINED);
	}
	return nvgpu_map(region, vma, start);
}

int nvgpu_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	struct nvgpu_region *region;

	region = nvgpu_find_region(nvgpu_from_vfio(vdev),
				   vma->vm_pgoff >> NVGPU_PGOFF_SHIFT);
	if (!region)
		return vfio_pci_core_mmap(vdev, vma);
	return nvgpu_map_region(region, vma);
}
