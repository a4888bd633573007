// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/domain_request.hpp"

namespace nvgpuctl {

// Which profile a pair of versions can take (design: native, hybrid, legacy);
// an error with the missing version when none fits.
Result<Profile> choose_profile(const Version& libvirt, const Version& qemu);

// Builds the domain or fragment. Errors: no GPU, a vIOMMU that the profile
// cannot have, an aperture beyond what QEMU accepts, more cells than …
Result<GeneratedDomain> generate_domain(const DomainRequest& request);

// Validates a whole domain against libvirt's RELAX NG. Text of each violation
// with its line; empty when valid. `schema_file` is the path of domain.rng,
// which includes others beside it, so libxml2 reads it itself: the one
// exception to "core does no I/O".
Result<std::vector<std::string>> validate_domain(
    const std::string& xml, const std::string& schema_file);

}  // namespace nvgpuctl
