// SPDX-License-Identifier: GPL-2.0-or-later
// Input: a text that says it is a domain.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/domain_model.hpp"
#include "fuzz/require.hpp"

namespace nvgpuctl {
namespace {

void check(std::string_view text) {
  const auto domain = read_domain(text, "fuzz.xml");
  if (!domain) {
    REQUIRE(domain.error().code == Errc::malformed);
    REQUIRE(!domain.error().problem.empty());
    return;
  }
  for (const DomainHostdev& hostdev : domain->hostdevs) {
    REQUIRE(hostdev.place.xpath.starts_with("/"));
    REQUIRE(!hostdev.source || hostdev.source->device < 32);
  }
  for (const DomainCell& cell : domain->cells) {
    REQUIRE(!cell.cpus || cell.cpus->size() <= 16384);
  }
}

}  // namespace
}  // namespace nvgpuctl

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  nvgpuctl::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
