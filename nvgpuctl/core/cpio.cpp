// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/cpio.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kHeader = 110;
constexpr std::size_t kField = 8;  // hexadecimal digits
constexpr std::size_t kFileSize = 6 + 6 * kField;
constexpr std::size_t kNameSize = 6 + 11 * kField;
constexpr std::uint64_t kMaxName = 4096;  // PATH_MAX, with its zero
constexpr std::uint64_t kMaxContent = 256UL << 10U;
constexpr std::size_t kMaxKept = 4UL << 20U;
constexpr std::size_t kMaxEntries = 4096;
constexpr std::string_view kTrailer = "TRAILER!!!";

std::uint64_t padding(std::uint64_t size) {
  return (4 - size % 4) % 4;
}

}  // namespace

CpioReader::CpioReader(std::string name, Choice choice)
    : name_(std::move(name)), choice_(std::move(choice)) {}

void CpioReader::begin(State state, std::uint64_t left) {
  state_ = state;
  left_ = left;
  part_.clear();
}

Result<> CpioReader::take_header() {
  const std::string_view magic = std::string_view(part_).substr(0, 6);
  const auto size = parse_unsigned(part_.substr(kFileSize, kField), 16);
  const auto name = parse_unsigned(part_.substr(kNameSize, kField), 16);
  const auto place = fmt::format("byte {:#x}", offset_ - kHeader);
  if ((magic != "070701" && magic != "070702") || !size || !name) {
    return fail(Errc::malformed, name_, "no cpio header at " + place);
  }
  if (*name == 0 || *name > kMaxName) {
    return fail(Errc::malformed, name_,
                fmt::format("a name of {} bytes at {}", *name, place));
  }
  file_size_ = *size;
  name_size_ = *name;
  begin(State::name, name_size_);
  return {};
}

Result<> CpioReader::take_name() {
  std::string_view name = part_;
  name = name.substr(0, name.find('\0'));
  trailer_ = name == kTrailer;
  while (name.starts_with("./") || name.starts_with('/')) {
    name.remove_prefix(name.starts_with('/') ? 1 : 2);
  }
  const Want want = trailer_ ? Want::nothing : choice_(name);
  keeps_ = want == Want::content && file_size_ <= kMaxContent;
  if (want != Want::nothing) {
    kept_ += name.size() + (keeps_ ? file_size_ : 0);
    if (entries_.size() >= kMaxEntries || kept_ > kMaxKept) {
      return fail(Errc::malformed, name_,
                  "has more of interest than any boot would need");
    }
    entries_.push_back({std::string(name), ""});
  }
  begin(State::name_padding, padding(kHeader + name_size_));
  return {};
}

// The present part is all there.
Result<> CpioReader::end_part() {
  switch (state_) {
    case State::header:
      return take_header();
    case State::name:
      return take_name();
    case State::name_padding:
      begin(State::data, file_size_);
      return {};
    case State::data:
      if (keeps_) {
        entries_.back().content = std::move(part_);
      }
      keeps_ = false;
      begin(State::data_padding, padding(file_size_));
      return {};
    case State::data_padding:
    case State::between:
      break;
  }
  if (trailer_) {
    begin(State::between, 0);
  } else {
    begin(State::header, kHeader);
  }
  trailer_ = false;
  return {};
}

void CpioReader::keep(std::string_view bytes) {
  if (state_ == State::header || state_ == State::name || keeps_) {
    part_ += bytes;
  }
}

Result<std::size_t> CpioReader::feed(std::string_view piece) {
  std::size_t at = 0;
  while (at < piece.size()) {
    if (state_ == State::between) {
      // Zeroes fill up to where the next one begins.
      if (piece[at] == '\0') {
        ++at;
        ++offset_;
        continue;
      }
      // No packed archive begins so; whether a header follows shows when it is
      // all there, wherever the pieces end.
      if (piece[at] != '0') {
        return at;
      }
      begin(State::header, kHeader);
    }
    const std::uint64_t count =
        std::min<std::uint64_t>(left_, piece.size() - at);
    keep(piece.substr(at, count));
    at += count;
    offset_ += count;
    left_ -= count;
    // Parts may be empty, and no byte tells that they have ended.
    while (left_ == 0 && state_ != State::between) {
      auto done = end_part();
      if (!done) {
        return forward_error(done);
      }
    }
  }
  return at;
}

std::string write_cpio(const std::vector<CpioEntry>& entries) {
  constexpr unsigned kRegular = 0100644;
  std::string out;
  const auto put = [&](const std::string& name, const std::string& content,
                       unsigned mode) {
    out += fmt::format(
        "070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}"
        "{:08X}{:08X}{:08X}{:08X}{:08X}",
        0, mode, 0, 0, 1, 0, content.size(), 0, 0, 0, 0, name.size() + 1, 0);
    out += name;
    out += '\0';
    out.append(padding(kHeader + name.size() + 1), '\0');
    out += content;
    out.append(padding(content.size()), '\0');
  };
  for (const auto& entry : entries) {
    put(entry.name, entry.content, kRegular);
  }
  put(std::string(kTrailer), "", 0);
  return out;
}

}  // namespace nvgpuctl
