// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells the kernel which mappings a bad page of GPU memory is in, so that an
 * uncorrectable memory error kills its users, and nobody else.
 */
#include "nvgpu.h"

#if defined(NVGPU_HAVE_PFN_ADDRESS_SPACE) && defined(NVGPU_MAP_BY_FAULT)

/* Which page of the file @vma maps @pfn with; an error if it does not. */
static int nvgpu_pfn_to_pgoff(struct vm_area_struct *vma, unsigned long pfn,
			      pgoff_t *pgoff)
{
	unsigned int shift = VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT;
	struct nvgpu_region *region;
	pgoff_t page;

	region = nvgpu_region_of(vma);
	if (!region)
		return -EFAULT;
	if (pfn < region->poison.node.start || pfn > region->poison.node.last)
		return -EFAULT;
	page = pfn - region->poison.node.start +
	       ((pgoff_t)region->part.bar << shift);
	if (page < vma->vm_pgoff || page - vma->vm_pgoff >= vma_pages(vma))
		return -EFAULT;
	*pgoff = page;
	return 0;
}

static int nvgpu_register_region(struct nvgpu_region *region)
{
	struct pfn_address_space *poison = &region->poison;
	int ret;

	poison->node.start = PHYS_PFN(region->part.base);
	poison->node.last = PHYS_PFN(region->part.base + region->part.size) - 1;
	poison->mapping = region->gpu->core.vdev.inode->i_mapping;
	poison->pfn_to_vma_pgoff = nvgpu_pfn_to_pgoff;
	ret = register_pfn_address_space(poison);
	/* A kernel without memory failure handling has nothing to be told. */
	if (ret == -EOPNOTSUPP)
		return 0;
	if (!ret)
		region->poison_registered = true;
	return ret;
}

/* Only for regions that exist: an empty range would be the whole of memory. */
int nvgpu_register_poison(struct nvgpu_device *gpu)
{
	unsigned int i;
	int ret;

	for (i = 0; i < gpu->num_regions; i++) {
		ret = nvgpu_register_region(&gpu->regions[i]);
		if (ret) {
			pci_err(gpu->core.pdev,
				"cannot register memory at 0x%llx for memory failures: %d\n",
				gpu->regions[i].part.base, ret);
			nvgpu_unregister_poison(gpu);
			return ret;
		}
	}
	return 0;
}

void nvgpu_unregister_poison(struct nvgpu_device *gpu)
{
	unsigned int i;

	for (i = 0; i < gpu->num_regions; i++) {
		if (gpu->regions[i].poison_registered)
			unregister_pfn_address_space(&gpu->regions[i].poison);
		gpu->regions[i].poison_registered = false;
	}
}

#else

int nvgpu_register_poison(struct nvgpu_device *gpu)
{
	return 0;
}

void nvgpu_unregister_poison(struct nvgpu_device *gpu)
{
}

#endif
