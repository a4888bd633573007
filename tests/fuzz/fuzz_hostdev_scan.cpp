// SPDX-License-Identifier: GPL-2.0-or-later
// The hook's look at a domain's XML without a parser: it may find too much, but
// nothing that the parser finds may be missing.
#include <algorithm>
#include <cstdint>

#include "core/domain_model.hpp"
#include "core/hostdev_scan.hpp"
#include "fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  const auto found = nvgpuctl::addresses_in(xml);
  const auto domain = nvgpuctl::read_domain(xml, "fuzz");
  if (!found || !domain) {
    return 0;
  }
  for (const auto& hostdev : domain->hostdevs) {
    REQUIRE(!hostdev.source || std::find(found->begin(), found->end(),
                                         *hostdev.source) != found->end());
  }
  return 0;
}
