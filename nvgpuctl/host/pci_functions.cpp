// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci_functions.hpp"

#include <libudev.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <system_error>

#include "base/text.hpp"
#include "host/hung_records.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kDevices = "/sys/bus/pci/devices/";
constexpr const char* kPulledOut = "it was pulled out while it was read";
constexpr const char* kTag = "nvgpuctl";  // udev/70-nvgpuctl.rules

struct UdevUnref {
  void operator()(udev* context) const { udev_unref(context); }
  void operator()(udev_enumerate* list) const { udev_enumerate_unref(list); }
};
using UdevPtr = std::unique_ptr<udev, UdevUnref>;
using EnumeratePtr = std::unique_ptr<udev_enumerate, UdevUnref>;

// Addresses of the devices that an enumeration finds.
Result<std::vector<PciAddress>> addresses(udev_enumerate* enumerate) {
  std::vector<PciAddress> found;
  const int scanned = udev_enumerate_scan_devices(enumerate);
  if (scanned < 0) {
    return fail(Errc::io, "libudev",
                "cannot list PCI functions: " +
                    std::generic_category().message(-scanned));
  }
  for (udev_list_entry* entry = udev_enumerate_get_list_entry(enumerate);
       entry != nullptr; entry = udev_list_entry_get_next(entry)) {
    const std::string_view path = udev_list_entry_get_name(entry);
    if (const auto address =
            parse_pci_address(path.substr(path.rfind('/') + 1))) {
      found.push_back(*address);
    }
  }
  return found;
}

Result<std::vector<PciAddress>> find_with_udev(TagUse tags) {
  const UdevPtr context(udev_new());
  if (!context) {
    return fail(Errc::io, "libudev", "cannot be initialised");
  }
  if (tags == TagUse::trust) {
    const EnumeratePtr tagged(udev_enumerate_new(context.get()));
    udev_enumerate_add_match_subsystem(tagged.get(), "pci");
    udev_enumerate_add_match_tag(tagged.get(), kTag);
    auto found = addresses(tagged.get());
    if (!found || !found->empty()) {
      return found;
    }
  }
  const EnumeratePtr matched(udev_enumerate_new(context.get()));
  udev_enumerate_add_match_subsystem(matched.get(), "pci");
  udev_enumerate_add_match_sysattr(matched.get(), "vendor", "0x10de");
  udev_enumerate_add_match_sysattr(matched.get(), "class", "0x03*");
  return addresses(matched.get());
}

Result<std::vector<PciAddress>> find_in_tree(const RootDir& root) {
  auto names = root.list(kDevices);
  if (!names) {
    if (names.error().code == Errc::not_found) {
      return fail(Errc::not_found, std::string(kDevices),
                  "no such directory: this is not a host with PCI",
                  "--root wants the top directory of a recorded host");
    }
    return forward_error(names);
  }
  std::vector<PciAddress> found;
  for (const auto& name : *names) {
    const auto address = parse_pci_address(name);
    if (!address || to_string(*address) != name) {
      continue;  // "9:1:0.0" would be the same function once more
    }
    const std::string directory = std::string(kDevices) + name;
    const auto vendor = root.read_text(directory + "/vendor");
    if (!vendor || trim(*vendor) != "0x10de") {
      continue;
    }
    const auto class_code = root.read_text(directory + "/class");
    if (class_code && trim(*class_code).starts_with("0x03")) {
      found.push_back(*address);
    }
  }
  return found;
}

// Reads attributes of one function and remembers which of them were unusable.
class AttributeReader {
 public:
  AttributeReader(const RootDir& root, PciFunction& function)
      : root_(root), function_(function) {}

  // Nothing when absent, which is normal for many attributes.
  std::optional<std::string> text(std::string_view name) {
    auto value = root_.read_text(sysfs_path(function_.address, name));
    if (value) {
      return std::string(trim(*value));
    }
    if (value.error().code != Errc::not_found) {
      function_.problems.push_back(value.error().subject + ": " +
                                   value.error().problem);
    }
    return std::nullopt;
  }

  // False when it is absent or cannot be read.
  template <class Integer>
  bool number(std::string_view name, Integer& into) {
    const auto value = text(name);
    if (!value) {
      return false;
    }
    const auto parsed = parse_unsigned(*value, 16);
    if (!parsed || *parsed > std::numeric_limits<Integer>::max()) {
      complain(name, "not a hexadecimal number", *value);
      return true;
    }
    into = static_cast<Integer>(*parsed);
    return true;
  }

  std::optional<unsigned> decimal(std::string_view name) {
    const auto value = text(name);
    if (!value || value->starts_with('-')) {  // numa_node is -1 without one
      return std::nullopt;
    }
    const auto parsed = parse_unsigned(*value);
    if (!parsed || *parsed > 0xFFFF) {
      complain(name, "not a number", *value);
      return std::nullopt;
    }
    return static_cast<unsigned>(*parsed);
  }

  std::optional<std::string> link(std::string_view name) {
    auto target = root_.link_name(sysfs_path(function_.address, name));
    return target ? std::optional(std::move(*target)) : std::nullopt;
  }

  void complain(std::string_view name, std::string_view problem,
                std::string_view value) {
    // A hostile or broken attribute may be long, and binary: its beginning says
    // enough, and nothing of it may reach a terminal as it is.
    constexpr std::size_t kShown = 40;
    function_.problems.push_back(sysfs_path(function_.address, name) + ": " +
                                 std::string(problem) + ": '" +
                                 ascii_line(value.substr(0, kShown)) + "'");
  }

 private:
  const RootDir& root_;
  PciFunction& function_;
};

// "START END FLAGS" in hexadecimal; all zero when the BAR does not exist.
std::optional<PciBar> parse_resource_line(std::string_view line) {
  const auto fields = split(trim(line), ' ');
  if (fields.size() != 3) {
    return std::nullopt;
  }
  const auto start = parse_unsigned(fields[0], 16);
  const auto end = parse_unsigned(fields[1], 16);
  const auto flags = parse_unsigned(fields[2], 16);
  // The largest physical address of the architecture; also keeps every sum of
  // sizes far from overflow.
  constexpr std::uint64_t kLimit = 1ULL << 52U;
  if (!start || !end || !flags || end.value() < start.value() ||
      end.value() >= kLimit) {
    return std::nullopt;
  }
  const bool exists = flags.value() != 0 && end.value() > start.value();
  return PciBar{0, start.value(), exists ? end.value() - start.value() + 1 : 0,
                flags.value()};
}

void read_bars(AttributeReader& reader, PciFunction& function) {
  constexpr unsigned kStandardBars = 6;  // PCI_STD_NUM_BARS
  const auto text = reader.text("resource").value_or("");
  unsigned index = 0;
  for (const auto line : split(text, '\n')) {
    if (index >= kStandardBars) {
      break;
    }
    auto bar = parse_resource_line(line);
    if (!bar) {
      reader.complain("resource", "not a resource line", line);
      return;
    }
    bar->index = index++;
    if (bar->size > 0) {
      function.bars.push_back(*bar);
    }
  }
}

// The bridges above a function are the address-shaped directories on its real
// path: /sys/devices/pci0009:00/0009:00:00.0/0009:01:00.0.
void read_upstream(const RootDir& root, PciFunction& function) {
  const auto real = root.resolve(sysfs_path(function.address));
  if (!real) {
    return;
  }
  for (const auto piece : split(*real, '/')) {
    const auto address = parse_pci_address(piece);
    if (address && *address != function.address) {
      function.upstream.push_back(*address);
    }
  }
}

// libpci opens what the file system says and would follow a capture's links
// out of it, or wait for a FIFO.
Result<std::vector<std::uint8_t>> read_recorded_config(
    const RootDir& root, const PciAddress& address) {
  constexpr std::size_t kExtendedSize = 4096;
  constexpr std::size_t kHeaderSize = 64;  // what ordinary users may record
  const std::string path = sysfs_path(address, "config");
  const auto bytes = root.read_file(path, kExtendedSize);
  if (!bytes) {
    return forward_error(bytes);
  }
  if (bytes->size() < kHeaderSize) {
    return fail(Errc::malformed, path,
                "shorter than the header of configuration space");
  }
  return std::vector<std::uint8_t>(bytes->begin(), bytes->end());
}

void read_config(const RootDir& root, PciLibrary& library,
                 PciFunction& function) {
  const auto& address = function.address;
  const auto bytes = root.live() ? library.read_config(address)
                                 : read_recorded_config(root, address);
  auto parsed = bytes ? parse_pci_config(*bytes)
                      : Result<PciConfig>(forward_error(bytes));
  if (parsed) {
    function.config = std::move(*parsed);
    return;
  }
  function.config_problem = parsed.error().problem;
  function.problems.push_back(sysfs_path(address, "config") + ": " +
                              function.config_problem);
}

}  // namespace

Result<std::vector<PciAddress>> find_nvidia_gpus(const RootDir& root,
                                                 TagUse tags) {
  auto found = root.live() ? find_with_udev(tags) : find_in_tree(root);
  if (found) {
    std::sort(found->begin(), found->end());
  }
  return found;
}

Result<PciFunction> read_pci_identity(const RootDir& root,
                                      const PciAddress& address) {
  PciFunction function;
  function.address = address;
  if (!root.exists(sysfs_path(address))) {
    return fail(Errc::not_found, to_string(address), "no such PCI function");
  }
  AttributeReader reader(root, function);
  // The kernel shows both of every function: it was pulled out meanwhile.
  if (!reader.number("vendor", function.vendor) ||
      !reader.number("device", function.device)) {
    return fail(Errc::not_found, to_string(address), kPulledOut);
  }
  reader.number("class", function.class_code);
  function.driver = reader.link("driver");
  return function;
}

Result<PciFunction> read_pci_function(const RootDir& root, PciLibrary& library,
                                      const PciAddress& address) {
  auto function = read_pci_identity(root, address);
  if (!function) {
    return function;
  }
  AttributeReader reader(root, *function);
  reader.number("subsystem_vendor", function->subsystem_vendor);
  reader.number("subsystem_device", function->subsystem_device);
  function->modalias = reader.text("modalias").value_or("");
  read_bars(reader, *function);
  // Whoever reads the attribute waits as long as the write does: the kernel's
  // driver_override_show() takes the device's lock.
  function->hung = find_hung(root, to_string(address));
  if (!function->hung) {
    function->driver_override = reader.text("driver_override");
  }
  // The kernel prints NULL pointers so.
  if (function->driver_override == "(null)" ||
      function->driver_override == "") {
    function->driver_override.reset();
  }
  function->numa_node = reader.decimal("numa_node");
  if (const auto group = reader.link("iommu_group")) {
    const auto number = parse_unsigned(*group);
    if (number && *number <= std::numeric_limits<unsigned>::max()) {
      function->iommu_group = static_cast<unsigned>(*number);
    }
  }
  function->smmu = reader.link("iommu");
  function->acpi_path = reader.text("firmware_node/path");
  function->reset_methods = reader.text("reset_method").value_or("");
  function->power_state = reader.text("power_state").value_or("unknown");
  const auto vfio = root.list(sysfs_path(address, "vfio-dev"));
  if (vfio && !vfio->empty()) {
    function->vfio_dev = vfio->front();
  }
  read_upstream(root, *function);
  read_config(root, library, *function);
  // Attributes that vanish look like those that were never there.
  if (!root.exists(sysfs_path(address))) {
    return fail(Errc::not_found, to_string(address), kPulledOut);
  }
  return function;
}

IommuGroup read_iommu_group(const RootDir& root, unsigned number) {
  IommuGroup group;
  group.number = number;
  const std::string path =
      "/sys/kernel/iommu_groups/" + std::to_string(number) + '/';
  if (auto type = root.read_text(path + "type")) {
    group.type = std::string(trim(*type));
  }
  if (const auto names = root.list(path + "devices")) {
    for (const auto& name : *names) {
      const auto address = parse_pci_address(name);
      if (!address) {
        group.other_members.push_back(ascii_line(name));
        continue;
      }
      auto member = read_pci_identity(root, *address);
      if (member) {  // else it is gone
        group.members.push_back(std::move(*member));
      }
    }
  }
  // "0x0000000008000000 0x00000000080fffff msi"
  if (const auto regions = root.read_text(path + "reserved_regions")) {
    for (const auto line : split(*regions, '\n')) {
      if (trim(line).ends_with(" direct")) {
        group.direct_regions.emplace_back(trim(line));
      }
    }
  }
  return group;
}

}  // namespace nvgpuctl
