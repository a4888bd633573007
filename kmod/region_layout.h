/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which part of a GPU's coherent memory is shown through which BAR.
 *
 * The GPU of a Grace superchip has its memory (HBM) in the host's physical
 * address space; firmware gives base and size. A VFIO variant driver shows it
 * to a guest as if it were behind PCI BARs. This file holds the arithmetic
 * and nothing else, so that the driver and the nvgpuctl command line compute
 * with the same code. It compiles as C and C++, in the kernel and outside.
 */
#ifndef NVGPU_REGION_LAYOUT_H
#define NVGPU_REGION_LAYOUT_H

/* Fixed-width integers both in the kernel and, as uapi, in user space. */
#include <linux/types.h>

/*
 * The GPU's firmware and its guest driver both cut usable memory at a
 * multiple of 512 MiB. Fixed by the hardware's programming interface.
 */
#define NVGPU_MEMORY_BLOCK_SIZE (512ULL << 20)

/*
 * What the MIG erratum wants mapped uncached, at least. There is no alignment
 * rule for it: the remainder that the 512 MiB cut leaves is added.
 */
#define NVGPU_RESERVED_MIN_SIZE (1ULL << 30)

/* The smallest memory that leaves one block usable. No real GPU is near. */
#define NVGPU_MEMORY_MIN_SIZE (NVGPU_RESERVED_MIN_SIZE + NVGPU_MEMORY_BLOCK_SIZE)

/* Largest physical address that the architecture has (arm64, FEAT_LPA). */
#define NVGPU_PHYSICAL_LIMIT (1ULL << 52)

enum nvgpu_layout {
	/*
	 * Usable memory at BAR 4, where the guest driver looks for it; with
	 * the MIG erratum the reserved part at BAR 2.
	 */
	NVGPU_LAYOUT_SPLIT,
	/* All memory at BAR 2, as first proposed in 2023. */
	NVGPU_LAYOUT_SINGLE,
	/* No coherent memory: every BAR is the physical one. */
	NVGPU_LAYOUT_PLAIN,
};

/*
 * Hopper cannot partition its memory (MIG) unless the last part of it is
 * mapped uncached. Blackwell can, and has no reserved part.
 */
enum nvgpu_mig_erratum {
	NVGPU_MIG_ERRATUM_FIXED,
	NVGPU_MIG_ERRATUM_PRESENT,
};

enum nvgpu_layout_status {
	NVGPU_LAYOUT_OK = 0,
	NVGPU_LAYOUT_EMPTY = -1,	/* size 0: the link to the GPU is down */
	NVGPU_LAYOUT_TOO_SMALL = -2,	/* below NVGPU_MEMORY_MIN_SIZE */
	NVGPU_LAYOUT_OUT_OF_RANGE = -3,	/* reaches past NVGPU_PHYSICAL_LIMIT */
	NVGPU_LAYOUT_OVERFLOW = -4,	/* base + size does not fit 64 bits */
};

/* One part of the memory. A size of 0 means that there is no such part. */
struct nvgpu_part {
	__u64 base;		/* host physical address */
	__u64 size;		/* bytes backed by memory */
	__u64 bar_size;		/* what the BAR claims: a power of two */
	unsigned int bar;	/* VFIO region index: 2 or 4 */
};

struct nvgpu_regions {
	struct nvgpu_part usable;
	struct nvgpu_part reserved;
};

/*
 * The smallest power of two that is not below @size. PCI has no other BAR
 * sizes, and QEMU aborts when it is given one.
 */
static inline enum nvgpu_layout_status nvgpu_bar_size(__u64 size, __u64 *bar_size)
{
	__u64 power = 1;

	while (power < size) {
		if (__builtin_add_overflow(power, power, &power))
			return NVGPU_LAYOUT_OVERFLOW;
	}
	*bar_size = power;
	return NVGPU_LAYOUT_OK;
}

/* Whether [base, base + size) can be the memory of a GPU at all. */
static inline enum nvgpu_layout_status nvgpu_check_memory(__u64 base, __u64 size)
{
	__u64 end;

	if (size == 0)
		return NVGPU_LAYOUT_EMPTY;
	if (__builtin_add_overflow(base, size, &end))
		return NVGPU_LAYOUT_OVERFLOW;
	if (end > NVGPU_PHYSICAL_LIMIT)
		return NVGPU_LAYOUT_OUT_OF_RANGE;
	if (size < NVGPU_MEMORY_MIN_SIZE)
		return NVGPU_LAYOUT_TOO_SMALL;
	return NVGPU_LAYOUT_OK;
}

/* Everything in one BAR. */
static inline enum nvgpu_layout_status nvgpu_layout_whole(__u64 base, __u64 size,
							  unsigned int bar,
							  struct nvgpu_regions *regions)
{
	regions->usable.base = base;
	regions->usable.size = size;
	regions->usable.bar = bar;
	return nvgpu_bar_size(size, &regions->usable.bar_size);
}

/* Usable memory at BAR 4 and the part that must stay uncached at BAR 2. */
static inline enum nvgpu_layout_status nvgpu_layout_reserve(__u64 base, __u64 size,
							    struct nvgpu_regions *regions)
{
	struct nvgpu_part *usable = &regions->usable;
	struct nvgpu_part *reserved = &regions->reserved;
	enum nvgpu_layout_status status;
	__u64 left;

	if (__builtin_sub_overflow(size, NVGPU_RESERVED_MIN_SIZE, &left))
		return NVGPU_LAYOUT_TOO_SMALL;

	/*
	 * The BAR is sized for what is left before the 512 MiB cut, as the
	 * kernel's own driver does it; a guest must see the same on both.
	 */
	status = nvgpu_bar_size(left, &usable->bar_size);
	if (status != NVGPU_LAYOUT_OK)
		return status;

	usable->bar = 4;
	usable->base = base;
	usable->size = left - (left & (NVGPU_MEMORY_BLOCK_SIZE - 1));
	if (usable->size == 0)
		return NVGPU_LAYOUT_TOO_SMALL;

	reserved->bar = 2;
	if (__builtin_add_overflow(base, usable->size, &reserved->base))
		return NVGPU_LAYOUT_OVERFLOW;
	if (__builtin_sub_overflow(size, usable->size, &reserved->size))
		return NVGPU_LAYOUT_OVERFLOW;
	return nvgpu_bar_size(reserved->size, &reserved->bar_size);
}

/*
 * Lays out the @size bytes at @base. On anything but NVGPU_LAYOUT_OK the
 * content of @regions means nothing. Firmware's numbers are not trusted; that
 * they are page-aligned and no system RAM is for the caller to check.
 */
static inline enum nvgpu_layout_status nvgpu_layout_regions(__u64 base, __u64 size,
							    enum nvgpu_layout layout,
							    enum nvgpu_mig_erratum erratum,
							    struct nvgpu_regions *regions)
{
	static const struct nvgpu_regions nothing = { { 0, 0, 0, 0 }, { 0, 0, 0, 0 } };
	enum nvgpu_layout_status status;

	*regions = nothing;
	if (layout == NVGPU_LAYOUT_PLAIN)
		return NVGPU_LAYOUT_OK;

	status = nvgpu_check_memory(base, size);
	if (status != NVGPU_LAYOUT_OK)
		return status;

	if (layout == NVGPU_LAYOUT_SINGLE)
		return nvgpu_layout_whole(base, size, 2, regions);
	if (erratum == NVGPU_MIG_ERRATUM_PRESENT)
		return nvgpu_layout_reserve(base, size, regions);
	return nvgpu_layout_whole(base, size, 4, regions);
}

#endif /* NVGPU_REGION_LAYOUT_H */
