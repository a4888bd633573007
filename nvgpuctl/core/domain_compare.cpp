// SPDX-License-Identifier: GPL-2.0-or-later
//
// What libvirt has dropped of a merge. libvirt fills in and reorders, so this
// asks for each thing that was added, by the values that count.
#include <fmt/format.h>

#include <algorithm>

#include "core/domain_args.hpp"
#include "core/domain_merge.hpp"
#include "core/xml_reader.hpp"

namespace nvgpuctl {
namespace {

using Missing = std::vector<std::string>;

template <class Items, class Predicate>
auto find_where(const Items& items, Predicate predicate) {
  const auto at = std::ranges::find_if(items, predicate);
  return at == items.end() ? nullptr : &*at;
}

void compare_cells(const Domain& merged, const Domain& has,
                   const MergeRecord& record, Missing& missing) {
  for (const DomainCell& cell : merged.cells) {
    const bool ours = record.cells.contains(cell.id);
    const DomainCell* there = find_where(
        has.cells,
        [&](const DomainCell& other) { return other.id == cell.id; });
    if (there == nullptr || there->cpus != cell.cpus ||
        there->memory_bytes != cell.memory_bytes) {
      if (ours) {
        missing.push_back(fmt::format("cell {}", cell.id));
      }
      continue;
    }
    for (const auto& [id, value] : cell.distances) {
      if ((ours || record.cells.contains(id)) &&
          std::ranges::find(there->distances, std::pair(id, value)) ==
              there->distances.end()) {
        missing.push_back(
            fmt::format("distance {} from cell {} to {}", value, cell.id, id));
      }
    }
  }
}

// libvirt chooses one where it is not said; only the root is sure to get 0.
std::optional<unsigned> index_of(const DomainController& controller) {
  return controller.index || controller.model != "pcie-root"
             ? controller.index
             : std::optional(0U);
}

void compare_controllers(const Domain& merged, const Domain& has,
                         const MergeRecord& record, Missing& missing) {
  for (const DomainController& wanted : merged.controllers) {
    const bool ours =
        wanted.index && record.controllers.contains(*wanted.index);
    const bool has_window =
        wanted.model == "pcie-root" && wanted.pcihole64_bytes;
    if (wanted.type != "pci" || (!ours && !has_window)) {
      continue;
    }
    const DomainController* there =
        find_where(has.controllers, [&](const DomainController& other) {
          return other.type == "pci" && index_of(other) == index_of(wanted);
        });
    if (has_window && (there == nullptr ||
                       there->pcihole64_bytes != wanted.pcihole64_bytes)) {
      missing.emplace_back("pcihole64 of the pcie-root");
    }
    if (!ours) {
      continue;
    }
    if (there == nullptr || there->model != wanted.model ||
        there->bus_nr != wanted.bus_nr || there->node != wanted.node ||
        (wanted.chassis && there->chassis != wanted.chassis) ||
        (wanted.address && there->address != wanted.address)) {
      missing.push_back(
          fmt::format("PCI controller {} ({})", *wanted.index, wanted.model));
    }
  }
}

void compare_binding(const Domain& merged, const Domain& has,
                     const MergeRecord& record, Missing& missing) {
  if (!record.made.contains("numatune")) {
    return;
  }
  if (has.numatune_nodes != merged.numatune_nodes ||
      has.numatune_mode != merged.numatune_mode) {
    missing.emplace_back("numatune memory");
  }
  for (const DomainMemnode& wanted : merged.memnodes) {
    if (find_where(has.memnodes, [&](const DomainMemnode& other) {
          return other.cell == wanted.cell && other.mode == wanted.mode &&
                 other.host_nodes == wanted.host_nodes;
        }) == nullptr) {
      missing.push_back(fmt::format("memnode of cell {}", wanted.cell));
    }
  }
}

void compare_gpus(const Domain& merged, const Domain& has, Missing& missing) {
  for (const DomainHostdev& wanted : merged.hostdevs) {
    if (!wanted.alias.starts_with(kAliasPrefix)) {
      continue;
    }
    const DomainHostdev* there =
        find_where(has.hostdevs, [&](const DomainHostdev& other) {
          return other.alias == wanted.alias;
        });
    const std::string gpu =
        wanted.source ? to_string(*wanted.source) : wanted.alias;
    if (there == nullptr || there->source != wanted.source) {
      missing.push_back("GPU " + gpu);
      continue;
    }
    const auto compare = [&](bool same, std::string_view what) {
      if (!same) {
        missing.push_back(fmt::format("{} of GPU {}", what, gpu));
      }
    };
    compare(there->managed == wanted.managed, "managed");
    compare(there->driver_model == wanted.driver_model, "driver model");
    compare(there->iommufd == wanted.iommufd, "iommufd");
    compare(there->nodeset == wanted.nodeset, "acpi nodeset");
    compare(there->address == wanted.address, "address");
    compare(there->rom_bar == wanted.rom_bar, "rom bar");
    // What libvirt before 10.0 fills in.
    compare(there->driver_name == wanted.driver_name ||
                (wanted.driver_name.empty() && there->driver_name == "vfio"),
            "driver name");
  }
}

void compare_smmus(const Domain& merged, const Domain& has,
                   const MergeRecord& record, Missing& missing) {
  for (const DomainIommu& wanted : merged.iommus) {
    if (!wanted.pci_bus || !record.controllers.contains(*wanted.pci_bus)) {
      continue;
    }
    const DomainIommu* there =
        find_where(has.iommus, [&](const DomainIommu& other) {
          return other.pci_bus == wanted.pci_bus && other.model == wanted.model;
        });
    if (there == nullptr) {
      missing.push_back(fmt::format("SMMU of bus {}", *wanted.pci_bus));
      continue;
    }
    for (const auto& attribute : wanted.driver) {
      if (std::ranges::find(there->driver, attribute) == there->driver.end()) {
        missing.push_back(fmt::format("{}='{}' of the SMMU of bus {}",
                                      attribute.first, attribute.second,
                                      *wanted.pci_bus));
      }
    }
  }
}

void compare_qemu(const Domain& merged, const Domain& has,
                  const MergeRecord& record, Missing& missing) {
  std::multiset<std::string> arguments;
  for (const DomainArgument& argument : has.qemu_arguments) {
    arguments.insert(argument.value);
  }
  for (const DomainArgument& wanted : merged.qemu_arguments) {
    const auto there = arguments.find(wanted.value);
    if (there == arguments.end()) {
      missing.push_back(fmt::format("qemu:arg '{}'", wanted.value));
    } else {
      arguments.erase(there);
    }
  }
  for (const DomainOverride& wanted : merged.overrides) {
    const bool ours = wanted.alias.starts_with(kAliasPrefix) ||
                      record.smmus.contains(wanted.alias);
    if (ours && find_where(has.overrides, [&](const DomainOverride& other) {
                  return other.alias == wanted.alias &&
                         other.property == wanted.property &&
                         other.value == wanted.value;
                }) == nullptr) {
      missing.push_back(fmt::format("qemu:override of {} for {}",
                                    wanted.property, wanted.alias));
    }
  }
}

}  // namespace

std::vector<std::string> missing_parts(const Domain& merged, const Domain& has,
                                       const MergeRecord& record) {
  Missing missing;
  compare_cells(merged, has, record, missing);
  compare_binding(merged, has, record, missing);
  compare_controllers(merged, has, record, missing);
  compare_gpus(merged, has, missing);
  compare_smmus(merged, has, record, missing);
  compare_qemu(merged, has, record, missing);
  if (merged.acpi && !has.acpi) {
    missing.emplace_back("features acpi");
  }
  if (!merged.gic_version.empty() && has.gic_version != merged.gic_version) {
    missing.push_back(fmt::format("gic version '{}'", merged.gic_version));
  }
  if (merged.iommufd && !has.iommufd) {
    missing.emplace_back("iommufd of the domain");
  }
  return missing;
}

Result<std::vector<std::string>> missing_parts(std::string_view merged,
                                               std::string_view has) {
  const auto document = parse_xml_document(merged, "merged domain");
  if (!document) {
    return forward_error(document);
  }
  const auto record = read_record(document->root(), "merged domain");
  if (!record) {
    return forward_error(record);
  }
  const auto wanted = read_domain(*document, "merged domain");
  const auto there = read_domain(has, "defined domain");
  if (!wanted || !there) {
    return forward_error(wanted ? there : wanted);
  }
  auto missing =
      missing_parts(*wanted, *there, record->value_or(MergeRecord()));
  const auto second = parse_xml_document(has, "defined domain");
  if (*record && second && !find_record(second->root())) {
    missing.emplace_back("the record in <metadata>");
  }
  return missing;
}

}  // namespace nvgpuctl
