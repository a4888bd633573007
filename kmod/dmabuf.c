// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical addresses for a dma-buf of a region, where VFIO can make one.
 */
#include "nvgpu.h"

#ifdef NVGPU_HAVE_GET_DMABUF_PHYS

#include <linux/pci-p2pdma.h>

static int nvgpu_get_dmabuf_phys(struct vfio_pci_core_device *core,
				 struct p2pdma_provider **provider,
				 unsigned int index, struct phys_vec *phys_vec,
				 struct vfio_region_dma_range *ranges,
				 size_t num_ranges)
{
	struct nvgpu_region *region;

	region = nvgpu_find_region(nvgpu_from_vfio(&core->vdev), index);
	if (!region)
		return vfio_pci_core_get_dmabuf_phys(core, provider, index,
						     phys_vec, ranges,
						     num_ranges);
	/*
	 * The memory is behind no BAR, so that it has no provider of its own.
	 * To a peer it is reached like the GPU's registers.
	 */
	*provider = pcim_p2pdma_provider(core->pdev, 0);
	if (!*provider)
		return -EINVAL;
	return vfio_pci_core_fill_phys_vec(phys_vec, ranges, num_ranges,
					   region->part.base, region->part.size);
}

static const struct vfio_pci_device_ops nvgpu_pci_ops = {
	.get_dmabuf_phys = nvgpu_get_dmabuf_phys,
};

void nvgpu_init_dmabuf(struct nvgpu_device *gpu)
{
	gpu->core.pci_ops = &nvgpu_pci_ops;
}

#else

void nvgpu_init_dmabuf(struct nvgpu_device *gpu)
{
}

#endif /* NVGPU_HAVE_GET_DMABUF_PHYS */
