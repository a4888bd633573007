// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VFIO regions that coherent memory is shown through.
 *
 * A region claims the size of its BAR, a power of two, because that is what
 * user space makes a PCI BAR of. Its sparse-mmap capability says how much of
 * it is memory and can be mapped; the rest reads as ones and drops writes.
 */
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "nvgpu.h"

static void nvgpu_add_region(struct nvgpu_device *gpu,
			     const struct nvgpu_part *part, bool write_combined)
{
	struct nvgpu_region *region;

	if (!part->size)
		return;
	region = &gpu->regions[gpu->num_regions++];
	region->gpu = gpu;
	region->part = *part;
	region->write_combined = write_combined;
}

void nvgpu_init_regions(struct nvgpu_device *gpu, const struct nvgpu_plan *plan)
{
	gpu->layout = plan->layout;
	gpu->fallback_reason = plan->fallback_reason;
	if (gpu->layout == NVGPU_LAYOUT_PLAIN)
		return;
	gpu->coherent_base = plan->base;
	gpu->coherent_size = plan->size;
	nvgpu_add_region(gpu, &plan->regions.usable, false);
	nvgpu_add_region(gpu, &plan->regions.reserved, true);
}

/* NULL: region @index is what the hardware has. */
struct nvgpu_region *nvgpu_find_region(struct nvgpu_device *gpu,
				       unsigned int index)
{
	unsigned int i;

	for (i = 0; i < gpu->num_regions; i++)
		if (gpu->regions[i].part.bar == index)
			return &gpu->regions[i];
	return NULL;
}

static int nvgpu_add_sparse_mmap(const struct nvgpu_part *part,
				 struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	size_t size = struct_size(sparse, areas, 1);
	int ret;

	sparse = kzalloc(size, GFP_KERNEL);
	if (!sparse)
		return -ENOMEM;
	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	sparse->nr_areas = 1;
	sparse->areas[0].offset = 0;
	sparse->areas[0].size = part->size;
	ret = vfio_info_add_capability(caps, &sparse->header, size);
	kfree(sparse);
	return ret;
}

static int nvgpu_fill_region_info(const struct nvgpu_part *part,
				  struct vfio_region_info *info,
				  struct vfio_info_cap *caps)
{
	int ret = nvgpu_add_sparse_mmap(part, caps);

	if (ret)
		return ret;
	info->offset = VFIO_PCI_INDEX_TO_OFFSET(info->index);
	info->size = part->bar_size;
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		      VFIO_REGION_INFO_FLAG_MMAP;
	return 0;
}

#ifdef NVGPU_HAVE_GET_REGION_INFO_CAPS

int nvgpu_get_region_info(struct vfio_device *vdev,
			  struct vfio_region_info *info,
			  struct vfio_info_cap *caps)
{
	struct nvgpu_region *region;

	region = nvgpu_find_region(nvgpu_from_vfio(vdev), info->index);
	if (!region)
		return vfio_pci_ioctl_get_region_info(vdev, info, caps);
	return nvgpu_fill_region_info(&region->part, info, caps);
}

#else

/*
 * The capability chain goes behind @info. Where there is no room for it the
 * call succeeds all the same and says how much room it takes.
 */
static int nvgpu_copy_caps(struct vfio_region_info __user *user,
			   struct vfio_region_info *info,
			   struct vfio_info_cap *caps)
{
	if (!caps->size)
		return 0;
	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	info->cap_offset = 0;
	if (info->argsz < sizeof(*info) + caps->size) {
		info->argsz = sizeof(*info) + caps->size;
		return 0;
	}
	vfio_info_cap_shift(caps, sizeof(*info));
	if (copy_to_user(user + 1, caps->buf, caps->size))
		return -EFAULT;
	info->cap_offset = sizeof(*info);
	return 0;
}

/* VFIO_DEVICE_GET_REGION_INFO, which 6.19 took into VFIO's own hands. */
long nvgpu_ioctl_region_info(struct vfio_device *vdev, unsigned long arg)
{
	struct vfio_region_info __user *user = (void __user *)arg;
	size_t least = offsetofend(struct vfio_region_info, offset);
	struct vfio_info_cap caps = {};
	struct vfio_region_info info = {};
	struct nvgpu_region *region;
	int ret;

	if (copy_from_user(&info, user, least))
		return -EFAULT;
	region = nvgpu_find_region(nvgpu_from_vfio(vdev), info.index);
	if (!region)
		return vfio_pci_core_ioctl(vdev, VFIO_DEVICE_GET_REGION_INFO, arg);
	if (info.argsz < least)
		return -EINVAL;

	ret = nvgpu_fill_region_info(&region->part, &info, &caps);
	if (!ret)
		ret = nvgpu_copy_caps(user, &info, &caps);
	if (!ret && copy_to_user(user, &info, least))
		ret = -EFAULT;
	kfree(caps.buf);
	return ret;
}

#endif /* NVGPU_HAVE_GET_REGION_INFO_CAPS */
