// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/emit.hpp"
#include "core/emit_parts.hpp"

namespace nvgpuctl {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kNovaIntro =
    "Written by: nvgpuctl emit nova; what Nova cannot do: docs/emit.md\n"
    "device_spec is for this compute node. The alias must be the same here "
    "and\n"
    "on the controllers, whose scheduler needs PciPassthroughFilter.\n"
    "\"managed\" needs Nova 2025.1: an older one reads it as a tag, and lets\n"
    "libvirt bind the GPU to plain vfio-pci, without its memory.";

// Nova's name for a function that could have virtual ones.
constexpr std::string_view kPhysical = "type-PF";
constexpr std::string_view kPlain = "type-PCI";

// The largest that Nova takes.
constexpr std::uint32_t kMaximalDomain = 0xFFFF;

bool has_virtual_functions(const Gpu& gpu) {
  return gpu.pci.config && gpu.pci.config->sriov &&
         gpu.pci.config->sriov->total_vfs > 0;
}

// Without root only the first 64 bytes can be read, and the capability is not
// among them.
bool capability_unread(const Gpu& gpu) {
  return !gpu.pci.config || !gpu.pci.config->extended_readable;
}

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string device_spec(const Gpu& gpu) {
  const Json spec{{"vendor_id", fmt::format("{:04x}", gpu.pci.vendor)},
                  {"product_id", fmt::format("{:04x}", gpu.pci.device)},
                  {"address", to_string(gpu.pci.address)},
                  {"managed", "no"}};
  return fmt::format("device_spec = {}\n", spec.dump());
}

std::string alias(const Gpu& gpu) {
  const Json alias{
      {"name", in_lower_case(plain_name(gpu))},
      {"vendor_id", fmt::format("{:04x}", gpu.pci.vendor)},
      {"product_id", fmt::format("{:04x}", gpu.pci.device)},
      {"device_type", has_virtual_functions(gpu) ? kPhysical : kPlain},
      {"numa_policy", "preferred"}};
  return fmt::format("alias = {}\n", alias.dump());
}

// A domain that Nova cannot spell is left out, like a GPU that cannot be used.
void leave_out_far_domains(PassableGpus& passable) {
  auto& gpus = passable.gpus;
  for (const auto* gpu : gpus) {
    if (gpu->pci.address.domain > kMaximalDomain) {
      passable.warnings.push_back(
          fmt::format("{} is left out: Nova's PCI domains end at ffff",
                      to_string(gpu->pci.address)));
    }
  }
  gpus.erase(std::remove_if(gpus.begin(), gpus.end(),
                            [](const Gpu* gpu) {
                              return gpu->pci.address.domain > kMaximalDomain;
                            }),
             gpus.end());
}

void warn_of_type(PassableGpus& passable) {
  for (const auto* gpu : passable.gpus) {
    if (capability_unread(*gpu)) {
      passable.warnings.push_back(fmt::format(
          "whether {} has SR-IOV is not known: its configuration space was "
          "read without root; with it device_type must be {}",
          to_string(gpu->pci.address), kPhysical));
    }
  }
}

}  // namespace

Result<Emission> emit_nova(const HostSnapshot& /*host*/,
                           std::span<const Gpu> gpus) {
  auto passable = passable_gpus("nova", gpus);
  if (!passable) {
    return forward_error(passable);
  }
  leave_out_far_domains(*passable);
  if (passable->gpus.empty()) {
    return fail(Errc::not_viable, "emit nova",
                "every GPU is in a PCI domain above ffff, where Nova's end");
  }
  warn_of_unbound(*passable);
  warn_of_type(*passable);
  std::string text = head(kNovaIntro, passable->warnings) + "[pci]\n";
  for (const auto* gpu : passable->gpus) {
    text += device_spec(*gpu);
  }
  // Boards of one id share an alias: Nova knows no subsystem ids.
  for (const auto id : device_ids(passable->gpus)) {
    const auto first =
        std::find_if(passable->gpus.begin(), passable->gpus.end(),
                     [&](const Gpu* gpu) { return gpu->pci.device == id; });
    text += alias(**first);
  }
  return Emission{std::move(text), std::move(passable->warnings)};
}

}  // namespace nvgpuctl
