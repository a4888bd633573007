// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "core/domain_profile.hpp"
#include "core/guest_topology.hpp"
#include "core/xml_builder.hpp"

// What libvirt's own elements cannot say is passed to QEMU directly.

namespace nvgpuctl {

constexpr std::string_view kQemuNamespace =
    "http://libvirt.org/schemas/domain/qemu/1.0";

// The hostdev's alias. libvirt keeps aliases with "ua-" as the user set them.
std::string gpu_alias(std::size_t gpu);

// Whether the domain needs <qemu:commandline> or <qemu:override> at all.
bool needs_qemu_namespace(const DomainRequest& request);

// Appends <qemu:commandline> and <qemu:override> where they are needed.
void add_qemu_arguments(const DomainRequest& request,
                        const GuestTopology& guest, XmlElement domain);

}  // namespace nvgpuctl
