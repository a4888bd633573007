// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvgpu/ in the device's sysfs folder: what the driver made of this GPU.
 * Documented in docs/ABI/testing/sysfs-bus-pci-devices-nvgpu.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "nvgpu.h"

static struct nvgpu_device *nvgpu_from_device(struct device *dev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(dev);

	return container_of(core, struct nvgpu_device, core);
}

static ssize_t layout_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	static const char * const names[] = {
		[NVGPU_LAYOUT_SPLIT] = "split",
		[NVGPU_LAYOUT_SINGLE] = "single",
		[NVGPU_LAYOUT_PLAIN] = "plain",
	};

	return sysfs_emit(buf, "%s\n", names[nvgpu_from_device(dev)->layout]);
}
static DEVICE_ATTR_RO(layout);

static ssize_t coherent_base_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%llx\n", nvgpu_from_device(dev)->coherent_base);
}
static DEVICE_ATTR_RO(coherent_base);

static ssize_t coherent_size_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%llx\n", nvgpu_from_device(dev)->coherent_size);
}
static DEVICE_ATTR_RO(coherent_size);

static u64 nvgpu_part_size(struct device *dev, bool write_combined)
{
	struct nvgpu_device *gpu = nvgpu_from_device(dev);
	unsigned int i;

	for (i = 0; i < gpu->num_regions; i++)
		if (gpu->regions[i].write_combined == write_combined)
			return gpu->regions[i].part.size;
	return 0;
}

static ssize_t usable_size_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%llx\n", nvgpu_part_size(dev, false));
}
static DEVICE_ATTR_RO(usable_size);

static ssize_t reserved_size_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%llx\n", nvgpu_part_size(dev, true));
}
static DEVICE_ATTR_RO(reserved_size);

/* What is known; looking would touch a device that a guest may have. */
static ssize_t ready_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct nvgpu_device *gpu = nvgpu_from_device(dev);

	return sysfs_emit(buf, "%d\n", gpu->num_regions && nvgpu_is_ready(gpu));
}
static DEVICE_ATTR_RO(ready);

static ssize_t fallback_reason_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	const char *reason = nvgpu_from_device(dev)->fallback_reason;

	return sysfs_emit(buf, "%s\n", reason ? reason : "none");
}
static DEVICE_ATTR_RO(fallback_reason);

static struct attribute *nvgpu_attributes[] = {
	&dev_attr_layout.attr,
	&dev_attr_coherent_base.attr,
	&dev_attr_coherent_size.attr,
	&dev_attr_usable_size.attr,
	&dev_attr_reserved_size.attr,
	&dev_attr_ready.attr,
	&dev_attr_fallback_reason.attr,
	NULL
};

static const struct attribute_group nvgpu_group = {
	.name = "nvgpu",
	.attrs = nvgpu_attributes,
};

/* The driver core makes them when a bind is done, and takes them away first. */
const struct attribute_group *nvgpu_groups[] = { &nvgpu_group, NULL };
