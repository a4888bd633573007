// SPDX-License-Identifier: GPL-2.0-only
/*
 * read() and write() of coherent memory, for user space that does not map it.
 */
#include <linux/io.h>
#include <linux/pagemap.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "nvgpu.h"

/* Resets wait for at most this much to be copied. */
#define NVGPU_CHUNK SZ_64K

/*
 * How often the user's pages may be absent, or vanish between making them present
 * and copying, without a single byte of progress, before it is called a fault.
 */
#define NVGPU_MAX_TRIES 16

static const u8 nvgpu_ones[SZ_4K] = { [0 ... SZ_4K - 1] = 0xff };

/* One copy, either direction: exactly one of the pointers is set. */
struct nvgpu_user {
	char __user *to;
	const char __user *from;
};

static void *nvgpu_region_mapping(struct nvgpu_region *region)
{
	void *mapping;

	mutex_lock(&region->gpu->map_lock);
	if (!region->mapping)
		region->mapping = memremap(region->part.base, region->part.size,
					   region->write_combined ? MEMREMAP_WC :
								    MEMREMAP_WB);
	mapping = region->mapping;
	mutex_unlock(&region->gpu->map_lock);
	return mapping;
}

void nvgpu_unmap_regions(struct nvgpu_device *gpu)
{
	unsigned int i;

	for (i = 0; i < gpu->num_regions; i++) {
		if (gpu->regions[i].mapping)
			memunmap(gpu->regions[i].mapping);
		gpu->regions[i].mapping = NULL;
	}
}

/*
 * How many of @count bytes are absent and cannot be made present. Looking must
 * not change them, as fault_in_writeable() would: the read may yet fail, and the
 * buffer can be memory that others use.
 */
static size_t nvgpu_fault_in(const struct nvgpu_user *user, size_t done,
			     size_t count)
{
	if (user->to)
		return fault_in_safe_writeable(user->to + done, count);
	return fault_in_readable(user->from + done, count);
}

static size_t nvgpu_copy_atomic(const struct nvgpu_user *user, size_t done,
				void *memory, size_t count)
{
	size_t left;

	pagefault_disable();
	if (user->to)
		left = __copy_to_user_inatomic(user->to + done, memory, count);
	else
		left = __copy_from_user_inatomic(memory, user->from + done, count);
	pagefault_enable();
	return count - left;
}

/*
 * Copies what it can of @count bytes. No page fault may happen while the
 * device's memory_lock is held: the user's buffer can be a mapping of this very
 * device, and its fault handler takes that lock.
 */
static ssize_t nvgpu_copy_chunk(struct nvgpu_device *gpu,
				const struct nvgpu_user *user, size_t done,
				void *memory, size_t count)
{
	unsigned int tries;
	size_t copied;
	int ret;

	for (tries = 0; tries < NVGPU_MAX_TRIES; tries++) {
		ret = nvgpu_begin_access(gpu, NVGPU_POWER_HELD);
		if (ret)
			return ret;
		copied = nvgpu_copy_atomic(user, done, memory, count);
		nvgpu_end_access(gpu);
		if (copied)
			return copied;
		count -= nvgpu_fault_in(user, done, count);
		if (!count)
			return -EFAULT;
	}
	return -EFAULT;
}

/*
 * In low power only the reference that is put here has kept the GPU in D0, with
 * memory that was ready.
 */
static void nvgpu_let_sleep(struct nvgpu_device *gpu)
{
	if (READ_ONCE(gpu->core.pm_runtime_engaged) && nvgpu_is_ready(gpu))
		nvgpu_forget_ready(gpu);
	pm_runtime_put(&gpu->core.pdev->dev);
}

/* Bytes copied, also where fewer than @count; an error if none was. */
static ssize_t nvgpu_copy_memory(struct nvgpu_region *region,
				 const struct nvgpu_user *user, u64 offset,
				 size_t count)
{
	void *mapping = nvgpu_region_mapping(region);
	size_t done = 0;
	ssize_t ret = 0;

	if (!mapping)
		return -ENOMEM;
	if (pm_runtime_resume_and_get(&region->gpu->core.pdev->dev))
		return -EIO;
	while (done < count) {
		ret = nvgpu_copy_chunk(region->gpu, user, done,
				       mapping + offset + done,
				       min_t(size_t, count - done, NVGPU_CHUNK));
		if (ret < 0)
			break;
		done += ret;
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		cond_resched();
	}
	nvgpu_let_sleep(region->gpu);
	return done ? done : ret;
}

/* Behind the memory reads are ones, as of an absent device. */
static ssize_t nvgpu_fill_ones(const struct nvgpu_user *user, size_t done,
			       size_t count)
{
	size_t filled = 0, piece;

	while (filled < count && !fatal_signal_pending(current)) {
		piece = min_t(size_t, count - filled, sizeof(nvgpu_ones));
		if (copy_to_user(user->to + done + filled, nvgpu_ones, piece))
			return filled ? filled : -EFAULT;
		filled += piece;
		cond_resched();
	}
	return filled ? filled : -EINTR;
}

static ssize_t nvgpu_tail(const struct nvgpu_user *user, size_t done,
			  size_t count)
{
	if (user->to)
		return nvgpu_fill_ones(user, done, count);
	/* Writes are dropped, and counted: an error could stop a guest. */
	return count;
}

static ssize_t nvgpu_memory_rw(struct nvgpu_region *region,
			       const struct nvgpu_user *user, size_t count,
			       loff_t *ppos)
{
	const struct nvgpu_part *part = &region->part;
	u64 offset = *ppos & VFIO_PCI_OFFSET_MASK;
	size_t in_memory = 0, done = 0;
	ssize_t ret;

	if (!count)
		return 0;
	if (offset >= part->bar_size)
		return -EINVAL;
	count = min_t(u64, count, part->bar_size - offset);

	if (offset < part->size) {
		in_memory = min_t(u64, count, part->size - offset);
		ret = nvgpu_copy_memory(region, user, offset, in_memory);
		if (ret < 0)
			return ret;
		done = ret;
	}
	if (done == in_memory && done < count) {
		ret = nvgpu_tail(user, done, count - done);
		if (ret < 0 && !done)
			return ret;
		if (ret > 0)
			done += ret;
	}
	*ppos += done;
	return done;
}

ssize_t nvgpu_memory_read(struct nvgpu_region *region, char __user *buf,
			  size_t count, loff_t *ppos)
{
	const struct nvgpu_user user = { .to = buf };

	if (!access_ok(buf, count))
		return -EFAULT;
	return nvgpu_memory_rw(region, &user, count, ppos);
}

ssize_t nvgpu_memory_write(struct nvgpu_region *region, const char __user *buf,
			   size_t count, loff_t *ppos)
{
	const struct nvgpu_user user = { .from = buf };

	if (!access_ok(buf, count))
		return -EFAULT;
	return nvgpu_memory_rw(region, &user, count, ppos);
}
