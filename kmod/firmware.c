// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the GPU's memory is, according to firmware, and whether that can be.
 *
 * Firmware that has nothing to say, or says that the link is down, leaves a
 * GPU that plain vfio-pci can still serve; so does this driver, and tells why.
 * Firmware that says something impossible is refused: mapping a wrong range
 * into a guest would give it memory that is not the GPU's.
 *
 * The reasons in messages and in sysfs are the names that nvgpuctl uses.
 */
#include <linux/ioport.h>
#include <linux/property.h>

#include "nvgpu.h"

#define NVGPU_PROPERTY_BASE "nvidia,gpu-mem-base-pa"
#define NVGPU_PROPERTY_SIZE "nvidia,gpu-mem-size"

/*
 * NVIDIA's DVSEC that tells whether the MIG erratum is fixed: bit 0 of the
 * word behind the two DVSEC headers.
 */
#define NVGPU_DVSEC_ID 3
#define NVGPU_DVSEC_MIG 0xa
#define NVGPU_DVSEC_MIG_FIXED BIT(0)

static const char *nvgpu_read_property(struct pci_dev *pdev, const char *name,
				       u64 *value)
{
	int ret = device_property_read_u64(&pdev->dev, name, value);

	if (!ret)
		return NULL;
	/* There, but no integer. */
	if (ret == -EPROTO || ret == -EOVERFLOW || ret == -EILSEQ)
		return "dsd-malformed";
	return "no-dsd";
}

/* NULL, or why there is no coherent memory to show. */
static const char *nvgpu_read_memory(struct pci_dev *pdev, u64 *base, u64 *size)
{
	const char *reason;

	reason = nvgpu_read_property(pdev, NVGPU_PROPERTY_BASE, base);
	if (reason)
		return reason;
	reason = nvgpu_read_property(pdev, NVGPU_PROPERTY_SIZE, size);
	if (reason)
		return reason;
	/* How firmware says that the link or the memory did not come up. */
	if (!*base || !*size)
		return "c2c-down";
	return NULL;
}

static enum nvgpu_mig_erratum nvgpu_mig_erratum(struct pci_dev *pdev)
{
	u16 dvsec, value;

	dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_NVIDIA,
					  NVGPU_DVSEC_ID);
	if (!dvsec)
		return NVGPU_MIG_ERRATUM_PRESENT;
	if (pci_read_config_word(pdev, dvsec + NVGPU_DVSEC_MIG, &value) ||
	    PCI_POSSIBLE_ERROR(value))
		return NVGPU_MIG_ERRATUM_PRESENT;
	if (value & NVGPU_DVSEC_MIG_FIXED)
		return NVGPU_MIG_ERRATUM_FIXED;
	return NVGPU_MIG_ERRATUM_PRESENT;
}

static int nvgpu_refuse_layout(struct pci_dev *pdev, const struct nvgpu_plan *plan,
			       enum nvgpu_layout_status status)
{
	if (status == NVGPU_LAYOUT_TOO_SMALL) {
		pci_err(pdev,
			"size-too-small: firmware gives 0x%llx bytes of memory, 0x%llx is the least\n",
			plan->size, NVGPU_MEMORY_MIN_SIZE);
		return -EINVAL;
	}
	pci_err(pdev,
		"range-invalid: firmware puts 0x%llx bytes of memory at 0x%llx, which no address reaches\n",
		plan->size, plan->base);
	return -EOVERFLOW;
}

static int nvgpu_check_part(struct pci_dev *pdev, const struct nvgpu_part *part)
{
	/* The next region's file offsets start there. */
	if (part->bar_size > BIT_ULL(VFIO_PCI_OFFSET_SHIFT)) {
		pci_err(pdev,
			"range-invalid: 0x%llx bytes do not fit a VFIO region\n",
			part->bar_size);
		return -EOVERFLOW;
	}
	return 0;
}

/* The caller has checked that @base + @size does not overflow. */
static int nvgpu_check_range(struct pci_dev *pdev, u64 base, u64 size)
{
	if (!PAGE_ALIGNED(base) || !PAGE_ALIGNED(size)) {
		pci_err(pdev,
			"range-invalid: memory at 0x%llx, 0x%llx bytes, is not made of pages of %lu bytes\n",
			base, size, PAGE_SIZE);
		return -EINVAL;
	}
	if (base + size - 1 > PHYS_MASK) {
		pci_err(pdev,
			"range-invalid: memory at 0x%llx, 0x%llx bytes, is above what this kernel addresses\n",
			base, size);
		return -EOVERFLOW;
	}
	if (region_intersects(base, size, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT) {
		pci_err(pdev,
			"range-overlap: memory at 0x%llx, 0x%llx bytes, is System RAM of this host; if a driver added it, unload that driver or reboot: taking it offline is not enough\n",
			base, size);
		return -EBUSY;
	}
	return 0;
}

/*
 * Looks at every GPU of the host, whatever driver it has: which of the two is
 * wrong cannot be told, so neither is served.
 */
static int nvgpu_check_other_gpus(struct pci_dev *pdev, u64 base, u64 size)
{
	struct pci_dev *other = NULL;
	u64 other_base, other_size;

	for_each_pci_dev(other) {
		if (other == pdev || !pci_match_id(nvgpu_ids, other))
			continue;
		if (nvgpu_read_memory(other, &other_base, &other_size))
			continue;
		/* What cannot be anybody's memory is refused there, and not here. */
		if (nvgpu_check_memory(other_base, other_size) != NVGPU_LAYOUT_OK)
			continue;
		if (base < other_base + other_size && other_base < base + size) {
			pci_err(pdev,
				"range-overlap: memory at 0x%llx, 0x%llx bytes, overlaps that of %s at 0x%llx, 0x%llx bytes\n",
				base, size, pci_name(other), other_base,
				other_size);
			pci_dev_put(other);
			return -EBUSY;
		}
	}
	return 0;
}

/*
 * Decides what to show of @pdev. A layout of plain is a success; an error
 * means that the GPU must not be served at all.
 */
int nvgpu_plan_memory(struct pci_dev *pdev, enum nvgpu_layout wanted,
		      struct nvgpu_plan *plan)
{
	enum nvgpu_layout_status status;
	int ret;

	/*
	 * The PCI core may have enumerated it before it fell off the bus. Without
	 * this an erratum that is fixed would be taken as present below.
	 */
	if (!pci_device_is_present(pdev)) {
		pci_err(pdev, "fallen-off-the-bus: configuration space reads as ones\n");
		return -ENODEV;
	}

	memset(plan, 0, sizeof(*plan));
	plan->fallback_reason = nvgpu_read_memory(pdev, &plan->base, &plan->size);
	if (plan->fallback_reason) {
		pci_warn(pdev,
			 "no coherent memory, serving it like vfio-pci: %s (%s 0x%llx, %s 0x%llx)\n",
			 plan->fallback_reason, NVGPU_PROPERTY_BASE, plan->base,
			 NVGPU_PROPERTY_SIZE, plan->size);
		plan->layout = NVGPU_LAYOUT_PLAIN;
		return 0;
	}

	plan->layout = wanted;
	status = nvgpu_layout_regions(plan->base, plan->size, wanted,
				      nvgpu_mig_erratum(pdev), &plan->regions);
	if (status != NVGPU_LAYOUT_OK)
		return nvgpu_refuse_layout(pdev, plan, status);
	ret = nvgpu_check_part(pdev, &plan->regions.usable);
	if (ret)
		return ret;
	ret = nvgpu_check_part(pdev, &plan->regions.reserved);
	if (ret)
		return ret;
	ret = nvgpu_check_range(pdev, plan->base, plan->size);
	if (ret)
		return ret;
	return nvgpu_check_other_gpus(pdev, plan->base, plan->size);
}
