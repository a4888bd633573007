// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/manager_files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "host/modprobe_files.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kMaxFiles = 1024;
constexpr std::size_t kMaxDomain = 4 * kMiB;  // libvirt's own limit

std::vector<std::string> names_in(const RootDir& root,
                                  const std::string& folder,
                                  std::string_view end) {
  auto names = root.list(folder);
  if (!names) {
    return {};
  }
  std::erase_if(*names,
                [&](const std::string& name) { return !name.ends_with(end); });
  names->resize(std::min(names->size(), kMaxFiles));
  return std::move(*names);
}

// One file for each function, with the driver's name in it. Newer ones are
// named "BUS-ADDRESS" where the bus is not PCI; some name PCI, too.
void read_driverctl(const RootDir& root, ManagerFacts& facts) {
  const std::string folder = "/etc/driverctl.d";
  for (const auto& name : names_in(root, folder, "")) {
    constexpr std::string_view kPci = "pci-";
    const auto address = parse_pci_address(
        name.starts_with(kPci) ? name.substr(kPci.size()) : name);
    const auto driver = root.read_text(fmt::format("{}/{}", folder, name));
    if (address && driver) {
      facts.driverctl.emplace(*address, trim(*driver));
    }
  }
}

void read_vfio_ids(const RootDir& root, ManagerFacts& facts) {
  for (const auto& file : read_modprobe_files(root)) {
    if (file.hidden) {
      continue;
    }
    const auto claims = vfio_ids_of_modprobe(file.text, file.path);
    facts.vfio_ids.insert(facts.vfio_ids.end(), claims.begin(), claims.end());
  }
}

void read_domains(const RootDir& root, ManagerFacts& facts) {
  const std::string folder = "/etc/libvirt/qemu";
  for (const auto& name : names_in(root, folder, ".xml")) {
    const auto xml =
        root.read_file(fmt::format("{}/{}", folder, name), kMaxDomain);
    if (!xml) {
      continue;
    }
    const std::string domain = name.substr(0, name.size() - 4);
    for (const auto& address : managed_functions(*xml)) {
      facts.managed.push_back({domain, address});
    }
  }
}

}  // namespace

ManagerFacts read_managers(const RootDir& root, std::string_view command_line) {
  ManagerFacts facts;
  facts.vfio_ids = vfio_ids_of_command_line(command_line);
  read_driverctl(root, facts);
  read_vfio_ids(root, facts);
  read_domains(root, facts);
  return facts;
}

}  // namespace nvgpuctl
