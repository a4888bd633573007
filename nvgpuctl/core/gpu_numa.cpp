// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/gpu_parts.hpp"
#include "core/numa_crosscheck.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kSrat = "/sys/firmware/acpi/tables/SRAT";
constexpr std::string_view kNodes = "/sys/devices/system/node/";

bool is_of(const SratGenericInitiator& initiator, const Gpu& gpu) {
  return initiator.enabled && initiator.address == gpu.pci.address;
}

void judge_byte_order(const Srat& srat, const std::vector<std::uint32_t>& pxms,
                      Gpu& gpu) {
  const auto is_old = [&](const SratGenericInitiator& initiator) {
    return is_of(initiator, gpu) && initiator.old_byte_order;
  };
  if (std::ranges::any_of(srat.generic_initiators, is_old)) {
    add_finding(gpu, "NVG-W020",
                fmt::format("generic initiators of proximity domains {}",
                            format_id_list(pxms)),
                kSrat);
  }
}

// Domains that _DSD names. The count is firmware's word: it is bounded before
// anything of that size is made.
std::vector<std::uint32_t> dsd_pxms(const CoherentMemoryDsd& dsd, Gpu& gpu) {
  constexpr std::uint64_t kMaxCount = 1024;  // Linux: MAX_PXM_DOMAINS
  std::vector<std::uint32_t> pxms;
  if (!dsd.pxm_start || !dsd.pxm_count) {
    return pxms;
  }
  if (*dsd.pxm_count > kMaxCount || *dsd.pxm_start > kMaxCount) {
    add_finding(
        gpu, "NVG-E016",
        fmt::format("nvidia,gpu-mem-pxm-start {} and nvidia,gpu-mem-pxm-count "
                    "{}: Linux has at most {} proximity domains",
                    *dsd.pxm_start, *dsd.pxm_count, kMaxCount),
        "/sys/firmware/acpi/tables/");
    return pxms;
  }
  for (std::uint64_t i = 0; i < *dsd.pxm_count; ++i) {
    pxms.push_back(static_cast<std::uint32_t>(*dsd.pxm_start + i));
  }
  return pxms;
}

// Without SRAT: CPU-less generic-initiator nodes, cut into runs in the order
// of the GPUs' addresses. Right on every machine known, and labelled all the
// same, because nothing in sysfs ties a node to its GPU.
std::optional<GiNodes> guess_from_sysfs(const HostSnapshot& host,
                                        const std::vector<PciAddress>& order,
                                        const Gpu& gpu) {
  if (!host.numa.generic_initiators) {
    return std::nullopt;
  }
  const auto& nodes = *host.numa.generic_initiators;
  const std::size_t per_gpu = gpu.model.gi_nodes;
  if (nodes.empty() || nodes.size() != per_gpu * order.size()) {
    return std::nullopt;
  }
  const auto position = static_cast<std::size_t>(
      std::find(order.begin(), order.end(), gpu.pci.address) - order.begin());
  const auto first =
      nodes.begin() + static_cast<std::ptrdiff_t>(position * per_gpu);
  return GiNodes{
      {}, {first, first + static_cast<std::ptrdiff_t>(per_gpu)}, Source::sysfs};
}

// Whether the kernel really has the GPU's nodes.
bool check_online(const HostSnapshot& host, Gpu& gpu) {
  const auto& online = host.numa.online;
  std::vector<unsigned> missing;
  for (const unsigned node : gpu.gi_nodes->nodes) {
    if (!std::binary_search(online.begin(), online.end(), node)) {
      missing.push_back(node);
    }
  }
  if (online.empty() || missing.empty()) {
    return true;
  }
  add_finding(gpu, "NVG-E018",
              fmt::format("nodes {} are not online (online: {})",
                          format_id_list(missing), format_id_list(online)),
              std::string(kNodes) + "online");
  return false;
}

void judge_room(const HostSnapshot& host, std::size_t nodes, Gpu& gpu) {
  const auto shift = nodes_shift(host.kernel);
  if (is_without_numa(host.kernel)) {
    add_finding(
        gpu, "NVG-E051",
        fmt::format("SRAT describes {} nodes, and this kernel was built "
                    "without CONFIG_NUMA",
                    nodes),
        host.kernel.config_file);
  }
  if (shift && nodes > (1ULL << *shift)) {
    add_finding(
        gpu, "NVG-E051",
        fmt::format("SRAT describes {} nodes, CONFIG_NODES_SHIFT={} has room "
                    "for {}",
                    nodes, *shift, 1ULL << *shift),
        host.kernel.config_file);
  }
}

void judge_distances(const HostSnapshot& host, Gpu& gpu) {
  const auto& pxms = gpu.gi_nodes->pxms;
  if (!host.acpi.slit || pxms.size() < 2) {
    return;
  }
  const auto own = host.acpi.slit->distance(pxms[0], pxms[1]);
  if (own == Slit::kUnreachable) {
    add_finding(
        gpu, "NVG-W023",
        fmt::format("distance between proximity domains {} and {} is 255",
                    pxms[0], pxms[1]),
        "/sys/firmware/acpi/tables/SLIT");
  }
}

void judge_agreement(const std::vector<std::uint32_t>& srat,
                     const std::vector<std::uint32_t>& dsd, Gpu& gpu) {
  if (!srat.empty() && !dsd.empty() && srat != dsd) {
    add_finding(gpu, "NVG-E017",
                fmt::format("SRAT: proximity domains {}; _DSD: {}",
                            format_id_list(srat), format_id_list(dsd)),
                kSrat);
  }
}

void join_guess(const HostSnapshot& host, const std::vector<PciAddress>& order,
                Gpu& gpu) {
  auto nodes = guess_from_sysfs(host, order, gpu);
  if (nodes) {
    const auto against =
        contradiction_of_guess(host.numa, nodes->nodes, gpu.cpu_node);
    if (against) {
      add_finding(gpu, "NVG-W022",
                  fmt::format("nodes {} would be the GPU's, but {}",
                              format_id_list(nodes->nodes), against->detail),
                  against->evidence);
      nodes.reset();
    }
  }
  gpu.gi_nodes = std::move(nodes);
  if (gpu.gi_nodes) {
    add_finding(gpu, "NVG-W021",
                fmt::format("nodes {}", format_id_list(gpu.gi_nodes->nodes)),
                std::string(kNodes) + "has_generic_initiator");
    check_online(host, gpu);
  } else if (host.acpi.unreadable.empty()) {
    add_finding(gpu, "NVG-E018", "there is no usable SRAT", kSrat);
  }
}

}  // namespace

std::vector<std::uint32_t> srat_pxms(const HostSnapshot& host, const Gpu& gpu) {
  std::vector<std::uint32_t> pxms;
  if (host.acpi.srat) {
    for (const auto& initiator : host.acpi.srat->generic_initiators) {
      if (is_of(initiator, gpu)) {
        pxms.push_back(initiator.pxm);
      }
    }
  }
  std::sort(pxms.begin(), pxms.end());
  pxms.erase(std::unique(pxms.begin(), pxms.end()), pxms.end());
  return pxms;
}

void join_numa(const HostSnapshot& host, const std::vector<PciAddress>& order,
               Gpu& gpu) {
  if (!host.acpi.srat) {
    join_guess(host, order, gpu);
    return;
  }
  const auto from_srat = srat_pxms(host, gpu);
  judge_byte_order(*host.acpi.srat, from_srat, gpu);
  const auto dsd = literal_dsd(host, gpu);
  const auto from_dsd =
      dsd ? dsd_pxms(*dsd, gpu) : std::vector<std::uint32_t>{};
  judge_agreement(from_srat, from_dsd, gpu);
  const auto node_of = replay_pxm_to_node(*host.acpi.srat);
  judge_room(host, node_of.size(), gpu);

  GiNodes nodes;
  nodes.source = from_srat.empty() ? Source::dsd : Source::srat;
  nodes.pxms = from_srat.empty() ? from_dsd : from_srat;
  for (const auto pxm : nodes.pxms) {
    const auto node = node_of.find(pxm);
    if (node != node_of.end()) {
      nodes.nodes.push_back(node->second);
    }
  }
  std::sort(nodes.nodes.begin(), nodes.nodes.end());
  if (nodes.nodes.size() < gpu.model.gi_nodes) {
    add_finding(
        gpu, "NVG-E018",
        fmt::format(
            "{} of {} nodes: proximity domains {} map to nodes {}",
            nodes.nodes.size(), gpu.model.gi_nodes,
            nodes.pxms.empty() ? "(none)" : format_id_list(nodes.pxms),
            nodes.nodes.empty() ? "(none)" : format_id_list(nodes.nodes)),
        kSrat);
  }
  if (nodes.nodes.empty()) {
    return;
  }
  gpu.gi_nodes = std::move(nodes);
  if (gpu.gi_nodes->source == Source::dsd) {
    add_finding(
        gpu, "NVG-I024",
        fmt::format("proximity domains {}", format_id_list(gpu.gi_nodes->pxms)),
        kSrat);
  }
  if (check_online(host, gpu)) {
    for (const auto& one : compare_with_sysfs(host, node_of, gpu)) {
      add_finding(gpu, "NVG-W022", one.detail, one.evidence);
    }
  }
  judge_distances(host, gpu);
}

}  // namespace nvgpuctl
