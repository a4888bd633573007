// SPDX-License-Identifier: GPL-2.0-only
/* 6.10: one address space for all mappings of a device, to zap them by. */
#include <linux/vfio.h>

struct inode *probe(struct vfio_device *vdev)
{
	return vdev->inode;
}
