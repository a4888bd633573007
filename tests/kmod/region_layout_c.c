/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiles the driver's arithmetic as what the kernel takes it for: C. */
#include "region_layout_c.h"

int region_layout_in_c(unsigned long long base, unsigned long long size,
                       int layout, int erratum, struct nvgpu_regions* regions) {
  return nvgpu_layout_regions(base, size, (enum nvgpu_layout)layout,
                              (enum nvgpu_mig_erratum)erratum, regions);
}
