// SPDX-License-Identifier: GPL-2.0-only
/* 6.2: devices can be bound to IOMMUFD, and must be able to where it is on. */
#include <linux/vfio.h>

const struct vfio_device_ops ops = {
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
};
