// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/check_table.hpp"
#include "core/gpu_check_sections.hpp"

namespace nvgpuctl {
namespace {

bool consecutive(const std::vector<unsigned>& nodes) {
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    if (nodes[i] != nodes[i - 1] + 1) {
      return false;
    }
  }
  return true;
}

// Those of `nodes` that are not among `present`, as a list.
std::string missing(const std::vector<unsigned>& nodes,
                    const std::vector<unsigned>& present) {
  std::vector<unsigned> absent;
  for (const unsigned node : nodes) {
    if (std::find(present.begin(), present.end(), node) == present.end()) {
      absent.push_back(node);
    }
  }
  return format_id_list(absent);
}

std::string inferred(const HostSnapshot& host, const GiNodes& gi) {
  return fmt::format("inferred from {}, because {}", to_string(gi.source),
                     acpi_unreadable(host) ? why_acpi_unreadable(host)
                                           : "there is no usable SRAT");
}

// Nodes that were guessed are as many as the model needs, or none would have
// been: to count them proves nothing.
void check_count(SectionWriter& checks, const HostSnapshot& host,
                 const Gpu& gpu, const GiNodes& gi) {
  if (gi.source == Source::sysfs) {
    checks.skip("gi-count", inferred(host, gi));
    return;
  }
  checks.require(
      "gi-count", gi.nodes.size() == gpu.model.gi_nodes,
      {fmt::format("{} nodes", gpu.model.gi_nodes),
       gi.nodes.empty() ? "none"
                        : fmt::format("{} nodes: {}", gi.nodes.size(),
                                      format_id_list(gi.nodes))},
      {"NVG-E018",
       "a guest needs them for MIG; update the firmware or see "
       "CONFIG_NODES_SHIFT"});
}

void check_source(SectionWriter& checks, const HostSnapshot& host,
                  const GiNodes& gi) {
  const Comparison srat{"SRAT, or _DSD on older firmware", "SRAT"};
  switch (gi.source) {
    case Source::srat:
      checks.require("gi-source", true, srat, {});
      return;
    case Source::dsd:
      checks.require("gi-source", true,
                     {srat.expected,
                      "_DSD; SRAT has no generic initiators (firmware before "
                      "December 2024)"},
                     {});
      return;
    default:
      checks.skip("gi-source", inferred(host, gi));
  }
}

std::string describe(const std::vector<std::uint32_t>& pxms) {
  const std::vector<unsigned> ids(pxms.begin(), pxms.end());
  return format_id_list(ids);
}

void check_agreement(SectionWriter& checks, const HostSnapshot& host,
                     const Gpu& gpu) {
  const DeviceDsd* dsd = dsd_of(host, gpu);
  const auto memory = dsd != nullptr && dsd->form == DsdForm::literal
                          ? interpret_coherent_memory(*dsd)
                          : CoherentMemoryDsd{};
  const auto pxms = srat_pxms(host, gpu);
  // With a count of 0 firmware says that the link is down: see dsd-size.
  if (!memory.pxm_start || memory.pxm_count.value_or(0) == 0 || pxms.empty()) {
    checks.skip("dsd-srat-agree", "not both of them name the domains");
    return;
  }
  // Nothing is counted up to pxm_count: firmware may say 2^64 - 1.
  bool same =
      pxms.front() == *memory.pxm_start && pxms.size() == *memory.pxm_count;
  for (std::size_t i = 1; i < pxms.size(); ++i) {
    same = same && pxms[i] == pxms[i - 1] + 1;
  }
  checks.require("dsd-srat-agree", same,
                 {fmt::format("{} domains from {} on, as _DSD says",
                              *memory.pxm_count, *memory.pxm_start),
                  "SRAT: " + describe(pxms)},
                 {"NVG-E017", "update the firmware"});
}

std::string why_not_in_sysfs(const HostSnapshot& host, const GiNodes& gi) {
  switch (gi.source) {
    case Source::srat:
      return "this kernel does not show generic initiators";
    case Source::sysfs:
      return inferred(host, gi);
    default:
      return "SRAT gives the GPU no generic initiators";
  }
}

void check_sysfs(SectionWriter& checks, const HostSnapshot& host,
                 const GiNodes& gi) {
  const auto offline = missing(gi.nodes, host.numa.online);
  if (host.numa.online.empty()) {
    checks.skip("gi-nodes-online", "/sys/devices/system/node is not there");
  } else {
    checks.require(
        "gi-nodes-online", offline.empty(),
        {"online: " + format_id_list(gi.nodes),
         offline.empty() ? "all online" : "not online: " + offline},
        {"NVG-E018",
         "the kernel may have too few nodes; see CONFIG_NODES_SHIFT"});
  }
  if (!host.numa.generic_initiators || gi.source != Source::srat) {
    checks.skip("gi-nodes-sysfs", why_not_in_sysfs(host, gi));
    return;
  }
  const auto unmarked = missing(gi.nodes, *host.numa.generic_initiators);
  checks.require(
      "gi-nodes-sysfs", unmarked.empty(),
      {"has_generic_initiator lists " + format_id_list(gi.nodes),
       unmarked.empty() ? "it does" : "it lacks " + unmarked},
      {"",
       "node numbers may not be what they seem: numa=fake or CXL windows "
       "change their order"});
}

}  // namespace

CheckSection check_numa(const HostSnapshot& host, const Gpu& gpu) {
  SectionWriter checks("numa");
  if (!gpu.gi_nodes && acpi_unreadable(host)) {
    checks.skip_rest("", why_acpi_unreadable(host));
    return checks.take();
  }
  const GiNodes gi = gpu.gi_nodes.value_or(GiNodes{});
  check_count(checks, host, gpu, gi);
  if (gi.nodes.empty()) {
    checks.skip("gi-source", "there are no nodes");
  } else {
    check_source(checks, host, gi);
  }
  check_agreement(checks, host, gpu);
  if (gi.nodes.empty()) {
    checks.skip_rest("gi-", "there are no nodes");
    return checks.take();
  }
  checks.require("gi-consecutive", consecutive(gi.nodes),
                 {"one after the other", format_id_list(gi.nodes)},
                 {"",
                  "numa=fake or CXL windows change the order; pin memory "
                  "by the numbers shown here"});
  check_sysfs(checks, host, gi);
  return checks.take();
}

}  // namespace nvgpuctl
