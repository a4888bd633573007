// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "core/capture_facts.hpp"
#include "host/kernel_log.hpp"
#include "host/report_archive.hpp"
#include "host/state_dir.hpp"
#include "ops/policy_file.hpp"
#include "ops/report_collector.hpp"

namespace nvgpuctl {
namespace {

// What no file says, in the form of every recorded host. `domains`: with the
// names that they are to have in it.
std::string capture_text(const HostSnapshot& host,
                         const std::vector<RunningDomain>& domains) {
  std::string text = "capture: 1\ndescription: \"a report\"\n";
  text += fmt::format("privileged: {}\n", host.acpi.unreadable.empty());
  if (!host.kernel.machine.value.empty()) {
    text +=
        fmt::format("machine: {}\n", json_quoted(host.kernel.machine.value));
  }
  if (host.kernel.page_size) {
    text += fmt::format("page_size: {}\n", host.kernel.page_size->value);
  }
  const auto& facts = host.virtualization;
  if (facts.kvm_cacheable_pfnmap) {
    text += fmt::format("kvm_cacheable_pfnmap: {}\n",
                        facts.kvm_cacheable_pfnmap->value);
  }
  if (facts.libvirt) {
    text += fmt::format("libvirt: \"{}\"\n", to_string(facts.libvirt->value));
  }
  if (facts.qemu) {
    text += fmt::format("qemu: \"{}\"\n", to_string(facts.qemu->value));
  }
  if (!domains.empty()) {
    text += "domains:\n";
  }
  for (const auto& [name, devices] : domains) {
    std::vector<std::string> addresses;
    for (const auto& device : devices) {
      addresses.push_back(json_quoted(to_string(device)));
    }
    text += fmt::format("  - {{name: {}, devices: [{}]}}\n", json_quoted(name),
                        fmt::join(addresses, ", "));
  }
  return text;
}

// Domains and the GPUs that they have, by name.
std::vector<RunningDomain> domains_with_gpus(const RootDir& root,
                                             const std::vector<Gpu>& gpus) {
  std::map<std::string, std::vector<PciAddress>> by_name;
  for (const auto& [gpu, domain] : domains_of(root, gpus)) {
    by_name[domain].push_back(gpu);
  }
  std::vector<RunningDomain> domains;
  for (auto& [name, devices] : by_name) {
    domains.push_back({name, std::move(devices)});
  }
  return domains;
}

std::string log_about(const RootDir& root, const std::vector<Gpu>& gpus) {
  std::vector<std::string> words{"nvgrace", "nvgpuctl", "vfio", "NVRM"};
  for (const auto& gpu : gpus) {
    words.push_back(to_string(gpu.pci.address));
  }
  std::string text;
  for (const auto& line : read_kernel_log(root)) {
    if (std::any_of(words.begin(), words.end(), [&](const auto& word) {
          return line.find(word) != std::string::npos;
        })) {
      text += line + '\n';
    }
  }
  constexpr std::size_t kMaxLog = 4UL << 20U;  // the newest are worth most
  if (text.size() > kMaxLog) {
    // Half a name would not be known for one.
    text.erase(0, text.find('\n', text.size() - kMaxLog) + 1);
  }
  return text;
}

// A word of the files themselves: of drivers' names and of what is written
// around them, of policies and of records.
constexpr std::string_view kWords =
    "nouveau nvidia vfio vfio-pci vfio_pci nvgrace nvgpuctl gpu pci core iommu "
    "kvm modprobe module_blacklist driver drivers options blacklist install "
    "remove alias softdep ids layout split single "
    "apiVersion kind Policy Journal Origin HungWrite gpus match all address "
    "acpi-path acpi path model variant origin none at-boot at boot leave apply "
    "quiesce domains domain on-release keep restore managed yes no true false "
    "gi-nodes gi nodes other-managers other managers refuse take "
    "verb phase undo boot_id who when before after driver_override "
    "kernel_chooses bind unbind hook qemu prepare release recover units "
    "stopped subject pid value service start ticks start_ticks bound ms "
    "bound_ms for bound_for_domain chooses movable other blocks "
    "movable_blocks other_blocks null";

// A name that is one of these, or in a model's, tells nobody anything, and its
// alias would make the file say something else.
bool is_common(std::string_view name, const std::vector<std::string>& models) {
  const auto same = [name](std::string_view word) {
    return same_ignoring_case(word, name);
  };
  return std::ranges::any_of(split_words(kWords), same) ||
         std::ranges::any_of(models, [&](const std::string& model) {
           return same(model) || std::ranges::any_of(split(model, ' '), same);
         });
}

// Those that files of ours name, also where they have no GPU now.
std::set<std::string> domains_in_files(const RootDir& root) {
  std::set<std::string> names;
  const auto add = [&](const std::optional<OriginRecord>& origin) {
    if (origin && origin->domain) {
      names.insert(*origin->domain);
    }
  };
  if (const auto policy = read_policy(root)) {
    for (const auto& rule : policy->rules) {
      const auto listed = rule.domains.value_or(std::vector<std::string>());
      names.insert(listed.begin(), listed.end());
    }
  }
  for (const auto& gpu : list_origins(root)) {
    if (auto name = recorded_domain(root, gpu)) {
      names.insert(std::move(*name));
    }
  }
  if (const auto journal = read_journal(root); journal && *journal) {
    for (const auto& gpu : (*journal)->gpus) {
      add(gpu.before.origin);
      add(gpu.after.origin);
    }
  }
  return names;
}

void name_what_is_known(const RootDir& root,
                        const std::vector<std::string>& models,
                        std::vector<RunningDomain>& domains,
                        Redactor& redactor) {
  if (const auto host = root.read_text("/proc/sys/kernel/hostname")) {
    // Its short name is the alias of names in its domain as well.
    const auto name = trim(*host);
    const auto short_name = name.substr(0, name.find('.'));
    if (!is_common(short_name, models)) {
      redactor.name(short_name, "host");
    } else if (short_name != name) {
      redactor.name(name, "host");
    }
  }
  for (auto& domain : domains) {
    if (!is_common(domain.name, models)) {
      domain.name = redactor.name(domain.name, "domain");
    }
  }
  for (const auto& name : domains_in_files(root)) {
    if (!is_common(name, models)) {
      redactor.name(name, "domain");
    }
  }
}

// Why a GPU's driver is not known, and what that rests on.
void take_hung(const Inventory& inventory, ReportCollector& collector) {
  for (const auto& gpu : inventory.gpus) {
    if (gpu.pci.hung) {
      collector.leave_out(sysfs_path(gpu.pci.address, "driver_override"));
      for (const auto* file : {"stat", "wchan"}) {
        collector.take(fmt::format("/proc/{}/{}", gpu.pci.hung->pid, file),
                       ReportUse::copy);
      }
      collector.take("/proc/uptime", ReportUse::copy);
    }
  }
}

}  // namespace

Result<Report> make_report(const RootDir& root, const Inventory& inventory,
                           Redaction redaction) {
  ReportCollector collector(root, redaction);
  auto domains = domains_with_gpus(root, inventory.gpus);
  if (redaction == Redaction::aliases) {
    name_what_is_known(root, inventory.models, domains, collector.redactor());
  }
  take_hung(inventory, collector);
  for (const auto& row : report_rows()) {
    std::string pattern(row.pattern);
    constexpr std::string_view kRelease = "{release}";
    const auto at = pattern.find(kRelease);
    if (at != std::string::npos) {
      if (inventory.host.kernel.release.find('/') != std::string::npos ||
          inventory.host.kernel.release.empty()) {
        continue;
      }
      pattern.replace(at, kRelease.size(), inventory.host.kernel.release);
    }
    collector.take(pattern, row.use);
  }
  if (root.live()) {
    collector.put(
        "/nvgpuctl-kernel.log",
        collector.redacted(log_about(root, inventory.gpus), ReportUse::text));
  }
  collector.put(fmt::format("/{}", kCaptureFile),
                capture_text(inventory.host, domains));
  return collector.finish();
}

Result<RootDir> open_report(const Report& report) {
  auto unpacked = UnpackedReport::write(report.entries);
  if (!unpacked) {
    return forward_error(unpacked);
  }
  return RootDir::open(std::move(*unpacked));
}

}  // namespace nvgpuctl
