// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/boot_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "core/host_snapshot.hpp"
#include "host/initramfs.hpp"
#include "host/kernel_files.hpp"
#include "host/modprobe_files.hpp"
#include "host/unpack.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kMaxKernels = 64;
constexpr std::size_t kMaxIndex = 16 * kMiB;
constexpr std::size_t kMaxModule = 64 * kMiB;  // with debug information

Result<ModuleInfo> read_module(const RootDir& root, const std::string& path) {
  auto bytes = root.read_file(path, kMaxModule);
  if (!bytes) {
    return forward_error(bytes);
  }
  std::string module;
  if (packing_of(*bytes).empty()) {
    module = std::move(*bytes);
  } else {
    const auto unpacked = unpack(path, *bytes, kMaxModule,
                                 [&](std::string_view piece) -> Result<> {
                                   module += piece;
                                   return {};
                                 });
    if (!unpacked) {
      return forward_error(unpacked);
    }
  }
  return parse_module_info(
      path,
      {reinterpret_cast<const std::uint8_t*>(module.data()), module.size()});
}

void read_variants(const RootDir& root, const std::string& directory,
                   std::string_view modules_dep, InstalledKernel& kernel) {
  for (auto& file : find_variant_files(root, directory, modules_dep)) {
    InstalledModule module;
    auto info = read_module(root, directory + file);
    module.file = std::move(file);
    if (info) {
      module.info = std::move(*info);
    } else {
      module.problem = info.error().problem;
    }
    kernel.variants.push_back(std::move(module));
  }
}

InstalledKernel read_kernel_files(const RootDir& root,
                                  const std::string& release,
                                  const std::string& running) {
  InstalledKernel kernel;
  kernel.release = release;
  kernel.running = release == running;
  kernel.older = !kernel.running && newer_release(running, release);
  const std::string directory = "/lib/modules/" + release + '/';
  for (const auto& path :
       {"/boot/vmlinuz-" + release, "/boot/vmlinux-" + release,
        "/boot/Image-" + release, directory + "vmlinuz"}) {
    if (kernel.image.empty() && root.exists(path)) {
      kernel.image = path;
    }
  }
  const std::string dep =
      root.read_file(directory + "modules.dep", kMaxIndex).value_or("");
  read_variants(root, directory, dep, kernel);
  kernel.variant_indexed = !find_module_files(dep, kVariantDriver).empty();
  kernel.host_drivers = find_host_drivers(dep);
  if (const auto builtin =
          root.read_file(directory + "modules.builtin", kMaxIndex)) {
    kernel.variant_built_in =
        builtin->find("/nvgrace-gpu-vfio-pci.ko") != std::string::npos;
  }
  if (const auto aliases =
          root.read_file(directory + "modules.alias", kMaxIndex)) {
    kernel.aliases = parse_vfio_aliases(*aliases);
  }
  const auto config = read_config_text(
      root, release, kernel.running ? KernelIs::running : KernelIs::installed);
  if (config) {
    kernel.forces_signatures =
        config->text.find("\nCONFIG_MODULE_SIG_FORCE=y") != std::string::npos;
  }
  if (const auto path = find_initramfs(root, release)) {
    kernel.initramfs = look_into_initramfs(root, *path);
  }
  return kernel;
}

std::vector<InstalledKernel> read_kernels(const RootDir& root,
                                          const std::string& running) {
  auto releases =
      root.list("/lib/modules").value_or(std::vector<std::string>());
  // Other programs keep files of their own there.
  std::erase_if(releases, [&](const std::string& name) {
    return !root.list("/lib/modules/" + name);
  });
  std::sort(releases.begin(), releases.end(), newer_release);
  releases.resize(std::min(releases.size(), kMaxKernels));
  std::vector<InstalledKernel> kernels;
  kernels.reserve(releases.size());
  for (const auto& release : releases) {
    kernels.push_back(read_kernel_files(root, release, running));
  }
  return kernels;
}

// efivars(7): four bytes of attributes, then the value.
std::optional<bool> read_secure_boot(const RootDir& root) {
  constexpr std::size_t kSize = 5;
  const auto value = root.read_file(
      "/sys/firmware/efi/efivars/"
      "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
      kSize);
  return value && value->size() == kSize ? std::optional(value->back() == '\1')
                                         : std::nullopt;
}

// "none [integrity] confidentiality": the one in brackets.
std::optional<std::string> read_lockdown(const RootDir& root) {
  const auto text = root.read_text("/sys/kernel/security/lockdown");
  const auto start = text ? text->find('[') : std::string::npos;
  const auto end = text ? text->find(']') : std::string::npos;
  if (start == std::string::npos || end == std::string::npos || end < start) {
    return std::nullopt;
  }
  return text->substr(start + 1, end - start - 1);
}

// `systemctl mask`, and what udev takes for the same. In a report the link is
// another that leads there.
bool is_masked(const RootDir& root, const std::string& path) {
  const auto target = root.link_target(path);
  return target && target->ends_with("/dev/null");
}

// The first folder in udev's order that has the file decides (udev(7)).
bool has_udev_rule(const RootDir& root) {
  for (const auto* folder :
       {"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"}) {
    const auto path = fmt::format("{}/udev/rules.d/70-nvgpuctl.rules", folder);
    if (is_masked(root, path)) {
      return false;
    }
    if (root.exists(path)) {
      return true;
    }
  }
  return false;
}

std::vector<std::string> enabled_units(const RootDir& root) {
  const std::string home = "/etc/systemd/system";
  std::vector<std::string> units;
  for (const auto& folder :
       root.list(home).value_or(std::vector<std::string>())) {
    if (!folder.ends_with(".wants") && !folder.ends_with(".requires")) {
      continue;
    }
    const auto names = root.list(fmt::format("{}/{}", home, folder));
    for (const auto& name : names.value_or(std::vector<std::string>())) {
      if (name.starts_with("nvgpuctl-")) {
        units.push_back(name);
      }
    }
  }
  std::sort(units.begin(), units.end());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  std::erase_if(units, [&](const std::string& name) {
    return is_masked(root, fmt::format("{}/{}", home, name)) ||
           is_masked(root, "/run/systemd/system/" + name);
  });
  return units;
}

}  // namespace

BootFacts read_boot_files(const RootDir& root, const std::string& running,
                          std::string_view command_line) {
  BootFacts facts;
  facts.recorded = !root.live();
  facts.kernels = read_kernels(root, running);
  add_command_line_rules(command_line, facts.rules);
  for (const auto& file : read_modprobe_files(root)) {
    if (!file.hidden) {
      add_modprobe_rules(file.text, file.path, facts.rules);
    }
  }
  facts.secure_boot = read_secure_boot(root);
  facts.lockdown = read_lockdown(root);
  if (const auto enforces =
          root.read_text("/sys/module/module/parameters/sig_enforce")) {
    facts.enforces_signatures = enforces->starts_with('Y');
  }
  constexpr std::size_t kMaxKeys = 1U << 20U;  // a key is a line
  if (const auto keys = root.read_file("/proc/keys", kMaxKeys)) {
    facts.key_names = key_names(*keys);
  }
  facts.udev_rule = has_udev_rule(root);
  facts.enabled_units = enabled_units(root);
  return facts;
}

}  // namespace nvgpuctl
