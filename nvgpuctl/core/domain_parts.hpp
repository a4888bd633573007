// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/domain_request.hpp"
#include "core/xml_builder.hpp"

namespace nvgpuctl {

// The fragment of generate_domain() as a document, for merging: what the domain
// has already (DomainRequest::room) is kept clear of, cells that it has are
// there with no more than the distances they get, and <numatune> is there when
// asked for.
struct DomainParts {
  XmlDocument fragment;
  std::uint64_t window_bytes = 0;
  std::vector<DomainValue> values;
  std::vector<std::string> warnings;
};
Result<DomainParts> generate_parts(const DomainRequest& request);

}  // namespace nvgpuctl
