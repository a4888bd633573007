// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/kernel_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kMaxLogRecord =
    8192;  // Documentation/ABI/testing/dev-kmsg
constexpr std::size_t kMaxLogRecords = 200'000;

// "6,339,5140900,-;message\n KEY=value\n": priority, number, microseconds.
std::string message_of(std::string_view record) {
  const auto semicolon = record.find(';');
  const auto fields = split(record.substr(0, semicolon), ',');
  const auto time =
      fields.size() < 3 ? std::nullopt : parse_unsigned(fields[2]);
  if (semicolon == std::string_view::npos || !time) {
    return "";
  }
  const auto text = record.substr(semicolon + 1);
  constexpr std::uint64_t kMicroseconds = 1'000'000;
  return fmt::format("{}.{:06} {}", *time / kMicroseconds,
                     *time % kMicroseconds, text.substr(0, text.find('\n')));
}

std::vector<std::string> lines_of_file(const RootDir& root) {
  std::vector<std::string> lines;
  const auto text = root.read_file("/dev/kmsg", kMiB).value_or("");
  for (const auto line : split(text, '\n')) {
    lines.emplace_back(line);
  }
  return lines;
}

}  // namespace

std::vector<std::string> read_kernel_log(const RootDir& root) {
  if (!root.live()) {
    return lines_of_file(root);
  }
  std::vector<std::string> messages;
  const Fd log(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  std::array<char, kMaxLogRecord> record{};
  for (std::size_t i = 0; log.valid() && i < kMaxLogRecords; ++i) {
    const ssize_t count = ::read(log.get(), record.data(), record.size());
    if (count < 0 && (errno == EPIPE || errno == EINTR)) {
      continue;  // the oldest were overwritten while we read
    }
    if (count <= 0) {
      break;
    }
    auto message = message_of({record.data(), static_cast<std::size_t>(count)});
    if (!message.empty()) {
      messages.push_back(std::move(message));
    }
  }
  return messages;
}

std::vector<std::string> kernel_log_about(const RootDir& root,
                                          std::string_view subject,
                                          std::size_t most) {
  auto messages = read_kernel_log(root);
  std::erase_if(messages, [&](const std::string& one) {
    return one.find(subject) == std::string::npos;
  });
  const auto old = messages.size() - std::min(messages.size(), most);
  messages.erase(messages.begin(),
                 messages.begin() + static_cast<std::ptrdiff_t>(old));
  return messages;
}

}  // namespace nvgpuctl
