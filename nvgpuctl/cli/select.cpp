// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/select.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/layout.hpp"
#include "cli/wording.hpp"
#include "core/selector.hpp"

namespace nvgpuctl::cli {
namespace {

std::string gpu_list(const Inventory& inventory) {
  if (inventory.gpus.empty()) {
    return "there is no Grace GPU here; see: nvgpuctl list";
  }
  std::vector<std::string> addresses;
  for (const auto& gpu : inventory.gpus) {
    addresses.push_back(to_string(gpu.pci.address));
  }
  return fmt::format("name one, or --all; there is: {}",
                     fmt::join(addresses, ", "));
}

std::vector<std::string> selectors_of(const Arguments& arguments,
                                      Operands operands) {
  std::vector<std::string> selectors;
  if (operands != Operands::optional_file) {
    selectors = arguments.operands;
  }
  const auto& more = arguments.values("--gpu");
  selectors.insert(selectors.end(), more.begin(), more.end());
  return selectors;
}

Result<std::vector<std::size_t>> every_gpu(const Inventory& inventory,
                                           bool may_be_empty) {
  if (inventory.gpus.empty() && !may_be_empty) {
    return fail(Errc::no_such_gpu, "--all", "this host has no Grace GPU",
                "see: nvgpuctl list");
  }
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < inventory.gpus.size(); ++i) {
    all.push_back(i);
  }
  return all;
}

Result<std::vector<std::size_t>> find_gpus(const RootDir& root,
                                           const Inventory& inventory,
                                           const Arguments& arguments,
                                           Operands operands) {
  const auto selectors = selectors_of(arguments, operands);
  const bool all = arguments.has("--all");
  if (all && !selectors.empty()) {
    return fail(Errc::usage, "--all", "cannot stand beside named GPUs");
  }
  if (all || (selectors.empty() && operands == Operands::optional_gpus)) {
    return every_gpu(inventory, !all);
  }
  if (selectors.empty()) {
    return fail(Errc::usage, "command line", "no GPU given",
                gpu_list(inventory));
  }
  return select_gpus(selector_targets(root, inventory, selectors), selectors);
}

}  // namespace

Result<Selection> select(Context& context, const Arguments& arguments,
                         const HostNeeds& needs, Operands operands) {
  auto root = RootDir::open(context.root);
  if (!root) {
    return forward_error(root);
  }
  auto inventory = take_inventory(*root, needs);
  if (!inventory) {
    return forward_error(inventory);
  }
  auto gpus = find_gpus(*root, *inventory, arguments, operands);
  if (!gpus) {
    return forward_error(gpus);
  }
  print_reading_problems(context, inventory->host);
  return Selection{std::move(*root), std::move(*inventory), std::move(*gpus),
                   selectors_of(arguments, operands).empty()};
}

Result<> reread(Selection& selection, const HostNeeds& needs) {
  const auto gone = reread_those_left(selection, needs);
  if (!gone) {
    return forward_error(gone);
  }
  return gone->empty()
             ? Result<>()
             : Result<>(fail(Errc::no_such_gpu, to_string(gone->front()),
                             "is not there any more"));
}

Result<std::vector<PciAddress>> reread_those_left(Selection& selection,
                                                  const HostNeeds& needs) {
  auto fresh = take_inventory(selection.root, needs);
  if (!fresh) {
    return forward_error(fresh);
  }
  std::vector<std::size_t> places;
  std::vector<PciAddress> gone;
  for (const auto index : selection.gpus) {
    const auto address = selection.inventory.gpus[index].pci.address;
    const auto* found = find_gpu(*fresh, address);
    if (found == nullptr) {
      gone.push_back(address);
    } else {
      places.push_back(static_cast<std::size_t>(found - fresh->gpus.data()));
    }
  }
  selection.inventory = std::move(*fresh);
  selection.gpus = std::move(places);
  return gone;
}

void print_reading_problems(Context& context, const HostSnapshot& host) {
  const auto& unreadable = host.acpi.unreadable;
  if (!unreadable.empty() && !host.gpus.empty()) {
    print_prose(
        context.err, context.width, "note: ",
        fmt::format("{} can be read by root only{}; what firmware says "
                    "about memory and NUMA nodes is missing or "
                    "guessed from sysfs",
                    unreadable.front(),
                    unreadable.size() > 1
                        ? fmt::format(" (and {} more)", unreadable.size() - 1)
                        : ""));
  }
  for (const auto& problem : host.acpi.problems) {
    print_prose(context.err, context.width, "note: ", problem);
  }
  for (const auto& problem : host.problems) {
    print_prose(context.err, context.width, "note: ", problem);
  }
  print_use_problems(context, host);
}

void print_use_problems(Context& context, const HostSnapshot& host) {
  if (!host.census) {
    return;
  }
  if (host.census->unseen > 0) {
    print_prose(context.err, context.width, "note: ",
                fmt::format("{} processes cannot be looked at; who of them "
                            "uses a GPU is not known",
                            host.census->unseen));
  }
  if (!host.census->libvirt_problem.empty()) {
    print_prose(context.err, context.width, "note: ",
                fmt::format("libvirt could not be asked which domains run: "
                            "{}; those that have a GPU are known only where "
                            "their QEMU is seen as a process; virsh list has "
                            "them",
                            host.census->libvirt_problem));
  }
}

void print_no_gpu(Context& context, const Selection& selection) {
  const auto& inventory = selection.inventory;
  if (!inventory.gpus.empty()) {
    return;
  }
  for (const auto& line :
       no_gpu_text(selector_targets(selection.root, inventory, {}))) {
    print_prose(context.err, context.width, "", line);
  }
}

}  // namespace nvgpuctl::cli
