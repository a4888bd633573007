// SPDX-License-Identifier: GPL-2.0-only
/* 6.6: and must be able to be detached. */
#include <linux/vfio.h>

const struct vfio_device_ops ops = {
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
};
