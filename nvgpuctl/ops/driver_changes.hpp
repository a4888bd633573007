// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "core/gpu.hpp"
#include "core/gpu_use.hpp"
#include "host/vfio_open.hpp"
#include "ops/attest_gpu.hpp"
#include "ops/transaction.hpp"

namespace nvgpuctl {

// Error `needs_operator` while the kernel does not come back from a write about
// the GPU, or where a change of it has left a journal of its own.
Result<> check_settled(const RootDir& root, const Gpu& gpu);

// Plans of a GPU's change together with what is written down about it.

// To its variant driver; what it is now becomes its origin. With rules, whoever
// uses it is stopped first, or the error `busy` names them; without, nobody is
// asked.
Result<Change> change_to_variant(const RootDir& root, const HostSnapshot& host,
                                 const Gpu& gpu, const Signature& signature,
                                 const std::optional<UseRules>& rules = {});

// Stops, as a part of a change, what has the GPU; its record says so, which
// must be there.
void quiesce(Change& change, const Quiet& quiet);

// Lets the driver that a change loads be loaded with this layout; nothing: as
// it comes.
void choose_layout(Change& change, const ModuleFacts& modules,
                   const std::optional<Layout>& layout);
// Whether the variant driver that modprobe takes is the kernel's own, which
// knows no layout but split.
bool is_kernels_own(const ModuleFacts& modules);

// Back to its recorded origin or, without a record of this boot, to whatever
// driver the kernel chooses. What was stopped for it runs again.
Result<Change> change_to_origin(const RootDir& root, const Gpu& gpu,
                                const Signature& signature,
                                const std::optional<UseRules>& rules = {});

// The record of a GPU's origin where there is one, it can be used, and it is
// of this boot.
std::optional<OriginRecord> valid_origin(const RootDir& root,
                                         const PciAddress& gpu,
                                         const Signature& signature);

// Attests a bound GPU through VFIO: what a transaction proves changes with.
Prove attestation(const RootDir& root, VfioOpener& vfio, AttestOptions options);

}  // namespace nvgpuctl
