// SPDX-License-Identifier: GPL-2.0-only
/* 7.0: regions as dma-buf. 6.19 has them with another struct, and goes without. */
#include <linux/pci-p2pdma.h>
#include <linux/vfio_pci_core.h>

const struct vfio_pci_device_ops ops = {
	.get_dmabuf_phys = vfio_pci_core_get_dmabuf_phys,
};

int probe(struct pci_dev *pdev, struct phys_vec *phys_vec,
	  struct vfio_region_dma_range *ranges)
{
	if (!pcim_p2pdma_provider(pdev, 0))
		return -EINVAL;
	return vfio_pci_core_fill_phys_vec(phys_vec, ranges, 1, 0, PAGE_SIZE);
}
