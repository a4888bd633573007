/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of this driver share: one GPU, its regions, and who does
 * what with them.
 */
#ifndef NVGPU_H
#define NVGPU_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/vfio_pci_core.h>

#include "compat.h"
#include "region_layout.h"

#define NVGPU_MAX_REGIONS 2

struct nvgpu_device;

/* A part of coherent memory, shown through the VFIO region of a BAR. */
struct nvgpu_region {
	struct nvgpu_device *gpu;
	struct nvgpu_part part;
	/*
	 * The reserved part is mapped write-combined, which is uncached: that
	 * is what the MIG erratum asks for. All else is cacheable.
	 */
	bool write_combined;
	/* The 64-bit BAR register as last written. Under bar_lock. */
	__le64 bar_register;
	/* For read() and write(), made at first use. Set under map_lock. */
	void *mapping;
#ifdef NVGPU_HAVE_PFN_ADDRESS_SPACE
	struct pfn_address_space poison;
	bool poison_registered;
#endif
};

struct nvgpu_device {
	/* First, because vfio_alloc_device() wants it there. */
	struct vfio_pci_core_device core;

	enum nvgpu_layout layout;
	u64 coherent_base;
	u64 coherent_size;
	const char *fallback_reason;	/* why layout is plain, or NULL */
	unsigned int num_regions;
	struct nvgpu_region regions[NVGPU_MAX_REGIONS];

	struct mutex bar_lock;		/* bar_register of every region */
	struct mutex map_lock;		/* mapping of every region */

	/* BAR0's readiness registers, mapped while the device is open. */
	void __iomem *bar0;
	int cxl_dvsec;			/* config offset, or 0 */
	struct mutex ready_lock;	/* one waits, others wait for it */
	/*
	 * The memory is ready when it was seen ready after the last reset, or
	 * whatever else it may have to train after: ready_at equals resets.
	 * Counting, unlike a flag, cannot lose a reset that happens between the
	 * look and the note.
	 */
	atomic_t resets;
	int ready_at;
	/*
	 * Held for reading, inside of memory_lock, by whoever touches the GPU.
	 * Of resets that VFIO did not start memory_lock knows nothing.
	 */
	struct rw_semaphore reset_lock;
	bool resetting;			/* under reset_lock */
	/* Waits in vain, and the value of resets at the last one. Under ready_lock. */
	unsigned int timeouts;
	int timeout_at;
};

/* Whether the caller holds a reference of runtime PM, which keeps it in D0. */
enum nvgpu_power {
	NVGPU_POWER_NOT_HELD,
	NVGPU_POWER_HELD,
	NVGPU_POWER_PROBE,	/* yes, and no user can have the device yet */
};

static inline struct nvgpu_device *nvgpu_from_vfio(struct vfio_device *vdev)
{
	return container_of(vdev, struct nvgpu_device, core.vdev);
}

/* What firmware says of the memory and what is to be made of it. */
struct nvgpu_plan {
	u64 base;
	u64 size;
	enum nvgpu_layout layout;
	struct nvgpu_regions regions;
	const char *fallback_reason;
};

/* main.c */
extern const struct pci_device_id nvgpu_ids[];

/* firmware.c */
int nvgpu_plan_memory(struct pci_dev *pdev, enum nvgpu_layout wanted,
		      struct nvgpu_plan *plan);

/* regions.c */
void nvgpu_init_regions(struct nvgpu_device *gpu, const struct nvgpu_plan *plan);
struct nvgpu_region *nvgpu_find_region(struct nvgpu_device *gpu,
				       unsigned int index);
#ifdef NVGPU_HAVE_GET_REGION_INFO_CAPS
int nvgpu_get_region_info(struct vfio_device *vdev,
			  struct vfio_region_info *info,
			  struct vfio_info_cap *caps);
#else
long nvgpu_ioctl_region_info(struct vfio_device *vdev, unsigned long arg);
#endif

/* mapping.c */
int nvgpu_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);
void nvgpu_zap(struct nvgpu_device *gpu);
#ifdef NVGPU_MAP_BY_FAULT
struct nvgpu_region *nvgpu_region_of(struct vm_area_struct *vma);
#endif

/* memory_rw.c */
ssize_t nvgpu_memory_read(struct nvgpu_region *region, char __user *buf,
			  size_t count, loff_t *ppos);
ssize_t nvgpu_memory_write(struct nvgpu_region *region, const char __user *buf,
			   size_t count, loff_t *ppos);
void nvgpu_unmap_regions(struct nvgpu_device *gpu);

/* config_space.c */
void nvgpu_reset_bar_registers(struct nvgpu_device *gpu);
ssize_t nvgpu_config_read(struct nvgpu_device *gpu, char __user *buf,
			  size_t count, loff_t *ppos);
ssize_t nvgpu_config_write(struct nvgpu_device *gpu, const char __user *buf,
			   size_t count, loff_t *ppos);

/* readiness.c */
int nvgpu_map_readiness(struct nvgpu_device *gpu);
void nvgpu_unmap_readiness(struct nvgpu_device *gpu);
int nvgpu_wait_ready_at_probe(struct nvgpu_device *gpu);
bool nvgpu_is_ready(struct nvgpu_device *gpu);
void nvgpu_forget_ready(struct nvgpu_device *gpu);
void nvgpu_begin_reset(struct nvgpu_device *gpu);
void nvgpu_end_reset(struct nvgpu_device *gpu);
int nvgpu_begin_access(struct nvgpu_device *gpu, enum nvgpu_power power);
void nvgpu_end_access(struct nvgpu_device *gpu);

/* poison.c */
int nvgpu_register_poison(struct nvgpu_device *gpu);
void nvgpu_unregister_poison(struct nvgpu_device *gpu);

/* dmabuf.c */
void nvgpu_init_dmabuf(struct nvgpu_device *gpu);

/* sysfs.c */
extern const struct attribute_group *nvgpu_groups[];

#endif /* NVGPU_H */
