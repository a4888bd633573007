// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "gpusim/protocol.hpp"

namespace nvgpuctl::gpusim {

// A listening UNIX socket; its file goes with it.
class Listener {
 public:
  // Takes the place of a socket that somebody left there, never of a file.
  static Result<Listener> open(const std::string& path);
  ~Listener();
  Listener(Listener&& other) noexcept = default;
  Listener& operator=(Listener&&) = delete;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int fd() const { return fd_.get(); }
  // A connection that never blocks; not valid when nobody is there after all.
  Fd accept() const;

 private:
  Listener(Fd fd, std::string path)
      : fd_(std::move(fd)), path_(std::move(path)) {}

  Fd fd_;
  std::string path_;
};

// Bytes on their way out of a socket that may be slow to take them.
class Outgoing {
 public:
  void add(Bytes bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size(); }
  // Sends what the socket takes. False when nobody takes anything any more.
  bool flush(int fd);

 private:
  std::vector<std::uint8_t> bytes_;
};

enum class Receipt { complete, partial, closed };

// Cuts the stream of a client into messages. What arrives may be cut anywhere.
class Incoming {
 public:
  // Reads no further than the end of one message; complete() then has it.
  // Fails when the stream makes no sense.
  Result<Receipt> receive(int fd);
  Message take();

 private:
  Result<Receipt> fill(int fd, std::size_t wanted);

  std::vector<std::uint8_t> bytes_;  // header and payload, so far
  std::optional<Header> header_;
  std::vector<Fd> fds_;
};

}  // namespace nvgpuctl::gpusim
