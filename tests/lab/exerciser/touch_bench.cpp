// SPDX-License-Identifier: GPL-2.0-or-later
#include "touch_bench.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ostream>
#include <vector>

#include "open_usable.hpp"
#include "run.hpp"

namespace exerciser {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kFile = 0;
constexpr std::size_t kBlock = kMiB;
// Enough to leave the caches behind, not so much that it takes long.
constexpr std::uint64_t kMostToRead = 256 * kMiB;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

long minor_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

struct Touched {
  std::uint64_t pages = 0;
  long faults = 0;
  double seconds = 0;
  bool complete = true;
};

Touched touch_pages(Device& device, const std::uint8_t* start,
                    std::uint64_t length) {
  const auto page = device.shape().page_size;
  Touched touched;
  std::uint8_t byte = 0;
  // Once before, so that faults on this program's own pages do not count.
  device.load(&byte, {&byte, 1});
  minor_faults();
  const auto faults = minor_faults();
  const auto begin = Clock::now();
  for (std::uint64_t at = 0; at < length; at += page) {
    if (device.load(start + at, {&byte, 1}) != Touch::done) {
      touched.complete = false;
      break;
    }
    touched.pages++;
  }
  touched.seconds = seconds_since(begin);
  touched.faults = minor_faults() - faults;
  return touched;
}

// Bytes a second; 0 if it fails. The length is one of whole blocks.
double read_speed(Device& device, unsigned region, std::uint64_t length) {
  std::vector<std::uint8_t> block(kBlock);
  const Piece piece{.data = block.data(), .size = kBlock, .present = kBlock};
  const auto begin = Clock::now();
  for (std::uint64_t at = 0; at + kBlock <= length; at += kBlock) {
    if (device.read(kFile, file_offset(region, at), {&piece, 1}) !=
        static_cast<long>(kBlock)) {
      return 0;
    }
  }
  return static_cast<double>(length) / seconds_since(begin);
}

double copy_speed(const std::uint8_t* from, std::uint64_t length) {
  std::vector<std::uint8_t> block(kBlock);
  const auto begin = Clock::now();
  for (std::uint64_t at = 0; at + kBlock <= length; at += kBlock) {
    std::memcpy(block.data(), from + at, kBlock);
    asm volatile("" : : "r"(block.data()) : "memory");
  }
  return static_cast<double>(length) / seconds_since(begin);
}

}  // namespace

int touch_bench(Device& device, const Placement& placement, std::ostream& out,
                std::ostream& log) {
  const auto& region = device.shape().regions.front();
  auto* const memory = open_usable(device, kFile, region.size, placement, log);
  if (memory == nullptr) {
    return 1;
  }
  const auto touched = touch_pages(device, memory, region.size);
  if (!touched.complete) {
    log << "SIGBUS at " << hex(touched.pages * device.shape().page_size)
        << std::endl;
    return 1;
  }
  const auto length =
      std::min<std::uint64_t>(region.size, kMostToRead) / kBlock * kBlock;
  const std::vector<std::uint8_t> ordinary(length, 1);
  const double gib =
      static_cast<double>(region.size) / static_cast<double>(kGiB);
  out << "{\"region\": " << region.index << ", \"bytes\": " << region.size
      << ", \"alignment\": " << placement.alignment
      << ", \"skew\": " << placement.skew << ", \"pages\": " << touched.pages
      << ", \"minor_faults\": " << touched.faults
      << ", \"faults_per_gib\": " << static_cast<double>(touched.faults) / gib
      << ", \"touch_seconds\": " << touched.seconds
      << ", \"read_bytes_per_second\": "
      << read_speed(device, region.index, length)
      << ", \"memcpy_mapped_bytes_per_second\": " << copy_speed(memory, length)
      << ", \"memcpy_bytes_per_second\": "
      << copy_speed(ordinary.data(), length) << "}" << std::endl;
  device.unmap(memory, region.size);
  device.close(kFile);
  return 0;
}

}  // namespace exerciser
