// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "core/xml_place.hpp"

namespace nvgpuctl {

// Why a domain is not merged into: the name stands in parentheses behind the
// message, the sentence in docs/merge.md.
using MergeRefusal = std::pair<std::string_view, std::string_view>;
constexpr std::array<MergeRefusal, 23> kMergeRefusals{{
    {"not-a-domain", "no XML, or XML that is no domain"},
    {"not-kvm", "the domain is not of type kvm"},
    {"not-aarch64", "the guest has another architecture"},
    {"not-virt", "the machine is not virt"},
    {"unreadable", "a number or set in it is none, for libvirt neither"},
    {"twice", "an element that can be there once is there twice"},
    {"no-firmware", "no UEFI, which ACPI needs on this architecture"},
    {"gic-version", "GICv2, which has no ITS for the GPU's interrupts"},
    {"no-memory", "neither memory nor NUMA cells, or memory in devices only"},
    {"cell-ids", "the cells are not numbered 0, 1, …"},
    {"stray-distance", "a distance to a cell that does not exist"},
    {"no-pcie-root", "PCI controller 0 is no pcie-root"},
    {"gpu-taken", "a device that is not ours passes the same GPU through"},
    {"alias-taken", "somebody else uses an alias that begins with ua-nvgpu-"},
    {"other-iommu", "an IOMMU that a GPU's own cannot stand beside"},
    {"iommufd-off", "IOMMUFD is switched off"},
    {"qemu-arguments", "qemu:commandline says what we have to say"},
    {"qemu-override", "qemu:override changes what we have to change"},
    {"window",
     "pcihole64 holds more than a number, or does not go with the profile"},
    {"no-room", "cells, controllers or bus numbers do not suffice"},
    {"on-our-bus", "a device that is not ours sits on a bus that we added"},
    {"on-our-cell",
     "something that is not ours needs a NUMA cell that we added"},
    {"record", "our own record in the domain's metadata is damaged"},
}};

// A refusal at a place of the document: "guest.xml:12: /domain/os/type".
inline tl::unexpected<Error> refuse(const std::string& document,
                                    const XmlPlace& place,
                                    std::string_view reason,
                                    std::string problem,
                                    std::string hint = {}) {
  return fail(Errc::unsupported,
              document + ":" + std::to_string(place.line) + ": " + place.xpath,
              std::move(problem) + " (" + std::string(reason) + ")",
              std::move(hint));
}

}  // namespace nvgpuctl
