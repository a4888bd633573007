// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/wording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace nvgpuctl::cli {
namespace {

std::size_t count(const Gpu& gpu, Severity severity) {
  return static_cast<std::size_t>(std::count_if(
      gpu.findings.begin(), gpu.findings.end(), [&](const auto& finding) {
        return finding.reason->severity == severity;
      }));
}

std::string counted(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

// "2 errors and 1 warning", "" for neither.
std::string findings_text(const Gpu& gpu) {
  const auto errors = count(gpu, Severity::error);
  const auto warnings = count(gpu, Severity::warning);
  if (errors > 0 && warnings > 0) {
    return fmt::format("{} and {}", counted(errors, "error"),
                       counted(warnings, "warning"));
  }
  if (errors > 0) {
    return counted(errors, "error");
  }
  return warnings > 0 ? counted(warnings, "warning") : "";
}

std::string_view verdict(const Gpu& gpu) {
  switch (gpu.state) {
    case GpuState::ready:
      return "can be passed through";
    case GpuState::unknown:
      return "may be passed through, but firmware's part could not be read";
    case GpuState::bound:
      return "is bound and can be passed through";
    case GpuState::degraded:
      return "is bound, but would work without its coherent memory";
    case GpuState::needs_operator:
      return "needs somebody to look: a change of its driver has not come back";
    case GpuState::blocked:
      break;
  }
  return gpu.driver_role == DriverRole::variant
             ? "is bound, and must not be passed through"
             : "cannot be passed through";
}

}  // namespace

std::string verdict_sentence(const Gpu& gpu) {
  const std::string findings = findings_text(gpu);
  return fmt::format("{} {}{}{}.", to_string(gpu.pci.address), verdict(gpu),
                     findings.empty() ? "" : ": ", findings);
}

Style style_of(GpuState state) {
  switch (state) {
    case GpuState::ready:
    case GpuState::bound:
      return Style::good;
    case GpuState::unknown:
    case GpuState::degraded:
      return Style::warn;
    case GpuState::blocked:
    case GpuState::needs_operator:
      break;
  }
  return Style::bad;
}

std::string size_text(std::uint64_t bytes) {
  return fmt::format("{} ({})", hex(bytes), human_size(bytes));
}

std::string nodes_text(const Gpu& gpu) {
  return gpu.gi_nodes ? format_id_list(gpu.gi_nodes->nodes) : "";
}

std::string id_text(unsigned vendor, unsigned device) {
  return fmt::format("{:04x}:{:04x}", vendor, device);
}

std::vector<std::string> no_gpu_text(const SelectorTargets& targets) {
  std::vector<std::string> lines{
      "No Grace GPU here: no PCI function is an NVIDIA GPU of a Grace Hopper "
      "or Grace Blackwell superchip."};
  for (const auto& [address, why] : targets.others) {
    lines.push_back(fmt::format("{}: {}", to_string(address), why));
  }
  lines.emplace_back(
      targets.others.empty()
          ? "If one should be here, look for it with 'lspci -d 10de:' and in "
            "the firmware's setup; a recorded host is opened with --root DIR."
          : "If one of these is a Grace GPU all the same, add its id to "
            "/etc/nvgpuctl/devices.d/.");
  return lines;
}

}  // namespace nvgpuctl::cli
