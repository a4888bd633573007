// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/holder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

using std::string_view;

// By who needs whom: exporters ask DCGM, DCGM asks the driver, and the daemon
// that keeps the driver awake goes last.
constexpr std::array<string_view, 6> kServices{
    "nvidia-dcgm-exporter.service", "dcgm-exporter.service",
    "nvidia-dcgm.service",          "dcgm.service",
    "nvidia-fabricmanager.service", "nvidia-persistenced.service"};

constexpr string_view kUnknownVfio = "a VFIO device";

std::size_t service_rank(string_view unit) {
  return static_cast<std::size_t>(
      std::find(kServices.begin(), kServices.end(), unit) - kServices.begin());
}

// A container of a device plugin outlives those that it gives GPUs to.
bool is_device_plugin(const ProcessFacts& process) {
  return process.command.find("device-p") != std::string::npos ||
         process.command.find("kubelet-plug") != std::string::npos;
}

bool is_hypervisor(string_view command) {
  constexpr std::array<string_view, 4> kNames{"qemu", "cloud-hyperviso",
                                              "crosvm", "openvmm"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](auto name) { return command.starts_with(name); });
}

bool is_guest(const ProcessFacts& process) {
  return process.kvm || is_hypervisor(process.command);
}

// "/dev/nvidia3" is 3; nothing for /dev/nvidiactl and the others that all GPUs
// share.
std::optional<std::uint64_t> nvidia_minor(string_view path) {
  constexpr string_view kPrefix = "/dev/nvidia";
  return path.starts_with(kPrefix) ? parse_unsigned(path.substr(kPrefix.size()))
                                   : std::nullopt;
}

// What of a process's files is this function's.
class Matcher {
 public:
  Matcher(const Census& census, const PciFunction& function)
      : function_(function), nvidia_(function.driver == "nvidia") {
    const auto found = census.nodes.find(function.address);
    if (found != census.nodes.end()) {
      nodes_ = found->second;
    }
  }

  std::vector<std::string> files(const ProcessFacts& process) const {
    std::vector<std::string> files;
    const bool others_only = uses_other_gpus_only(process);
    for (const auto& path : process.open) {
      const bool nvidia = nvidia_ && path.starts_with("/dev/nvidia");
      if (is_own_node(path) || (nvidia && !others_only)) {
        files.push_back(path);
      }
    }
    if (names_unknown_device(process)) {
      files.emplace_back(kUnknownVfio);
    }
    if (nvidia_ && !others_only) {
      add_mappings(process, files);
    }
    if (!files.empty() && contains(process.open, "/dev/iommu") &&
        !contains(files, "/dev/iommu")) {
      files.emplace_back("/dev/iommu");
    }
    return files;
  }

 private:
  static bool contains(const std::vector<std::string>& list,
                       string_view wanted) {
    return std::find(list.begin(), list.end(), wanted) != list.end();
  }

  static void add_mappings(const ProcessFacts& process,
                           std::vector<std::string>& files) {
    for (const auto& path : process.mapped) {
      if (!contains(files, path)) {
        files.push_back(path);
      }
    }
  }

  bool is_own_node(string_view path) const {
    if (function_.iommu_group &&
        path == "/dev/vfio/" + std::to_string(*function_.iommu_group)) {
      return true;
    }
    if (function_.vfio_dev &&
        path == "/dev/vfio/devices/" + *function_.vfio_dev) {
      return true;
    }
    return std::any_of(
        nodes_.dri.begin(), nodes_.dri.end(),
        [&](const std::string& name) { return path == "/dev/dri/" + name; });
  }

  // A device that was opened through a group whose own descriptor is closed.
  bool names_unknown_device(const ProcessFacts& process) const {
    if (!function_.vfio_dev) {
      return false;
    }
    return std::any_of(process.vfio_devices.begin(), process.vfio_devices.end(),
                       [&](const std::optional<PciAddress>& device) {
                         return device ? *device == function_.address
                                       : !names_any_group(process);
                       });
  }
  static bool names_any_group(const ProcessFacts& process) {
    return std::any_of(
        process.open.begin(), process.open.end(), [](const std::string& path) {
          return path.starts_with("/dev/vfio/") && path != "/dev/vfio/vfio";
        });
  }

  // CUDA attaches GPUs through /dev/nvidiactl, too, so that alone says nothing
  // about which; but who has opened others by name has chosen.
  bool uses_other_gpus_only(const ProcessFacts& process) const {
    bool others = false;
    for (const auto& path : process.open) {
      const auto minor = nvidia_minor(path);
      if (minor && (!nodes_.nvidia_minor || *minor == *nodes_.nvidia_minor)) {
        return false;
      }
      others = others || minor.has_value();
    }
    return others;
  }

  const PciFunction& function_;
  bool nvidia_;
  GpuNodeNames nodes_;
};

// QEMU's "-name guest=grace,debug-threads=on" or "-name grace".
std::string domain_name(const ProcessFacts& process) {
  const auto& words = process.arguments;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "-name") {
      string_view name = words[i + 1];
      constexpr string_view kKey = "guest=";
      if (name.starts_with(kKey)) {
        name.remove_prefix(kKey.size());
      }
      return std::string(name.substr(0, name.find(',')));
    }
  }
  return process.owner.machine;
}

// A guest that has the function on its command line has it, or will.
bool has_argument(const ProcessFacts& process, const PciAddress& address) {
  const std::string name = to_string(address);
  return std::any_of(process.arguments.begin(), process.arguments.end(),
                     [&](const std::string& word) {
                       return word.find("host=" + name) != std::string::npos ||
                              word.find(R"("host":")" + name + '"') !=
                                  std::string::npos;
                     });
}

HolderKind kind_of(const ProcessFacts& process) {
  if (is_guest(process)) {
    return HolderKind::guest;
  }
  if (!process.owner.container.empty() || !process.owner.pod.empty()) {
    return HolderKind::container;
  }
  return process.owner.system_unit && is_known_service(process.owner.unit)
             ? HolderKind::service
             : HolderKind::process;
}

// Guests that libvirt runs and whose QEMU did not show that it has the GPU.
void add_domains(const Census& census, const PciAddress& address,
                 std::vector<Holder>& holders) {
  for (const auto& domain : census.domains) {
    const bool has = std::find(domain.devices.begin(), domain.devices.end(),
                               address) != domain.devices.end();
    const bool known = std::any_of(
        holders.begin(), holders.end(),
        [&](const Holder& holder) { return holder.domain == domain.name; });
    if (has && !known) {
      holders.push_back({HolderKind::guest, 0, "libvirt", {}, {}, domain.name});
    }
  }
}

// The driver counts who uses it. A count above what its own modules make up,
// with nobody in sight, is a user in the kernel, or one we may not see.
void add_unseen(const Census& census, const PciFunction& function,
                std::vector<Holder>& holders) {
  const bool explained =
      std::any_of(census.processes.begin(), census.processes.end(),
                  [](const ProcessFacts& process) {
                    return std::any_of(process.open.begin(), process.open.end(),
                                       [](const std::string& path) {
                                         return path.starts_with("/dev/nvidia");
                                       });
                  });
  if (function.driver != "nvidia" || explained || !holders.empty()) {
    return;
  }
  for (const auto& module : census.modules) {
    if (module.name == "nvidia" && module.references > module.holders.size()) {
      holders.push_back(
          {HolderKind::unseen,
           0,
           module.name,
           {fmt::format("/sys/module/nvidia/refcnt is {}, {} of it by modules",
                        module.references, module.holders.size())},
           {},
           {}});
    }
  }
}

}  // namespace

string_view to_string(HolderKind kind) {
  switch (kind) {
    case HolderKind::guest:
      return "guest";
    case HolderKind::container:
      return "container";
    case HolderKind::process:
      return "process";
    case HolderKind::service:
      return "service";
    case HolderKind::unseen:
      break;
  }
  return "unseen";
}

std::span<const string_view> known_services() {
  return kServices;
}

bool is_known_service(string_view unit) {
  return service_rank(unit) < kServices.size();
}

std::vector<Holder> holders_of(const Census& census,
                               const PciFunction& function) {
  const Matcher matcher(census, function);
  std::vector<std::pair<std::tuple<HolderKind, bool, std::size_t>, Holder>>
      ranked;
  for (const auto& process : census.processes) {
    auto files = matcher.files(process);
    const auto kind = kind_of(process);
    const bool asks =
        kind == HolderKind::guest && has_argument(process, function.address);
    if (files.empty() && !asks) {
      continue;
    }
    const std::string domain =
        kind == HolderKind::guest ? domain_name(process) : "";
    ranked.push_back(
        {{kind, is_device_plugin(process), service_rank(process.owner.unit)},
         {kind, process.pid, process.command, std::move(files), process.owner,
          domain}});
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& left, const auto& right) {
                     return left.first < right.first;
                   });
  std::vector<Holder> holders;
  for (auto& [rank, holder] : ranked) {
    holders.push_back(std::move(holder));
  }
  add_domains(census, function.address, holders);
  add_unseen(census, function, holders);
  std::stable_partition(
      holders.begin(), holders.end(),
      [](const Holder& holder) { return holder.kind == HolderKind::guest; });
  return holders;
}

std::string what_to_stop(const Holder& holder) {
  if (holder.kind == HolderKind::guest && !holder.domain.empty()) {
    return "domain " + holder.domain;
  }
  if (holder.kind == HolderKind::container) {
    return to_string(holder.owner);
  }
  if (holder.kind == HolderKind::unseen) {
    return "what uses the module " + holder.command;
  }
  const bool service = holder.owner.system_unit && !holder.owner.unit.empty();
  return service ? holder.owner.unit
                 : fmt::format("{} (pid {})", holder.command, holder.pid);
}

std::string to_string(const Holder& holder) {
  if (holder.kind == HolderKind::unseen) {
    return "somebody who is not seen uses the module " + holder.command + ": " +
           fmt::format("{}", fmt::join(holder.files, ", "));
  }
  if (holder.pid == 0) {
    return "libvirt runs domain " + holder.domain + ", which has it";
  }
  std::string who = fmt::format("pid {}", holder.pid);
  const std::string owner = to_string(holder.owner);
  if (!holder.domain.empty()) {
    who += ", domain " + holder.domain;
  } else if (!owner.empty()) {
    who += ", " + owner;
  }
  std::vector<string_view> open;
  std::vector<string_view> mapped;
  for (const auto& file : holder.files) {
    const bool library = is_nvidia_library(file);
    (library ? mapped : open).push_back(file);
  }
  std::string text = fmt::format("{} ({})", holder.command, who);
  if (open.empty() && mapped.empty()) {
    return text + " has it on its command line";
  }
  if (!open.empty()) {
    text += fmt::format(" has {} open", fmt::join(open, ", "));
  }
  if (!mapped.empty()) {
    text += fmt::format("{} {} mapped", open.empty() ? " has" : " and",
                        fmt::join(mapped, ", "));
  }
  return text;
}

}  // namespace nvgpuctl
