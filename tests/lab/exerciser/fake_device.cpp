// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_device.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "guarded.hpp"
#include "kmod/driver_c.h"
#include "region_info.hpp"

namespace exerciser {
namespace {

constexpr unsigned kBar0 = 0x10;
constexpr std::uint64_t kBar0Size = 16 * kMiB;
constexpr unsigned kPowerRegister = 0x44;
constexpr unsigned kSuspendedState = 3;

// The hardware's header, as it is after power-on: a 3D controller of NVIDIA
// with one BAR, and a power management capability.
std::array<std::uint8_t, ConfigModel::kHeader> initial_header() {
  std::array<std::uint8_t, ConfigModel::kHeader> header{
      0xDE, 0x10, 0x42, 0x23, 0, 0, 0x10, 0, 0xA1, 0, 0x02, 0x03};
  header[kBar0] = 0x0C;
  header[0x2C] = 0xDE;
  header[0x2D] = 0x10;
  header[0x34] = 0x40;
  return header;
}

bool is_read_only(unsigned offset) {
  return offset < 4 || (offset >= 6 && offset < 0x0C) || offset == 0x0E ||
         (offset >= 0x2C && offset < 0x30) || offset == 0x34;
}

}  // namespace

FakeDevice::FakeDevice(Flaw flaw) : flaw_(flaw) {
  shape_.regions = {{.index = 4, .size = 6 * kMiB, .bar_size = 8 * kMiB},
                    {.index = 2, .size = 3 * kMiB, .bar_size = 4 * kMiB}};
  shape_.core_bars = {{.index = 0, .size = kBar0Size}};
  shape_.config_size = 256;
  shape_.page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  shape_.low_power = true;
  shape_.power_register = kPowerRegister;
  driver_reset();
  for (const auto& region : shape_.regions) {
    auto& memory = memories_[region.index];
    memory.file = memfd_create("memory", 0);
    if (ftruncate(memory.file, static_cast<off_t>(region.bar_size)) != 0) {
      throw std::runtime_error("no memory");
    }
    const auto mapped =
        map_file(memory.file, 0,
                 {.region = region.index, .length = region.bar_size}, {});
    memory.bytes = mapped.address;
    driver_use_memory(region.index, memory.bytes, region.size, region.bar_size);
  }
  power_on();
}

FakeDevice::~FakeDevice() {
  driver_reset();
  for (const auto& region : shape_.regions) {
    unmap_memory(memories_[region.index].bytes, region.bar_size);
    ::close(memories_[region.index].file);
  }
}

void FakeDevice::power_on() {
  unsigned offset = 0;
  for (const auto byte : initial_header()) {
    driver_set_core_byte(offset++, byte);
  }
  driver_set_core_byte(kPowerRegister, 0);
  low_power_ = false;
  settle_config();
}

// The core of vfio-pci keeps what cannot be written, and sizes its BAR.
void FakeDevice::settle_config() {
  const auto initial = initial_header();
  for (unsigned offset = 0; offset < initial.size(); offset++) {
    if (is_read_only(offset)) {
      driver_set_core_byte(offset, initial[offset]);
    }
  }
  std::uint64_t bar = 0;
  for (unsigned i = 0; i < sizeof(bar); i++) {
    bar |= std::uint64_t{driver_core_byte(kBar0 + i)} << (8U * i);
  }
  bar = (bar & ~(kBar0Size - 1)) | initial[kBar0];
  for (unsigned i = 0; i < sizeof(bar); i++) {
    driver_set_core_byte(kBar0 + i, static_cast<unsigned char>(bar >> (8 * i)));
  }
  const bool works = accessible() || flawed(Flaw::decode_off_reads);
  driver_fail_accesses(0, works ? 0 : -EIO);
}

bool FakeDevice::accessible() const {
  return (driver_core_byte(ConfigModel::kCommand) &
          ConfigModel::kMemoryEnable) != 0 &&
         (driver_core_byte(kPowerRegister) & kSuspendedState) == 0;
}

long FakeDevice::open(unsigned slot) {
  if (slots_.empty() && closed_.empty()) {
    power_on();
    if (!flawed(Flaw::open_keeps_bars)) {
      driver_reset_bars();
    }
  }
  slots_[slot] = next_user_++;
  return 0;
}

long FakeDevice::close(unsigned slot) {
  const auto user = slots_.at(slot);
  slots_.erase(slot);
  closed_.insert(user);
  forget_user(user);
  return 0;
}

void FakeDevice::forget_user(unsigned user) {
  const bool mapped =
      std::any_of(areas_.begin(), areas_.end(),
                  [&](const auto& area) { return area.second.user == user; });
  if (!mapped) {
    closed_.erase(user);
  }
}

Mapped FakeDevice::map(unsigned slot, const MapRequest& request,
                       const Placement& placement) {
  const auto& memory = memories_.at(request.region);
  const auto& region = *shape_.find(request.region);
  const auto end = request.offset + request.length;
  if (!request.shared && !flawed(Flaw::maps_private)) {
    return {.result = -EINVAL};
  }
  const auto limit = flawed(Flaw::maps_tail) ? region.bar_size : region.size;
  if (end > limit) {
    return {.result = -EINVAL};
  }
  const auto mapped = map_file(memory.file, request.offset, request, placement);
  if (mapped.result == 0) {
    const auto page = shape_.page_size;
    areas_[mapped.address] = {
        .length = (request.length + page - 1) / page * page,
        .region = request.region,
        .offset = request.offset,
        .user = slots_.at(slot),
        .readable = request.readable,
        .writable = request.writable};
  }
  return mapped;
}

long FakeDevice::unmap(std::uint8_t* address, std::uint64_t length) {
  auto place = std::prev(areas_.upper_bound(address));
  auto* const start = place->first;
  const auto area = place->second;
  areas_.erase(place);
  const auto before = static_cast<std::uint64_t>(address - start);
  if (before > 0) {
    areas_[start] = area;
    areas_[start].length = before;
  }
  if (before + length < area.length) {
    auto& rest = areas_[address + length];
    rest = area;
    rest.offset += before + length;
    rest.length -= before + length;
  }
  if (closed_.contains(area.user)) {
    forget_user(area.user);
  }
  return unmap_memory(address, length);
}

Mapped FakeDevice::move(std::uint8_t* address, std::uint64_t length,
                        const Placement& placement) {
  const auto moved = move_memory(address, length, placement);
  if (moved.result != 0) {
    return moved;
  }
  const auto area = areas_.at(address);
  areas_.erase(address);
  areas_[moved.address] = area;
  if (flawed(Flaw::moved_mapping_is_off_by_a_page)) {
    (void)mmap(moved.address, length, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_FIXED, memories_.at(area.region).file,
               static_cast<off_t>(area.offset + shape_.page_size));
    protect_memory(moved.address, length, area.readable, area.writable);
  }
  return moved;
}

long FakeDevice::resize(std::uint8_t* address, std::uint64_t length,
                        std::uint64_t new_length) {
  if (new_length > length) {
    return flawed(Flaw::mapping_grows) ? 0 : -EFAULT;
  }
  return new_length < length ? unmap(address + new_length, length - new_length)
                             : 0;
}

long FakeDevice::protect(std::uint8_t* address, std::uint64_t length,
                         bool readable, bool writable) {
  areas_.at(address).readable = readable;
  areas_.at(address).writable = writable;
  return protect_memory(address, length, readable, writable);
}

bool FakeDevice::may_touch() const {
  if (low_power_) {
    return flawed(Flaw::low_power_touches);
  }
  return accessible() || flawed(Flaw::decode_off_touches);
}

// A page without the right protection faults before the driver is asked.
Touch FakeDevice::load(const std::uint8_t* address,
                       std::span<std::uint8_t> bytes) {
  const auto touch = guarded_load(address, bytes);
  if (touch == Touch::done && !may_touch()) {
    return Touch::bus_error;
  }
  return touch;
}

Touch FakeDevice::store(std::uint8_t* address,
                        std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> before(bytes.size());
  guarded_load(address, before);
  const auto touch = guarded_store(address, bytes);
  if (touch == Touch::done && !may_touch()) {
    guarded_store(address, before);
    return Touch::bus_error;
  }
  return touch;
}

long FakeDevice::reset(unsigned /*slot*/) {
  if (!flawed(Flaw::reset_keeps_bars)) {
    driver_reset_bars();
  }
  if (flawed(Flaw::reset_clears_memory)) {
    std::memset(memories_.at(4).bytes, 0, shape_.page_size);
  }
  driver_set_core_byte(kPowerRegister, 0);
  settle_config();
  return 0;
}

long FakeDevice::region_info(unsigned /*slot*/,
                             std::span<std::uint8_t> buffer) {
  RegionInfo all;
  std::memcpy(&all.info, buffer.data(), sizeof(all.info));
  const auto argsz = all.info.argsz;
  const bool fits = argsz >= sizeof(all);
  if (argsz < sizeof(all.info) || (!fits && flawed(Flaw::short_argsz_fails))) {
    return -EINVAL;
  }
  const auto& region = *shape_.find(all.info.index);
  all.info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
                   VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS;
  all.info.argsz = fits ? argsz : std::uint32_t{sizeof(all)};
  all.info.cap_offset = fits ? std::uint32_t{sizeof(all.info)} : 0;
  all.info.size = region.bar_size;
  all.info.offset = std::uint64_t{region.index} << kRegionShift;
  all.sparse.header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
  all.sparse.header.version = 1;
  all.sparse.areas = 1;
  all.sparse.area.size =
      flawed(Flaw::sparse_area_is_whole_bar) ? region.bar_size : region.size;
  std::memcpy(buffer.data(), &all, fits ? sizeof(all) : sizeof(all.info));
  return 0;
}

long FakeDevice::ioeventfd(unsigned /*slot*/, std::uint64_t /*offset*/) {
  return flawed(Flaw::ioeventfd_accepted) ? 0 : -ENOTTY;
}

long FakeDevice::set_low_power(unsigned /*slot*/, bool on) {
  if (on && low_power_) {
    return -EINVAL;
  }
  low_power_ = on;
  return 0;
}

long FakeDevice::make_dma_buf(unsigned /*slot*/, unsigned region,
                              std::uint64_t offset, std::uint64_t length) {
  const auto size = shape_.find(region)->size;
  const bool inside = offset <= size && length <= size - offset;
  const bool allowed = inside || flawed(Flaw::dma_buf_of_tail);
  return allowed && length > 0 && offset % shape_.page_size == 0 ? 0 : -EINVAL;
}

long FakeDevice::dma_map(std::uint8_t* /*address*/, std::uint64_t /*length*/) {
  return -EFAULT;
}

std::string FakeDevice::begin_unbind(unsigned /*slot*/) {
  return "";
}

std::string FakeDevice::finish_unbind() {
  return slots_.empty() && areas_.empty() ? "" : "the device is in use";
}

}  // namespace exerciser
