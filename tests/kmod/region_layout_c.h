/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_KMOD_REGION_LAYOUT_C_H
#define TESTS_KMOD_REGION_LAYOUT_C_H

#include "kmod/region_layout.h"

#ifdef __cplusplus
extern "C" {
#endif

int region_layout_in_c(unsigned long long base, unsigned long long size,
                       int layout, int erratum, struct nvgpu_regions* regions);

#ifdef __cplusplus
}
#endif

#endif
