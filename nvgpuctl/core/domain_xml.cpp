// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_xml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "core/domain_args.hpp"
#include "core/domain_profile.hpp"
#include "core/domain_values.hpp"
#include "core/guest_topology.hpp"
#include "core/xml_builder.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kFragmentNamespace = "urn:nvgpuctl:fragment:1";

// Everything that the writers below need, so that none has five parameters.
struct Plan {
  const DomainRequest& request;
  const GuestTopology& guest;
  const DomainFeatures features;
};

std::string cell_ids(const CellRange& cells) {
  return cells.count == 1 ? std::to_string(cells.first)
                          : fmt::format("{}-{}", cells.first, cells.last());
}

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
  for (std::size_t other = 0; other < row.size(); ++other) {
    if (other != id) {
      distances.child("sibling")
          .attribute("id", other)
          .attribute("value", row[other]);
    }
  }
}

void add_cpu_cells(const Plan& plan, XmlElement numa) {
  for (unsigned id = 0; id < plan.guest.cpu_cells.size(); ++id) {
    const GuestCpuCell& cpus = plan.guest.cpu_cells[id];
    numa.comment(fmt::format(
        "CPUs and memory of host node {}{}", cpus.host_node,
        plan.guest.cpu_cells.size() > 1
            ? "; to other sockets " + describe(plan.guest.between_cpus)
            : ""));
    const XmlElement cell = numa.child("cell")
                                .attribute("id", id)
                                .attribute("cpus", vcpu_ids(cpus))
                                .attribute("memory", cpus.memory_mib)
                                .attribute("unit", "MiB");
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

void add_numa(const Plan& plan, XmlElement cpu) {
  const XmlElement numa = cpu.child("numa");
  add_cpu_cells(plan, numa);
  if (plan.features.generic_initiators) {
    add_gpu_cells(plan, numa);
  } else {
    numa.comment("the GPUs' cells are in qemu:commandline");
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
        .attribute("chassis", port.controller)
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
          .attribute("managed", plan.request.managed ? "yes" : "no");
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

void add_devices(const Plan& plan, XmlElement devices) {
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

void add_iommufd(const Plan& plan, XmlElement domain) {
  if (plan.request.iommufd && plan.features.iommufd_element) {
    domain.child("iommufd").attribute("enabled", "yes");
  }
}

// Binds the memory of CPU cells to their host nodes. The GPUs' cells have no
// memory to bind.
void add_numatune(const Plan& plan, XmlElement domain) {
  std::set<unsigned> nodes;
  for (const GuestCpuCell& cell : plan.guest.cpu_cells) {
    nodes.insert(cell.host_node);
  }
  const XmlElement numatune = domain.child("numatune");
  numatune.child("memory")
      .attribute("mode", "strict")
      .attribute("nodeset",
                 format_id_list(std::vector(nodes.begin(), nodes.end())));
  for (std::size_t id = 0; id < plan.guest.cpu_cells.size(); ++id) {
    numatune.child("memnode")
        .attribute("cellid", id)
        .attribute("mode", "strict")
        .attribute("nodeset",
                   std::to_string(plan.guest.cpu_cells[id].host_node));
  }
}

XmlDocument build_domain(const Plan& plan) {
  XmlDocument document("domain");
  const XmlElement domain = document.root();
  domain.attribute("type", "kvm");
  if (needs_qemu_namespace(plan.request)) {
    domain.declare_namespace("qemu", kQemuNamespace);
  }
  domain.comment(describe_target(plan.request));
  domain.child("name", plan.request.name);
  std::uint64_t memory_mib = 0;
  for (const GuestCpuCell& cell : plan.guest.cpu_cells) {
    memory_mib += cell.memory_mib;
  }
  domain.child("memory", std::to_string(memory_mib)).attribute("unit", "MiB");
  domain.child("vcpu", std::to_string(plan.request.vcpus))
      .attribute("placement", "static");
  add_numatune(plan, domain);
  domain.child("os")
      .attribute("firmware", "efi")
      .child("type", "hvm")
      .attribute("arch", "aarch64")
      .attribute("machine", "virt");
  add_iommufd(plan, domain);
  add_features(domain);
  add_numa(plan, domain.child("cpu")
                     .attribute("mode", "host-passthrough")
                     .attribute("check", "none"));
  const XmlElement devices = domain.child("devices");
  devices.comment("add the guest's disk and network here");
  add_devices(plan, devices);
  devices.child("console").attribute("type", "pty");
  devices.comment("a balloon cannot take back memory that a GPU may use");
  devices.child("memballoon").attribute("model", "none");
  add_qemu_arguments(plan.request, plan.guest, domain);
  return document;
}

XmlDocument build_fragment(const Plan& plan) {
  XmlDocument document("nvgpuctl:fragment", kFragmentNamespace);
  const XmlElement root = document.root();
  if (needs_qemu_namespace(plan.request)) {
    root.declare_namespace("qemu", kQemuNamespace);
  }
  root.attribute("profile", to_string(plan.request.profile))
      .attribute("libvirt", to_string(plan.request.libvirt.value))
      .attribute("qemu", to_string(plan.request.qemu.value));
  root.comment(describe_target(plan.request));
  root.comment("not a domain: each child belongs where a <domain> has it");
  add_iommufd(plan, root);
  add_features(root);
  add_numa(plan, root.child("cpu"));
  add_devices(plan, root.child("devices"));
  add_qemu_arguments(plan.request, plan.guest, root);
  return document;
}

std::vector<std::pair<std::string, std::string>> parts_of(
    const XmlDocument& document) {
  std::vector<std::pair<std::string, std::string>> parts;
  for (xmlNode* node = document.root().node()->children; node != nullptr;
       node = node->next) {
    const auto* text = reinterpret_cast<const char*>(node->name);
    const std::string_view name = text;
    if (node->type != XML_ELEMENT_NODE) {
      continue;
    }
    if (name == "cpu") {
      parts.emplace_back("numa",
                         standalone_text(XmlElement(node).need("numa")));
    } else if (name == "iommufd" || name == "features" || name == "devices") {
      parts.emplace_back(name, standalone_text(XmlElement(node)));
    } else if (name == "commandline" || name == "override") {
      parts.emplace_back(fmt::format("qemu:{}", name),
                         standalone_text(XmlElement(node)));
    }
  }
  return parts;
}

// libvirt names files after the domain.
bool usable_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         std::ranges::none_of(name, [](char c) {
           return c == '/' || static_cast<unsigned char>(c) < 0x20;
         });
}

Result<> check_request(const DomainRequest& request) {
  if (request.gpus.empty()) {
    return fail(Errc::usage, request.name, "no GPU is named");
  }
  if (!usable_name(request.name)) {
    return fail(Errc::usage, "domain name",
                "is empty or has a slash or control character");
  }
  std::set<PciAddress> seen;
  for (const GuestGpu& gpu : request.gpus) {
    const std::string subject = to_string(gpu.address);
    if (!seen.insert(gpu.address).second) {
      return fail(Errc::usage, subject, "is named twice");
    }
    // libvirt's schema has four hexadecimal digits for it.
    if (gpu.address.domain > 0xffff) {
      return fail(Errc::unsupported, subject,
                  "libvirt knows PCI domains up to ffff only");
    }
  }
  return check_target(request);
}

}  // namespace

Result<std::string> whole_domain_xml(const DomainRequest& request) {
  if (auto ok = check_request(request); !ok) {
    return forward_error(ok);
  }
  const auto guest = plan_guest(request);
  if (!guest) {
    return forward_error(guest);
  }
  return build_domain({request, *guest, features_of(request)}).text();
}

Result<GeneratedDomain> generate_domain(const DomainRequest& request) {
  if (auto ok = check_request(request); !ok) {
    return forward_error(ok);
  }
  auto guest = plan_guest(request);
  if (!guest) {
    return forward_error(guest);
  }
  const Plan plan{request, *guest, features_of(request)};
  const XmlDocument fragment = build_fragment(plan);
  return GeneratedDomain{
      .xml = request.whole_domain ? build_domain(plan).text() : fragment.text(),
      .parts = parts_of(fragment),
      .values = list_values(request, *guest),
      .warnings = list_warnings(request, *guest)};
}

}  // namespace nvgpuctl
