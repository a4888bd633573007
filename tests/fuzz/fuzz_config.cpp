// SPDX-License-Identifier: GPL-2.0-or-later
// Configuration space of any content and length.
#include <cstdlib>

#include "core/pci_config.hpp"

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto config = nvgpuctl::parse_pci_config({data, size});
  require(config.has_value() == (size >= 64));
  if (!config) {
    return 0;
  }
  // Each list visits an offset at most once, 4 bytes apart.
  require(config->capabilities.size() <= 48 + 960);
  require(config->dvsecs.size() <= config->capabilities.size());
  require(config->warnings.size() <= config->capabilities.size() + 2);
  for (const auto& capability : config->capabilities) {
    require(capability.offset + 2U <= size);
    require(capability.offset % 4 == 0);
    require(capability.extended == (capability.offset >= 256));
  }
  require(config->present || config->capabilities.empty());
  require(!config->mig_erratum_fixed || !config->dvsecs.empty());
  return 0;
}
