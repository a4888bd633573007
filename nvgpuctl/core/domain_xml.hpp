// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/result.hpp"
#include "core/domain_request.hpp"

namespace nvgpuctl {

// Which profile a pair of versions can take (design: native, hybrid, legacy);
// an error with the missing version when none fits.
Result<Profile> choose_profile(const Version& libvirt, const Version& qemu);

// Builds the domain or fragment. Errors: no GPU, a GPU named twice, versions
// that cannot do what is asked for (with the version that can), sizes that
// cannot be BARs, more cells than QEMU has.
//
// A fragment is
//
//   <nvgpuctl:fragment xmlns:nvgpuctl='urn:nvgpuctl:fragment:1'
//                      profile= libvirt= qemu=>
//
// with just those children of a <domain> that the GPUs need, each where a
// domain has it: <iommufd>, <features>, <cpu><numa>, <devices>,
// <qemu:commandline>, <qemu:override>. <numa> is complete and replaces the
// domain's; the others are added to what the domain has, and pcie-root is the
// domain's own with <pcihole64> in it.
Result<GeneratedDomain> generate_domain(const DomainRequest& request);

// The whole domain of a request, whichever form the request asks for.
Result<std::string> whole_domain_xml(const DomainRequest& request);

}  // namespace nvgpuctl
