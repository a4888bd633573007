// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_put_in.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "base/text.hpp"
#include "core/domain_args.hpp"
#include "core/domain_unmerge.hpp"
#include "core/libvirt_values.hpp"
#include "core/xml_graft.hpp"
#include "core/xml_reader.hpp"

namespace nvgpuctl {
namespace {

using std::string_view;

// Where libvirt puts an element of <domain>: behind these.
constexpr std::array<string_view, 6> kBeforeMetadata{
    "name", "uuid", "hwuuid", "genid", "title", "description"};
constexpr std::array<string_view, 9> kBeforeNumatune{
    "memory",    "currentMemory", "memoryBacking",   "vcpu",   "vcpus",
    "iothreads", "iothreadids",   "defaultiothread", "cputune"};
constexpr std::array<string_view, 5> kBeforeFeatures{
    "iommufd", "os", "bootloader", "bootloader_args", "idmap"};
constexpr std::array<string_view, 4> kBeforeCpu{"features", "iommufd", "os",
                                                "idmap"};
constexpr std::array<string_view, 7> kBeforeDevices{
    "cpu", "clock", "on_poweroff", "on_reboot", "on_crash", "pm", "perf"};
constexpr std::array<string_view, 1> kCell{"cell"};

XmlElement needed(XmlElement parent, string_view name) {
  return *first_element(parent, name);
}

// Puts the parts of a fragment where a domain has them, and notes what was not
// there before.
class Merger {
 public:
  Merger(XmlElement root, XmlElement fragment, MergeRecord& record)
      : root_(root), fragment_(fragment), record_(record) {}

  // <iommufd> stays out: each GPU's <driver> says it, and for the domain it
  // would also be that of other devices.
  void add_everything(std::uint64_t window_bytes) {
    add_whole("numatune", kBeforeNumatune);
    add_features();
    add_cells();
    add_devices(window_bytes);
    add_arguments();
    add_overrides();
  }

  void add_record() {
    const XmlElement metadata = need(root_, "metadata", kBeforeMetadata);
    note_empty(metadata, "metadata");
    // The record tells of its own container, too.
    graft(at_end(metadata), write_record(record_).root());
  }

 private:
  void note_empty(XmlElement container, const std::string& word) {
    if (is_empty(container) && !record_.made.contains(word)) {
      record_.empty.insert(word);
    }
  }

  // A container of the domain, made when it is not there.
  XmlElement need(XmlElement parent, const std::string& name,
                  std::span<const string_view> before) {
    if (const auto there = first_element(parent, name)) {
      return *there;
    }
    const XmlDocument piece(name);
    record_.made.insert(name);
    return graft(behind(parent, before), piece.root());
  }

  // The same, and something goes into it.
  XmlElement open(XmlElement parent, const std::string& name,
                  std::span<const string_view> before) {
    const XmlElement container = need(parent, name, before);
    note_empty(container, name);
    return container;
  }

  void add_whole(const std::string& name, std::span<const string_view> before) {
    const auto piece = first_element(fragment_, name);
    if (piece && !first_element(root_, name)) {
      graft(behind(root_, before), *piece);
      record_.made.insert(name);
    }
  }

  void add_features() {
    const XmlElement piece = needed(fragment_, "features");
    for (const XmlElement feature : elements(piece)) {
      const std::string name(
          reinterpret_cast<const char*>(feature.node()->name));
      const auto features = first_element(root_, "features");
      if (!features || !first_element(*features, name)) {
        graft(at_end(open(root_, "features", kBeforeFeatures)), feature);
        record_.made.insert(name);
      }
    }
  }

  void add_cells() {
    for (const XmlElement cell :
         elements(needed(needed(fragment_, "cpu"), "numa"), "cell")) {
      const std::string id = text_attribute(cell, "id");
      const auto there = find_part(root_, "cell-" + id);
      if (there) {
        add_distances(*there, id, needed(cell, "distances"));
        continue;
      }
      const XmlElement numa = open(need_cpu(), "numa", {});
      graft(behind(numa, kCell), cell);
      record_.cells.insert(
          static_cast<unsigned>(parse_unsigned(id).value_or(0)));
    }
  }

  // A domain without <cpu> leaves the choice to libvirt; with one, it must be
  // made, and KVM on this architecture has no other.
  XmlElement need_cpu() {
    const XmlElement cpu = open(root_, "cpu", kBeforeCpu);
    if (record_.made.contains("cpu") && !attribute_of(cpu, "mode")) {
      cpu.attribute("mode", "host-passthrough").attribute("check", "none");
    }
    return cpu;
  }

  void add_distances(XmlElement cell, const std::string& id,
                     XmlElement distances) {
    note_empty(cell, "cell-" + id);
    const std::string word = "distances-" + id;
    const auto there = first_element(cell, "distances");
    if (!there) {
      graft(at_end(cell), distances);
      record_.made.insert(word);
      return;
    }
    note_empty(*there, word);
    for (const XmlElement sibling : elements(distances)) {
      graft(at_end(*there), sibling);
    }
  }

  void add_devices(std::uint64_t window_bytes) {
    const XmlElement devices = open(root_, "devices", kBeforeDevices);
    for (const XmlElement device : elements(needed(fragment_, "devices"))) {
      if (attribute_of(device, "model") == "pcie-root") {
        add_window(devices, device, window_bytes);
        continue;
      }
      graft(at_end(devices), device);
      if (has_name(device, "controller")) {
        record_.controllers.insert(static_cast<unsigned>(
            parse_unsigned(text_attribute(device, "index")).value_or(0)));
      }
    }
  }

  void add_window(XmlElement devices, XmlElement piece,
                  std::uint64_t window_bytes) {
    const auto root_bus = find_part(root_, "pcie-root");
    const XmlElement window = needed(piece, "pcihole64");
    const auto there = find_part(root_, "pcihole64");
    if (!there) {
      record_.window_bytes = window_bytes;
    }
    if (!root_bus) {
      graft(at_end(devices), piece);
      record_.made.insert({"pcie-root", "pcihole64"});
    } else if (!there) {
      note_empty(*root_bus, "pcie-root");
      graft(at_end(*root_bus), window);
      record_.made.insert("pcihole64");
    } else {
      raise_window(*there, window_bytes);
    }
  }

  // QEMU wants a power of two.
  void raise_window(XmlElement window, std::uint64_t wanted) {
    const auto unit = attribute_of(window, "unit");
    const std::uint64_t has =
        parse_libvirt_size(raw_text(window), unit.value_or("")).value_or(0);
    constexpr std::uint64_t kLargestPower = 1ULL << 63;
    const std::uint64_t needs =
        std::bit_ceil(std::min(std::max(has, wanted), kLargestPower));
    if (has >= needs) {
      return;
    }
    record_.window = {unit, raw_text(window)};
    record_.window_bytes = needs;
    const std::string gib = "GiB";
    set_attribute(window, "unit", &gib);
    set_raw_text(window, std::to_string(needs / kGiB));
  }

  XmlElement need_qemu(const std::string& word) {
    if (const auto there = find_part(root_, word)) {
      note_empty(*there, word);
      return *there;
    }
    // Declares the namespace on the element itself, where the domain has not.
    XmlDocument piece("qemu:" + word, kQemuNamespace);
    record_.made.insert(word);
    return graft(at_end(root_), piece.root());
  }

  void add_arguments() {
    const auto piece = first_element(fragment_, "commandline", kQemuNamespace);
    if (piece) {
      const XmlElement line = need_qemu("commandline");
      for (const XmlElement argument : elements(*piece)) {
        graft(at_end(line), argument);
      }
      record_.made.insert("arguments");
    }
  }

  void add_overrides() {
    const auto piece = first_element(fragment_, "override", kQemuNamespace);
    if (!piece) {
      return;
    }
    const XmlElement overrides = need_qemu("override");
    for (const XmlElement device : elements(*piece)) {
      graft(at_end(overrides), device);
      const std::string alias = text_attribute(device, "alias");
      if (!alias.starts_with(kAliasPrefix)) {
        record_.smmus.insert(alias);
      }
    }
  }

  XmlElement root_;
  XmlElement fragment_;
  MergeRecord& record_;
};

}  // namespace

void put_in(XmlElement root, XmlElement fragment, std::uint64_t window_bytes,
            MergeRecord& record) {
  Merger merger(root, fragment, record);
  merger.add_everything(window_bytes);
  merger.add_record();
}

}  // namespace nvgpuctl
