// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether the GPU's memory can be touched, and waiting until it can.
 *
 * After power-on and after every reset the link to the CPU and the memory
 * train. Until they have, an access logs hardware errors at best. Two registers
 * of BAR0 tell; GPUs that present their memory as CXL have the DVSEC of the CXL
 * specification instead.
 */
#include <linux/bitfield.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>

#include "nvgpu.h"

/* BAR0 registers; both read as 0xff when the memory is there. */
#define NVGPU_REG_C2C_LINK 0x1498
#define NVGPU_REG_HBM_TRAINING 0x200bc
#define NVGPU_REG_END (NVGPU_REG_HBM_TRAINING + sizeof(u32))
#define NVGPU_REG_READY 0xff

#define NVGPU_READY_TIMEOUT_MS (30 * MSEC_PER_SEC)
#define NVGPU_READY_STEP_MS 100

/* CXL 3.1, 8.1.3.8: Range 1 Size Low of the DVSEC for CXL devices. */
#define NVGPU_CXL_VENDOR 0x1e98
#define NVGPU_CXL_DVSEC_DEVICE 0
#define NVGPU_CXL_RANGE1_SIZE_LOW 0x1c
#define NVGPU_CXL_INFO_VALID BIT(0)
#define NVGPU_CXL_ACTIVE BIT(1)
#define NVGPU_CXL_TIMEOUT GENMASK(15, 13)
/* Memory_Info_Valid is to be set within a second of a reset. */
#define NVGPU_CXL_INFO_TIMEOUT_MS (1 * MSEC_PER_SEC)

/* One look at the hardware. */
struct nvgpu_look {
	bool resetting;	/* nothing was looked at */
	u32 link;	/* or the CXL range register */
	u32 training;
	unsigned int timeout_ms;
};

bool nvgpu_is_ready(struct nvgpu_device *gpu)
{
	return READ_ONCE(gpu->ready_at) == atomic_read(&gpu->resets);
}

void nvgpu_forget_ready(struct nvgpu_device *gpu)
{
	atomic_inc(&gpu->resets);
}

/* The caller may hold memory_lock for writing, and holds it if VFIO resets. */
void nvgpu_begin_reset(struct nvgpu_device *gpu)
{
	/* Behind those who touch the GPU now. Later ones wait for the end. */
	down_write(&gpu->reset_lock);
	gpu->resetting = true;
	nvgpu_forget_ready(gpu);
	up_write(&gpu->reset_lock);
	nvgpu_zap(gpu);
}

void nvgpu_end_reset(struct nvgpu_device *gpu)
{
	down_write(&gpu->reset_lock);
	gpu->resetting = false;
	nvgpu_forget_ready(gpu);
	up_write(&gpu->reset_lock);
}

/* Nobody resets the GPU, switches memory decode off or puts it to sleep. */
static void nvgpu_lock(struct nvgpu_device *gpu)
{
	down_read(&gpu->core.memory_lock);
	down_read(&gpu->reset_lock);
}

static void nvgpu_unlock(struct nvgpu_device *gpu)
{
	up_read(&gpu->reset_lock);
	up_read(&gpu->core.memory_lock);
}

/*
 * Whether the function is there and user space has memory decode on, with
 * memory_lock held. Where it is off a BAR does not answer, and these regions are
 * BARs to user space. Once user space asks for low power, the function leaves D0
 * some time before current_state says so, unless somebody holds it there.
 */
static bool nvgpu_may_touch(struct vfio_pci_core_device *core,
			    enum nvgpu_power power)
{
	u16 command = le16_to_cpup((__le16 *)&core->vconfig[PCI_COMMAND]);

	if (power == NVGPU_POWER_NOT_HELD && core->pm_runtime_engaged)
		return false;
	return core->pdev->current_state == PCI_D0 &&
	       (core->pdev->no_command_memory || (command & PCI_COMMAND_MEMORY));
}

int nvgpu_map_readiness(struct nvgpu_device *gpu)
{
	struct pci_dev *pdev = gpu->core.pdev;

	gpu->cxl_dvsec = pci_find_dvsec_capability(pdev, NVGPU_CXL_VENDOR,
						   NVGPU_CXL_DVSEC_DEVICE);
	if (gpu->cxl_dvsec)
		return 0;
	if (!(pci_resource_flags(pdev, 0) & IORESOURCE_MEM) ||
	    pci_resource_len(pdev, 0) < NVGPU_REG_END) {
		pci_err(pdev, "BAR0 is too small to tell whether the memory is ready\n");
		return -ENODEV;
	}
	gpu->bar0 = pci_iomap(pdev, 0, NVGPU_REG_END);
	return gpu->bar0 ? 0 : -ENOMEM;
}

void nvgpu_unmap_readiness(struct nvgpu_device *gpu)
{
	if (gpu->bar0)
		pci_iounmap(gpu->core.pdev, gpu->bar0);
	gpu->bar0 = NULL;
}

static unsigned int nvgpu_cxl_timeout_ms(u32 value)
{
	static const unsigned int seconds[] = { 1, 4, 16, 64, 256 };
	unsigned int code = FIELD_GET(NVGPU_CXL_TIMEOUT, value);

	/* Reserved codes: the longest, because nothing is known. */
	code = min_t(unsigned int, code, ARRAY_SIZE(seconds) - 1);
	return seconds[code] * MSEC_PER_SEC;
}

/* 0, -EAGAIN for not yet, or -ENODEV when nobody answers. */
static int nvgpu_look_cxl(struct nvgpu_device *gpu, struct nvgpu_look *look)
{
	struct pci_dev *pdev = gpu->core.pdev;

	if (pci_read_config_dword(pdev, gpu->cxl_dvsec + NVGPU_CXL_RANGE1_SIZE_LOW,
				  &look->link) ||
	    PCI_POSSIBLE_ERROR(look->link))
		return -ENODEV;
	look->timeout_ms = NVGPU_CXL_INFO_TIMEOUT_MS;
	if (!(look->link & NVGPU_CXL_INFO_VALID))
		return -EAGAIN;
	look->timeout_ms += nvgpu_cxl_timeout_ms(look->link);
	return look->link & NVGPU_CXL_ACTIVE ? 0 : -EAGAIN;
}

static int nvgpu_look_bar0(struct nvgpu_device *gpu, struct nvgpu_look *look)
{
	look->timeout_ms = NVGPU_READY_TIMEOUT_MS;
	look->link = ioread32(gpu->bar0 + NVGPU_REG_C2C_LINK);
	look->training = ioread32(gpu->bar0 + NVGPU_REG_HBM_TRAINING);
	if (look->link == NVGPU_REG_READY && look->training == NVGPU_REG_READY)
		return 0;
	/* A GPU that fell off the bus never gets ready: do not wait for it. */
	if (PCI_POSSIBLE_ERROR(look->link) &&
	    !pci_device_is_present(gpu->core.pdev))
		return -ENODEV;
	return -EAGAIN;
}

static int nvgpu_look_at_hardware(struct nvgpu_device *gpu,
				  struct nvgpu_look *look)
{
	int resets = atomic_read(&gpu->resets);
	int ret;

	look->resetting = false;
	if (gpu->cxl_dvsec)
		ret = nvgpu_look_cxl(gpu, look);
	else
		ret = nvgpu_look_bar0(gpu, look);
	if (!ret)
		WRITE_ONCE(gpu->ready_at, resets);
	return ret;
}

/*
 * Once user space has the device, it may be switching memory decode off at this
 * moment, and anybody may be resetting it.
 */
static int nvgpu_look(struct nvgpu_device *gpu, enum nvgpu_power power,
		      struct nvgpu_look *look)
{
	int ret;

	if (power == NVGPU_POWER_PROBE)
		return nvgpu_look_at_hardware(gpu, look);
	nvgpu_lock(gpu);
	if (!nvgpu_may_touch(&gpu->core, power)) {
		ret = -EIO;
	} else if (gpu->resetting) {
		look->resetting = true;
		look->timeout_ms = NVGPU_READY_TIMEOUT_MS;
		ret = -EAGAIN;
	} else {
		ret = nvgpu_look_at_hardware(gpu, look);
	}
	nvgpu_unlock(gpu);
	return ret;
}

/* What was seen and what is wanted, for messages. */
struct nvgpu_seen {
	char text[112];
};

static struct nvgpu_seen nvgpu_seen(struct nvgpu_device *gpu,
				    const struct nvgpu_look *look)
{
	struct nvgpu_seen seen;

	if (look->resetting)
		scnprintf(seen.text, sizeof(seen.text), "it is being reset");
	else if (gpu->cxl_dvsec)
		scnprintf(seen.text, sizeof(seen.text),
			  "CXL range 1 size register is 0x%x, wanted are bits 0 and 1",
			  look->link);
	else
		scnprintf(seen.text, sizeof(seen.text),
			  "C2C link status is 0x%x, HBM training status is 0x%x, wanted is 0x%x",
			  look->link, look->training, NVGPU_REG_READY);
	return seen;
}

/*
 * With ready_lock held, and nothing else that others could wait for. User space
 * can come here as often as it likes, so what it makes happen is not logged
 * without limit.
 */
static int nvgpu_poll(struct nvgpu_device *gpu, enum nvgpu_power power)
{
	int now, resets = atomic_read(&gpu->resets);
	unsigned long start = jiffies;
	struct device *dev = &gpu->core.pdev->dev;
	struct nvgpu_look look = {};
	bool told = false;
	unsigned int ms;
	int ret;

	for (;;) {
		ret = nvgpu_look(gpu, power, &look);
		/* After another reset it trains from the beginning. */
		now = atomic_read(&gpu->resets);
		if (now != resets)
			start = jiffies;
		resets = now;
		ms = jiffies_to_msecs(jiffies - start);
		if (ret != -EAGAIN)
			break;
		if (ms >= look.timeout_ms) {
			dev_err_ratelimited(dev, "memory not ready after %u ms: %s\n",
					    ms, nvgpu_seen(gpu, &look).text);
			return -ETIME;
		}
		if (!told)
			dev_info_ratelimited(dev,
					     "waiting up to %u ms for memory: %s\n",
					     look.timeout_ms,
					     nvgpu_seen(gpu, &look).text);
		told = true;
		schedule_timeout_killable(msecs_to_jiffies(NVGPU_READY_STEP_MS));
		if (fatal_signal_pending(current)) {
			dev_info_ratelimited(dev,
					     "wait for memory was killed after %u ms: %s\n",
					     ms, nvgpu_seen(gpu, &look).text);
			return -EINTR;
		}
	}
	if (ret == -ENODEV)
		dev_err_ratelimited(dev,
				    "fallen-off-the-bus: nothing answers any more\n");
	else if (!ret && told)
		dev_info_ratelimited(dev, "memory ready after %u ms\n", ms);
	return ret;
}

/*
 * Many may wait: every thread of a guest. When the time is up it is up for all
 * who came before that, or the last one would wait for all times together.
 */
static int nvgpu_wait_ready(struct nvgpu_device *gpu, enum nvgpu_power power)
{
	unsigned int timeouts = READ_ONCE(gpu->timeouts);
	int ret;

	if (nvgpu_is_ready(gpu))
		return 0;
	ret = mutex_lock_killable(&gpu->ready_lock);
	if (ret)
		return ret;
	if (gpu->timeouts != timeouts &&
	    gpu->timeout_at == atomic_read(&gpu->resets)) {
		ret = -ETIME;
	} else if (!nvgpu_is_ready(gpu)) {
		ret = nvgpu_poll(gpu, power);
		if (ret == -ETIME) {
			gpu->timeout_at = atomic_read(&gpu->resets);
			WRITE_ONCE(gpu->timeouts, gpu->timeouts + 1);
		}
	}
	mutex_unlock(&gpu->ready_lock);
	return ret;
}

/*
 * Waits until the memory may be touched, and keeps it so until
 * nvgpu_end_access(): no reset, no memory decode off, no low power. Page faults
 * are not allowed in between. The wait itself holds no lock of VFIO's.
 */
int nvgpu_begin_access(struct nvgpu_device *gpu, enum nvgpu_power power)
{
	int ret;

	for (;;) {
		ret = nvgpu_wait_ready(gpu, power);
		if (ret)
			return ret;
		nvgpu_lock(gpu);
		if (!nvgpu_may_touch(&gpu->core, power)) {
			nvgpu_unlock(gpu);
			return -EIO;
		}
		if (nvgpu_is_ready(gpu))
			return 0;
		/* It was reset in between: once more. */
		nvgpu_unlock(gpu);
	}
}

void nvgpu_end_access(struct nvgpu_device *gpu)
{
	nvgpu_unlock(gpu);
}

/* Before user space can have the device, so without its lock. */
int nvgpu_wait_ready_at_probe(struct nvgpu_device *gpu)
{
	struct pci_dev *pdev = gpu->core.pdev;
	int ret;

	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	ret = nvgpu_map_readiness(gpu);
	if (!ret) {
		mutex_lock(&gpu->ready_lock);
		ret = nvgpu_poll(gpu, NVGPU_POWER_PROBE);
		mutex_unlock(&gpu->ready_lock);
		nvgpu_unmap_readiness(gpu);
	}
	pci_disable_device(pdev);
	return ret;
}
