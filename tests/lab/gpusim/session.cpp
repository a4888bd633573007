// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/session.hpp"

#include <fmt/format.h>
#include <linux/vfio.h>

#include <cerrno>
#include <string>
#include <utility>

namespace nvgpuctl::gpusim {
namespace {

constexpr std::uint16_t kMajor = 0;
constexpr std::uint16_t kMinor = 0;

constexpr std::uint32_t kDeviceInfoSize = 16;
constexpr std::uint32_t kRegionInfoSize = 32;
constexpr std::uint32_t kIrqInfoSize = 16;
constexpr std::size_t kIrqSetSize = 20;

// A request that begins with argsz, the room for the reply, and has the number
// of what is asked for at 8.
struct InfoRequest {
  std::uint32_t argsz = 0;
  std::uint32_t index = 0;
};

std::optional<InfoRequest> parse_info_request(Bytes payload,
                                              std::uint32_t reply_size) {
  const auto argsz = read_le<std::uint32_t>(payload, 0);
  const auto index = read_le<std::uint32_t>(payload, 8);
  if (!argsz || *argsz < reply_size || !index) {
    return std::nullopt;
  }
  return InfoRequest{*argsz, *index};
}

}  // namespace

Result<std::vector<std::uint8_t>> Session::answer(Message message,
                                                  Instant now) {
  Outcome outcome;
  if (message.header.command == static_cast<std::uint16_t>(Command::version)) {
    auto agreed = agree_on_version(message.payload);
    if (!agreed) {
      return forward_error(agreed);
    }
    outcome = std::move(*agreed);
  } else if (!agreed_) {
    return fail(Errc::malformed, fmt::format("message {}", message.header.id),
                "comes before a version was agreed on");
  } else {
    outcome = run(message, now);
  }
  if (!message.header.wants_reply()) {
    return std::vector<std::uint8_t>{};
  }
  return outcome.error != 0 ? encode_error(message.header, outcome.error)
                            : encode_reply(message.header, outcome.payload);
}

// What the client can do is of no interest: this side sends no requests.
Result<Session::Outcome> Session::agree_on_version(Bytes payload) {
  const auto major = read_le<std::uint16_t>(payload, 0);
  const auto minor = read_le<std::uint16_t>(payload, 2);
  if (!major || !minor || *major != kMajor) {
    return fail(Errc::unsupported, "vfio-user",
                fmt::format("the client does not speak version {}", kMajor));
  }
  agreed_ = true;
  const std::string capabilities = fmt::format(
      R"({{"capabilities":{{"max_msg_fds":{},"max_data_xfer_size":{}}}}})",
      kMaxFds, kMaxTransfer);
  Writer writer;
  writer.add(kMajor).add(kMinor);
  for (const char c : capabilities) {
    writer.add(static_cast<std::uint8_t>(c));
  }
  writer.add(std::uint8_t{0});
  return Outcome{writer.take()};
}

Session::Outcome Session::run(Message& message, Instant now) {
  switch (static_cast<Command>(message.header.command)) {
    case Command::dma_map:
      // This GPU does no DMA, so it keeps no account of where it could.
      return {};
    case Command::dma_unmap:
      return {message.payload};
    case Command::get_device_info:
      return device_info(message.payload);
    case Command::get_region_info:
      return region_info(message.payload);
    case Command::get_irq_info:
      return irq_info(message.payload);
    case Command::set_irqs:
      return set_irqs(message);
    case Command::region_read:
      return read(message.payload, now);
    case Command::region_write:
      return write(message.payload, now);
    case Command::device_reset:
      gpu_.reset_device(now);
      return {};
    case Command::version:
      break;
  }
  return {{}, ENOTSUP};
}

Session::Outcome Session::device_info(Bytes payload) const {
  if (read_le<std::uint32_t>(payload, 0).value_or(0) < kDeviceInfoSize) {
    return {{}, EINVAL};
  }
  constexpr std::uint32_t kFlags =
      VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI;
  return {Writer()
              .add(kDeviceInfoSize)
              .add(kFlags)
              .add(std::uint32_t{VFIO_PCI_NUM_REGIONS})
              .add(std::uint32_t{VFIO_PCI_NUM_IRQS})
              .take()};
}

Session::Outcome Session::region_info(Bytes payload) const {
  const auto request = parse_info_request(payload, kRegionInfoSize);
  if (!request || request->index >= VFIO_PCI_NUM_REGIONS) {
    return {{}, EINVAL};
  }
  const std::uint64_t size = gpu_.region_size(request->index);
  const std::uint32_t flags =
      size == 0 ? 0 : VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
  return {Writer()
              .add(kRegionInfoSize)
              .add(flags)
              .add(request->index)
              .add(std::uint32_t{0})  // no capabilities
              .add(size)
              .add(std::uint64_t{0})  // nothing to map
              .take()};
}

Session::Outcome Session::irq_info(Bytes payload) const {
  const auto request = parse_info_request(payload, kIrqInfoSize);
  if (!request || request->index >= VFIO_PCI_NUM_IRQS) {
    return {{}, EINVAL};
  }
  const std::uint32_t count = interrupts_.count(request->index);
  return {Writer()
              .add(kIrqInfoSize)
              .add(count == 0 ? 0 : std::uint32_t{VFIO_IRQ_INFO_EVENTFD})
              .add(request->index)
              .add(count)
              .take()};
}

Session::Outcome Session::set_irqs(Message& message) {
  const Bytes payload = message.payload;
  if (payload.size() < kIrqSetSize) {
    return {{}, EINVAL};
  }
  const IrqSet request{read_le<std::uint32_t>(payload, 4).value_or(0),
                       read_le<std::uint32_t>(payload, 8).value_or(0),
                       read_le<std::uint32_t>(payload, 12).value_or(0),
                       read_le<std::uint32_t>(payload, 16).value_or(0)};
  const int error = interrupts_.set(request, std::move(message.fds));
  if (error != 0 || request.index != VFIO_PCI_MSIX_IRQ_INDEX) {
    return {{}, error};
  }
  // What was waiting for a listener goes out now.
  for (unsigned i = 0; i < request.count; ++i) {
    const unsigned vector = request.start + i;
    if (interrupts_.listens(request.index, vector) &&
        gpu_.take_pending(vector) &&
        interrupts_.signal(request.index, vector)) {
      gpu_.count_interrupt();
    }
  }
  return {};
}

bool Session::fits(const RegionAccess& access) const {
  const std::uint64_t size = gpu_.region_size(access.region);
  return access.offset <= size && access.count <= size - access.offset;
}

Session::Outcome Session::read(Bytes payload, Instant now) {
  const auto access = parse_region_access(payload);
  if (!access || !fits(*access)) {
    return {{}, EINVAL};
  }
  std::vector<std::uint8_t> data(access->count);
  if (!data.empty()) {
    gpu_.read(access->region, access->offset, data, now);
  }
  return {Writer()
              .add_bytes(payload.first(kRegionAccessSize))
              .add_bytes(data)
              .take()};
}

Session::Outcome Session::write(Bytes payload, Instant now) {
  const auto access = parse_region_access(payload);
  if (!access || !fits(*access) ||
      payload.size() != kRegionAccessSize + access->count) {
    return {{}, EINVAL};
  }
  if (access->count != 0) {
    gpu_.write(access->region, access->offset,
               payload.subspan(kRegionAccessSize), now);
  }
  return {Writer().add_bytes(payload.first(kRegionAccessSize)).take()};
}

}  // namespace nvgpuctl::gpusim
