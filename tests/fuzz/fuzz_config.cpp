// SPDX-License-Identifier: GPL-2.0-or-later
// Configuration space of any content and length.

#include "core/pci_config.hpp"
#include "fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto config = nvgpuctl::parse_pci_config({data, size});
  REQUIRE(config.has_value() == (size >= 64));
  if (!config) {
    return 0;
  }
  // Each list visits an offset at most once, 4 bytes apart.
  REQUIRE(config->capabilities.size() <= 48 + 960);
  REQUIRE(config->dvsecs.size() <= config->capabilities.size());
  // At most two for a capability, and one for the end of each list.
  REQUIRE(config->warnings.size() <= 2 * config->capabilities.size() + 2);
  for (const auto& capability : config->capabilities) {
    REQUIRE(capability.offset + 2U <= size);
    REQUIRE(capability.offset % 4 == 0);
    REQUIRE(capability.extended == (capability.offset >= 256));
  }
  REQUIRE(config->present || config->capabilities.empty());
  REQUIRE(!config->mig_erratum_fixed || !config->dvsecs.empty());
  return 0;
}
