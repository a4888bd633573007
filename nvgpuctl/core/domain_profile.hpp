// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "core/domain_request.hpp"

// Which elements a pair of versions understands. libvirt drops what it does
// not know without a word, so nothing may be written that is not asked for
// here.

namespace nvgpuctl {

// The releases that bring what we emit (libvirt's NEWS and formatdomain).
constexpr Version kLibvirtVariantDriver{9, 7, 0};
constexpr Version kLibvirtDriverModel{10, 0, 0};
constexpr Version kLibvirtGenericInitiator{11, 8, 0};
constexpr Version kLibvirtSmmuPerBus{11, 10, 0};
constexpr Version kLibvirtIommufd{12, 1, 0};
constexpr Version kLibvirtIommufdDomain{12, 2, 0};
constexpr Version kLibvirtSmmuAccel{12, 7, 0};
constexpr Version kQemuHighmemMmioSize{10, 0, 0};
constexpr Version kQemuSmmuPerBus{10, 2, 0};
constexpr Version kQemuSmmuAccel{11, 0, 0};

// What an accelerated SMMU is asked for besides accel: ATS and 20 bits of
// substream IDs for the GPU's shared virtual memory, 48 bits of output address
// as Grace has; range invalidation is off in NVIDIA's guide. Also the order
// and spelling of libvirt's attributes.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4>
    kSmmuProperties{
        {{"ats", "on"}, {"ril", "off"}, {"ssidsize", "20"}, {"oas", "48"}}};

// The ways to say something to one target.
struct DomainFeatures {
  bool generic_initiators = false;  // <acpi nodeset>, memory-less cells,
                                    // <pcihole64>; else qemu:commandline
  bool driver_model = false;        // hostdev <driver model=>
  bool iommufd_attribute = false;   // <driver iommufd=>; else qemu:override
  bool iommufd_element = false;     // <iommufd> of the domain
  bool smmu_attributes = false;     // <driver accel=>; else qemu:override
};
DomainFeatures features_of(const DomainRequest& request);

// Whether the target can have what the request asks for; errors say which
// version brings it.
Result<> check_target(const DomainRequest& request);

}  // namespace nvgpuctl
