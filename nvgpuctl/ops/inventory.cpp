// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/inventory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/pci_functions.hpp"
#include "host/state_dir.hpp"

namespace nvgpuctl {

const Gpu* find_gpu(const Inventory& inventory, const PciAddress& address) {
  const auto found =
      std::find_if(inventory.gpus.begin(), inventory.gpus.end(),
                   [&](const Gpu& gpu) { return gpu.pci.address == address; });
  return found == inventory.gpus.end() ? nullptr : &*found;
}

namespace {

std::vector<std::string> names_of(const DeviceTable& table,
                                  const std::vector<Gpu>& gpus) {
  std::vector<std::string> names;
  for (const auto& model : table.entries().models) {
    names.push_back(model.name);
    for (const auto& board : model.boards) {
      names.push_back(board.name);
    }
  }
  for (const auto& gpu : gpus) {
    if (!gpu.model.known) {
      names.push_back(gpu.model.name);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

Result<Inventory> take_inventory(const RootDir& root, const HostNeeds& needs) {
  auto table = read_device_table(root);
  std::string problem;
  if (!table && needs.despite_device_files) {
    problem = fmt::format(
        "{}: {}; until that is mended other verbs end with this error, and "
        "this one knows only the GPUs of the table that is built in",
        table.error().subject, table.error().problem);
    table = DeviceTable::shipped();
  }
  if (!table) {
    return forward_error(table);
  }
  auto host = read_host(root, *table, needs);
  if (!host) {
    return forward_error(host);
  }
  if (!problem.empty()) {
    host->problems.push_back(std::move(problem));
  }
  Inventory inventory;
  inventory.gpus = assemble_gpus(*host, *table);
  inventory.models = names_of(*table, inventory.gpus);
  inventory.host = std::move(*host);
  for (const auto& other : inventory.host.other_gpus) {
    inventory.others.emplace_back(
        other.address,
        table->exclusion(other.device)
            .value_or(fmt::format(
                "{:04x}:{:04x} is no Grace GPU: its memory is not coherent "
                "with the CPU's, and plain vfio-pci passes it through",
                other.vendor, other.device)));
  }
  return inventory;
}

std::map<PciAddress, std::string> domains_of(const RootDir& root,
                                             const std::vector<Gpu>& gpus) {
  std::map<PciAddress, std::string> domains;
  for (const auto& gpu : gpus) {
    for (const auto& holder : gpu.holders.value_or(std::vector<Holder>())) {
      if (holder.kind == HolderKind::guest && !holder.domain.empty()) {
        domains.emplace(gpu.pci.address, holder.domain);
      }
    }
    if (auto domain = recorded_domain(root, gpu.pci.address)) {
      domains.emplace(gpu.pci.address, std::move(*domain));
    }
  }
  return domains;
}

SelectorTargets selector_targets(const RootDir& root,
                                 const Inventory& inventory,
                                 std::span<const std::string> selectors) {
  SelectorTargets targets;
  for (const auto& gpu : inventory.gpus) {
    targets.gpus.push_back(gpu.pci.address);
  }
  targets.others = inventory.others;
  for (const auto& selector : selectors) {
    const auto address = parse_pci_address(selector);
    const bool known =
        !address ||
        std::find(targets.gpus.begin(), targets.gpus.end(), *address) !=
            targets.gpus.end() ||
        std::any_of(targets.others.begin(), targets.others.end(),
                    [&](const auto& other) { return other.first == *address; });
    const auto function = known ? Result<PciFunction>(PciFunction{})
                                : read_pci_identity(root, *address);
    if (known || !function) {
      continue;
    }
    PciLibrary library(root);
    targets.others.emplace_back(
        *address,
        fmt::format("it is {}: {}", library.class_name(function->class_code),
                    library.device_name(function->vendor, function->device)));
  }
  return targets;
}

}  // namespace nvgpuctl
