// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/report_collector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <filesystem>

#include "base/text.hpp"
#include "host/initramfs.hpp"
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

}  // namespace

void ReportCollector::take(std::string_view pattern, ReportUse use) {
  expand("", pattern, use);
}

void ReportCollector::put(const std::string& path, std::string text) {
  entries_[path] = {path.substr(1), Kind::file, std::move(text)};
}

std::string ReportCollector::redacted(std::string text, ReportUse use) {
  if (redaction_ == Redaction::none) {
    return text;
  }
  return use == ReportUse::text     ? redactor_.text(text)
         : use == ReportUse::config ? redactor_.config_space(std::move(text))
                                    : text;
}

Result<Report> ReportCollector::finish() {
  rename_entries();
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

// NOLINTNEXTLINE(misc-no-recursion): as deep as the pattern has names.
void ReportCollector::expand(const std::string& done, std::string_view rest,
                             ReportUse use) {
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

void ReportCollector::add(const std::string& path, ReportUse use) {
  if (left_out_.contains(path) || !root_.exists(path)) {
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

Result<std::string> ReportCollector::initramfs(const std::string& path) {
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
  std::set<std::string> taken;
  for (auto& entry : *entries) {
    entry.name = renamed(entry.name, taken);
    entry.content = redacted(std::move(entry.content), ReportUse::text);
  }
  return write_cpio(*entries);
}

Result<std::string> ReportCollector::content(const std::string& path,
                                             ReportUse use) {
  if (use == ReportUse::initramfs) {
    return initramfs(path);
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
std::optional<std::string> ReportCollector::follow(std::string_view path) {
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

std::optional<std::string> ReportCollector::target_of(const std::string& path) {
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

// "boot/vmlinuz-0-rescue-MACHINE-ID": people and installers name files after
// hosts. Those of a kernel that is installed keep its name.
std::string ReportCollector::renamed(const std::string& path,
                                     std::set<std::string>& taken) {
  const auto at = path.rfind('/') + 1;
  const auto name = path.substr(at);
  const bool may_have_one = path.starts_with("boot/") ||
                            path.starts_with("etc/") ||
                            path.find("modprobe.d/") != std::string::npos;
  if (redaction_ == Redaction::none || !may_have_one || has_release(name)) {
    return path;
  }
  // What is behind a dot would be taken for the host's domain.
  const auto dot = std::min(name.rfind('.'), name.size());
  const auto stem = path.substr(0, at) + redactor_.text(name.substr(0, dot));
  auto result = stem + name.substr(dot);
  // "host.a.conf" and "host.b.conf"
  for (int number = 2; !taken.insert(result).second; ++number) {
    result = fmt::format("{}-{}{}", stem, number, name.substr(dot));
  }
  return result;
}

void ReportCollector::rename_entries() {
  std::map<std::string, std::string> names;
  std::set<std::string> taken;
  for (auto& [path, entry] : entries_) {
    if (entry.kind != Kind::directory) {
      names[entry.path] = renamed(entry.path, taken);
    }
  }
  for (auto& [path, entry] : entries_) {
    if (entry.kind == Kind::link) {
      const auto target =
          std::filesystem::path(entry.path).parent_path() / entry.content;
      const auto found = names.find(target.lexically_normal().string());
      if (found != names.end()) {
        const auto folder = entry.content.rfind('/') + 1;
        const auto name = found->second.rfind('/') + 1;
        entry.content.replace(folder, std::string::npos, found->second, name);
      }
    }
    if (entry.kind != Kind::directory) {
      entry.path = names.at(entry.path);
    }
  }
}

bool ReportCollector::has_release(std::string_view name) {
  if (!releases_) {
    releases_ = root_.list("/lib/modules").value_or(std::vector<std::string>());
  }
  return std::ranges::any_of(*releases_, [&](const std::string& release) {
    return name.find(release) != std::string_view::npos;
  });
}

}  // namespace nvgpuctl
