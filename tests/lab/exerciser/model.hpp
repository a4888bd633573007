// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "config_model.hpp"
#include "shape.hpp"
#include "sparse_memory.hpp"

namespace exerciser {

// What a system call gives: a count of bytes or a negative error number.
struct Reply {
  long result = 0;
  std::vector<std::uint8_t> bytes;
};

struct MapRequest {
  unsigned region = 0;
  std::uint64_t offset = 0;  // in the region
  std::uint64_t length = 0;
  bool readable = true;
  bool writable = true;
  bool shared = true;
};

struct Mapping {
  unsigned region = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool readable = true;
  bool writable = true;
  unsigned file = 0;  // which open of the device keeps it, and is kept by it
};

enum class Access { read, write };
enum class Touch { done, bus_error, segmentation_fault };

// What the driver is meant to do, without any I/O. Its sources are the
// driver's README and docs/ABI, and what vfio-pci does for every device; not
// the driver's code.
class Model {
 public:
  explicit Model(Shape shape) : shape_(std::move(shape)), config_(shape_) {}

  const Shape& shape() const { return shape_; }
  ConfigModel& config() { return config_; }
  const ConfigModel& config() const { return config_; }
  SparseMemory& memory(unsigned region) { return memories_[region]; }
  const std::map<unsigned, SparseMemory>& memories() const { return memories_; }

  // Files of the device, by a slot of the caller's. A mapping keeps its file,
  // and thereby the device, open.
  bool has_file(unsigned slot) const { return slots_.contains(slot); }
  std::vector<unsigned> files() const;
  bool device_open() const { return !users_.empty(); }
  // True: the first one. Then config().opened() must follow.
  bool open_file(unsigned slot);
  void close_file(unsigned slot);

  // read() and write() on a region of coherent memory. The pages of memory
  // that they reach must be known if accessible().
  Reply read(unsigned region, std::uint64_t offset, std::uint64_t count) const;
  long write(unsigned region, std::uint64_t offset,
             std::span<const std::uint8_t> bytes);
  // The same through an array of buffers: as many calls, until a short one.
  Reply readv(unsigned region, std::uint64_t offset,
              std::span<const std::uint32_t> counts) const;
  long writev(unsigned region, std::uint64_t offset,
              std::span<const std::uint32_t> counts,
              std::span<const std::uint8_t> bytes);
  // How many of count bytes at offset are memory, not tail.
  std::uint64_t in_memory(unsigned region, std::uint64_t offset,
                          std::uint64_t count) const;

  // Whether read() and write() reach memory, and whether a mapping does.
  bool accessible() const { return config_.memory_enabled() && !suspended_; }
  bool touchable() const {
    return !shape_.by_fault || (accessible() && !low_power_);
  }
  bool suspended() const { return suspended_; }
  bool low_power() const { return low_power_; }
  void set_suspended(bool suspended) { suspended_ = suspended; }
  void set_low_power(bool low_power) { low_power_ = low_power; }
  void reset();

  // Mappings, by a slot of the caller's.
  const std::map<unsigned, Mapping>& mappings() const { return mappings_; }
  long map_result(const MapRequest& request) const;
  void add_mapping(unsigned slot, unsigned file_slot,
                   const MapRequest& request);
  // Cuts [from, from + length) out. What is left behind it becomes rest_slot.
  void unmap(unsigned slot, std::uint64_t from, std::uint64_t length,
             unsigned rest_slot);
  void protect(unsigned slot, bool readable, bool writable);
  Touch touch_result(unsigned slot, Access access) const;

 private:
  struct File {
    bool has_slot = true;
    unsigned mappings = 0;
  };
  void put_file(unsigned id);

  Shape shape_;
  ConfigModel config_;
  std::map<unsigned, SparseMemory> memories_;
  std::map<unsigned, unsigned> slots_;  // slot to number of its open
  std::map<unsigned, File> users_;
  unsigned next_file_ = 0;
  std::map<unsigned, Mapping> mappings_;
  bool suspended_ = false;
  bool low_power_ = false;
};

}  // namespace exerciser
