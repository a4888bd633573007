// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_writer.hpp"

#include <fmt/format.h>

#include <set>

#include "base/text.hpp"
#include "core/domain_args.hpp"
#include "core/domain_values.hpp"

namespace nvgpuctl {
namespace {

using Plan = DomainPlan;

std::string vcpu_ids(const GuestCpuCell& cell) {
  return cell_ids({.first = cell.first_vcpu, .count = cell.vcpus});
}

void add_distances(const Plan& plan, unsigned id, XmlElement cell) {
  // Legacy: libvirt must not hear of cells that it does not have.
  if (!plan.features.generic_initiators) {
    return;
  }
  const XmlElement distances = cell.child("distances");
  const std::vector<unsigned>& row = plan.guest.distances[id];
  // Cells that were there before know their own distances.
  const std::size_t first =
      id < plan.guest.kept_cells ? plan.guest.first_cells() : 0;
  for (std::size_t other = first; other < row.size(); ++other) {
    if (other != id) {
      distances.child("sibling")
          .attribute("id", other)
          .attribute("value", row[other]);
    }
  }
}

void add_kept_cells(const Plan& plan, XmlElement numa) {
  for (unsigned id = 0;
       plan.features.generic_initiators && id < plan.guest.kept_cells; ++id) {
    add_distances(plan, id, numa.child("cell").attribute("id", id));
  }
}

void add_cpu_cells(const Plan& plan, XmlElement numa) {
  for (unsigned id = 0; id < plan.guest.cpu_cells.size(); ++id) {
    const GuestCpuCell& cpus = plan.guest.cpu_cells[id];
    const auto [memory, unit] = libvirt_size(cpus.memory_kib);
    numa.comment(fmt::format(
        "CPUs and memory of host node {}{}", cpus.host_node,
        plan.guest.cpu_cells.size() > 1
            ? "; to other sockets " + describe(plan.guest.between_cpus)
            : ""));
    const XmlElement cell = numa.child("cell")
                                .attribute("id", id)
                                .attribute("cpus", vcpu_ids(cpus))
                                .attribute("memory", memory)
                                .attribute("unit", unit);
    add_distances(plan, id, cell);
  }
}

void add_gpu_cells(const Plan& plan, XmlElement numa) {
  for (std::size_t gpu = 0; gpu < plan.guest.gpu_cells.size(); ++gpu) {
    const CellRange& cells = plan.guest.gpu_cells[gpu];
    numa.comment(fmt::format("memory of GPU {}: its driver fills these cells",
                             describe_gpu(plan.request.gpus[gpu])));
    numa.comment("distances: " + describe_distances(plan.guest, gpu));
    for (unsigned id = cells.first; id <= cells.last(); ++id) {
      const XmlElement cell = numa.child("cell")
                                  .attribute("id", id)
                                  .attribute("memory", "0")
                                  .attribute("unit", "KiB");
      add_distances(plan, id, cell);
    }
  }
}

void add_address(XmlElement parent, unsigned bus, unsigned slot) {
  parent.child("address")
      .attribute("type", "pci")
      .attribute("domain", "0x0000")
      .attribute("bus", fmt::format("0x{:02x}", bus))
      .attribute("slot", fmt::format("0x{:02x}", slot))
      .attribute("function", "0x0");
}

void add_root_bus(const Plan& plan, XmlElement devices) {
  if (!plan.features.generic_initiators) {
    return;
  }
  const XmlElement root = devices.child("controller")
                              .attribute("type", "pci")
                              .attribute("index", "0")
                              .attribute("model", "pcie-root");
  root.comment(describe_window(plan.request));
  root.child("pcihole64", std::to_string(plan.guest.window_bytes / kGiB))
      .attribute("unit", "GiB");
}

void add_bus(const ExpanderBus& bus, XmlElement devices) {
  devices.comment(fmt::format(
      "bus of CPU cell {}; numbers counted down from 254, one per port",
      bus.cpu_cell));
  const XmlElement pxb = devices.child("controller")
                             .attribute("type", "pci")
                             .attribute("index", bus.controller)
                             .attribute("model", "pcie-expander-bus");
  pxb.child("model").attribute("name", "pxb-pcie");
  pxb.child("target")
      .attribute("busNr", bus.bus_number)
      .child("node", std::to_string(bus.cpu_cell));
  for (const RootPort& port : bus.ports) {
    const XmlElement controller = devices.child("controller")
                                      .attribute("type", "pci")
                                      .attribute("index", port.controller)
                                      .attribute("model", "pcie-root-port");
    controller.child("model").attribute("name", "pcie-root-port");
    // As libvirt numbers ports: slot << 3 | function.
    controller.child("target")
        .attribute("chassis", port.chassis)
        .attribute("port", fmt::format("0x{:x}", port.slot << 3));
    add_address(controller, bus.controller, port.slot);
  }
}

void add_driver(const Plan& plan, XmlElement hostdev) {
  const XmlElement driver = hostdev.child("driver");
  if (plan.features.driver_model) {
    driver.attribute("model", plan.request.driver_model);
  } else {
    // Before libvirt knew models, it wanted to hear that VFIO is meant.
    driver.attribute("name", "vfio");
  }
  if (plan.request.iommufd && plan.features.iommufd_attribute) {
    driver.attribute("iommufd", "yes");
  }
}

void add_gpu(const Plan& plan, const RootPort& port, XmlElement devices) {
  const GuestGpu& gpu = plan.request.gpus[port.gpu];
  devices.comment(fmt::format("GPU {}", describe_gpu(gpu)));
  const XmlElement hostdev =
      devices.child("hostdev")
          .attribute("mode", "subsystem")
          .attribute("type", "pci")
          .attribute("managed", gpu.managed ? "yes" : "no");
  add_driver(plan, hostdev);
  hostdev.child("source")
      .child("address")
      .attribute("domain", fmt::format("0x{:04x}", gpu.address.domain))
      .attribute("bus", fmt::format("0x{:02x}", gpu.address.bus))
      .attribute("slot", fmt::format("0x{:02x}", gpu.address.device))
      .attribute("function", fmt::format("0x{:x}", gpu.address.function));
  hostdev.child("alias").attribute("name", gpu_alias(port.gpu));
  hostdev.child("rom").attribute("bar", "off");
  if (plan.features.generic_initiators) {
    hostdev.child("acpi").attribute("nodeset",
                                    cell_ids(plan.guest.gpu_cells[port.gpu]));
  }
  add_address(hostdev, port.controller, 0);
}

void add_smmu(const Plan& plan, const ExpanderBus& bus, XmlElement devices) {
  const GuestGpu& first = plan.request.gpus[bus.ports.front().gpu];
  devices.comment(first.smmu
                      ? "SMMU for the GPUs behind the host's " + *first.smmu
                      : "SMMU for one GPU; the host's is not known");
  if (plan.request.viommu == Viommu::accel) {
    devices.comment("what it can do is assumed from NVIDIA's guide");
  }
  const XmlElement driver = devices.child("iommu")
                                .attribute("model", "smmuv3")
                                .child("driver")
                                .attribute("pciBus", bus.controller);
  if (plan.request.viommu == Viommu::accel && plan.features.smmu_attributes) {
    driver.attribute("accel", "on");
    for (const auto& [name, value] : kSmmuProperties) {
      driver.attribute(name, value);
    }
  }
}

}  // namespace

std::string cell_ids(const CellRange& cells) {
  return cells.count == 1 ? std::to_string(cells.first)
                          : fmt::format("{}-{}", cells.first, cells.last());
}

std::pair<std::uint64_t, std::string_view> libvirt_size(std::uint64_t kib) {
  return kib % kKiB == 0 ? std::pair(kib / kKiB, std::string_view("MiB"))
                         : std::pair(kib, std::string_view("KiB"));
}

void add_numa(const DomainPlan& plan, XmlElement cpu) {
  const XmlElement numa = cpu.child("numa");
  add_kept_cells(plan, numa);
  add_cpu_cells(plan, numa);
  if (plan.features.generic_initiators) {
    add_gpu_cells(plan, numa);
  } else {
    numa.comment("the GPUs' cells are in qemu:commandline");
  }
}

void add_devices(const DomainPlan& plan, XmlElement devices) {
  add_root_bus(plan, devices);
  for (const ExpanderBus& bus : plan.guest.buses) {
    add_bus(bus, devices);
  }
  for (const ExpanderBus& bus : plan.guest.buses) {
    for (const RootPort& port : bus.ports) {
      add_gpu(plan, port, devices);
    }
  }
  if (plan.request.viommu != Viommu::none) {
    for (const ExpanderBus& bus : plan.guest.buses) {
      add_smmu(plan, bus, devices);
    }
  }
}

void add_features(XmlElement domain) {
  const XmlElement features = domain.child("features");
  features.comment("ACPI carries the NUMA nodes; GICv3 has the ITS for MSIs");
  features.child("acpi");
  features.child("gic").attribute("version", "3");
}

void add_iommufd(const DomainPlan& plan, XmlElement domain) {
  if (plan.request.iommufd && plan.features.iommufd_element) {
    domain.child("iommufd").attribute("enabled", "yes");
  }
}

// VFIO pins all of the guest's memory. What is bound strictly to a node that
// has less cannot start, and <memory> would bind QEMU itself.
void add_numatune(const DomainPlan& plan, XmlElement domain) {
  std::set<unsigned> nodes;
  bool fits = true;
  for (const GuestCpuCell& cell : plan.guest.cpu_cells) {
    nodes.insert(cell.host_node);
    fits = fits && cell.fits;
  }
  const XmlElement numatune = domain.child("numatune");
  if (fits) {
    numatune.child("memory")
        .attribute("mode", "strict")
        .attribute("nodeset", format_id_list(nodes));
  }
  for (std::size_t id = 0; id < plan.guest.cpu_cells.size(); ++id) {
    const GuestCpuCell& cell = plan.guest.cpu_cells[id];
    numatune.child("memnode")
        .attribute("cellid", id)
        .attribute("mode", cell.fits ? "strict" : "preferred")
        .attribute("nodeset", std::to_string(cell.host_node));
  }
}

}  // namespace nvgpuctl
