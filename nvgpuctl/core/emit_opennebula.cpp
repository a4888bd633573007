// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/emit.hpp"
#include "core/emit_parts.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kOpenNebulaIntro =
    "Written by: nvgpuctl emit opennebula; what OpenNebula cannot do:\n"
    "docs/emit.md. For the front-end, and then: onehost sync --force";

void warn_of_domains(PassableGpus& passable) {
  std::vector<std::string> far;
  for (const auto* gpu : passable.gpus) {
    if (gpu->pci.address.domain != 0) {
      far.push_back(to_string(gpu->pci.address));
    }
  }
  if (!far.empty()) {
    passable.warnings.push_back(fmt::format(
        "OpenNebula's probe takes every PCI domain for 0000, so {} {} in the "
        "host's PCI list with a wrong bus and slot; correct pci.rb first",
        fmt::join(far, ", "), far.size() == 1 ? "arrives" : "arrive"));
  }
}

}  // namespace

Result<Emission> emit_opennebula(const HostSnapshot& /*host*/,
                                 std::span<const Gpu> gpus) {
  auto passable = passable_gpus("opennebula", gpus);
  if (!passable) {
    return forward_error(passable);
  }
  warn_of_unbound(*passable);
  passable->warnings.emplace_back(
      "take these GPUs out of the pci_passthrough role of one-deploy: its "
      "driverctl would bind them to plain vfio-pci at every boot");
  warn_of_domains(*passable);
  std::vector<std::string> filters;
  for (const auto id : device_ids(passable->gpus)) {
    filters.push_back(fmt::format("10de:{:04x}", id));
  }
  std::string text = head(kOpenNebulaIntro, passable->warnings);
  text += fmt::format(
      "# For this host alone, in its template instead: PCI_FILTER = \"{}\"\n"
      ":filter:\n",
      fmt::join(filters, ","));
  for (const auto& filter : filters) {
    text += fmt::format("  - '{}'\n", filter);
  }
  // Named although they are the defaults: the file replaces the shipped one.
  text +=
      ":short_address: []\n:device_name: []\n:nvidia_vendors:\n  - '10de'\n";
  return Emission{std::move(text), std::move(passable->warnings)};
}

}  // namespace nvgpuctl
