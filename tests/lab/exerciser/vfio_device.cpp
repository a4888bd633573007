// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio_device.hpp"

#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "guarded.hpp"

namespace exerciser {
namespace {

// include/uapi/linux/vfio.h of 6.19; the headers that this is built with may be
// older.
constexpr std::uint32_t kFeatureDmaBuf = 11;
struct DmaBufRequest {
  std::uint32_t argsz = sizeof(DmaBufRequest);
  std::uint32_t feature = VFIO_DEVICE_FEATURE_GET | kFeatureDmaBuf;
  std::uint32_t region = 0;
  std::uint32_t open_flags = 0;
  std::uint32_t flags = 0;
  std::uint32_t ranges = 1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
static_assert(sizeof(DmaBufRequest) == 40);

// Anywhere that is no memory of a reserved kind; MSI doorbells are below.
constexpr std::uint64_t kDmaAddress = 0x4000'0000;

template <class Argument>
long control(int file, unsigned long request, Argument argument) {
  const int result = ioctl(file, request, argument);
  return result < 0 ? -errno : result;
}

long count_or_error(ssize_t count) {
  return count < 0 ? -errno : count;
}

std::vector<iovec> vectors(std::span<const Piece> pieces) {
  std::vector<iovec> list;
  for (const auto& piece : pieces) {
    list.push_back({.iov_base = piece.data, .iov_len = piece.size});
  }
  return list;
}

}  // namespace

long VfioDevice::open(unsigned slot) {
  const auto number =
      control(group_.number(), VFIO_GROUP_GET_DEVICE_FD, address_.c_str());
  if (number < 0) {
    return number;
  }
  files_[slot] = File(static_cast<int>(number));
  return 0;
}

long VfioDevice::close(unsigned slot) {
  const auto result = files_.at(slot).close();
  files_.erase(slot);
  return result;
}

long VfioDevice::read(unsigned slot, std::uint64_t offset,
                      std::span<const Piece> pieces) {
  const int file = files_.at(slot).number();
  const auto at = static_cast<off_t>(offset);
  if (pieces.size() == 1) {
    return count_or_error(pread(file, pieces[0].data, pieces[0].size, at));
  }
  const auto list = vectors(pieces);
  return count_or_error(
      preadv(file, list.data(), static_cast<int>(list.size()), at));
}

long VfioDevice::write(unsigned slot, std::uint64_t offset,
                       std::span<const Piece> pieces) {
  const int file = files_.at(slot).number();
  const auto at = static_cast<off_t>(offset);
  if (pieces.size() == 1) {
    return count_or_error(pwrite(file, pieces[0].data, pieces[0].size, at));
  }
  const auto list = vectors(pieces);
  return count_or_error(
      pwritev(file, list.data(), static_cast<int>(list.size()), at));
}

Mapped VfioDevice::map(unsigned slot, const MapRequest& request,
                       const Placement& placement) {
  const auto start =
      (static_cast<std::uint64_t>(request.region) << kRegionShift) +
      request.offset;
  return map_file(files_.at(slot).number(), start, request, placement);
}

long VfioDevice::unmap(std::uint8_t* address, std::uint64_t length) {
  return unmap_memory(address, length);
}

Mapped VfioDevice::move(std::uint8_t* address, std::uint64_t length,
                        const Placement& placement) {
  return move_memory(address, length, placement);
}

long VfioDevice::resize(std::uint8_t* address, std::uint64_t length,
                        std::uint64_t new_length) {
  return resize_memory(address, length, new_length);
}

long VfioDevice::protect(std::uint8_t* address, std::uint64_t length,
                         bool readable, bool writable) {
  return protect_memory(address, length, readable, writable);
}

Touch VfioDevice::load(const std::uint8_t* address,
                       std::span<std::uint8_t> bytes) {
  return guarded_load(address, bytes);
}

Touch VfioDevice::store(std::uint8_t* address,
                        std::span<const std::uint8_t> bytes) {
  return guarded_store(address, bytes);
}

long VfioDevice::reset(unsigned slot) {
  return control(files_.at(slot).number(), VFIO_DEVICE_RESET, nullptr);
}

long VfioDevice::region_info(unsigned slot, std::span<std::uint8_t> buffer) {
  return control(files_.at(slot).number(), VFIO_DEVICE_GET_REGION_INFO,
                 buffer.data());
}

long VfioDevice::ioeventfd(unsigned slot, std::uint64_t offset) {
  const File event(eventfd(0, EFD_CLOEXEC));
  vfio_device_ioeventfd request{};
  request.argsz = sizeof(request);
  request.flags = VFIO_DEVICE_IOEVENTFD_32;
  request.offset = offset;
  request.fd = event.number();
  return control(files_.at(slot).number(), VFIO_DEVICE_IOEVENTFD, &request);
}

long VfioDevice::set_low_power(unsigned slot, bool on) {
  vfio_device_feature feature{};
  feature.argsz = sizeof(feature);
  feature.flags =
      VFIO_DEVICE_FEATURE_SET | (on ? VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY
                                    : VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
  return control(files_.at(slot).number(), VFIO_DEVICE_FEATURE, &feature);
}

long VfioDevice::make_dma_buf(unsigned slot, unsigned region,
                              std::uint64_t offset, std::uint64_t length) {
  DmaBufRequest request;
  request.region = region;
  request.open_flags = O_RDWR | O_CLOEXEC;
  request.offset = offset;
  request.length = length;
  const auto result =
      control(files_.at(slot).number(), VFIO_DEVICE_FEATURE, &request);
  if (result < 0) {
    return result;
  }
  return File(static_cast<int>(result)).close();
}

long VfioDevice::dma_map(std::uint8_t* address, std::uint64_t length) {
  vfio_iommu_type1_dma_map map{};
  map.argsz = sizeof(map);
  map.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
  map.vaddr = reinterpret_cast<std::uintptr_t>(address);
  map.iova = kDmaAddress;
  map.size = length;
  const auto result = control(container_.number(), VFIO_IOMMU_MAP_DMA, &map);
  if (result < 0) {
    return result;
  }
  vfio_iommu_type1_dma_unmap unmap{};
  unmap.argsz = sizeof(unmap);
  unmap.iova = kDmaAddress;
  unmap.size = length;
  return control(container_.number(), VFIO_IOMMU_UNMAP_DMA, &unmap);
}

}  // namespace exerciser
