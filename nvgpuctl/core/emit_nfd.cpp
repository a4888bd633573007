// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <map>

#include "core/emit.hpp"
#include "core/emit_parts.hpp"

namespace nvgpuctl {

// The prefix is one DNS label of our own: a name without one would become a
// label of feature.node.kubernetes.io, and a domain would need an owner.
Result<Emission> emit_nfd(const HostSnapshot& host, std::span<const Gpu> gpus) {
  // A comment that begins with "# +" is a directive to NFD.
  std::string text = head(
      "Written by: nvgpuctl emit nfd; what NFD cannot do: docs/emit.md\n"
      "Write it beside and rename it: NFD reads half-written files.",
      {});
  const auto feature = [&](std::string_view name, const auto& value) {
    text += fmt::format("nvgpuctl/{}={}\n", name, value);
  };
  feature("gpu.count", gpus.size());
  for (const auto state : kGpuStates) {
    feature(fmt::format("gpu.{}", to_string(state)), count_state(gpus, state));
  }
  feature("gpu.healthy", all_healthy(gpus));
  std::map<std::string, unsigned> ids;
  for (const auto& gpu : gpus) {
    ++ids[fmt::format("gpu.{:04x}-{:04x}", gpu.pci.vendor, gpu.pci.device)];
  }
  for (const auto& [name, count] : ids) {
    feature(name, count);
  }
  if (!gpus.empty()) {
    feature("gpu.model", plain_name(gpus.front()));
  }
  // Not read where there is no GPU.
  if (!host.numa.online.empty()) {
    feature("numa.nodes", host.numa.online.size());
  }
  Emission emission{std::move(text), {}};
  if (ids.size() > 1) {
    emission.warnings.emplace_back(
        "this host has GPUs of several models; gpu.model is the first one's");
  }
  return emission;
}

}  // namespace nvgpuctl
