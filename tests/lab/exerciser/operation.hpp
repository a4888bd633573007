// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "device.hpp"

namespace exerciser {

enum class Kind {
  read,
  write,
  read_bad_buffer,
  write_bad_buffer,
  copy_to_mapping,  // read() into a mapping of the same device
  copy_from_mapping,
  map,
  load,
  store,
  unmap,
  move,
  resize,
  protect,
  config_read,
  config_write,
  power,
  low_power,
  reset,
  region_info,
  other_region,
  ioeventfd,
  dma_buf,
  dma_map,
  fork,  // a child looks at every mapping
  open,
  close,
  storm,
  storm_with_reset,
  storm_with_decode_off,
  unbind,
};
constexpr std::size_t kKindCount = 30;
constexpr std::array<const char*, kKindCount> kKindNames{
    "read",
    "write",
    "read-bad-buffer",
    "write-bad-buffer",
    "copy-to-mapping",
    "copy-from-mapping",
    "map",
    "load",
    "store",
    "unmap",
    "move",
    "resize",
    "protect",
    "config-read",
    "config-write",
    "power",
    "low-power",
    "reset",
    "region-info",
    "other-region",
    "ioeventfd",
    "dma-buf",
    "dma-map",
    "fork",
    "open",
    "close",
    "storm",
    "storm-with-reset",
    "storm-with-decode-off",
    "unbind",
};

// One step of a run. Which fields mean something depends on the kind.
struct Operation {
  Kind kind = Kind::read;
  unsigned file = 0;     // slot
  unsigned mapping = 0;  // slot
  unsigned rest = 0;     // slot of what an unmap leaves behind the hole
  unsigned region = 0;
  std::uint64_t offset = 0;  // in the region, or in configuration space
  std::uint64_t length = 0;
  std::uint64_t at = 0;                 // in the mapping
  std::vector<std::uint32_t> pieces{};  // of a read or write, lengths
  std::uint64_t present = 0;            // bytes of a bad buffer that are there
  std::uint64_t seed = 0;               // of the bytes that are written
  std::vector<std::uint8_t> bytes{};    // for configuration space
  bool on = false;
  bool readable = true;
  bool writable = true;
  bool shared = true;
  Placement placement{};
};

std::string kind_name(Kind kind);
// One line, with all that it takes to do the operation by hand.
std::string describe(const Operation& operation);

// An error number's name, or the count.
std::string show_result(long result);
// "done", or the signal's name.
const char* touch_name(Touch touch);

}  // namespace exerciser
