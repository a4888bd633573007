// SPDX-License-Identifier: GPL-2.0-or-later
// Input: a text that says it is a domain. A GPU is merged into it, in each
// profile, and taken out again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/domain_merge.hpp"
#include "fuzz/require.hpp"
#include "support/domain_requests.hpp"

namespace nvgpuctl {
namespace {

void check_merged(std::string_view text, const DomainRequest& request) {
  auto base = open_for_merge(text, "fuzz.xml");
  if (!base) {
    REQUIRE(!base.error().problem.empty());
    return;
  }
  const std::string before = base->plain;
  const auto merged = merge_domain(std::move(*base), request);
  if (!merged || !merged->changed) {
    REQUIRE(merged || !merged.error().problem.empty());
    return;
  }
  const auto missing = missing_parts(merged->xml, merged->xml);
  REQUIRE(missing && missing->empty());
  const auto after = unmerge_domain(merged->xml, "fuzz.xml");
  REQUIRE(after && after->changed);
  REQUIRE(after->xml == before);
  auto again = open_for_merge(merged->xml, "fuzz.xml");
  REQUIRE(again);
  const auto same = merge_domain(std::move(*again), request);
  REQUIRE(same && !same->changed && same->xml == merged->xml);
}

void check(std::string_view text) {
  const auto unmerged = unmerge_domain(text, "fuzz.xml");
  REQUIRE(unmerged || !unmerged.error().problem.empty());
  DomainRequest request = hopper_request();
  request.iommufd = true;
  request.viommu = Viommu::accel;
  check_merged(text, request);
  request.profile = Profile::hybrid;
  request.libvirt.value = {11, 10, 0};
  check_merged(text, request);
  request = two_socket_request();
  request.profile = Profile::legacy;
  request.libvirt.value = {11, 3, 0};
  check_merged(text, request);
}

}  // namespace
}  // namespace nvgpuctl

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  nvgpuctl::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
