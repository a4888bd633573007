// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "device.hpp"

namespace exerciser {

// A word of coherent memory that belongs to one thread of a storm.
struct StormWord {
  std::uint8_t* address = nullptr;
  unsigned region = 0;
  std::uint64_t offset = 0;
  std::uint64_t value = 0;  // what it must hold now
};

struct StormStep {
  std::size_t word = 0;
  bool write = false;
  bool by_file = false;  // pread() or pwrite(), not the mapping
  std::uint64_t value = 0;
};

struct StormThread {
  std::vector<StormWord> words;
  std::vector<StormStep> steps;
  std::string failure;  // empty: all as expected
};

enum class Disturbance { none, reset, decode_off };

// All threads at once, while the device is disturbed. With decode_off an
// access may fail as a whole; what the words hold stays exact in any case.
// Returns what the disturbance itself failed with, or 0.
long run_storm(Device& device, unsigned file, std::span<StormThread> threads,
               Disturbance disturbance);

// Switches memory decode on or off: 0, or what failed.
long set_decode(Device& device, unsigned file, bool on);

// A reset that waits for others who hold the device for a moment.
long patient_reset(Device& device, unsigned file);

}  // namespace exerciser
