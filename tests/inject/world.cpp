// SPDX-License-Identifier: GPL-2.0-or-later
#include "inject/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "core/quiet.hpp"
#include "host/state_dir.hpp"
#include "ops/policy_file.hpp"

namespace nvgpuctl::inject {
namespace {

const DriverState kHost{"nvidia", std::nullopt};
const DriverState kGuest{"nvgrace_gpu_vfio_pci", "nvgrace_gpu_vfio_pci"};

constexpr const char* kUnit = "nvidia-persistenced.service";
// A file, because processes come and go.
constexpr const char* kUnitFile = "/units/nvidia-persistenced.service";

std::string block_state(unsigned block) {
  return fmt::format("/sys/devices/system/memory/memory{}/state", block);
}

// One unit for all, and two blocks of memory for each.
Quiet quiet_of(const PciAddress& gpu) {
  return {{kUnit}, {{gpu.domain * 2U, gpu.domain * 2U + 1}, {}}};
}

constexpr std::array<std::string_view, 4> kSegments{"0009", "0019", "0029",
                                                    "0039"};
constexpr std::array<std::string_view, 4> kGroups{"19", "38", "57", "76"};

// What of the recorded host the first so many GPUs need. The whole, some two
// thousand files, would be copied for each of thousands of runs.
bool is_needed(std::string_view path, std::size_t gpus) {
  const auto is_one_of = [&](const auto& names, std::string_view name) {
    const auto end = names.begin() + static_cast<std::ptrdiff_t>(gpus);
    return std::find(names.begin(), end, name) != end;
  };
  const auto below = [&](std::string_view folder) {
    return path.starts_with(folder) ? path.substr(folder.size())
                                    : std::string_view();
  };
  // Ours are with nvidia, or come to a driver that makes no device here.
  if (path.find("/vfio-dev") != std::string_view::npos) {
    return false;
  }
  if (const auto name = below("sys/devices/pci"); !name.empty()) {
    return is_one_of(kSegments, name.substr(0, 4));
  }
  if (const auto name = below("sys/kernel/iommu_groups/"); !name.empty()) {
    return is_one_of(kGroups, name.substr(0, name.find('/')));
  }
  const auto name = path.substr(path.rfind('/') + 1);
  const bool address = path.starts_with("sys/bus/pci/") &&
                       name.find(':') != std::string_view::npos;
  return !address || is_one_of(kSegments, name.substr(0, 4));
}

void put_recorded_host(FakeRoot& fake, std::size_t gpus) {
  namespace fs = std::filesystem;
  const fs::path from = RECORDED_HOSTS "/gh200-x4";
  for (auto entry = fs::recursive_directory_iterator(from);
       entry != fs::recursive_directory_iterator(); ++entry) {
    const auto path = entry->path().lexically_relative(from);
    if (!is_needed(path.native(), gpus)) {
      entry.disable_recursion_pending();
    } else if (entry->is_directory() && !entry->is_symlink()) {
      fs::create_directories(fake.path(path.native()));
    } else {
      fs::copy(entry->path(), fake.path(path.native()),
               fs::copy_options::copy_symlinks |
                   fs::copy_options::overwrite_existing);
    }
  }
}

// The kernel chooses the driver.
BindPlan plan_without_record(const PciAddress& address) {
  Gpu gpu;
  gpu.pci.address = address;
  gpu.pci.driver = kGuest.driver;
  gpu.pci.driver_override = kGuest.driver_override;
  gpu.driver_role = DriverRole::variant;
  return *plan_unbind(gpu);
}

}  // namespace

void set_service(FakeRoot& fake, bool runs) {
  fake.file(kUnitFile, runs ? "active" : "inactive");
  if (runs) {
    fake.file("/proc/12/comm", "nvidia-persiste\n")
        .file("/proc/12/cgroup", fmt::format("0::/system.slice/{}\n", kUnit))
        .link("/proc/12/fd/3", "/dev/nvidiactl");
  } else {
    std::filesystem::remove_all(fake.path("/proc/12"));
  }
}

World::World(const Scenario& scenario)
    : bind_(scenario.bind),
      loaded_(scenario.loaded),
      quiesce_(scenario.quiesce),
      policy_(scenario.policy),
      some_(scenario.some),
      recorded_(scenario.recorded) {
  if (policy_) {
    put_recorded_host(fake, scenario.gpus);
    if (!loaded_) {
      std::filesystem::remove_all(
          fake.path("/sys/module/nvgrace_gpu_vfio_pci"));
    }
  }
  fake.directory("/var/lib").directory("/run");
  fake.file("/proc/sys/kernel/random/boot_id", "boot-1\n");
  fake.directory("/sys/bus/pci/drivers/nvidia");
  kernel.prefer("nvidia");
  kernel.offer("nvgrace_gpu_vfio_pci");
  // Nobody has a GPU where nobody is to be stopped.
  set_service(fake, bind_ && (quiesce_ || !policy_));
  for (std::size_t i = 0; i < scenario.gpus; ++i) {
    gpus.push_back({static_cast<unsigned short>(9 + 16 * i), 1, 0, 0});
    put_gpu(i);
    put_memory(i);
  }
  if (policy_) {
    fake.file(kPolicyPath, policy());
  }
}

void World::put_gpu(std::size_t index) {
  const PciAddress& gpu = gpus[index];
  const std::string name = to_string(gpu);
  const auto& now = bind_ ? kHost : kGuest;
  if (!policy_) {
    fake.pci_function(name, "0x10de", "0x2342");
  }
  fake.driver(name, now.driver);
  if (!bind_ || policy_) {
    fake.attribute(name, "driver_override",
                   now.driver_override.value_or("(null)") + "\n");
  }
  if (!bind_ && recorded_) {
    (void)store_origin(fake.open(), origin(gpu)).has_value();
  }
}

void World::put_memory(std::size_t index) {
  const std::string node =
      fmt::format("/sys/devices/system/node/node{}", 4 + 8 * index);
  for (const auto block : quiet_of(gpus[index]).memory.movable) {
    fake.file(block_state(block), bind_ ? "online\n" : "offline\n");
    if (policy_ && quiesce_) {
      const std::string name = fmt::format("memory{}", block);
      fake.file("/sys/devices/system/memory/" + name + "/valid_zones",
                "Movable\n");
      fake.link(fmt::format("{}/{}", node, name), "../../memory/" + name);
    }
  }
  if (policy_ && quiesce_ && bind_) {
    fake.file(
        node + "/meminfo",
        fmt::format("Node {} MemTotal:       2097152 kB\n", 4 + 8 * index));
  }
}

std::string World::policy() const {
  std::string text = "apiVersion: nvgpuctl/v1\nkind: Policy\ngpus:\n";
  for (const auto& gpu : gpus) {
    text += fmt::format("  - match: {{address: \"{}\"}}\n    driver: {}\n",
                        to_string(gpu),
                        !is_changed(gpu) ? kHost.driver
                        : bind_          ? "variant"
                                         : "origin");
    text += quiesce_ ? fmt::format("    quiesce: [{}]\n", kUnit) : "";
  }
  return text;
}

bool World::is_changed(const PciAddress& gpu) const {
  const auto place = std::find(gpus.begin(), gpus.end(), gpu) - gpus.begin();
  return !some_ || place % 2 == 0;
}

std::vector<Change> World::changes(const std::vector<PciAddress>& which) const {
  std::vector<Change> all;
  for (const auto& gpu : which) {
    const JournalState host{recorded_ ? kHost : DriverState{}, !recorded_, {}};
    const JournalState guest{kGuest, false, record_of(gpu)};
    auto plan = recorded_ ? plan_change(gpu, bind_ ? kHost : kGuest,
                                        bind_ ? kGuest : kHost,
                                        loaded_ ? DriverPresence::loaded
                                                : DriverPresence::not_loaded)
                          : plan_without_record(gpu);
    const auto steps = bind_ ? quiesce_steps(origin(gpu).quiet)
                             : restore_steps(origin(gpu).quiet);
    plan.steps.insert(bind_ ? plan.steps.begin() : plan.steps.end(),
                      steps.begin(), steps.end());
    all.push_back(
        {std::move(plan), {gpu, bind_ ? host : guest, bind_ ? guest : host}});
  }
  return all;
}

std::optional<OriginRecord> World::record_of(const PciAddress& gpu) const {
  return recorded_ ? std::optional(origin(gpu)) : std::nullopt;
}

OriginRecord World::origin(const PciAddress& gpu) const {
  return {gpu, kHost, kSignature,
          {},  false, quiesce_ ? quiet_of(gpu) : Quiet{}};
}

bool World::all_runs_as_it_should() const {
  const bool wanted = where() == Where::host;
  bool right = (fake.content(kUnitFile) == "active") == wanted;
  for (const auto& gpu : gpus) {
    const bool online = wanted || !is_changed(gpu);
    for (const auto block : quiet_of(gpu).memory.movable) {
      // Empty where the process died with the file open.
      right =
          right && (fake.content(block_state(block)) == "online\n") == online;
    }
  }
  return right || !quiesce_;
}

Where World::where(const PciAddress& gpu) const {
  const auto root = fake.open();
  const auto now = read_driver_state(root, gpu);
  const auto record = read_origin(root, gpu);
  if (now && record && *now == kGuest && *record == record_of(gpu)) {
    return Where::guest;
  }
  return now && record && *now == kHost && !*record ? Where::host
                                                    : Where::between;
}

Where World::where() const {
  const Where first = where(gpus[0]);
  for (const auto& gpu : gpus) {
    if (where(gpu) != (is_changed(gpu) ? first : Where::host)) {
      return Where::between;
    }
  }
  return first;
}

}  // namespace nvgpuctl::inject
