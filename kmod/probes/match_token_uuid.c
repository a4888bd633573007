// SPDX-License-Identifier: GPL-2.0-only
/* 6.17: the token for virtual functions as binary. */
#include <linux/vfio_pci_core.h>

const struct vfio_device_ops ops = {
	.match_token_uuid = vfio_pci_core_match_token_uuid,
};
