// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/census.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

// A process may have a million descriptors, and anybody can make one.
constexpr std::size_t kMaxDescriptors = 65536;
constexpr std::size_t kMaxMaps = 16 * kMiB;
constexpr std::size_t kMaxArguments = kMiB;
constexpr std::size_t kMaxLibraries = 8;

enum class Maps { read, leave };

struct Descriptors {
  std::set<std::string> nodes;
  std::vector<std::optional<PciAddress>> vfio_devices;
  bool kvm = false;
  bool hidden = false;  // not all could be looked at
};

// Without CAP_SYS_PTRACE even root is told which descriptors a process has, but
// not what they are.
bool is_hidden(const Error& error) {
  return error.code == Errc::permission || error.code == Errc::io;
}

void look_at(const RootDir& root, const std::string& home,
             const std::string& number, Descriptors& found) {
  const std::string link = fmt::format("{}/fd/{}", home, number);
  const auto target = root.link_target(link);
  if (!target) {
    // The kernel says the same of a process that has ended meanwhile.
    found.hidden =
        found.hidden || (is_hidden(target.error()) && root.exists(home));
    return;
  }
  // A node that was removed from a container's /dev is still open.
  constexpr std::string_view kDeleted = " (deleted)";
  std::string_view path = *target;
  if (path.ends_with(kDeleted)) {
    path.remove_suffix(kDeleted.size());
  }
  if (is_gpu_node(path)) {
    const auto info = root.read_text(fmt::format("{}/fdinfo/{}", home, number));
    if (!info || !only_names_file(*info)) {
      found.nodes.emplace(path);
    }
  } else if (path == "anon_inode:[vfio-device]") {
    const auto info = root.read_text(fmt::format("{}/fdinfo/{}", home, number));
    found.vfio_devices.push_back(info ? vfio_device_of(*info) : std::nullopt);
  } else if (path == "anon_inode:kvm-vm" || path == "/dev/kvm") {
    found.kvm = true;
  }
}

Descriptors read_descriptors(const RootDir& root, const std::string& home) {
  Descriptors found;
  const auto numbers = root.list(home + "/fd");
  if (!numbers) {
    found.hidden = is_hidden(numbers.error());
    return found;
  }
  found.hidden = numbers->size() > kMaxDescriptors;
  for (std::size_t i = 0; i < std::min(numbers->size(), kMaxDescriptors); ++i) {
    look_at(root, home, (*numbers)[i], found);
  }
  return found;
}

std::vector<std::string> read_mapped(const RootDir& root,
                                     const std::string& home, bool& hidden) {
  std::set<std::string> mapped;
  const auto maps = root.read_file(home + "/maps", kMaxMaps);
  hidden = hidden || (!maps && maps.error().code == Errc::permission);
  for (const auto line : split(maps ? *maps : std::string_view(), '\n')) {
    const auto path = mapped_path(line);
    if (is_nvidia_library(path) || path.starts_with("/dev/nvidia")) {
      mapped.emplace(path);
    }
    if (mapped.size() >= kMaxLibraries) {
      break;
    }
  }
  return {mapped.begin(), mapped.end()};
}

std::vector<std::string> read_arguments(const RootDir& root,
                                        const std::string& home) {
  std::vector<std::string> arguments;
  const auto text = root.read_file(home + "/cmdline", kMaxArguments);
  if (text) {
    for (const auto word : split(*text, '\0')) {
      arguments.emplace_back(word);
    }
  }
  return arguments;
}

bool is_libvirt(std::string_view command) {
  return command == "libvirtd" || command == "virtqemud";
}

// Nothing when the process is gone, or has nothing to do with a GPU.
std::optional<ProcessFacts> read_process(const RootDir& root, unsigned pid,
                                         Maps maps, unsigned& unseen) {
  const std::string home = fmt::format("/proc/{}", pid);
  ProcessFacts process;
  process.pid = pid;
  const auto comm = root.read_text(home + "/comm");
  process.command = comm ? std::string(trim(*comm)) : "?";
  auto found = read_descriptors(root, home);
  process.open = {found.nodes.begin(), found.nodes.end()};
  process.vfio_devices = std::move(found.vfio_devices);
  process.kvm = found.kvm;
  if (maps == Maps::read) {
    process.mapped = read_mapped(root, home, found.hidden);
  }
  unseen += found.hidden ? 1 : 0;
  const bool uses = !process.open.empty() || !process.vfio_devices.empty() ||
                    !process.mapped.empty() || process.kvm;
  const bool agent = may_be_agent(process.command);
  if (!uses && !agent && !is_libvirt(process.command) &&
      !process.command.starts_with("qemu")) {
    return std::nullopt;
  }
  process.arguments = read_arguments(root, home);
  if (const auto cgroup = root.read_text(home + "/cgroup")) {
    process.owner = parse_cgroup(*cgroup);
  }
  if (!uses && agent && agent_name(process).empty()) {
    return std::nullopt;
  }
  return process;
}

std::optional<ModuleUse> read_module(const RootDir& root,
                                     const std::string& name) {
  const std::string home = "/sys/module/" + name;
  const auto count = root.read_text(home + "/refcnt");
  const auto number = count ? parse_unsigned(trim(*count)) : std::nullopt;
  if (!number || *number > UINT32_MAX) {
    return std::nullopt;
  }
  auto holders = root.list(home + "/holders");
  return ModuleUse{name, static_cast<unsigned>(*number),
                   holders ? std::move(*holders) : std::vector<std::string>{}};
}

// "Device Minor: 	 3" of /proc/driver/nvidia/gpus/ADDRESS/information.
std::optional<unsigned> nvidia_minor(const RootDir& root,
                                     const PciAddress& address) {
  const auto text = root.read_text(fmt::format(
      "/proc/driver/nvidia/gpus/{}/information", to_string(address)));
  constexpr std::string_view kKey = "Device Minor:";
  for (const auto line : split(text ? *text : std::string_view(), '\n')) {
    if (line.starts_with(kKey)) {
      const auto minor = parse_unsigned(trim(line.substr(kKey.size())));
      return minor && *minor < UINT32_MAX
                 ? std::optional(static_cast<unsigned>(*minor))
                 : std::nullopt;
    }
  }
  return std::nullopt;
}

GpuNodeNames read_nodes(const RootDir& root, const PciFunction& gpu) {
  GpuNodeNames names;
  names.nvidia_minor = nvidia_minor(root, gpu.address);
  if (auto dri = root.list(sysfs_path(gpu.address, "drm"))) {
    names.dri = std::move(*dri);
  }
  return names;
}

}  // namespace

Census read_census(const RootDir& root, const std::vector<PciFunction>& gpus) {
  Census census;
  Maps maps = Maps::leave;
  for (const auto& gpu : gpus) {
    census.nodes.emplace(gpu.address, read_nodes(root, gpu));
    if (gpu.driver == "nvidia") {
      maps = Maps::read;
    }
  }
  for (const auto name : {std::string_view("nvidia"), kVariantDriver}) {
    if (auto module = read_module(root, std::string(name))) {
      census.modules.push_back(std::move(*module));
    }
  }
  const auto names = root.list("/proc");
  std::vector<unsigned> pids;
  for (const auto& name : names ? *names : std::vector<std::string>{}) {
    const auto pid = parse_unsigned(name);
    constexpr std::uint64_t kMaxPid = 1U << 22U;  // PID_MAX_LIMIT
    if (pid && *pid <= kMaxPid) {
      pids.push_back(static_cast<unsigned>(*pid));
    }
  }
  // A report has of a process that hangs no more than why.
  census.has_processes = std::ranges::any_of(pids, [&](unsigned pid) {
    return root.exists(fmt::format("/proc/{}/comm", pid));
  });
  std::sort(pids.begin(), pids.end());
  for (const auto pid : pids) {
    if (auto process = read_process(root, pid, maps, census.unseen)) {
      census.processes.push_back(std::move(*process));
    }
  }
  return census;
}

OnlineBlocks read_online_blocks(const RootDir& root, unsigned node) {
  constexpr std::string_view kPrefix = "memory";
  OnlineBlocks blocks;
  const std::string home = fmt::format("/sys/devices/system/node/node{}", node);
  const auto names = root.list(home);
  for (const auto& name : names ? *names : std::vector<std::string>{}) {
    const auto number = name.starts_with(kPrefix)
                            ? parse_unsigned(name.substr(kPrefix.size()))
                            : std::nullopt;
    if (!number || *number > kMaxMemoryBlock) {
      continue;
    }
    const std::string block = "/sys/devices/system/memory/" + name;
    const auto state = root.read_text(block + "/state");
    if (!state || trim(*state) != "online") {
      continue;
    }
    // Of a block that is online its only valid zone is the one it is in.
    const auto zone = root.read_text(block + "/valid_zones");
    const bool movable = zone && trim(*zone) == "Movable";
    (movable ? blocks.movable : blocks.other)
        .push_back(static_cast<unsigned>(*number));
  }
  std::sort(blocks.movable.begin(), blocks.movable.end());
  std::sort(blocks.other.begin(), blocks.other.end());
  return blocks;
}

bool libvirt_runs(const Census& census) {
  return std::any_of(
      census.processes.begin(), census.processes.end(),
      [](const ProcessFacts& process) { return is_libvirt(process.command); });
}

}  // namespace nvgpuctl
