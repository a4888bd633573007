// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/text.hpp"
#include "core/domain_lint_rules.hpp"
#include "core/guest_facts.hpp"
#include "core/guest_topology.hpp"

namespace nvgpuctl {
namespace {

// QEMU's default, and the least that it takes (hw/arm/virt.c).
constexpr std::uint64_t kLeastWindow = 512 * kGiB;
constexpr std::string_view kSizeOption = "highmem-mmio-size=";

// 0 when it cannot be computed; why, a finding about the GPU says.
std::uint64_t needed_window(const LintInput& input) {
  std::vector<const Gpu*> gpus;
  for (const GuestViewGpu& gpu : input.view.gpus) {
    if (gpu.gpu != nullptr && std::ranges::find(gpus, gpu.gpu) == gpus.end()) {
      gpus.push_back(gpu.gpu);
    }
  }
  const auto request = describe_guest(input.host(), gpus);
  return request ? pci_window(request->gpus) : 0;
}

std::string in_gib(std::uint64_t bytes) {
  return std::to_string(bytes / kGiB);
}

// The argument with another size, and its other options as they are.
std::string with_size(const std::string& argument, std::uint64_t bytes) {
  const auto start = argument.find(kSizeOption) + kSizeOption.size();
  const auto end = std::min(argument.find(',', start), argument.size());
  return fmt::format("{}{}G{}", argument.substr(0, start), in_gib(bytes),
                     argument.substr(end));
}

std::optional<DomainEdit> raise_window(const LintInput& input,
                                       std::uint64_t bytes) {
  const auto& window = input.view.window;
  if (window && window->said_to_qemu) {
    const auto& all = input.domain.qemu_arguments;
    const auto said =
        std::ranges::find(all, window->place, &DomainArgument::place);
    if (said == all.end() ||
        said->value.find(kSizeOption) == std::string::npos) {
      return std::nullopt;
    }
    return DomainEdit{.kind = DomainEdit::Kind::set_attribute,
                      .xpath = window->place.xpath,
                      .name = "value",
                      .value = with_size(said->value, bytes),
                      .unit = {}};
  }
  // libvirt's element came with 11.4, and the cells around it with 11.8.
  if (input.libvirt_before({11, 8, 0})) {
    return std::nullopt;
  }
  if (window) {
    return DomainEdit{.kind = DomainEdit::Kind::set_text,
                      .xpath = window->place.xpath,
                      .name = {},
                      .value = in_gib(bytes),
                      .unit = "GiB"};
  }
  // One that is there is taken; a new one could be what libvirt refuses. Beside
  // a window that cannot be read there is no place for another.
  const DomainController* root = input.view.controller(0);
  if (!input.target.libvirt || root == nullptr || root->model != "pcie-root" ||
      root->has_pcihole64) {
    return std::nullopt;
  }
  return DomainEdit{.kind = DomainEdit::Kind::add_first_child,
                    .xpath = root->place.xpath,
                    .name = "pcihole64",
                    .value = in_gib(bytes),
                    .unit = "GiB"};
}

void judge_expander(const LintInput& input, const GuestViewGpu& gpu,
                    LintWriter& out) {
  const GuestView& view = input.view;
  if (gpu.expander == nullptr) {
    out.add("expander-missing", gpu.hostdev->place,
            {"a root port on a pcie-expander-bus of the GPU's socket",
             gpu.hostdev->address
                 ? fmt::format("bus {:#x}, which is on none",
                               gpu.hostdev->address->bus)
                 : "no address; libvirt chooses a port of the root bus",
             "controllers as nvgpuctl xml merge puts them in; else the "
             "guest does not know the GPU's node"});
    return;
  }
  const auto& node = gpu.expander->node;
  if (!node) {
    out.add("expander-no-node", gpu.expander->place,
            {"<target><node>", "none",
             "<node> with the cell of the GPU's own CPUs"});
    return;
  }
  const GuestViewCell* cell = view.cell(*node);
  if (cell == nullptr || !cell->cpus) {
    out.add("expander-node", gpu.expander->place,
            {"a cell with CPUs",
             cell == nullptr ? fmt::format("no cell {}", *node)
                             : fmt::format("cell {} has none", *node),
             "<node> with the cell of the GPU's own CPUs"});
  }
}

}  // namespace

void lint_window(const LintInput& input, LintWriter& out) {
  const auto& window = input.view.window;
  const std::uint64_t needed = needed_window(input);
  const std::uint64_t bytes = window ? window->bytes : kLeastWindow;
  const std::uint64_t wanted = std::max(needed, kLeastWindow);
  const XmlPlace place = window ? window->place : input.domain.place;
  const std::string fix = fmt::format(
      "{} GiB, in <pcihole64> of pcie-root or, before libvirt "
      "11.8, -machine highmem-mmio-size=",
      in_gib(wanted));
  const auto add = [&](std::string_view id, std::string expected,
                       std::uint64_t raised) {
    LintFinding& finding = out.add(
        id, place,
        {std::move(expected),
         window ? human_size(bytes) : "none said, so QEMU's 512 GiB", fix});
    finding.safe = raise_window(input, raised);
  };
  if (!std::has_single_bit(bytes) || bytes < kLeastWindow) {
    // What is larger than needed may be meant for other devices.
    constexpr std::uint64_t kMost = 1ULL << 47;
    add("window-shape", "a power of two of at least 512 GiB",
        std::max(wanted, std::bit_ceil(std::min(bytes, kMost))));
  } else if (bytes < needed) {
    add("window-small", fmt::format("at least {}", human_size(needed)), needed);
  }
}

void lint_buses(const LintInput& input, LintWriter& out) {
  for (const GuestViewGpu& gpu : input.view.gpus) {
    if (gpu.gpu != nullptr) {
      judge_expander(input, gpu, out);
    }
  }
}

}  // namespace nvgpuctl
