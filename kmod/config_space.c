// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BAR registers of the regions that coherent memory is shown through.
 *
 * The hardware has other BARs there, of other sizes, so these 64-bit registers
 * are made up: what is written is kept and read back with the low bits of a
 * prefetchable 64-bit BAR. User space sizes a BAR by writing ones; the mask
 * takes care of that. All other bytes of an access are vfio-pci-core's.
 */
#include <linux/minmax.h>
#include <linux/uaccess.h>

#include "nvgpu.h"

#define NVGPU_BAR_FLAGS (PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH)
#define NVGPU_BAR_BYTES sizeof_field(struct nvgpu_region, bar_register)

static loff_t nvgpu_bar_offset(const struct nvgpu_region *region)
{
	return PCI_BASE_ADDRESS_0 + region->part.bar * sizeof(u32);
}

void nvgpu_reset_bar_registers(struct nvgpu_device *gpu)
{
	unsigned int i;

	mutex_lock(&gpu->bar_lock);
	for (i = 0; i < gpu->num_regions; i++)
		gpu->regions[i].bar_register = 0;
	mutex_unlock(&gpu->bar_lock);
}

static __le64 nvgpu_bar_value(struct nvgpu_region *region)
{
	u64 value;

	mutex_lock(&region->gpu->bar_lock);
	value = le64_to_cpu(region->bar_register);
	mutex_unlock(&region->gpu->bar_lock);
	value &= ~(region->part.bar_size - 1);
	return cpu_to_le64(value | NVGPU_BAR_FLAGS);
}

/* Puts our register over those bytes of @buf, read from @start on, it has. */
static int nvgpu_overlay_bar(struct nvgpu_region *region, char __user *buf,
			     loff_t start, size_t count)
{
	loff_t bar = nvgpu_bar_offset(region);
	loff_t from = max_t(loff_t, start, bar);
	loff_t to = min_t(loff_t, start + count, bar + NVGPU_BAR_BYTES);
	__le64 value;

	if (from >= to)
		return 0;
	value = nvgpu_bar_value(region);
	if (copy_to_user(buf + (from - start), (u8 *)&value + (from - bar),
			 to - from))
		return -EFAULT;
	return 0;
}

ssize_t nvgpu_config_read(struct nvgpu_device *gpu, char __user *buf,
			  size_t count, loff_t *ppos)
{
	loff_t start = *ppos & VFIO_PCI_OFFSET_MASK;
	unsigned int i;
	ssize_t done;
	int ret;

	done = vfio_pci_core_read(&gpu->core.vdev, buf, count, ppos);
	if (done <= 0)
		return done;
	for (i = 0; i < gpu->num_regions; i++) {
		ret = nvgpu_overlay_bar(&gpu->regions[i], buf, start, done);
		if (ret) {
			*ppos -= done;
			return ret;
		}
	}
	return done;
}

/*
 * The register at @pos, or NULL, and in @end where that answer stops being
 * true.
 */
static struct nvgpu_region *nvgpu_bar_at(struct nvgpu_device *gpu, loff_t pos,
					 loff_t *end)
{
	unsigned int i;
	loff_t bar;

	*end = BIT_ULL(VFIO_PCI_OFFSET_SHIFT);
	for (i = 0; i < gpu->num_regions; i++) {
		bar = nvgpu_bar_offset(&gpu->regions[i]);
		if (pos >= bar && pos < bar + (loff_t)NVGPU_BAR_BYTES) {
			*end = bar + NVGPU_BAR_BYTES;
			return &gpu->regions[i];
		}
		if (pos < bar)
			*end = min(*end, bar);
	}
	return NULL;
}

static ssize_t nvgpu_write_bar(struct nvgpu_region *region,
			       const char __user *buf, size_t count,
			       loff_t *ppos)
{
	loff_t pos = *ppos & VFIO_PCI_OFFSET_MASK;
	u8 bytes[NVGPU_BAR_BYTES];

	if (copy_from_user(bytes, buf, count))
		return -EFAULT;
	mutex_lock(&region->gpu->bar_lock);
	memcpy((u8 *)&region->bar_register + (pos - nvgpu_bar_offset(region)),
	       bytes, count);
	mutex_unlock(&region->gpu->bar_lock);
	*ppos += count;
	return count;
}

/* It may send the GPU to sleep, or wake it, and then its memory trains again. */
static ssize_t nvgpu_write_core(struct nvgpu_device *gpu, const char __user *buf,
				size_t count, loff_t *ppos)
{
	struct pci_dev *pdev = gpu->core.pdev;
	bool asleep = pdev->current_state != PCI_D0;
	ssize_t ret;

	ret = vfio_pci_core_write(&gpu->core.vdev, buf, count, ppos);
	if (asleep || pdev->current_state != PCI_D0)
		nvgpu_forget_ready(gpu);
	return ret;
}

/* Cuts the write where the owner of the bytes changes. */
ssize_t nvgpu_config_write(struct nvgpu_device *gpu, const char __user *buf,
			   size_t count, loff_t *ppos)
{
	struct nvgpu_region *region;
	size_t done = 0, piece;
	loff_t pos, end;
	ssize_t ret;

	while (done < count) {
		pos = *ppos & VFIO_PCI_OFFSET_MASK;
		region = nvgpu_bar_at(gpu, pos, &end);
		piece = min_t(u64, count - done, end - pos);
		if (region)
			ret = nvgpu_write_bar(region, buf + done, piece, ppos);
		else
			ret = nvgpu_write_core(gpu, buf + done, piece, ppos);
		if (ret <= 0)
			return done ? done : ret;
		done += ret;
	}
	return done;
}
