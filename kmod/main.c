// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO PCI driver for the GPUs of NVIDIA Grace superchips, whose memory the CPU
 * reaches coherently, beside their BARs. A guest is to find it behind BARs:
 *
 *            host physical address       guest
 *   base     +-----------------------+
 *            | usable                | region 4 (BAR 4 and 5), cacheable
 *            +-----------------------+
 *            | reserved              | region 2 (BAR 2 and 3), write-combined;
 *   base +   |                       | only where the MIG erratum is
 *   size     +-----------------------+
 *
 * Everything else is vfio-pci-core. region_layout.h has the arithmetic.
 */
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vfio.h>

#include "nvgpu.h"
#include "version.h"

static char *layout_name = "split";
module_param_named(layout, layout_name, charp, 0444);
MODULE_PARM_DESC(layout,
		 "split: usable memory at BAR 4, reserved at BAR 2 (default); single: all memory at BAR 2");

static enum nvgpu_layout wanted_layout;

const struct pci_device_id nvgpu_ids[] = {
	/* GH200 120GB */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2342) },
	/* GH200 480GB */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2345) },
	/* GH200 144G HBM3e */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2348) },
	/* GB200 */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2941) },
	/* GB300 */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x31c2) },
	{}
};
MODULE_DEVICE_TABLE(pci, nvgpu_ids);

static int nvgpu_init_dev(struct vfio_device *vdev)
{
	struct nvgpu_device *gpu = nvgpu_from_vfio(vdev);

	mutex_init(&gpu->bar_lock);
	mutex_init(&gpu->map_lock);
	mutex_init(&gpu->ready_lock);
	init_rwsem(&gpu->reset_lock);
	/* Not ready, until seen. */
	atomic_set(&gpu->resets, 1);
	return vfio_pci_core_init_dev(vdev);
}

static int nvgpu_open_plain(struct vfio_device *vdev)
{
	struct vfio_pci_core_device *core = &nvgpu_from_vfio(vdev)->core;
	int ret;

	ret = vfio_pci_core_enable(core);
	if (ret)
		return ret;
	vfio_pci_core_finish_enable(core);
	return 0;
}

static int nvgpu_open(struct vfio_device *vdev)
{
	struct nvgpu_device *gpu = nvgpu_from_vfio(vdev);
	int ret;

	ret = vfio_pci_core_enable(&gpu->core);
	if (ret)
		return ret;
	ret = nvgpu_map_readiness(gpu);
	if (ret)
		goto err_disable;
	ret = nvgpu_register_poison(gpu);
	if (ret)
		goto err_unmap;
	nvgpu_reset_bar_registers(gpu);
	vfio_pci_core_finish_enable(&gpu->core);
	return 0;

err_unmap:
	nvgpu_unmap_readiness(gpu);
err_disable:
	vfio_pci_core_disable(&gpu->core);
	return ret;
}

static void nvgpu_close(struct vfio_device *vdev)
{
	struct nvgpu_device *gpu = nvgpu_from_vfio(vdev);

	nvgpu_unregister_poison(gpu);
	nvgpu_unmap_regions(gpu);
	nvgpu_unmap_readiness(gpu);
	vfio_pci_core_close_device(vdev);
	/* It has reset the GPU without telling. */
	nvgpu_forget_ready(gpu);
}

static long nvgpu_ioctl(struct vfio_device *vdev, unsigned int cmd,
			unsigned long arg)
{
	long ret;

	switch (cmd) {
#ifndef NVGPU_HAVE_GET_REGION_INFO_CAPS
	case VFIO_DEVICE_GET_REGION_INFO:
		return nvgpu_ioctl_region_info(vdev, arg);
#endif
	case VFIO_DEVICE_IOEVENTFD:
		/* It would write to the BAR that our region hides. */
		return -ENOTTY;
	case VFIO_DEVICE_RESET:
		ret = vfio_pci_core_ioctl(vdev, cmd, arg);
		if (!ret)
			nvgpu_reset_bar_registers(nvgpu_from_vfio(vdev));
		return ret;
	default:
		return vfio_pci_core_ioctl(vdev, cmd, arg);
	}
}

/*
 * In low power the GPU goes to D3hot or D3cold as soon as nobody holds it in D0,
 * and may come back with memory that has to train again.
 */
static int nvgpu_device_feature(struct vfio_device *vdev, u32 flags,
				void __user *arg, size_t argsz)
{
	int ret = vfio_pci_core_ioctl_feature(vdev, flags, arg, argsz);

	switch (flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
		if (!ret)
			nvgpu_forget_ready(nvgpu_from_vfio(vdev));
		break;
	}
	return ret;
}

static ssize_t nvgpu_read(struct vfio_device *vdev, char __user *buf,
			  size_t count, loff_t *ppos)
{
	struct nvgpu_device *gpu = nvgpu_from_vfio(vdev);
	unsigned int index = VFIO_PCI_OFFSET_TO_INDEX(*ppos);
	struct nvgpu_region *region = nvgpu_find_region(gpu, index);

	if (region)
		return nvgpu_memory_read(region, buf, count, ppos);
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return nvgpu_config_read(gpu, buf, count, ppos);
	return vfio_pci_core_read(vdev, buf, count, ppos);
}

static ssize_t nvgpu_write(struct vfio_device *vdev, const char __user *buf,
			   size_t count, loff_t *ppos)
{
	struct nvgpu_device *gpu = nvgpu_from_vfio(vdev);
	unsigned int index = VFIO_PCI_OFFSET_TO_INDEX(*ppos);
	struct nvgpu_region *region = nvgpu_find_region(gpu, index);

	if (region)
		return nvgpu_memory_write(region, buf, count, ppos);
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return nvgpu_config_write(gpu, buf, count, ppos);
	return vfio_pci_core_write(vdev, buf, count, ppos);
}

static const struct vfio_device_ops nvgpu_ops = {
	.name = "nvgrace-gpu-vfio-pci",
	.init = nvgpu_init_dev,
	.release = vfio_pci_core_release_dev,
	.open_device = nvgpu_open,
	.close_device = nvgpu_close,
	.ioctl = nvgpu_ioctl,
#ifdef NVGPU_HAVE_GET_REGION_INFO_CAPS
	.get_region_info_caps = nvgpu_get_region_info,
#endif
	.device_feature = nvgpu_device_feature,
	.read = nvgpu_read,
	.write = nvgpu_write,
	.mmap = nvgpu_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
#ifdef NVGPU_HAVE_MATCH_TOKEN_UUID
	.match_token_uuid = vfio_pci_core_match_token_uuid,
#endif
#ifdef NVGPU_HAVE_BIND_IOMMUFD
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
#endif
#ifdef NVGPU_HAVE_DETACH_IOAS
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
#endif
};

/* For a GPU without coherent memory: what vfio-pci would do, and no more. */
static const struct vfio_device_ops nvgpu_plain_ops = {
	.name = "nvgrace-gpu-vfio-pci-plain",
	.init = nvgpu_init_dev,
	.release = vfio_pci_core_release_dev,
	.open_device = nvgpu_open_plain,
	.close_device = vfio_pci_core_close_device,
	.ioctl = vfio_pci_core_ioctl,
#ifdef NVGPU_HAVE_GET_REGION_INFO_CAPS
	.get_region_info_caps = vfio_pci_ioctl_get_region_info,
#endif
	.device_feature = vfio_pci_core_ioctl_feature,
	.read = vfio_pci_core_read,
	.write = vfio_pci_core_write,
	.mmap = vfio_pci_core_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
#ifdef NVGPU_HAVE_MATCH_TOKEN_UUID
	.match_token_uuid = vfio_pci_core_match_token_uuid,
#endif
#ifdef NVGPU_HAVE_BIND_IOMMUFD
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
#endif
#ifdef NVGPU_HAVE_DETACH_IOAS
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
#endif
};

static void nvgpu_announce(struct nvgpu_device *gpu)
{
	unsigned int i;

	for (i = 0; i < gpu->num_regions; i++)
		pci_info(gpu->core.pdev,
			 "region %u: %s memory at 0x%llx, 0x%llx bytes of 0x%llx\n",
			 gpu->regions[i].part.bar,
			 gpu->regions[i].write_combined ? "reserved" : "usable",
			 gpu->regions[i].part.base, gpu->regions[i].part.size,
			 gpu->regions[i].part.bar_size);
}

static int nvgpu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct nvgpu_device *gpu;
	struct nvgpu_plan plan;
	bool plain;
	int ret;

	ret = nvgpu_plan_memory(pdev, wanted_layout, &plan);
	if (ret)
		return ret;
	plain = plan.layout == NVGPU_LAYOUT_PLAIN;

	gpu = vfio_alloc_device(nvgpu_device, core.vdev, &pdev->dev,
				plain ? &nvgpu_plain_ops : &nvgpu_ops);
	if (IS_ERR(gpu))
		return PTR_ERR(gpu);
	dev_set_drvdata(&pdev->dev, &gpu->core);
	nvgpu_init_regions(gpu, &plan);
	nvgpu_init_dmabuf(gpu);

	if (!plain) {
		ret = nvgpu_wait_ready_at_probe(gpu);
		if (ret)
			goto err_put;
	}
	ret = vfio_pci_core_register_device(&gpu->core);
	if (ret)
		goto err_put;
	nvgpu_announce(gpu);
	return 0;

err_put:
	vfio_put_device(&gpu->core.vdev);
	return ret;
}

static void nvgpu_remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	vfio_pci_core_unregister_device(core);
	vfio_put_device(&core->vdev);
}

static struct nvgpu_device *nvgpu_from_pci(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	return container_of(core, struct nvgpu_device, core);
}

/* Also of resets that user space did not ask VFIO for. */
static void nvgpu_reset_prepare(struct pci_dev *pdev)
{
	nvgpu_begin_reset(nvgpu_from_pci(pdev));
}

static void nvgpu_reset_done(struct pci_dev *pdev)
{
	nvgpu_end_reset(nvgpu_from_pci(pdev));
}

static pci_ers_result_t nvgpu_error_detected(struct pci_dev *pdev,
					     pci_channel_state_t state)
{
	/* The link is reset now, which nobody announces. */
	if (state == pci_channel_io_frozen)
		nvgpu_begin_reset(nvgpu_from_pci(pdev));
	return vfio_pci_core_aer_err_detected(pdev, state);
}

static const struct pci_error_handlers nvgpu_error_handlers = {
	.reset_prepare = nvgpu_reset_prepare,
	.reset_done = nvgpu_reset_done,
	.error_detected = nvgpu_error_detected,
	/*
	 * After an error that froze the link. If the link could not be reset this
	 * never comes, and accesses wait in vain until the next reset.
	 */
	.resume = nvgpu_reset_done,
};

static struct pci_driver nvgpu_driver = {
	.name = KBUILD_MODNAME,
	.id_table = nvgpu_ids,
	.probe = nvgpu_probe,
	.remove = nvgpu_remove,
	.err_handler = &nvgpu_error_handlers,
	.dev_groups = nvgpu_groups,
	.driver_managed_dma = true,
};

static int __init nvgpu_init(void)
{
	if (!strcmp(layout_name, "split")) {
		wanted_layout = NVGPU_LAYOUT_SPLIT;
	} else if (!strcmp(layout_name, "single")) {
		wanted_layout = NVGPU_LAYOUT_SINGLE;
	} else {
		pr_err(KBUILD_MODNAME ": layout is split or single, not '%s'\n",
		       layout_name);
		return -EINVAL;
	}
	return pci_register_driver(&nvgpu_driver);
}
module_init(nvgpu_init);

static void __exit nvgpu_exit(void)
{
	pci_unregister_driver(&nvgpu_driver);
}
module_exit(nvgpu_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("nvgpuctl");
MODULE_DESCRIPTION("nvgpuctl: VFIO PCI driver for NVIDIA Grace GPUs with coherent memory");
MODULE_VERSION(NVGPU_VERSION);
