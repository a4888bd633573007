// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/guest_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/cell_distances.hpp"
#include "core/module_name.hpp"

namespace nvgpuctl {
namespace {

// A domain may name the same device a hundred thousand times; no host has more
// GPUs than this, and no guest more buses.
constexpr std::size_t kMaxGpus = 64;
constexpr std::size_t kMaxSmmus = 256;
constexpr std::size_t kMaxNodes = 16384;

void add_distance(GuestView& view, unsigned from, unsigned to, unsigned value) {
  view.distances.insert_or_assign(std::minmax(from, to), value);
}

void take_cells(const Domain& domain, GuestView& view) {
  for (const DomainCell& cell : domain.cells) {
    view.cells.push_back({.place = cell.place,
                          .id = cell.id,
                          .cpus = cell.cpus && !cell.cpus->empty(),
                          .memory = cell.memory_bytes.value_or(0) > 0,
                          .said = GuestViewCell::Said::libvirt});
    for (const auto& [to, value] : cell.distances) {
      add_distance(view, cell.id, to, value);
      view.said_distances.insert_or_assign({cell.id, to}, value);
    }
  }
}

// QEMU's id of a device: its own alias, or the one that libvirt makes.
std::string alias_of(const std::string& said, std::string_view kind,
                     std::size_t number) {
  return said.starts_with(kOwnAlias) ? said : fmt::format("{}{}", kind, number);
}

bool claims_to_be_grace(const DomainHostdev& hostdev) {
  return hostdev.nodeset ||
         same_module(hostdev.driver_model, "nvgrace_gpu_vfio_pci");
}

void take_gpus(const Domain& domain, const std::vector<Gpu>& gpus,
               GuestView& view) {
  for (const DomainHostdev& hostdev : domain.hostdevs) {
    const auto found = std::ranges::find_if(gpus, [&](const Gpu& gpu) {
      return hostdev.source == gpu.pci.address;
    });
    const bool ours = found != gpus.end() || claims_to_be_grace(hostdev);
    if (!ours || view.gpus.size() == kMaxGpus) {
      continue;
    }
    GuestViewGpu gpu;
    gpu.hostdev = &hostdev;
    gpu.gpu = found == gpus.end() ? nullptr : &*found;
    gpu.alias = alias_of(hostdev.alias, "hostdev", hostdev.number);
    for (const unsigned cell :
         hostdev.nodeset.value_or(std::vector<unsigned>())) {
      gpu.nodes.push_back({hostdev.place, cell});
    }
    gpu.iommufd =
        hostdev.iommufd == "yes" || (domain.iommufd && hostdev.iommufd != "no");
    gpu.iommufd_place = hostdev.driver_place.value_or(hostdev.place);
    gpu.expander =
        hostdev.address ? view.expander_above(hostdev.address->bus) : nullptr;
    view.gpus.push_back(std::move(gpu));
  }
}

bool is_on(std::string_view value) {
  return value == "on" || value == "true" || value == "yes";
}

void take_smmus(const Domain& domain, GuestView& view) {
  for (std::size_t i = 0; i < domain.iommus.size(); ++i) {
    const DomainIommu& iommu = domain.iommus[i];
    if (iommu.model != "smmuv3" || view.smmus.size() == kMaxSmmus) {
      continue;
    }
    GuestViewSmmu smmu;
    smmu.place = iommu.place;
    smmu.alias = alias_of(iommu.alias, "iommu", i);
    smmu.bus = iommu.pci_bus;
    for (const auto& [name, value] : iommu.driver) {
      smmu.accel = smmu.accel || (name == "accel" && is_on(value));
      smmu.properties.push_back({iommu.driver_place, name, value});
    }
    view.smmus.push_back(std::move(smmu));
  }
}

void take_overrides(const Domain& domain, GuestView& view) {
  for (const DomainOverride& said : domain.overrides) {
    for (GuestViewGpu& gpu : view.gpus) {
      if (gpu.alias == said.alias && said.property == "iommufd") {
        gpu.iommufd = true;
        gpu.iommufd_object = said.value;
        gpu.iommufd_place = said.place;
      }
    }
    for (GuestViewSmmu& smmu : view.smmus) {
      if (smmu.alias == said.alias) {
        smmu.accel =
            smmu.accel || (said.property == "accel" && is_on(said.value));
        smmu.properties.push_back({said.place, said.property, said.value});
      }
    }
  }
}

void take_initiator(const QemuOption& option, GuestView& view) {
  const auto cell = option.number("node");
  if (!cell) {
    return;
  }
  const GuestViewNode node{option.place, *cell};
  const std::string device = option.value("pci-dev");
  const auto gpu = std::ranges::find_if(
      view.gpus, [&](const GuestViewGpu& at) { return at.alias == device; });
  if (gpu == view.gpus.end()) {
    view.other_nodes.emplace_back(device, node);
  } else if (gpu->nodes.size() < kMaxNodes) {
    gpu->nodes.push_back(node);
  }
}

// By both cells, in their order.
using Directed = std::map<std::pair<unsigned, unsigned>, unsigned>;

void take_numa(const QemuOption& option, GuestView& view, Directed& qemu) {
  const auto source = option.number("src");
  const auto target = option.number("dst");
  const auto value = option.number("val");
  if (option.head == "dist" && source && target && value) {
    qemu.insert_or_assign({*source, *target}, *value);
    view.said_distances.insert_or_assign({*source, *target}, *value);
  }
  if (option.head == "node") {
    view.cells.push_back({.place = option.place,
                          .id = option.number("nodeid").value_or(
                              static_cast<unsigned>(view.cells.size())),
                          .cpus = option.values.contains("cpus"),
                          .memory = option.values.contains("mem") ||
                                    option.values.contains("memdev"),
                          .said = GuestViewCell::Said::qemu});
  }
}

void take_machine(const QemuOption& option, GuestView& view) {
  if (option.value("iommu") == "smmuv3") {
    GuestViewSmmu smmu;
    smmu.place = option.place;
    smmu.said = GuestViewSmmu::Said::qemu;
    view.smmus.push_back(std::move(smmu));
  }
  if (const auto size = parse_qemu_size(option.value("highmem-mmio-size"))) {
    view.window = GuestViewWindow{option.place, *size, true};
  }
}

// "pcie.0" or "pci.3": libvirt's names for its controllers.
std::optional<unsigned> controller_of(std::string_view bus) {
  const auto dot = bus.find('.');
  const auto index = dot == std::string_view::npos
                         ? std::nullopt
                         : parse_unsigned(bus.substr(dot + 1));
  return index && *index < 65536 ? std::optional(static_cast<unsigned>(*index))
                                 : std::nullopt;
}

void take_device(const QemuOption& option, GuestView& view) {
  if (option.head != "arm-smmuv3" || view.smmus.size() == kMaxSmmus) {
    return;
  }
  GuestViewSmmu smmu;
  smmu.place = option.place;
  smmu.bus = controller_of(option.value("primary-bus"));
  smmu.accel = is_on(option.value("accel"));
  smmu.said = GuestViewSmmu::Said::qemu;
  for (const auto& [name, value] : option.values) {
    smmu.properties.push_back({option.place, name, value});
  }
  view.smmus.push_back(std::move(smmu));
}

// QEMU gets what libvirt passes on and what the domain says to it directly.
void join_distances(const Domain& domain, Directed qemu, GuestView& view) {
  if (qemu.empty()) {
    return;
  }
  view.qemu_distances = true;
  view.distances.clear();
  const auto of_libvirt = libvirt_distances(domain.cells);
  const std::size_t count = of_libvirt ? of_libvirt->size() : 0;
  for (unsigned from = 0; from < count; ++from) {
    for (unsigned to = 0; to < count; ++to) {
      qemu.emplace(std::pair(from, to), (*of_libvirt)[from][to]);
    }
  }
  bool asymmetric = false;
  for (const auto& [pair, value] : qemu) {
    const auto back = qemu.find({pair.second, pair.first});
    add_distance(view, pair.first, pair.second, value);
    asymmetric |= back != qemu.end() && back->second != value;
    if (back == qemu.end()) {
      view.one_way.push_back(pair);
    }
  }
  if (!asymmetric) {
    view.one_way.clear();
  }
}

void take_qemu_arguments(const Domain& domain, GuestView& view) {
  Directed distances;
  for (const QemuOption& option : qemu_options(domain.qemu_arguments)) {
    if (option.option == "numa") {
      take_numa(option, view, distances);
    } else if (option.option == "machine") {
      take_machine(option, view);
    } else if (option.option == "device") {
      take_device(option, view);
    } else if (option.option == "object" && option.head == "iommufd") {
      view.iommufd_objects.push_back(option.value("id"));
    } else if (option.option == "object" &&
               option.head == "acpi-generic-initiator") {
      take_initiator(option, view);
    } else if (option.option == "object" && option.head == "acpi-egm-memory") {
      view.egm.push_back(option.place);
    }
  }
  join_distances(domain, std::move(distances), view);
}

// libvirt does not ask for the root bus' index, which can only be 0.
std::optional<unsigned> index_of(const DomainController& controller) {
  return controller.index || controller.model != "pcie-root"
             ? controller.index
             : std::optional(0U);
}

}  // namespace

const GuestViewCell* GuestView::cell(unsigned id) const {
  const auto found = std::ranges::find_if(
      cells, [id](const GuestViewCell& at) { return at.id == id; });
  return found == cells.end() ? nullptr : &*found;
}

const DomainController* GuestView::controller(unsigned index) const {
  const auto found = pci_controllers.find(index);
  return found == pci_controllers.end() ? nullptr : found->second;
}

const DomainController* GuestView::expander_above(unsigned bus) const {
  // No bus number has more bits; what loops is no way up.
  for (unsigned step = 0; step < 256; ++step) {
    const DomainController* at = controller(bus);
    if (at == nullptr || at->model == "pcie-expander-bus") {
      return at;
    }
    if (!at->address || at->model == "pcie-root") {
      return nullptr;
    }
    bus = at->address->bus;
  }
  return nullptr;
}

GuestView view_guest(const Domain& domain, const std::vector<Gpu>& gpus) {
  GuestView view(domain);
  for (const DomainController& controller : domain.controllers) {
    const auto index = index_of(controller);
    if (controller.type == "pci" && index) {
      view.pci_controllers.emplace(*index, &controller);
      if (controller.pcihole64_bytes) {
        view.window = GuestViewWindow{
            {controller.place.xpath + "/pcihole64", controller.place.line},
            *controller.pcihole64_bytes,
            false};
      }
    }
  }
  take_cells(domain, view);
  take_gpus(domain, gpus, view);
  take_smmus(domain, view);
  take_overrides(domain, view);
  take_qemu_arguments(domain, view);
  for (const DomainMemoryDevice& device : domain.memory_devices) {
    if (device.model == "egm") {
      view.egm.push_back(device.place);
    }
  }
  return view;
}

}  // namespace nvgpuctl
