// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>

#include "base/text.hpp"
#include "core/capture_facts.hpp"
#include "core/redact.hpp"
#include "core/report_list.hpp"
#include "host/initramfs.hpp"
#include "host/kernel_log.hpp"
#include "host/report_archive.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kMaxFile = 16UL << 20U;

using Kind = TarEntry::Kind;

// "a/b" to "a/c/d" is "c/d": links of a report are relative, as sysfs has them.
std::string relative_target(std::string_view link, std::string_view target) {
  std::string up;
  for (auto depth = std::count(link.begin(), link.end(), '/'); depth > 1;
       --depth) {
    up += "../";
  }
  target.remove_prefix(1);
  return up + std::string(target);
}

// The lines of an index, a configuration or /proc/keys that doctor --boot looks
// at.
std::string lines_of_interest(std::string_view text) {
  constexpr std::array<std::string_view, 6> kWords{
      "vfio",    "nvgrace",     "nvidia",
      "nouveau", " asymmetri ", "CONFIG_MODULE_SIG_FORCE"};
  std::string kept = "# about GPUs and VFIO only\n";
  for (const auto line : split(text, '\n')) {
    const bool wanted =
        std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
          return line.find(word) != std::string_view::npos;
        });
    if (wanted) {
      kept += line;
      kept += '\n';
    }
  }
  return kept;
}

class Collector {
 public:
  Collector(const RootDir& root, Redaction redaction)
      : root_(root), redaction_(redaction) {}

  Redactor& redactor() { return redactor_; }

  void take(std::string_view pattern, ReportUse use) {
    expand("", pattern, use);
  }

  void put(const std::string& path, std::string text) {
    entries_[path] = {path.substr(1), Kind::file, std::move(text)};
  }

  std::string redacted(std::string text, ReportUse use) {
    if (redaction_ == Redaction::none) {
      return text;
    }
    return use == ReportUse::text     ? redactor_.text(text)
           : use == ReportUse::config ? redactor_.config_space(std::move(text))
                                      : text;
  }

  Result<Report> finish() {
    Report report;
    std::size_t total = 0;
    for (auto& [path, entry] : entries_) {
      total += entry.content.size();
      report.entries.push_back(std::move(entry));
    }
    if (total > kMaxReport) {
      return fail(Errc::unsupported, "report",
                  "would be larger than " + human_size(kMaxReport));
    }
    report.unreadable.assign(unreadable_.begin(), unreadable_.end());
    report.aliases = redactor_.count();
    return report;
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): as deep as the pattern has names.
  void expand(const std::string& done, std::string_view rest, ReportUse use) {
    if (rest.empty()) {
      add(done, use);
      return;
    }
    const auto piece = rest.substr(1, rest.find('/', 1) - 1);
    rest.remove_prefix(piece.size() + 1);
    if (piece.find('*') == std::string_view::npos) {
      expand(fmt::format("{}/{}", done, piece), rest, use);
      return;
    }
    const auto names = root_.list(done);
    if (!names && names.error().code == Errc::permission) {
      unreadable_.insert(done);
    }
    for (const auto& name : names.value_or(std::vector<std::string>())) {
      if (glob_match(piece, name)) {
        expand(fmt::format("{}/{}", done, name), rest, use);
      }
    }
  }

  void add(const std::string& path, ReportUse use) {
    if (!root_.exists(path)) {
      return;
    }
    const auto real = follow(path);
    if (!real || entries_.contains(*real)) {
      return;
    }
    TarEntry entry{real->substr(1), Kind::file, {}};
    if (root_.list(*real)) {
      entry.kind = Kind::directory;
    } else if (use != ReportUse::presence) {
      auto text = content(*real, use);
      if (!text) {
        unreadable_.insert(*real);
        return;
      }
      entry.content = std::move(*text);
    }
    entries_.emplace(*real, std::move(entry));
  }

  Result<std::string> content(const std::string& path, ReportUse use) {
    if (use == ReportUse::initramfs) {
      auto entries = read_initramfs(root_, path);
      if (!entries && entries.error().code == Errc::unsupported) {
        // Enough to say the same about it elsewhere.
        constexpr std::size_t kMagic = 16;
        auto packed = root_.read_file(path, kMaxInitramfs);
        return packed ? packed->substr(0, kMagic) : packed;
      }
      if (!entries) {
        return forward_error(entries);
      }
      for (auto& entry : *entries) {
        entry.content = redacted(std::move(entry.content), ReportUse::text);
      }
      return write_cpio(*entries);
    }
    auto text = root_.read_file(path, kMaxFile);
    if (!text) {
      return forward_error(text);
    }
    return use == ReportUse::lines
               ? redacted(lines_of_interest(*text), ReportUse::text)
               : redacted(std::move(*text), use);
  }

  // Where a path really is. Every link on the way becomes part of the report,
  // so that the path leads there in the report too.
  std::optional<std::string> follow(std::string_view path) {
    constexpr int kMostLinks = 40;  // as the kernel has it: MAXSYMLINKS
    std::deque<std::string> ahead;
    for (const auto piece : split(path.substr(1), '/')) {
      ahead.emplace_back(piece);
    }
    std::string real;
    for (int links = 0; !ahead.empty();) {
      const std::string piece = std::move(ahead.front());
      ahead.pop_front();
      if (piece.empty() || piece == ".") {
        continue;
      }
      if (piece == "..") {
        real.erase(std::min(real.size(), real.rfind('/')));
        continue;
      }
      const std::string next = fmt::format("{}/{}", real, piece);
      const auto target = target_of(next);
      if (!target) {
        real = next;
        continue;
      }
      if (++links > kMostLinks) {
        return std::nullopt;
      }
      const bool from_top = target->starts_with('/');
      const auto pieces = split(*target, '/');
      ahead.insert(ahead.begin(), pieces.begin(), pieces.end());
      const auto kept = from_top ? relative_target(next, *target) : *target;
      if (!link_stays_inside(next.substr(1), kept)) {
        return std::nullopt;
      }
      entries_[next] = {next.substr(1), Kind::link, kept};
      if (from_top) {
        real.clear();
      }
    }
    return real.empty() ? std::nullopt : std::optional(real);
  }

  std::optional<std::string> target_of(const std::string& path) {
    if (plain_.contains(path)) {
      return std::nullopt;
    }
    auto target = root_.link_target(path);
    if (!target) {
      plain_.insert(path);
      return std::nullopt;
    }
    return std::move(*target);
  }

  const RootDir& root_;
  Redaction redaction_;
  Redactor redactor_;
  std::map<std::string, TarEntry> entries_;
  std::set<std::string> plain_;  // known to be no link
  std::set<std::string> unreadable_;
};

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
  return text.size() > kMaxLog ? text.substr(text.size() - kMaxLog) : text;
}

// A name that is a driver's or in a model's tells nobody anything, and its
// alias would hide the driver or the model.
bool is_common(std::string_view name, const std::vector<std::string>& models) {
  constexpr std::array<std::string_view, 4> kDrivers{"nouveau", "nvidia",
                                                     "vfio", "vfio-pci"};
  const auto same = [name](std::string_view word) {
    return word.size() == name.size() &&
           ::strncasecmp(word.data(), name.data(), name.size()) == 0;
  };
  return std::ranges::any_of(kDrivers, same) ||
         std::ranges::any_of(models, [&](const std::string& model) {
           return same(model) || std::ranges::any_of(split(model, ' '), same);
         });
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
}

}  // namespace

Result<Report> make_report(const RootDir& root, const Inventory& inventory,
                           Redaction redaction) {
  Collector collector(root, redaction);
  auto domains = domains_with_gpus(root, inventory.gpus);
  if (redaction == Redaction::aliases) {
    name_what_is_known(root, inventory.models, domains, collector.redactor());
  }
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
