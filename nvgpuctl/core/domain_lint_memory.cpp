// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "core/cell_distances.hpp"
#include "core/domain_lint_rules.hpp"
#include "core/domain_memory.hpp"
#include "core/guest_facts.hpp"

namespace nvgpuctl {
namespace {

using Ids = std::set<unsigned>;

Ids without(const std::vector<unsigned>& ids, const Ids& known) {
  Ids rest;
  for (const unsigned id : ids) {
    if (!known.contains(id)) {
      rest.insert(id);
    }
  }
  return rest;
}

// What qemuDomainGetMemLockLimitBytes() allows: with a vIOMMU and without
// IOMMUFD each device pins the guest's memory once more.
void judge_memlock(const LintInput& input, LintWriter& out) {
  const auto& limit = input.domain.hard_limit_bytes;
  const auto memory = total_memory(input.domain);
  if (!limit || !memory) {
    return;
  }
  const bool iommufd =
      std::ranges::all_of(input.view.gpus, &GuestViewGpu::iommufd);
  const std::uint64_t times =
      input.domain.iommus.empty() || iommufd
          ? 1
          : std::max<std::uint64_t>(1, input.domain.hostdevs.size());
  // The guest's memory is at most 2^64, so no product below overflows.
  const std::uint64_t usual = *memory > (UINT64_MAX - kGiB) / times
                                  ? UINT64_MAX
                                  : *memory * times + kGiB;
  const std::string seen = human_size(*limit);
  if (*limit < *memory) {
    out.add("memlock-low", input.domain.hard_limit_place,
            {fmt::format("at least {}", human_size(usual)), seen,
             "take <hard_limit> out, and libvirt computes it"});
  } else if (*limit < usual) {
    out.add("memlock-tight", input.domain.hard_limit_place,
            {fmt::format("at least {}: memory × {} + 1 GiB", human_size(usual),
                         times),
             seen, "take <hard_limit> out, and libvirt computes it"});
  }
}

// Memory of cells that may come from nowhere but some nodes.
struct BoundCells {
  XmlPlace place;
  std::uint64_t bytes = 0;
};
using BoundByNodes = std::map<std::vector<unsigned>, BoundCells>;

// libvirt's default is "strict"; "restrictive" leaves it to the cgroup.
bool binds(const std::string& mode) {
  return mode.empty() || mode == "strict" || mode == "restrictive";
}

void bind_cell(const Domain& domain, std::optional<unsigned> cell,
               std::uint64_t bytes, BoundByNodes& out) {
  const auto memnode = std::ranges::find_if(
      domain.memnodes,
      [cell](const DomainMemnode& at) { return cell && at.cell == *cell; });
  const bool own = memnode != domain.memnodes.end();
  if ((!own && !domain.numatune_nodes) ||
      !binds(own ? memnode->mode : domain.numatune_mode)) {
    return;
  }
  BoundCells& bound = out[own ? memnode->host_nodes : *domain.numatune_nodes];
  bound.place = own ? memnode->place : domain.numatune_place;
  bound.bytes += std::min(bytes, UINT64_MAX - bound.bytes);
}

// Nodes of GPUs, which have no memory that is the host's.
bool are_initiators(const HostSnapshot& host,
                    const std::vector<unsigned>& nodes) {
  const auto& initiators = host.numa.generic_initiators;
  return initiators && std::ranges::all_of(nodes, [&](unsigned node) {
           return std::ranges::count(*initiators, node) > 0;
         });
}

void judge_bound(const LintInput& input, LintWriter& out) {
  const Domain& domain = input.domain;
  if (domain.cells.size() > kMaxCells) {
    return;
  }
  BoundByNodes all;
  for (const DomainCell& cell : domain.cells) {
    bind_cell(domain, cell.id, cell.memory_bytes.value_or(0), all);
  }
  if (domain.cells.empty()) {
    bind_cell(domain, std::nullopt, total_memory(domain).value_or(0), all);
  }
  for (const auto& [nodes, bound] : all) {
    std::uint64_t room = 0;
    for (const NumaNode& node : input.host().numa.nodes) {
      room +=
          std::ranges::binary_search(nodes, node.id) ? node.memory_bytes : 0;
    }
    if ((room > 0 || are_initiators(input.host(), nodes)) &&
        bound.bytes > room) {
      out.add("memory-over-host", bound.place,
              {fmt::format("at most the {} of the host's node {}",
                           human_size(room), format_id_list(nodes)),
               fmt::format("{} bound there", human_size(bound.bytes)),
               "less memory, or cells on more nodes: VFIO locks all of it"});
    }
  }
}

void judge_room(const LintInput& input, LintWriter& out) {
  // Extended GPU memory is no memory of the host's nodes.
  if (!input.view.egm.empty()) {
    return;
  }
  const std::uint64_t room = memory_for_guests(input.host());
  const auto memory = total_memory(input.domain);
  if (room > 0 && memory && *memory > room) {
    out.add("memory-over-host", input.domain.place,
            {fmt::format("at most the host's {}", human_size(room)),
             human_size(*memory), "less memory: VFIO locks all of it"});
  } else {
    judge_bound(input, out);
  }
}

Ids host_cpus(const HostSnapshot& host) {
  Ids out;
  for (const NumaNode& node : host.numa.nodes) {
    out.insert(node.cpus.begin(), node.cpus.end());
  }
  return out;
}

void judge_pins(const LintInput& input, LintWriter& out) {
  const Ids known = host_cpus(input.host());
  if (known.empty()) {
    return;
  }
  const auto judge = [&](const XmlPlace& place,
                         const std::vector<unsigned>& host_cpus) {
    // One CPU that exists is enough to start.
    const Ids absent = without(host_cpus, known);
    if (!host_cpus.empty() && absent.size() == host_cpus.size()) {
      out.add("pin-absent", place,
              {fmt::format("CPUs of the host: {}", format_id_list(known)),
               format_id_list(absent), "pin it to CPUs of the GPU's socket"});
    }
  };
  for (const DomainPin& pin : input.domain.pins) {
    judge(pin.place, pin.host_cpus);
  }
  if (input.domain.vcpu_host_cpus) {
    judge(input.domain.vcpu_place, *input.domain.vcpu_host_cpus);
  }
}

void judge_numatune(const LintInput& input, LintWriter& out) {
  Ids online(input.host().numa.online.begin(), input.host().numa.online.end());
  if (online.empty()) {
    return;
  }
  const auto judge = [&](const XmlPlace& place,
                         const std::vector<unsigned>& nodes) {
    const Ids absent = without(nodes, online);
    if (!absent.empty()) {
      out.add("numatune-absent", place,
              {fmt::format("nodes of the host: {}", format_id_list(online)),
               format_id_list(absent), "the node of the GPU's own CPUs"});
    }
  };
  if (input.domain.numatune_nodes) {
    judge(input.domain.numatune_place, *input.domain.numatune_nodes);
  }
  for (const DomainMemnode& memnode : input.domain.memnodes) {
    judge(memnode.place, memnode.host_nodes);
  }
}

}  // namespace

void lint_memory(const LintInput& input, LintWriter& out) {
  judge_memlock(input, out);
  judge_room(input, out);
  judge_pins(input, out);
  judge_numatune(input, out);
}

}  // namespace nvgpuctl
