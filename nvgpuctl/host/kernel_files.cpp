// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/kernel_files.hpp"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "host/gzip.hpp"

namespace nvgpuctl {
namespace {

// Distribution kernels have about 10 000 options in 300 KiB.
constexpr std::size_t kMaxConfig = 4UL << 20U;
// libvirt refuses modules.alias above 8 MiB; so much is no error for us.
constexpr std::size_t kMaxModuleIndex = 16UL << 20U;

constexpr std::array<std::string_view, 16> kOptions{
    "CONFIG_VFIO",
    "CONFIG_VFIO_PCI",
    "CONFIG_VFIO_PCI_CORE",
    "CONFIG_VFIO_GROUP",
    "CONFIG_VFIO_DEVICE_CDEV",
    "CONFIG_VFIO_PCI_DMABUF",
    "CONFIG_NVGRACE_GPU_VFIO_PCI",
    "CONFIG_IOMMUFD",
    "CONFIG_NODES_SHIFT",
    "CONFIG_ARM64_4K_PAGES",
    "CONFIG_ARM64_16K_PAGES",
    "CONFIG_ARM64_64K_PAGES",
    "CONFIG_KVM",
    "CONFIG_ARM_SMMU_V3",
    "CONFIG_TEGRA241_CMDQV",
    "CONFIG_NUMA_BALANCING",
};

// Modules whose presence in /sys/module explains something.
constexpr std::array<std::string_view, 8> kModulesToLookFor{
    "vfio",   "vfio_pci",   "vfio_pci_core", kVariantDriver,
    "nvidia", "nvidia_uvm", "nouveau",       "iommufd",
};

std::map<std::string, std::string> parse_config(std::string_view text) {
  std::map<std::string, std::string> options;
  for (const auto line : split(text, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || !line.starts_with("CONFIG_")) {
      continue;
    }
    const auto name = line.substr(0, equals);
    if (std::find(kOptions.begin(), kOptions.end(), name) != kOptions.end()) {
      options.emplace(name, trim(line.substr(equals + 1)));
    }
  }
  return options;
}

void read_config(const RootDir& root, KernelFacts& kernel,
                 std::vector<std::string>& problems) {
  auto config = read_config_text(root, kernel.release, KernelIs::running);
  if (config) {
    kernel.config = parse_config(config->text);
    kernel.config_file = std::move(config->path);
  } else if (config.error().code != Errc::not_found) {
    problems.push_back(config.error().subject + ": " + config.error().problem);
  }
}

std::optional<Fact<std::uint64_t>> page_size(
    const RootDir& root, const std::map<std::string, std::string>& config) {
  if (root.live()) {
    return Fact<std::uint64_t>{
        static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)), Source::kernel};
  }
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 3> kSizes{{
      {"CONFIG_ARM64_4K_PAGES", 4 * kKiB},
      {"CONFIG_ARM64_16K_PAGES", 16 * kKiB},
      {"CONFIG_ARM64_64K_PAGES", 64 * kKiB},
  }};
  for (const auto& [option, size] : kSizes) {
    const auto found = config.find(std::string(option));
    if (found != config.end() && found->second == "y") {
      return Fact<std::uint64_t>{size, Source::kernel_config};
    }
  }
  return std::nullopt;
}

// Capability 243 answers on a VM's file descriptor only (Linux,
// arch/arm64/kvm/arm.c). Creating a VM and closing it at once changes nothing.
std::optional<Fact<bool>> cacheable_pfnmap() {
  constexpr unsigned long kCacheablePfnmap = 243;  // newer than our headers
  utsname system{};
  // Elsewhere the same number may mean something else.
  if (::uname(&system) != 0 || std::strcmp(system.machine, "aarch64") != 0) {
    return std::nullopt;
  }
  const Fd kvm(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (!kvm.valid()) {
    return std::nullopt;
  }
  const Fd machine(::ioctl(kvm.get(), KVM_CREATE_VM, 0UL));
  if (!machine.valid()) {
    return std::nullopt;
  }
  const int answer =
      ::ioctl(machine.get(), KVM_CHECK_EXTENSION, kCacheablePfnmap);
  return Fact<bool>{answer > 0, Source::kernel};
}

std::uint64_t read_count(const RootDir& root, const std::string& path) {
  const auto text = root.read_text(path);
  return text ? parse_unsigned(trim(*text)).value_or(0) : 0;
}

std::vector<VirtualizationFacts::HugePages> read_huge_pages(
    const RootDir& root) {
  constexpr std::string_view kDirectory = "/sys/kernel/mm/hugepages/";
  std::vector<VirtualizationFacts::HugePages> pools;
  const auto names = root.list(kDirectory);
  if (!names) {
    return pools;
  }
  for (const auto& name : *names) {
    std::string_view size = name;  // "hugepages-524288kB"
    if (!size.starts_with("hugepages-") || !size.ends_with("kB")) {
      continue;
    }
    size.remove_prefix(std::string_view("hugepages-").size());
    size.remove_suffix(2);
    const auto kib = parse_unsigned(size);
    if (!kib) {
      continue;
    }
    const std::string path = std::string(kDirectory) + name;
    pools.push_back({*kib * kKiB, read_count(root, path + "/nr_hugepages"),
                     read_count(root, path + "/free_hugepages")});
  }
  return pools;
}

}  // namespace

Result<ConfigText> read_config_text(const RootDir& root,
                                    const std::string& release,
                                    KernelIs which) {
  for (const auto& path :
       {"/boot/config-" + release, "/lib/modules/" + release + "/config"}) {
    if (auto text = root.read_file(path, kMaxConfig)) {
      return ConfigText{path, std::move(*text)};
    }
  }
  const std::string path = "/proc/config.gz";
  const auto packed = which == KernelIs::running
                          ? root.read_file(path, kMaxConfig)
                          : fail(Errc::not_found, path, "is another kernel's");
  if (!packed) {
    return fail(Errc::not_found, release, "its configuration is not here");
  }
  auto text = gunzip(path, *packed, kMaxConfig);
  return text ? Result<ConfigText>(ConfigText{path, std::move(*text)})
              : forward_error(text);
}

std::vector<std::string> find_variant_files(const RootDir& root,
                                            const std::string& directory,
                                            std::string_view modules_dep) {
  constexpr std::array<std::string_view, 4> kPlaces{
      "updates/dkms/", "updates/", "extra/",
      "kernel/drivers/vfio/pci/nvgrace-gpu/"};
  auto files = find_module_files(modules_dep, kVariantDriver);
  for (const auto place : kPlaces) {
    const auto names = root.list(directory + std::string(place));
    if (!names) {
      continue;
    }
    for (const auto& name : *names) {
      // find_module_files() knows how a file name becomes a module name.
      std::string file = std::string(place) + name;
      const bool known =
          std::find(files.begin(), files.end(), file) != files.end();
      if (!known && !find_module_files(file + ":", kVariantDriver).empty()) {
        files.push_back(std::move(file));
      }
    }
  }
  return files;
}

KernelFacts read_kernel(const RootDir& root,
                        std::vector<std::string>& problems) {
  KernelFacts kernel;
  constexpr std::string_view kRelease = "/proc/sys/kernel/osrelease";
  constexpr std::size_t kMaxRelease = 64;  // __NEW_UTS_LEN, <linux/utsname.h>
  if (const auto release = root.read_text(kRelease)) {
    kernel.release = std::string(trim(*release));
  }
  if (kernel.release.size() > kMaxRelease) {
    problems.push_back(std::string(kRelease) + ": longer than 64 characters");
    kernel.release.clear();
  }
  // Exists since Linux 6.1; older captures say it in capture.yaml.
  if (const auto machine = root.read_text("/proc/sys/kernel/arch")) {
    kernel.machine = {std::string(trim(*machine)), Source::procfs};
  }
  if (const auto line = root.read_text("/proc/cmdline")) {
    kernel.command_line = std::string(trim(*line));
  }
  read_config(root, kernel, problems);
  kernel.page_size = page_size(root, kernel.config);
  return kernel;
}

ModuleFacts read_modules(const RootDir& root, const std::string& release,
                         std::vector<std::string>& problems) {
  ModuleFacts facts;
  const std::string directory = "/lib/modules/" + release + '/';
  const auto aliases =
      root.read_file(directory + "modules.alias", kMaxModuleIndex);
  if (aliases) {
    facts.alias_file_found = true;
    facts.vfio_aliases = parse_vfio_aliases(*aliases);
  } else if (aliases.error().code != Errc::not_found) {
    problems.push_back(aliases.error().subject + ": " +
                       aliases.error().problem);
  }
  facts.variant_files = find_variant_files(
      root, directory,
      root.read_file(directory + "modules.dep", kMaxModuleIndex).value_or(""));
  for (const auto module : kModulesToLookFor) {
    // What is built in and has no parameter is no directory in /sys/module; the
    // variant driver is named after its module.
    if (root.exists("/sys/module/" + std::string(module)) ||
        root.exists("/sys/bus/pci/drivers/" + std::string(module))) {
      facts.loaded.emplace_back(module);
    }
  }
  if (const auto layout = root.read_text(
          "/sys/module/nvgrace_gpu_vfio_pci/parameters/layout")) {
    facts.variant_layout = std::string(trim(*layout));
  }
  return facts;
}

VirtualizationFacts read_virtualization(const RootDir& root) {
  VirtualizationFacts facts;
  facts.dev_kvm = root.exists("/dev/kvm");
  facts.dev_vfio = root.exists("/dev/vfio/vfio");
  facts.dev_iommu = root.exists("/dev/iommu");
  facts.huge_pages = read_huge_pages(root);
  if (root.live()) {
    facts.kvm_cacheable_pfnmap = cacheable_pfnmap();
  }
  return facts;
}

}  // namespace nvgpuctl
