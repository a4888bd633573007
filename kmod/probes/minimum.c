// SPDX-License-Identifier: GPL-2.0-only
/* What every supported kernel has. If this fails, so would all the others. */
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/property.h>
#include <linux/vfio_pci_core.h>

const struct pci_device_id ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2342) },
	{}
};

struct gpu {
	struct vfio_pci_core_device core;
};

struct gpu *probe(struct device *dev, const struct vfio_device_ops *ops)
{
	return vfio_alloc_device(gpu, core.vdev, dev, ops);
}

const struct vfio_device_ops ops = {
	.init = vfio_pci_core_init_dev,
	.release = vfio_pci_core_release_dev,
	.device_feature = vfio_pci_core_ioctl_feature,
};
