// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/emit_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

bool is_healthy(const Gpu& gpu) {
  return gpu.state == GpuState::bound || gpu.state == GpuState::ready;
}

bool is_passable(const Gpu& gpu) {
  return is_healthy(gpu) || gpu.state == GpuState::unknown;
}

// Labels of Kubernetes are no longer.
constexpr std::size_t kMaximalName = 63;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9');
}

}  // namespace

Result<PassableGpus> passable_gpus(std::string_view target,
                                   std::span<const Gpu> gpus) {
  PassableGpus passable;
  std::vector<std::string> bad;
  for (const auto& gpu : gpus) {
    if (is_passable(gpu)) {
      passable.gpus.push_back(&gpu);
      continue;
    }
    const auto address = to_string(gpu.pci.address);
    const auto why = fmt::format("{} ({})", to_string(gpu.state),
                                 fmt::join(reason_ids(gpu), ", "));
    bad.push_back(fmt::format("{} is {}", address, why));
    passable.warnings.push_back(
        fmt::format("{} is left out: it is {}", address, why));
  }
  if (passable.gpus.empty()) {
    return fail(
        Errc::not_viable, fmt::format("emit {}", target),
        gpus.empty()
            ? "this host has no Grace GPU"
            : fmt::format("no GPU of this host can be given to a VM: {}",
                          fmt::join(bad, "; ")),
        gpus.empty() ? "see: nvgpuctl list" : "see: nvgpuctl explain");
  }
  return passable;
}

void warn_of_unbound(PassableGpus& passable) {
  std::vector<std::string> unbound;
  for (const auto* gpu : passable.gpus) {
    if (gpu->state != GpuState::bound) {
      unbound.push_back(to_string(gpu->pci.address));
    }
  }
  if (!unbound.empty()) {
    passable.warnings.push_back(fmt::format("not bound yet: nvgpuctl bind {}",
                                            fmt::join(unbound, " ")));
  }
}

std::string pci_id(const Gpu& gpu) {
  return fmt::format("{:04x}:{:04x}", gpu.pci.vendor, gpu.pci.device);
}

std::vector<std::uint16_t> device_ids(std::span<const Gpu* const> gpus) {
  std::set<std::uint16_t> ids;
  for (const auto* gpu : gpus) {
    ids.insert(gpu->pci.device);
  }
  return {ids.begin(), ids.end()};
}

std::size_t count_state(std::span<const Gpu> gpus, GpuState state) {
  return static_cast<std::size_t>(
      std::count_if(gpus.begin(), gpus.end(),
                    [&](const Gpu& gpu) { return gpu.state == state; }));
}

bool all_healthy(std::span<const Gpu> gpus) {
  return !gpus.empty() && std::all_of(gpus.begin(), gpus.end(), is_healthy);
}

std::vector<std::string> reason_ids(const Gpu& gpu) {
  std::set<std::string> ids;
  for (const auto& finding : gpu.findings) {
    ids.emplace(finding.reason->id);
  }
  return {ids.begin(), ids.end()};
}

std::string plain_name(const Gpu& gpu) {
  std::string name;
  for (const char c : gpu.model.name) {
    if (is_plain(c)) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  name.resize(std::min(name.size(), kMaximalName));
  while (name.ends_with('-')) {
    name.pop_back();
  }
  return name.empty() ? fmt::format("{:04x}", gpu.pci.device) : name;
}

std::string head(std::string_view intro,
                 std::span<const std::string> warnings) {
  std::string text;
  for (const auto line : split(intro, '\n')) {
    text += fmt::format("# {}\n", line);
  }
  for (const auto& warning : warnings) {
    text += fmt::format("# warning: {}\n", warning);
  }
  return text;
}

}  // namespace nvgpuctl
