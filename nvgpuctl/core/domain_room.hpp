// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/result.hpp"
#include "core/domain_model.hpp"
#include "core/domain_request.hpp"
#include "core/xml_builder.hpp"

// Whether GPUs can be merged into a domain, and what is free in it. The domain
// has nothing of ours (any more). Errors are refusals (merge_refusal.hpp) that
// name the place; `name` is the document's.

namespace nvgpuctl {

// What holds for every request.
Result<GuestRoom> find_room(const XmlDocument& document, const Domain& domain,
                            const std::string& name);

// What depends on the GPUs and the profile.
Result<> check_conflicts(const XmlDocument& document, const Domain& domain,
                         const DomainRequest& request, const std::string& name);

}  // namespace nvgpuctl
