// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "core/journal.hpp"

namespace nvgpuctl {

const inline Signature kSampleSignature{"boot-1", "uid 0, pid 7, nvgpuctl bind",
                                        "2026-01-31T09:30:00Z"};
const inline DriverState kNvidiaState{"nvidia", std::nullopt};
const inline DriverState kVariantState{"nvgrace_gpu_vfio_pci",
                                       "nvgrace_gpu_vfio_pci"};

inline OriginRecord sample_origin(PciAddress gpu = {9, 1, 0, 0}) {
  return {gpu, kNvidiaState, kSampleSignature, {}, false};
}

// A bind of one GPU that nvidia had.
inline Journal sample_journal(PciAddress gpu = {9, 1, 0, 0}) {
  return {"bind",
          JournalPhase::apply,
          kSampleSignature,
          {{gpu,
            {kNvidiaState, false, {}},
            {kVariantState, false, sample_origin(gpu)}}}};
}

}  // namespace nvgpuctl
