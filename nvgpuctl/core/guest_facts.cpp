// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/guest_facts.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "core/libvirt_values.hpp"
#include "core/numa_crosscheck.hpp"

namespace nvgpuctl {
namespace {

// Distances between Linux nodes, asked of SLIT through the replayed domains
// when both tables are there, and of sysfs otherwise.
class Distances {
 public:
  explicit Distances(const HostSnapshot& host) : host_(host) {
    if (host.acpi.srat && host.acpi.slit) {
      for (const auto& [pxm, node] : replay_pxm_to_node(*host.acpi.srat)) {
        pxm_of_.emplace(node, pxm);
      }
    }
  }

  std::optional<Fact<unsigned>> between(unsigned from, unsigned to) const {
    const auto from_pxm = pxm_of_.find(from);
    const auto to_pxm = pxm_of_.find(to);
    if (from_pxm != pxm_of_.end() && to_pxm != pxm_of_.end()) {
      const auto distance =
          host_.acpi.slit->distance(from_pxm->second, to_pxm->second);
      return distance ? std::optional(Fact<unsigned>{*distance, Source::slit})
                      : std::nullopt;
    }
    const auto distance = sysfs_distance(host_.numa, from, to);
    return distance ? std::optional(Fact<unsigned>{*distance, Source::sysfs})
                    : std::nullopt;
  }

 private:
  const HostSnapshot& host_;
  std::map<unsigned, std::uint32_t> pxm_of_;
};

// Sizes of the BARs that a guest will see. Region 2 is the reserved part where
// there is one and the physical BAR otherwise; region 4 is usable memory.
void describe_bars(const Gpu& gpu, GuestGpu& guest) {
  std::uint64_t sum = 0;
  std::uint64_t largest = 0;
  const auto add = [&](std::uint64_t size) {
    sum += size;
    largest = std::max(largest, size);
  };
  for (const auto& bar : gpu.pci.bars) {
    const auto shows = [&](const std::optional<MemoryRegion>& region) {
      return region && region->bar == bar.index;
    };
    constexpr std::uint64_t kMem64 = 0x100000;  // IORESOURCE_MEM_64
    const bool wide = (bar.flags & kMem64) != 0;
    if (wide && !shows(gpu.plan->usable) && !shows(gpu.plan->reserved)) {
      add(bar.size);
    }
  }
  for (const auto& region : {gpu.plan->usable, gpu.plan->reserved}) {
    if (region) {
      add(region->bar_size);
    }
  }
  guest.aperture_bytes = {sum, Source::computed};
  guest.largest_bar = {largest, Source::computed};
}

bool has_cpus(const HostSnapshot& host, unsigned id) {
  return std::any_of(host.numa.nodes.begin(), host.numa.nodes.end(),
                     [id](const NumaNode& node) {
                       return node.id == id && !node.cpus.empty();
                     });
}

std::uint64_t memory_of(const HostSnapshot& host, unsigned id) {
  const auto found = std::ranges::find(host.numa.nodes, id, &NumaNode::id);
  return found == host.numa.nodes.end() ? 0 : found->memory_bytes;
}

// The host's CPU nodes beside which the GPUs sit, and more of them, ascending;
// node 0 when no GPU says where it is.
std::vector<unsigned> cpu_nodes(const HostSnapshot& host,
                                const std::vector<const Gpu*>& gpus,
                                std::vector<unsigned> nodes) {
  std::erase_if(nodes, [&](unsigned node) { return !has_cpus(host, node); });
  for (const auto* gpu : gpus) {
    if (gpu->cpu_node && has_cpus(host, *gpu->cpu_node)) {
      nodes.push_back(*gpu->cpu_node);
    }
  }
  if (nodes.empty()) {
    nodes.push_back(0);
  }
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

void describe_distances(const Distances& distances,
                        const std::vector<unsigned>& cpus,
                        const std::vector<const Gpu*>& gpus, const Gpu& gpu,
                        GuestGpu& guest) {
  if (!gpu.gi_nodes || gpu.gi_nodes->nodes.empty()) {
    return;
  }
  const auto& own = gpu.gi_nodes->nodes;
  guest.distance_to_local_cpu = distances.between(cpus[guest.socket], own[0]);
  for (const unsigned cpu : cpus) {
    if (cpu != cpus[guest.socket]) {
      guest.distance_to_remote_cpu = distances.between(cpu, own[0]);
      break;
    }
  }
  if (own.size() > 1) {
    guest.distance_within = distances.between(own[0], own[1]);
  }
  for (const auto* other : gpus) {
    if (other != &gpu && other->gi_nodes && !other->gi_nodes->nodes.empty()) {
      guest.distance_to_peers =
          distances.between(own[0], other->gi_nodes->nodes[0]);
      break;
    }
  }
}

tl::unexpected<Error> unknown_memory(const HostSnapshot& host, const Gpu& gpu) {
  const std::string subject = to_string(gpu.pci.address);
  if (find_finding(gpu, "NVG-W001") != nullptr) {
    const bool hidden = host.acpi.hidden;
    const std::string cure = hidden ? "run on the host itself" : "run as root";
    return fail(Errc::permission, subject,
                std::string("the size of its coherent memory stands in "
                            "firmware's tables, which ") +
                    (hidden ? "are not visible here (in a container?)"
                            : "can be read by root only"),
                host.live ? cure : "record this host as root");
  }
  return fail(Errc::not_viable, subject,
              "the size of its coherent memory is not known, so the guest's "
              "PCI window cannot be computed",
              "nvgpuctl explain " + subject + " says why");
}

}  // namespace

std::uint64_t memory_for_guests(const HostSnapshot& host) {
  const auto& initiators = host.numa.generic_initiators;
  std::uint64_t bytes = 0;
  for (const NumaNode& node : host.numa.nodes) {
    // Kernels that do not tell (before 5.4) leave but a guess.
    const bool of_gpu = initiators
                            ? std::ranges::count(*initiators, node.id) > 0
                            : node.cpus.empty();
    bytes += of_gpu ? 0 : node.memory_bytes;
  }
  return bytes;
}

std::optional<std::uint64_t> usual_huge_page(const HostSnapshot& host) {
  constexpr std::string_view kOption = "default_hugepagesz=";
  for (const auto word : split(host.kernel.command_line, ' ')) {
    if (word.starts_with(kOption)) {
      const auto text = word.substr(kOption.size());
      const auto unit = text.find_first_not_of("0123456789");
      const bool bare = unit == std::string_view::npos;
      return parse_libvirt_size(text.substr(0, unit),
                                bare ? "" : text.substr(unit), "B");
    }
  }
  // A table of the last level but one (arm64's PMD_SIZE): as many pages as a
  // page has entries of 8 bytes.
  const auto& page = host.kernel.page_size;
  return page ? std::optional(page->value * (page->value / 8)) : std::nullopt;
}

Result<DomainRequest> describe_guest(const HostSnapshot& host,
                                     const std::vector<const Gpu*>& gpus,
                                     std::vector<unsigned> more_nodes) {
  DomainRequest request;
  request.host_bytes = memory_for_guests(host);
  request.huge_page_bytes =
      usual_huge_page(host).value_or(request.huge_page_bytes);
  const auto cpus = cpu_nodes(host, gpus, std::move(more_nodes));
  const Distances distances(host);
  for (const unsigned node : cpus) {
    request.cpu_cells.push_back({node, memory_of(host, node)});
  }
  if (cpus.size() > 1) {
    request.distance_between_cpus = distances.between(cpus[0], cpus[1]);
  }
  for (const auto* gpu : gpus) {
    if (!gpu->plan) {
      return unknown_memory(host, *gpu);
    }
    GuestGpu guest;
    guest.address = gpu->pci.address;
    guest.model = gpu->model.name;
    guest.gi_nodes = gpu->model.gi_nodes;
    guest.smmu = gpu->pci.smmu;
    const auto cpu = std::find(cpus.begin(), cpus.end(),
                               gpu->cpu_node.value_or(cpus.front()));
    guest.socket =
        cpu == cpus.end() ? 0 : static_cast<unsigned>(cpu - cpus.begin());
    describe_bars(*gpu, guest);
    describe_distances(distances, cpus, gpus, *gpu, guest);
    request.gpus.push_back(std::move(guest));
  }
  return request;
}

}  // namespace nvgpuctl
