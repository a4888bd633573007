// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_unmerge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "core/domain_args.hpp"
#include "core/libvirt_values.hpp"
#include "core/merge_refusal.hpp"
#include "core/xml_graft.hpp"
#include "core/xml_reader.hpp"

namespace nvgpuctl {
namespace {

std::optional<unsigned> number_of(std::string_view text) {
  const auto value = parse_libvirt_decimal(text);
  return value && *value <= 0xffff
             ? std::optional(static_cast<unsigned>(*value))
             : std::nullopt;
}

std::optional<unsigned> number_attribute(XmlElement element,
                                         std::string_view name) {
  return number_of(text_attribute(element, name));
}

std::vector<XmlElement> children(std::optional<XmlElement> parent,
                                 std::string_view name = {},
                                 std::string_view uri = {}) {
  if (!parent) {
    return {};
  }
  return name.empty() ? elements(*parent) : elements(*parent, name, uri);
}

std::optional<XmlElement> child(std::optional<XmlElement> parent,
                                std::string_view name) {
  return parent ? first_element(*parent, name) : std::nullopt;
}

bool names(const std::set<unsigned>& set, std::optional<unsigned> number) {
  return number && set.contains(*number);
}

std::vector<std::pair<unsigned, XmlElement>> cells_of(XmlElement root) {
  std::vector<std::pair<unsigned, XmlElement>> out;
  for (const XmlElement cell :
       children(child(child(root, "cpu"), "numa"), "cell")) {
    // As libvirt counts those without one.
    out.emplace_back(number_attribute(cell, "id")
                         .value_or(static_cast<unsigned>(out.size())),
                     cell);
  }
  return out;
}

std::optional<XmlElement> find_root_bus(XmlElement root) {
  for (const XmlElement controller :
       children(child(root, "devices"), "controller")) {
    if (text_attribute(controller, "type") == "pci" &&
        text_attribute(controller, "model") == "pcie-root") {
      return controller;
    }
  }
  return std::nullopt;
}

std::optional<XmlElement> find_cell(XmlElement root, std::string_view id) {
  const auto wanted = parse_unsigned(id);
  for (const auto& [number, cell] : cells_of(root)) {
    if (wanted && number == *wanted) {
      return cell;
    }
  }
  return std::nullopt;
}

bool is_ours(XmlElement device, const MergeRecord& record) {
  if (has_name(device, "controller")) {
    return text_attribute(device, "type") == "pci" &&
           names(record.controllers, number_attribute(device, "index"));
  }
  if (has_name(device, "iommu")) {
    const auto driver = first_element(device, "driver");
    return driver &&
           names(record.controllers, number_attribute(*driver, "pciBus"));
  }
  const auto alias = first_element(device, "alias");
  return has_name(device, "hostdev") && alias &&
         text_attribute(*alias, "name").starts_with(kAliasPrefix);
}

bool is_on_bus_of(const MergeRecord& record, std::string_view bus) {
  const auto number = parse_libvirt_number(bus);
  return number && *number <= 0xffff &&
         record.controllers.contains(static_cast<unsigned>(*number));
}

// Devices that somebody has put on a bus that goes.
Result<> check_buses(XmlElement root, const MergeRecord& record,
                     const std::string& name) {
  for (const XmlElement device : children(child(root, "devices"))) {
    const auto address = first_element(device, "address");
    if (address && !is_ours(device, record) &&
        text_attribute(*address, "type") == "pci" &&
        is_on_bus_of(record, text_attribute(*address, "bus"))) {
      return refuse(name, place_of(device), "on-our-bus",
                    fmt::format("sits on bus {}, which nvgpuctl added for GPUs",
                                text_attribute(*address, "bus")),
                    "take its <address> out, so that libvirt finds another");
    }
  }
  return {};
}

bool names_any(const std::set<unsigned>& set, std::string_view text) {
  const auto numbers = parse_libvirt_set(text);
  return numbers && std::ranges::any_of(*numbers, [&](unsigned number) {
           return set.contains(number);
         });
}

bool needs_cell(XmlElement device, const std::set<unsigned>& cells) {
  const auto node = child(child(device, "target"), "node");
  const auto acpi = child(device, "acpi");
  return (node && names(cells, number_of(text_of(*node)))) ||
         (acpi && names_any(cells, text_attribute(*acpi, "nodeset")));
}

void take_devices(XmlElement root, const MergeRecord& record) {
  for (const XmlElement device : children(child(root, "devices"))) {
    if (is_ours(device, record)) {
      prune(device);
    }
  }
}

void restore_window(XmlElement root, const MergeRecord& record) {
  const auto window = find_part(root, "pcihole64");
  const auto now = window ? parse_libvirt_size(raw_text(*window),
                                               text_attribute(*window, "unit"))
                          : std::nullopt;
  if (record.window_bytes && now != record.window_bytes) {
    return;  // somebody has changed it since: it is theirs
  }
  if (window && record.made.contains("pcihole64")) {
    prune(*window);
  } else if (window && record.window) {
    const auto& unit = record.window->unit;
    set_attribute(*window, "unit", unit ? &*unit : nullptr);
    set_raw_text(*window, record.window->value);
  }
}

// libvirt adds the distance of a cell to itself.
bool only_to_itself(XmlElement distances, unsigned id) {
  for (const XmlElement sibling : elements(distances)) {
    if (number_attribute(sibling, "id") != id) {
      return false;
    }
  }
  return true;
}

void take_cells(XmlElement root, const MergeRecord& record) {
  for (const auto& [id, cell] : cells_of(root)) {
    if (record.cells.contains(id)) {
      prune(cell);
      continue;
    }
    const auto distances = first_element(cell, "distances");
    for (const XmlElement sibling : children(distances, "sibling")) {
      if (names(record.cells, number_attribute(sibling, "id"))) {
        prune(sibling);
      }
    }
    if (distances && record.made.contains(fmt::format("distances-{}", id)) &&
        only_to_itself(*distances, id)) {
      prune(*distances);
    }
  }
}

void take_arguments(XmlElement root, const MergeRecord& record) {
  if (!record.made.contains("arguments")) {
    return;
  }
  const auto arguments =
      children(find_part(root, "commandline"), "arg", kQemuNamespace);
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (is_own_argument(text_attribute(arguments[i], "value"),
                        text_attribute(arguments[i + 1], "value"))) {
      prune(arguments[i]);
      prune(arguments[++i]);
    }
  }
}

void take_overrides(XmlElement root, const MergeRecord& record) {
  for (const XmlElement device :
       children(find_part(root, "override"), "device", kQemuNamespace)) {
    const std::string alias = text_attribute(device, "alias");
    if (alias.starts_with(kAliasPrefix) || record.smmus.contains(alias)) {
      prune(device);
    }
  }
}

// Elements that were made, inner ones first. Those in which somebody has put
// something since stay.
void take_containers(XmlElement root, const MergeRecord& record) {
  constexpr std::array<std::string_view, 12> kInnerFirst{
      "pcie-root", "acpi",     "gic",     "numatune",
      "numa",      "features", "cpu",     "commandline",
      "override",  "iommufd",  "devices", "metadata"};
  for (const auto word : kInnerFirst) {
    const auto part = find_part(root, word);
    if (part && record.made.contains(word) &&
        (word == "numatune" || elements(*part).empty())) {
      prune(*part);
    }
  }
}

}  // namespace

std::optional<XmlElement> find_part(XmlElement root, std::string_view word) {
  const auto within = [&](std::string_view container) {
    return child(child(root, container), word);
  };
  if (word == "pcie-root") {
    return find_root_bus(root);
  }
  if (word == "pcihole64") {
    return child(find_root_bus(root), word);
  }
  if (word == "acpi" || word == "gic") {
    return within("features");
  }
  if (word == "numa") {
    return within("cpu");
  }
  if (word == "commandline" || word == "override") {
    return first_element(root, word, kQemuNamespace);
  }
  constexpr std::string_view kCell = "cell-";
  constexpr std::string_view kDistances = "distances-";
  if (word.starts_with(kCell)) {
    return find_cell(root, word.substr(kCell.size()));
  }
  if (word.starts_with(kDistances)) {
    return child(find_cell(root, word.substr(kDistances.size())), "distances");
  }
  return first_element(root, word);
}

std::optional<XmlElement> find_cell_user(XmlElement root,
                                         const MergeRecord& record) {
  const std::set<unsigned>& cells = record.cells;
  for (const auto& [id, cell] : cells_of(root)) {
    if (!cells.empty() && id > *cells.begin() && !cells.contains(id)) {
      return cell;
    }
  }
  for (const XmlElement device : children(child(root, "devices"))) {
    if (!is_ours(device, record) && needs_cell(device, cells)) {
      return device;
    }
  }
  for (const XmlElement page :
       children(child(child(root, "memoryBacking"), "hugepages"), "page")) {
    if (names_any(cells, text_attribute(page, "nodeset"))) {
      return page;
    }
  }
  for (const XmlElement memnode :
       children(child(root, "numatune"), "memnode")) {
    if (!record.made.contains("numatune") &&
        names(cells, number_attribute(memnode, "cellid"))) {
      return memnode;
    }
  }
  return std::nullopt;
}

Result<> check_cell_users(XmlElement root, const MergeRecord& record,
                          const std::string& name) {
  const auto user = record.loose ? std::nullopt : find_cell_user(root, record);
  if (!user) {
    return {};
  }
  return refuse(name, place_of(*user), "on-our-cell",
                has_name(*user, "cell")
                    ? "is numbered behind cells that nvgpuctl added for GPUs"
                    : "names a NUMA cell that nvgpuctl added for GPUs",
                "libvirt would refuse it without them; take it out first");
}

Result<> take_out(XmlElement root, const MergeRecord& record,
                  const std::string& name) {
  if (auto ok = check_buses(root, record, name); !ok) {
    return ok;
  }
  take_devices(root, record);
  restore_window(root, record);
  take_cells(root, record);
  take_arguments(root, record);
  take_overrides(root, record);
  if (const auto element = find_record(root)) {
    prune(*element);
  }
  take_containers(root, record);
  for (const std::string& word : record.empty) {
    const auto part = find_part(root, word);
    if (part && is_blank(*part)) {
      make_empty(*part);
    }
  }
  return {};
}

}  // namespace nvgpuctl
