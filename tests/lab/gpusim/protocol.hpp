// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace nvgpuctl::gpusim {

// The vfio-user protocol, as QEMU's docs/interop/vfio-user.rst has it. Numbers
// are in the byte order of the host, which here always is little-endian.

enum class Command : std::uint16_t {
  version = 1,
  dma_map = 2,
  dma_unmap = 3,
  get_device_info = 4,
  get_region_info = 5,
  get_irq_info = 7,
  set_irqs = 8,
  region_read = 9,
  region_write = 10,
  device_reset = 13,
};

constexpr std::size_t kHeaderSize = 16;
// Of data in one read or write. QEMU asks for nothing larger than
// configuration space.
constexpr std::size_t kMaxTransfer = 64UL * 1024;
constexpr std::size_t kRegionAccessSize = 16;
constexpr std::size_t kMaxMessage =
    kHeaderSize + kRegionAccessSize + kMaxTransfer;
// Descriptors with one message.
constexpr std::size_t kMaxFds = 16;

struct Header {
  std::uint16_t id = 0;
  std::uint16_t command = 0;
  std::uint32_t size = 0;  // of the whole message
  std::uint32_t flags = 0;

  bool wants_reply() const { return (flags & 0x10U) == 0; }
};

// A request of the client.
struct Message {
  Header header;
  std::vector<std::uint8_t> payload;
  std::vector<Fd> fds;
};

// Fails when what follows in the stream cannot be told: no request, or shorter
// than a header or longer than kMaxMessage.
Result<Header> parse_header(std::span<const std::uint8_t, kHeaderSize> bytes);

// VFIO_USER_REGION_READ and _WRITE, without the data.
struct RegionAccess {
  std::uint64_t offset = 0;
  std::uint32_t region = 0;
  std::uint32_t count = 0;
};
std::optional<RegionAccess> parse_region_access(Bytes payload);

// Puts a reply together, field by field.
class Writer {
 public:
  template <class Integer>
  Writer& add(Integer value) {
    return add_bytes(to_le(value));
  }
  Writer& add_bytes(Bytes bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

std::vector<std::uint8_t> encode_reply(const Header& request, Bytes payload);
// An errno value instead of a payload.
std::vector<std::uint8_t> encode_error(const Header& request, int error);

}  // namespace nvgpuctl::gpusim
