// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_room.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/domain_args.hpp"
#include "core/domain_memory.hpp"
#include "core/merge_refusal.hpp"
#include "core/xml_graft.hpp"
#include "core/xml_reader.hpp"

namespace nvgpuctl {
namespace {

struct Subject {
  XmlElement root;
  const Domain& domain;
  const std::string& name;

  tl::unexpected<Error> refuse(XmlElement where, std::string_view reason,
                               std::string problem,
                               std::string hint = {}) const {
    return nvgpuctl::refuse(name, place_of(where), reason, std::move(problem),
                            std::move(hint));
  }
  tl::unexpected<Error> refuse(const XmlPlace& where, std::string_view reason,
                               std::string problem,
                               std::string hint = {}) const {
    return nvgpuctl::refuse(name, where, reason, std::move(problem),
                            std::move(hint));
  }
};

// One <cpu>, one <numa> in it, and so on: libvirt reads the first only.
Result<> check_twice(const Subject& subject, XmlElement parent,
                     std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    const auto found = elements(parent, name);
    if (found.size() > 1) {
      return subject.refuse(found[1], "twice",
                            fmt::format("<{}> is there twice", name));
    }
  }
  return {};
}

Result<> check_structure(const Subject& subject) {
  auto ok = check_twice(subject, subject.root,
                        {"metadata", "memory", "vcpu", "numatune", "os",
                         "iommufd", "features", "cpu", "devices"});
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kInner{
      {{"os", "type"},
       {"cpu", "numa"},
       {"features", "acpi"},
       {"features", "gic"}}};
  for (const auto& [container, name] : kInner) {
    const auto element = first_element(subject.root, container);
    if (ok && element) {
      ok = check_twice(subject, *element, {name});
    }
  }
  for (const auto part : {"commandline", "override"}) {
    const auto found = elements(subject.root, part, kQemuNamespace);
    if (ok && found.size() > 1) {
      return subject.refuse(found[1], "twice",
                            fmt::format("<qemu:{}> is there twice", part));
    }
  }
  return ok;
}

Result<> check_machine(const Subject& subject) {
  const Domain& domain = subject.domain;
  if (domain.type != "kvm") {
    return subject.refuse(subject.root, "not-kvm",
                          fmt::format("is a domain of type '{}'", domain.type),
                          "a GPU can only be passed to a domain of type 'kvm'");
  }
  const auto os = first_element(subject.root, "os");
  const XmlElement type =
      os ? first_element(*os, "type").value_or(*os) : subject.root;
  // Without one, libvirt takes the host's, and this host has a Grace CPU.
  if (!domain.arch.empty() && domain.arch != "aarch64") {
    return subject.refuse(
        type, "not-aarch64",
        fmt::format("the guest is of architecture '{}'", domain.arch),
        "guests on Grace hosts are of 'aarch64'");
  }
  if (!domain.machine.empty() && domain.machine != "virt" &&
      !domain.machine.starts_with("virt-")) {
    return subject.refuse(type, "not-virt",
                          fmt::format("the machine is '{}'", domain.machine),
                          "QEMU's machine for such guests is 'virt'");
  }
  const auto loader = os ? first_element(*os, "loader") : std::nullopt;
  const bool efi = os && text_attribute(*os, "firmware") == "efi";
  if (!efi && (!loader || text_of(*loader).empty())) {
    return subject.refuse(
        os.value_or(subject.root), "no-firmware",
        "the guest has no UEFI, so it cannot have ACPI and NUMA nodes",
        "write <os firmware='efi'>; a guest that was installed without UEFI "
        "must be installed again");
  }
  if (domain.gic_version == "2") {
    return subject.refuse(
        *first_element(*first_element(subject.root, "features"), "gic"),
        "gic-version", "GICv2 cannot deliver the GPU's interrupts",
        "write <gic version='3'/>");
  }
  return {};
}

Result<> check_cells(const Subject& subject) {
  const auto& cells = subject.domain.cells;
  std::vector<bool> seen(cells.size());
  for (const DomainCell& cell : cells) {
    if (cell.id >= cells.size() || seen[cell.id]) {
      return subject.refuse(cell.place, "cell-ids",
                            fmt::format("cell id {} in a guest with {} cells",
                                        cell.id, cells.size()),
                            "number the cells 0, 1, …");
    }
    seen[cell.id] = true;
    for (const auto& [id, value] : cell.distances) {
      if (id >= cells.size()) {
        return subject.refuse(
            cell.place, "stray-distance",
            fmt::format("names a distance to cell {}, which does not exist",
                        id));
      }
    }
  }
  if (cells.empty() && !subject.domain.memory_bytes) {
    return subject.refuse(subject.root, "no-memory",
                          "has neither <memory> nor <numa>");
  }
  const auto& devices = subject.domain.memory_devices;
  if (cells.empty() && !devices.empty() &&
      memory_for_cells(subject.domain) == 0U) {
    return subject.refuse(devices.front().place, "no-memory",
                          "is, with its like, all that <memory> has",
                          "libvirt counts memory devices into <memory>; say "
                          "more there, or write the cells");
  }
  const auto cpu = first_element(subject.root, "cpu");
  const auto numa = cpu ? first_element(*cpu, "numa") : std::nullopt;
  for (const XmlElement cell :
       numa ? elements(*numa, "cell") : std::vector<XmlElement>()) {
    if (auto ok = check_twice(subject, cell, {"distances"}); !ok) {
      return ok;
    }
  }
  return {};
}

// Also that its window can be changed and changed back.
Result<> check_root_bus(const Subject& subject) {
  const auto devices = first_element(subject.root, "devices");
  std::optional<XmlElement> root_bus;
  for (const XmlElement controller :
       devices ? elements(*devices, "controller") : std::vector<XmlElement>()) {
    const std::string model = text_attribute(controller, "model");
    const std::string index = text_attribute(controller, "index");
    if (text_attribute(controller, "type") != "pci" ||
        (model != "pcie-root" && index != "0")) {
      continue;
    }
    if (root_bus) {
      return subject.refuse(controller, "twice",
                            "PCI controller 0 is there twice");
    }
    if (model != "pcie-root" || (index != "0" && !index.empty())) {
      return subject.refuse(
          controller, "no-pcie-root",
          fmt::format("PCI controller {} is '{}'", index, model),
          "the machine 'virt' has a pcie-root with index 0");
    }
    root_bus = controller;
    const auto window = first_element(controller, "pcihole64");
    if (window && !has_only_text(*window)) {
      return subject.refuse(*window, "window", "holds more than a number");
    }
    if (auto ok = check_twice(subject, controller, {"pcihole64"}); !ok) {
      return ok;
    }
  }
  return {};
}

GuestRoom room_of(const Subject& subject) {
  const Domain& domain = subject.domain;
  GuestRoom room;
  room.controllers = {0};
  for (const DomainController& controller : domain.controllers) {
    if (controller.type == "pci" && controller.index) {
      room.controllers.insert(*controller.index);
      room.chassis.insert(controller.chassis.value_or(*controller.index));
    }
    room.bus_above =
        std::min(room.bus_above, controller.bus_nr.value_or(room.bus_above));
  }
  for (const DomainPciUse& use : domain.pci_uses) {
    room.controllers.insert(use.address.bus);
  }
  for (const DomainIommu& iommu : domain.iommus) {
    room.controllers.insert(iommu.pci_bus.value_or(0));
  }
  room.iommus = static_cast<unsigned>(domain.iommus.size());
  room.cells.resize(domain.cells.size());
  for (const DomainCell& cell : domain.cells) {
    GuestRoom::Cell& out = room.cells[cell.id];
    out.has_cpus = cell.cpus && !cell.cpus->empty();
    if (domain.numatune_nodes && domain.numatune_nodes->size() == 1) {
      out.host_nodes = *domain.numatune_nodes;
    }
  }
  room.distances = libvirt_distances(domain.cells);
  room.vcpu_groups = domain.vcpu_groups;
  for (const DomainMemnode& memnode : domain.memnodes) {
    if (memnode.cell < room.cells.size()) {
      room.cells[memnode.cell].host_nodes = memnode.host_nodes;
    }
  }
  const auto vcpu = first_element(subject.root, "vcpu");
  room.bind_memory = !first_element(subject.root, "numatune") &&
                     (!vcpu || text_attribute(*vcpu, "placement") != "auto");
  return room;
}

Result<> check_aliases(const Subject& subject) {
  const auto ours = [](const std::string& alias) {
    return alias.starts_with(kAliasPrefix);
  };
  const auto devices = first_element(subject.root, "devices");
  for (const XmlElement device :
       devices ? elements(*devices) : std::vector<XmlElement>()) {
    const auto alias = first_element(device, "alias");
    if (alias && ours(text_attribute(*alias, "name"))) {
      return subject.refuse(
          *alias, "alias-taken",
          "has an alias of nvgpuctl's, and no record of a merge goes with it",
          "a domain that 'xml generate' wrote needs no merge; otherwise take "
          "the device out, or its alias");
    }
  }
  for (const DomainOverride& item : subject.domain.overrides) {
    if (ours(item.alias)) {
      return subject.refuse(
          item.place, "alias-taken",
          "overrides a device of nvgpuctl's that is not there", "take it out");
    }
  }
  return {};
}

Result<> check_arguments(const Subject& subject) {
  const auto& arguments = subject.domain.qemu_arguments;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string next =
        i + 1 < arguments.size() ? arguments[i + 1].value : "";
    const std::string& value = arguments[i].value;
    if (value == "-numa" || is_own_argument(value, next) ||
        value.find(kWindowProperty) != std::string::npos) {
      return subject.refuse(
          arguments[i].place, "qemu-arguments",
          fmt::format("'{} {}' is for nvgpuctl to say", value, next),
          "take it out; what the GPUs need is added");
    }
  }
  return {};
}

Result<> check_gpus(const Subject& subject, const DomainRequest& request) {
  for (const DomainHostdev& hostdev : subject.domain.hostdevs) {
    for (const GuestGpu& gpu : request.gpus) {
      if (hostdev.source == gpu.address) {
        return subject.refuse(
            hostdev.place, "gpu-taken",
            fmt::format("passes {} through already", to_string(gpu.address)),
            "take this <hostdev> out: merge writes its own, with all that "
            "belongs to it");
      }
    }
  }
  return {};
}

Result<> check_iommus(const Subject& subject, const DomainRequest& request) {
  for (std::size_t i = 0; i < subject.domain.iommus.size(); ++i) {
    const DomainIommu& iommu = subject.domain.iommus[i];
    if (!iommu.pci_bus &&
        (iommu.model == "smmuv3" || request.viommu != Viommu::none)) {
      return subject.refuse(
          iommu.place, "other-iommu",
          fmt::format("an IOMMU of model '{}' for the whole machine",
                      iommu.model),
          "take it out; --viommu chooses one for the GPUs' buses");
    }
  }
  const auto smmus = request.viommu == Viommu::none ? 0 : request.gpus.size();
  for (const DomainOverride& item : subject.domain.overrides) {
    for (std::size_t i = 0; i < smmus; ++i) {
      if (item.alias == smmu_alias(request, i)) {
        return subject.refuse(
            item.place, "qemu-override",
            fmt::format("overrides {}, which will be a GPU's", item.alias),
            "take it out");
      }
    }
  }
  return {};
}

Result<> check_switches(const Subject& subject, const DomainRequest& request) {
  const auto iommufd = first_element(subject.root, "iommufd");
  if (iommufd && request.iommufd && !subject.domain.iommufd) {
    return subject.refuse(*iommufd, "iommufd-off", "IOMMUFD is switched off",
                          "write <iommufd enabled='yes'/>");
  }
  for (const DomainController& controller : subject.domain.controllers) {
    if (controller.pcihole64_bytes &&
        !features_of(request).generic_initiators) {
      return subject.refuse(
          controller.place, "window",
          "has <pcihole64>, which the profile legacy says to QEMU directly",
          "take it out");
    }
  }
  return {};
}

}  // namespace

Result<GuestRoom> find_room(const XmlDocument& document, const Domain& domain,
                            const std::string& name) {
  const Subject subject{document.root(), domain, name};
  if (auto ok = check_structure(subject); !ok) {
    return forward_error(ok);
  }
  if (auto ok = check_machine(subject); !ok) {
    return forward_error(ok);
  }
  if (!domain.problems.empty()) {
    const DomainProblem& first = domain.problems.front();
    return subject.refuse(first.place, "unreadable", first.text,
                          "libvirt cannot read it, either");
  }
  for (const auto& check :
       {check_cells, check_root_bus, check_aliases, check_arguments}) {
    if (auto ok = check(subject); !ok) {
      return forward_error(ok);
    }
  }
  return room_of(subject);
}

Result<> check_conflicts(const XmlDocument& document, const Domain& domain,
                         const DomainRequest& request,
                         const std::string& name) {
  const Subject subject{document.root(), domain, name};
  for (const auto& check : {check_gpus, check_iommus, check_switches}) {
    if (auto ok = check(subject, request); !ok) {
      return ok;
    }
  }
  return {};
}

}  // namespace nvgpuctl
