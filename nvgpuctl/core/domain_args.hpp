// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "core/domain_profile.hpp"
#include "core/guest_topology.hpp"
#include "core/xml_builder.hpp"

// What libvirt's own elements cannot say is passed to QEMU directly.

namespace nvgpuctl {

constexpr std::string_view kQemuNamespace =
    "http://libvirt.org/schemas/domain/qemu/1.0";

constexpr std::string_view kAliasPrefix = "ua-nvgpu-";
constexpr std::string_view kWindowProperty = "highmem-mmio-size";

// The hostdev's alias. libvirt keeps aliases with "ua-" as the user set them.
std::string gpu_alias(std::size_t gpu);

// Of the SMMU of one of our buses: libvirt numbers them in document order.
std::string smmu_alias(const DomainRequest& request, std::size_t bus);

// Whether the domain needs <qemu:commandline> or <qemu:override> at all.
bool needs_qemu_namespace(const DomainRequest& request);

// Whether two arguments that follow each other are such as we add.
bool is_own_argument(std::string_view option, std::string_view value);

// Appends <qemu:commandline> and <qemu:override> where they are needed.
void add_qemu_arguments(const DomainRequest& request,
                        const GuestTopology& guest, XmlElement domain);

}  // namespace nvgpuctl
