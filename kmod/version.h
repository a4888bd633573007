/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NVGPU_VERSION_H
#define NVGPU_VERSION_H

/* That of the project: DKMS builds these files without the rest of it. */
#define NVGPU_VERSION "0.1.0"

#endif /* NVGPU_VERSION_H */
