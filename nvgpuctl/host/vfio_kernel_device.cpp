// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/vfio_kernel_device.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <utility>

#include "base/bytes.hpp"
#include "core/smaps.hpp"
#include "core/vfio_info.hpp"
#include "host/read_write.hpp"
#include "host/system_error.hpp"

namespace nvgpuctl {
namespace {

// struct vfio_device_info of the newest kernel, and room for a capability.
constexpr std::size_t kDeviceInfoRoom = 24;

void put_le32(std::span<std::uint8_t> bytes, std::size_t offset,
              std::uint32_t value) {
  const auto word = to_le(value);
  std::copy(word.begin(), word.end(), bytes.subspan(offset).begin());
}

// A mapping of a region, unmapped at the end.
class Mapping {
 public:
  Mapping(int fd, std::uint64_t offset, std::size_t length, int flags)
      : length_(length),
        address_(::mmap(nullptr, length, PROT_READ, flags, fd,
                        static_cast<off_t>(offset))),
        error_(address_ == MAP_FAILED ? errno : 0) {}
  ~Mapping() {
    if (error_ == 0) {
      ::munmap(address_, length_);
    }
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  int error() const { return error_; }
  const std::uint8_t* bytes() const {
    return static_cast<const std::uint8_t*>(address_);
  }

 private:
  std::size_t length_;
  void* address_;
  int error_;
};

std::string read_own_smaps() {
  const Fd file(::open("/proc/self/smaps", O_RDONLY | O_CLOEXEC));
  constexpr std::size_t kMost = 64UL << 20U;
  return file.valid() ? read_all(file.get(), kMost).text : "";
}

class KernelDevice : public VfioDevice {
 public:
  KernelDevice(Fd iommu, Fd group, Fd device)
      : iommu_(std::move(iommu)),
        group_(std::move(group)),
        device_(std::move(device)) {}

  Result<ObservedDevice> device_info() override;
  Result<ObservedRegion> region_info(unsigned index) override;
  ShortAnswer try_short_region_info(unsigned index,
                                    std::uint32_t argsz) override;
  Result<> read(unsigned region, std::uint64_t offset,
                std::span<std::uint8_t> bytes) override;
  Result<> write(unsigned region, std::uint64_t offset,
                 std::span<const std::uint8_t> bytes) override;
  int try_read(unsigned region, std::uint64_t offset) override;
  MapAttempt try_map(const MapRequest& request) override;
  Result<> read_mapped(unsigned region, std::uint64_t offset,
                       std::span<std::uint8_t> bytes) override;
  int try_ioeventfd(unsigned region, std::uint64_t offset) override;
  int try_feature(std::uint32_t feature) override;

 private:
  // 0, or an errno.
  int request(unsigned long number, void* argument) const {
    return ::ioctl(device_.get(), number, argument) < 0 ? errno : 0;
  }
  // Offset in the device file; EINVAL when there can be no such offset.
  Result<std::uint64_t> file_offset(unsigned region, std::uint64_t offset);

  // Closed last to first: a group in use cannot leave its container.
  Fd iommu_;
  Fd group_;
  Fd device_;
  std::map<unsigned, std::uint64_t> region_offsets_;
};

// Of a device that is open, EBUSY is not that somebody else has it: whatever
// the kernel says, it has failed our request.
tl::unexpected<Error> refused(std::string subject, int error) {
  return fail(Errc::io, std::move(subject), error_text(error));
}

// What a read or write of `wanted` bytes gave.
Result<> complete(ssize_t done, std::size_t wanted, unsigned region) {
  const std::string subject = fmt::format("region {}", region);
  if (done < 0) {
    return refused(subject, errno);
  }
  if (static_cast<std::size_t>(done) != wanted) {
    return fail(Errc::io, subject,
                fmt::format("only {} of {} bytes", done, wanted));
  }
  return {};
}

Result<ObservedDevice> KernelDevice::device_info() {
  const auto bytes = ask_with_growing_room(
      "VFIO_DEVICE_GET_INFO", kDeviceInfoRoom,
      [&](auto room) { return request(VFIO_DEVICE_GET_INFO, room.data()); });
  return bytes ? parse_device_info(*bytes)
               : Result<ObservedDevice>(forward_error(bytes));
}

Result<ObservedRegion> KernelDevice::region_info(unsigned index) {
  const auto bytes = ask_with_growing_room(
      fmt::format("VFIO_DEVICE_GET_REGION_INFO of region {}", index),
      kRegionInfoSize, [&](auto room) {
        put_le32(room, offsetof(vfio_region_info, index), index);
        return request(VFIO_DEVICE_GET_REGION_INFO, room.data());
      });
  if (!bytes) {
    return forward_error(bytes);
  }
  auto region = parse_region_info(*bytes);
  if (region) {
    region_offsets_[index] = region->offset;
  }
  return region;
}

ShortAnswer KernelDevice::try_short_region_info(unsigned index,
                                                std::uint32_t argsz) {
  std::array<std::uint8_t, kRegionInfoSize> room{};
  put_le32(room, offsetof(vfio_region_info, argsz), argsz);
  put_le32(room, offsetof(vfio_region_info, index), index);
  ShortAnswer answer;
  answer.error = request(VFIO_DEVICE_GET_REGION_INFO, room.data());
  if (answer.error != 0) {
    return answer;
  }
  return parse_short_answer(room).value_or(answer);
}

Result<std::uint64_t> KernelDevice::file_offset(unsigned region,
                                                std::uint64_t offset) {
  if (region_offsets_.find(region) == region_offsets_.end()) {
    const auto info = region_info(region);
    if (!info) {
      return forward_error(info);
    }
  }
  std::uint64_t sum = 0;
  constexpr std::uint64_t kLargest = INT64_MAX;  // off_t
  if (__builtin_add_overflow(region_offsets_[region], offset, &sum) ||
      sum > kLargest) {
    return refused(fmt::format("region {}", region), EINVAL);
  }
  return sum;
}

Result<> KernelDevice::read(unsigned region, std::uint64_t offset,
                            std::span<std::uint8_t> bytes) {
  const auto at = file_offset(region, offset);
  if (!at) {
    return forward_error(at);
  }
  return complete(::pread(device_.get(), bytes.data(), bytes.size(),
                          static_cast<off_t>(*at)),
                  bytes.size(), region);
}

Result<> KernelDevice::write(unsigned region, std::uint64_t offset,
                             std::span<const std::uint8_t> bytes) {
  const auto at = file_offset(region, offset);
  if (!at) {
    return forward_error(at);
  }
  return complete(::pwrite(device_.get(), bytes.data(), bytes.size(),
                           static_cast<off_t>(*at)),
                  bytes.size(), region);
}

int KernelDevice::try_read(unsigned region, std::uint64_t offset) {
  const auto at = file_offset(region, offset);
  if (!at) {
    return EINVAL;
  }
  std::uint8_t byte = 0;
  return ::pread(device_.get(), &byte, 1, static_cast<off_t>(*at)) < 0 ? errno
                                                                       : 0;
}

MapAttempt KernelDevice::try_map(const MapRequest& request) {
  const auto at = file_offset(request.region, request.offset);
  if (!at) {
    return {EINVAL, ""};
  }
  const Mapping mapping(
      device_.get(), *at, request.length,
      request.kind == MapKind::shared ? MAP_SHARED : MAP_PRIVATE);
  if (mapping.error() != 0) {
    return {mapping.error(), ""};
  }
  const auto address = reinterpret_cast<std::uintptr_t>(mapping.bytes());
  return {0, vm_flags(read_own_smaps(), address).value_or("")};
}

// The kernel copies through a pipe and gets an error where we would get a
// signal.
Result<> KernelDevice::read_mapped(unsigned region, std::uint64_t offset,
                                   std::span<std::uint8_t> bytes) {
  const std::string subject = fmt::format("mapping of region {}", region);
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t inside = offset % page;
  const auto at = file_offset(region, offset - inside);
  if (!at) {
    return forward_error(at);
  }
  const Mapping mapping(device_.get(), *at, inside + bytes.size(), MAP_SHARED);
  std::array<int, 2> ends{};
  if (mapping.error() != 0) {
    return refused(subject, mapping.error());
  }
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return refused(subject, errno);
  }
  const Fd out(ends[0]);
  const Fd in(ends[1]);
  auto copied =
      complete(::write(in.get(), mapping.bytes() + inside, bytes.size()),
               bytes.size(), region);
  return copied ? complete(::read(out.get(), bytes.data(), bytes.size()),
                           bytes.size(), region)
                : copied;
}

int KernelDevice::try_ioeventfd(unsigned region, std::uint64_t offset) {
  const auto at = file_offset(region, offset);
  if (!at) {
    return EINVAL;
  }
  vfio_device_ioeventfd argument{};
  argument.argsz = sizeof(argument);
  argument.flags = VFIO_DEVICE_IOEVENTFD_32;
  argument.offset = *at;
  argument.fd = -1;  // take one away; there is none
  return request(VFIO_DEVICE_IOEVENTFD, &argument);
}

int KernelDevice::try_feature(std::uint32_t feature) {
  vfio_device_feature argument{};
  argument.argsz = sizeof(argument);
  argument.flags =
      VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET | feature;
  return request(VFIO_DEVICE_FEATURE, &argument);
}

}  // namespace

std::unique_ptr<VfioDevice> make_kernel_device(Fd iommu, Fd group, Fd device) {
  return std::make_unique<KernelDevice>(std::move(iommu), std::move(group),
                                        std::move(device));
}

Result<std::vector<std::uint8_t>> ask_with_growing_room(
    const std::string& subject, std::size_t least,
    const std::function<int(std::span<std::uint8_t>)>& ask) {
  constexpr std::size_t kMost = 64 * 1024UL;
  // What takes more room the first time may take even more the second; a
  // driver whose wishes never end is not followed.
  constexpr int kTries = 4;
  std::vector<std::uint8_t> bytes(least);
  for (int i = 0; i < kTries; ++i) {
    put_le32(bytes, 0, static_cast<std::uint32_t>(bytes.size()));
    if (const int error = ask(bytes); error != 0) {
      return refused(subject, error);
    }
    const std::size_t wanted = read_le<std::uint32_t>(bytes, 0).value_or(0);
    if (wanted <= bytes.size()) {
      return bytes;
    }
    if (wanted > kMost) {
      return fail(Errc::malformed, subject,
                  fmt::format("the answer claims to take {} bytes", wanted));
    }
    bytes.assign(wanted, 0);
  }
  return fail(Errc::malformed, subject,
              fmt::format("the answer grew {} times", kTries));
}

}  // namespace nvgpuctl
