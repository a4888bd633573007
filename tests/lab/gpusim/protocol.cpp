// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/protocol.hpp"

#include <fmt/format.h>

namespace nvgpuctl::gpusim {
namespace {

constexpr std::uint32_t kTypeMask = 0xF;
constexpr std::uint32_t kRequest = 0;
constexpr std::uint32_t kReply = 1;
constexpr std::uint32_t kError = 0x20;

Writer reply_header(const Header& request, std::size_t payload_size,
                    std::uint32_t flags, int error) {
  Writer writer;
  writer.add(request.id)
      .add(request.command)
      .add(static_cast<std::uint32_t>(kHeaderSize + payload_size))
      .add(flags)
      .add(static_cast<std::uint32_t>(error));
  return writer;
}

}  // namespace

Result<Header> parse_header(std::span<const std::uint8_t, kHeaderSize> bytes) {
  Header header;
  header.id = read_le<std::uint16_t>(bytes, 0).value_or(0);
  header.command = read_le<std::uint16_t>(bytes, 2).value_or(0);
  header.size = read_le<std::uint32_t>(bytes, 4).value_or(0);
  header.flags = read_le<std::uint32_t>(bytes, 8).value_or(0);
  if (header.size < kHeaderSize || header.size > kMaxMessage) {
    return fail(Errc::malformed, fmt::format("message {}", header.id),
                fmt::format("has {} bytes; possible are {} to {}", header.size,
                            kHeaderSize, kMaxMessage));
  }
  if ((header.flags & kTypeMask) != kRequest) {
    return fail(Errc::malformed, fmt::format("message {}", header.id),
                fmt::format("is no request: flags {:#x}", header.flags));
  }
  return header;
}

std::optional<RegionAccess> parse_region_access(Bytes payload) {
  const auto offset = read_le<std::uint64_t>(payload, 0);
  const auto region = read_le<std::uint32_t>(payload, 8);
  const auto count = read_le<std::uint32_t>(payload, 12);
  if (!offset || !region || !count || *count > kMaxTransfer) {
    return std::nullopt;
  }
  return RegionAccess{*offset, *region, *count};
}

std::vector<std::uint8_t> encode_reply(const Header& request, Bytes payload) {
  return reply_header(request, payload.size(), kReply, 0)
      .add_bytes(payload)
      .take();
}

std::vector<std::uint8_t> encode_error(const Header& request, int error) {
  return reply_header(request, 0, kReply | kError, error).take();
}

}  // namespace nvgpuctl::gpusim
