// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

// Archives as the kernel unpacks them at boot: "newc" and "crc" of
// Documentation/driver-api/early-userspace/buffer-format.rst, several one after
// the other.

namespace nvgpuctl {

struct CpioEntry {
  std::string name;     // without a leading "/" or "./"
  std::string content;  // where it was wanted

  friend bool operator==(const CpioEntry&, const CpioEntry&) = default;
};

// Takes archives in pieces of any size and keeps the entries that are wanted.
// What it holds is bounded, however long the archives are.
class CpioReader {
 public:
  enum class Want { nothing, name, content };
  using Choice = std::function<Want(std::string_view name)>;

  // `name` is the file's, for messages.
  CpioReader(std::string name, Choice choice);

  // How many of these bytes were taken: fewer where behind the end of an
  // archive something begins that is no archive. That may be one that is
  // packed; to take it, feed what it unpacks to.
  Result<std::size_t> feed(std::string_view piece);

  // Whether it ends as archives do: behind a trailer.
  bool complete() const { return state_ == State::between; }
  const std::vector<CpioEntry>& entries() const { return entries_; }

 private:
  enum class State { between, header, name, name_padding, data, data_padding };

  Result<> take_header();
  Result<> take_name();
  Result<> end_part();
  void keep(std::string_view bytes);
  void begin(State state, std::uint64_t left);

  std::string name_;
  Choice choice_;
  State state_ = State::between;
  std::uint64_t offset_ = 0;  // of what has been unpacked
  std::uint64_t left_ = 0;    // bytes until the present part ends
  std::string part_;          // what of it has come
  std::uint64_t file_size_ = 0;
  std::uint64_t name_size_ = 0;
  bool trailer_ = false;
  bool keeps_ = false;
  std::size_t kept_ = 0;
  std::vector<CpioEntry> entries_;
};

// An archive of regular files, in "newc".
std::string write_cpio(const std::vector<CpioEntry>& entries);

}  // namespace nvgpuctl
