// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/domain_args.hpp"
#include "core/domain_reader.hpp"
#include "core/emulated_device.hpp"
#include "core/xml_reader.hpp"

namespace nvgpuctl {
namespace {

// The descendant at the end of a chain of names, the first of each.
std::optional<XmlElement> descend(
    XmlElement from, std::initializer_list<std::string_view> names) {
  std::optional<XmlElement> at = from;
  for (const auto name : names) {
    at = at ? first_element(*at, name) : std::nullopt;
  }
  return at;
}

// A device's own address. Where domain, bus and slot are 0 or not said, libvirt
// finds one (virPCIDeviceAddressIsEmpty()).
std::optional<PciAddress> guest_address(DomainReader& read, XmlElement device) {
  for (const XmlElement element : elements(device, "address")) {
    if (text_attribute(element, "type") == "pci") {
      const auto address = read.address(element);
      const bool empty = address && address->domain == 0 && address->bus == 0 &&
                         address->device == 0;
      return empty ? std::nullopt : address;
    }
  }
  return std::nullopt;
}

void read_cells(DomainReader& read, XmlElement root, Domain& domain) {
  const auto numa = descend(root, {"cpu", "numa"});
  domain.has_cpu_numa = numa.has_value();
  if (!numa) {
    return;
  }
  for (const XmlElement element : elements(*numa, "cell")) {
    DomainCell cell;
    cell.place = read.place(element);
    cell.id = read.number_attribute(element, "id")
                  .value_or(static_cast<unsigned>(domain.cells.size()));
    cell.cpus = read.set_attribute(element, "cpus");
    if (const auto memory = attribute_of(element, "memory")) {
      cell.memory_bytes = read.size(element, "memory", *memory);
    }
    const auto distances = first_element(element, "distances");
    for (const XmlElement sibling : distances ? elements(*distances, "sibling")
                                              : std::vector<XmlElement>()) {
      const auto id = read.number_attribute(sibling, "id");
      const auto value = read.number_attribute(sibling, "value");
      if (id && value) {
        cell.distances.emplace_back(*id, *value);
      }
    }
    domain.cells.push_back(std::move(cell));
  }
}

DomainController read_controller(DomainReader& read, XmlElement element) {
  DomainController out;
  out.place = read.place(element);
  out.type = text_attribute(element, "type");
  out.index = read.number_attribute(element, "index");
  out.model = text_attribute(element, "model");
  if (const auto target = first_element(element, "target")) {
    out.bus_nr = read.pci_attribute(*target, "busNr", 0xff);
    out.chassis = read.pci_attribute(*target, "chassis", 0xff);
    if (const auto node = first_element(*target, "node")) {
      out.node = read.number(*node, "node", text_of(*node));
    }
  }
  if (const auto hole = first_element(element, "pcihole64")) {
    out.has_pcihole64 = true;
    out.pcihole64_bytes = read.size(*hole, "pcihole64", text_of(*hole));
  }
  return out;
}

DomainHostdev read_hostdev(DomainReader& read, XmlElement element) {
  DomainHostdev out;
  out.place = read.place(element);
  out.managed = text_attribute(element, "managed");
  if (const auto address = descend(element, {"source", "address"})) {
    out.source = read.address(*address);
  } else {
    read.note(element, "has no <source><address>");
  }
  if (const auto driver = first_element(element, "driver")) {
    out.driver_place = read.place(*driver);
    out.driver_name = text_attribute(*driver, "name");
    out.driver_model = text_attribute(*driver, "model");
    out.iommufd = text_attribute(*driver, "iommufd");
  }
  if (const auto alias = first_element(element, "alias")) {
    out.alias = text_attribute(*alias, "name");
  }
  if (const auto acpi = first_element(element, "acpi")) {
    out.nodeset_text = text_attribute(*acpi, "nodeset");
    out.nodeset = read.set_attribute(*acpi, "nodeset");
  }
  if (const auto rom = first_element(element, "rom")) {
    out.rom_bar = text_attribute(*rom, "bar");
  }
  return out;
}

DomainIommu read_iommu(DomainReader& read, XmlElement element) {
  DomainIommu out;
  out.place = read.place(element);
  out.model = text_attribute(element, "model");
  if (const auto alias = first_element(element, "alias")) {
    out.alias = text_attribute(*alias, "name");
  }
  out.driver_place = out.place;
  if (const auto driver = first_element(element, "driver")) {
    out.driver_place = read.place(*driver);
    out.pci_bus = read.number_attribute(*driver, "pciBus");
    out.driver = attributes_of(*driver);
  }
  return out;
}

DomainMemoryDevice read_memory_device(DomainReader& read, XmlElement element) {
  DomainMemoryDevice out;
  out.place = read.place(element);
  out.model = text_attribute(element, "model");
  if (const auto size = descend(element, {"target", "size"})) {
    out.size_bytes = read.size(*size, "size", text_of(*size));
  }
  return out;
}

bool has_own_alias(XmlElement device) {
  const auto alias = first_element(device, "alias");
  return alias && text_attribute(*alias, "name").starts_with(kOwnAlias);
}

// Interfaces that are hostdevs get their numbers first
// (qemuAssignDeviceAliases() in libvirt's qemu_alias.c).
unsigned network_hostdevs(XmlElement devices) {
  unsigned count = 0;
  for (const XmlElement interface : elements(devices, "interface")) {
    count += text_attribute(interface, "type") == "hostdev" &&
                     !has_own_alias(interface)
                 ? 1
                 : 0;
  }
  return count;
}

void read_devices(DomainReader& read, XmlElement root, Domain& domain) {
  const auto devices = first_element(root, "devices");
  if (!devices) {
    return;
  }
  unsigned hostdevs = network_hostdevs(*devices);
  for (const XmlElement device : elements(*devices)) {
    const auto address = guest_address(read, device);
    if (address) {
      domain.pci_uses.push_back(
          {read.place(device), *address, is_emulated(device)});
    }
    if (has_name(device, "controller")) {
      domain.controllers.push_back(read_controller(read, device));
      domain.controllers.back().address = address;
    } else if (has_name(device, "hostdev") &&
               text_attribute(device, "type") == "pci") {
      domain.hostdevs.push_back(read_hostdev(read, device));
      domain.hostdevs.back().number = hostdevs;
      domain.hostdevs.back().address = address;
    } else if (has_name(device, "iommu")) {
      domain.iommus.push_back(read_iommu(read, device));
    } else if (has_name(device, "memory")) {
      domain.memory_devices.push_back(read_memory_device(read, device));
    }
    if (has_name(device, "hostdev") && !has_own_alias(device)) {
      ++hostdevs;
    }
  }
}

void read_memory(DomainReader& read, XmlElement root, Domain& domain) {
  // <maxMemory> is room for more; <memory> is what the guest starts with.
  if (const auto memory = first_element(root, "memory")) {
    domain.memory_bytes = read.size(*memory, "memory", text_of(*memory));
  }
  if (const auto limit = descend(root, {"memtune", "hard_limit"})) {
    domain.hard_limit_place = read.place(*limit);
    domain.hard_limit_bytes = read.size(*limit, "hard_limit", text_of(*limit));
  }
  const auto huge = descend(root, {"memoryBacking", "hugepages"});
  domain.has_huge_pages = huge.has_value();
  for (const XmlElement page :
       huge ? elements(*huge, "page") : std::vector<XmlElement>()) {
    const auto bytes = read.size(page, "size", text_attribute(page, "size"));
    if (bytes) {
      domain.huge_pages.push_back(
          {read.place(page), *bytes, read.set_attribute(page, "nodeset")});
    }
  }
}

void read_topology(DomainReader& read, XmlElement root, Domain& domain) {
  const auto topology = descend(root, {"cpu", "topology"});
  if (!topology) {
    return;
  }
  std::uint64_t group = 1;
  for (const auto level : {"threads", "cores", "clusters", "dies"}) {
    group *= read.number_attribute(*topology, level).value_or(1);
    if (group > domain.vcpus) {
      return;
    }
    if (group > 1 &&
        (domain.vcpu_groups.empty() || domain.vcpu_groups.back() != group)) {
      domain.vcpu_groups.push_back(group);
    }
  }
}

void read_pinning(DomainReader& read, XmlElement root, Domain& domain) {
  if (const auto vcpu = first_element(root, "vcpu")) {
    domain.vcpus = read.number(*vcpu, "vcpu", text_of(*vcpu)).value_or(0);
    domain.vcpu_host_cpus = read.set_attribute(*vcpu, "cpuset");
    domain.vcpu_place = read.place(*vcpu);
  }
  const auto tune = first_element(root, "cputune");
  for (const XmlElement pin :
       tune ? elements(*tune, "vcpupin") : std::vector<XmlElement>()) {
    const auto vcpu = read.number_attribute(pin, "vcpu");
    auto cpus = read.set_attribute(pin, "cpuset");
    if (vcpu && cpus) {
      domain.pins.push_back({read.place(pin), *vcpu, std::move(*cpus)});
    }
  }
  const auto numatune = first_element(root, "numatune");
  if (!numatune) {
    return;
  }
  if (const auto memory = first_element(*numatune, "memory")) {
    domain.numatune_place = read.place(*memory);
    domain.numatune_mode = text_attribute(*memory, "mode");
    domain.numatune_nodes = read.set_attribute(*memory, "nodeset");
  }
  for (const XmlElement memnode : elements(*numatune, "memnode")) {
    const auto cell = read.number_attribute(memnode, "cellid");
    auto nodes = read.set_attribute(memnode, "nodeset");
    if (cell && nodes) {
      domain.memnodes.push_back({read.place(memnode), *cell,
                                 text_attribute(memnode, "mode"),
                                 std::move(*nodes)});
    }
  }
}

void read_override(DomainReader& read, XmlElement device, Domain& domain) {
  for (const XmlElement side : elements(device, "frontend", kQemuNamespace)) {
    for (const XmlElement property :
         elements(side, "property", kQemuNamespace)) {
      domain.overrides.push_back({read.place(property),
                                  text_attribute(device, "alias"),
                                  text_attribute(property, "name"),
                                  text_attribute(property, "value")});
    }
  }
}

void read_qemu(DomainReader& read, XmlElement root, Domain& domain) {
  for (const XmlElement line : elements(root, "commandline", kQemuNamespace)) {
    for (const XmlElement arg : elements(line, "arg", kQemuNamespace)) {
      domain.qemu_arguments.push_back(
          {read.place(arg), text_attribute(arg, "value")});
    }
  }
  for (const XmlElement all : elements(root, "override", kQemuNamespace)) {
    for (const XmlElement device : elements(all, "device", kQemuNamespace)) {
      read_override(read, device, domain);
    }
  }
}

void read_head(DomainReader& read, XmlElement root, Domain& domain) {
  domain.place = read.place(root);
  domain.type = text_attribute(root, "type");
  const auto text = [&](std::string_view name) {
    const auto element = first_element(root, name);
    return element ? text_of(*element) : std::string();
  };
  domain.name = text("name");
  domain.uuid = text("uuid");
  if (const auto type = descend(root, {"os", "type"})) {
    domain.arch = text_attribute(*type, "arch");
    domain.machine = text_attribute(*type, "machine");
  }
  if (const auto os = first_element(root, "os")) {
    domain.firmware =
        attribute_of(*os, "firmware") || first_element(*os, "loader");
  }
  domain.acpi = descend(root, {"features", "acpi"}).has_value();
  if (const auto gic = descend(root, {"features", "gic"})) {
    domain.gic_version = text_attribute(*gic, "version");
  }
  if (const auto iommufd = first_element(root, "iommufd")) {
    domain.iommufd = text_attribute(*iommufd, "enabled") == "yes";
    domain.iommufd_place = read.place(*iommufd);
  }
}

}  // namespace

Result<Domain> read_domain(const XmlDocument& document,
                           const std::string& name) {
  const XmlElement root = document.root();
  if (!has_name(root, "domain")) {
    return fail(Errc::malformed, name,
                fmt::format("its root is <{}>, not <domain>",
                            reinterpret_cast<const char*>(root.node()->name)),
                "virsh dumpxml --inactive prints what is wanted");
  }
  Domain domain;
  DomainReader read(root, domain);
  read_head(read, root, domain);
  read_memory(read, root, domain);
  read_pinning(read, root, domain);
  read_topology(read, root, domain);
  read_cells(read, root, domain);
  read_devices(read, root, domain);
  read_qemu(read, root, domain);
  return domain;
}

Result<Domain> read_domain(std::string_view text, const std::string& name) {
  const auto document = parse_xml_document(text, name);
  if (!document) {
    return forward_error(document);
  }
  return read_domain(*document, name);
}

}  // namespace nvgpuctl
