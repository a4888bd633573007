// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/hung_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/text.hpp"
#include "host/kernel_log.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kMaxRecord = 4 * kKiB;
constexpr std::uint64_t kTickMs = 10;  // USER_HZ is 100 on every Linux

// Since the host was booted; nothing where that cannot be read.
std::optional<std::uint64_t> uptime_ms(const RootDir& root) {
  const auto text = root.read_text("/proc/uptime");
  const auto pieces = text ? split(trim(*text), ' ') : split("", ' ');
  // "350735.47 234388.90"
  const auto dot =
      pieces.empty() ? std::string_view::npos : pieces[0].find('.');
  if (dot == std::string_view::npos) {
    return std::nullopt;
  }
  const auto seconds = parse_unsigned(pieces[0].substr(0, dot));
  const auto hundredths = parse_unsigned(pieces[0].substr(dot + 1));
  if (!seconds || !hundredths) {
    return std::nullopt;
  }
  return *seconds * 1000 + *hundredths * kTickMs;
}

bool is_overdue(const RootDir& root, const HungWrite& hung) {
  const auto now = uptime_ms(root);
  // Both are rounded down.
  return !now ||
         *now + 2 * kTickMs >= hung.start_ticks * kTickMs + hung.bound_ms;
}

// Lines such as "[<0>] vfio_unregister_group_dev+0xa4/0x1a0 [vfio]".
std::vector<std::string> kernel_stack(const RootDir& root, std::uint64_t pid) {
  constexpr std::size_t kMostFrames = 16;
  std::vector<std::string> frames;
  const auto text = root.read_text(fmt::format("/proc/{}/stack", pid));
  if (!text) {
    return frames;
  }
  for (auto line : split(*text, '\n')) {
    const auto end = line.find("] ");
    line.remove_prefix(end == std::string_view::npos ? 0 : end + 2);
    if (!trim(line).empty() && frames.size() < kMostFrames) {
      frames.emplace_back(trim(line));
    }
  }
  return frames;
}

// The function that a process waits in. /proc/PID/wchan leaves out what the
// scheduler itself does, and needs no root; the stack starts with it.
std::string waits_in(const RootDir& root, std::uint64_t pid) {
  const auto wchan = root.read_text(fmt::format("/proc/{}/wchan", pid));
  if (wchan && !trim(*wchan).empty() && trim(*wchan) != "0") {
    return std::string(trim(*wchan));
  }
  const auto stack = kernel_stack(root, pid);
  return stack.empty() ? "" : stack.front().substr(0, stack.front().find('+'));
}

}  // namespace

std::string hung_path(std::string_view subject) {
  return fmt::format("{}/{}", kHungFolder, subject);
}

Result<> store_hung(const RootDir& root, const HungWrite& hung) {
  auto made = root.make_directory("/run/nvgpuctl");
  if (made) {
    made = root.make_directory(kHungFolder);
  }
  return made ? root.replace(hung_path(hung.subject), write_hung_text(hung),
                             Readers::everybody)
              : made;
}

void drop_hung(const RootDir& root, std::string_view subject) {
  (void)root.remove(hung_path(subject)).has_value();
}

Result<ProcessStat> read_process_stat(const RootDir& root, std::uint64_t pid) {
  const std::string path = fmt::format("/proc/{}/stat", pid);
  const auto text = root.read_text(path);
  return text ? parse_process_stat(*text, path)
              : Result<ProcessStat>(forward_error(text));
}

std::optional<HungWrite> find_hung(const RootDir& root,
                                   std::string_view subject) {
  const std::string path = hung_path(subject);
  const auto text = root.read_file(path, kMaxRecord);
  auto hung =
      text ? parse_hung(*text, path) : Result<HungWrite>(forward_error(text));
  if (!hung || hung->subject != subject) {
    return std::nullopt;
  }
  const auto process = read_process_stat(root, hung->pid);
  if (!process || process->ended || process->start_ticks != hung->start_ticks) {
    return std::nullopt;
  }
  hung->overdue = is_overdue(root, *hung);
  hung->where = waits_in(root, hung->pid);
  return std::move(*hung);
}

std::optional<HungWrite> wait_for_hung(const RootDir& root,
                                       std::string_view subject) {
  constexpr std::chrono::milliseconds kPause{20};
  auto hung = find_hung(root, subject);
  while (hung && !hung->overdue) {
    std::this_thread::sleep_for(kPause);
    hung = find_hung(root, subject);
  }
  return hung;
}

std::vector<std::string> hung_evidence(const RootDir& root,
                                       const HungWrite& hung) {
  constexpr std::size_t kMostLines = 5;
  std::vector<std::string> lines;
  for (const auto& frame : kernel_stack(root, hung.pid)) {
    lines.push_back(fmt::format("/proc/{}/stack: {}", hung.pid, frame));
  }
  for (const auto& line : kernel_log_about(root, hung.subject, kMostLines)) {
    lines.push_back(fmt::format("kernel log: {}", line));
  }
  return lines;
}

Error hung_error(const HungWrite& hung) {
  return {Errc::needs_operator, hung.subject, to_string(hung),
          std::string(kHungHint)};
}

}  // namespace nvgpuctl
