// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "device.hpp"
#include "guarded.hpp"
#include "model.hpp"
#include "operation.hpp"
#include "storm.hpp"

namespace exerciser {

// The device did something else than the model.
struct Mismatch {
  std::string expected;
  std::string seen;
};
using Verdict = std::optional<Mismatch>;

// Does operations on a device and on the model, and compares.
class Run {
 public:
  Run(Device& device, std::uint64_t seed, unsigned threads);

  Verdict start();
  Verdict perform(const Operation& operation);
  // Gives everything back, and looks at all memory once more.
  Verdict finish();

  const Model& model() const { return model_; }
  std::uint64_t done(Kind kind) const {
    return done_.at(static_cast<std::size_t>(kind));
  }
  std::uint64_t pages() const;
  // How many were made, of those that were asked for.
  std::uint64_t dma_bufs() const { return dma_bufs_; }

 private:
  Verdict dispatch(const Operation& operation);
  // run_memory.cpp
  Verdict adopt(unsigned region, std::uint64_t offset, std::uint64_t length);
  Verdict do_read(const Operation& operation);
  Verdict do_write(const Operation& operation);
  Verdict do_bad_buffer(const Operation& operation);
  Verdict do_copy(const Operation& operation);
  Verdict do_config_read(const Operation& operation);
  Verdict do_config_write(const Operation& operation);
  Verdict check_config(unsigned file, std::uint64_t offset,
                       std::uint64_t length);
  Verdict do_other_region(const Operation& operation);
  // run_mapping.cpp
  Verdict do_map(const Operation& operation);
  Verdict do_touch(const Operation& operation);
  Verdict do_unmap(const Operation& operation);
  Verdict do_move(const Operation& operation);
  Verdict do_resize(const Operation& operation);
  Verdict do_protect(const Operation& operation);
  Verdict do_fork();
  std::vector<Operation> glances();
  Verdict do_dma_map(const Operation& operation);
  Verdict do_dma_buf(const Operation& operation);
  Verdict unmap_all();
  // run_state.cpp
  Verdict do_open(const Operation& operation);
  Verdict do_close(const Operation& operation);
  Verdict do_reset(const Operation& operation);
  Verdict do_power(const Operation& operation);
  Verdict do_low_power(const Operation& operation);
  Verdict do_region_info(const Operation& operation);
  Verdict do_storm(const Operation& operation);
  Verdict do_unbind(const Operation& operation);
  Verdict close_all();
  Verdict verify_region(unsigned file, const CoherentRegion& region);

  std::vector<StormThread> plan_storm(const Operation& operation);
  std::uint8_t* address(const Operation& operation) const {
    return addresses_.at(operation.mapping) + operation.at;
  }

  Device& device_;
  Model model_;
  std::uint64_t seed_;
  unsigned threads_;
  EdgeBuffer edge_;
  std::map<unsigned, std::uint8_t*> addresses_;
  std::array<std::uint64_t, kKindCount> done_{};
  std::uint64_t dma_bufs_ = 0;
};

// Where a byte of a region is in the device's file.
constexpr std::uint64_t file_offset(unsigned region, std::uint64_t offset) {
  return (static_cast<std::uint64_t>(region) << kRegionShift) + offset;
}

Verdict compare_result(long expected, long seen);
// Names the first byte that differs; origin is the offset of the first one.
Verdict compare_bytes(std::span<const std::uint8_t> expected,
                      std::span<const std::uint8_t> seen, std::uint64_t origin);
std::string hex(std::uint64_t value);

}  // namespace exerciser
