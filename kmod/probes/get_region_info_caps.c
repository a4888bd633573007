// SPDX-License-Identifier: GPL-2.0-only
/* 6.19: VFIO itself decodes VFIO_DEVICE_GET_REGION_INFO. */
#include <linux/vfio_pci_core.h>

const struct vfio_device_ops ops = {
	.get_region_info_caps = vfio_pci_ioctl_get_region_info,
};
