// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/write_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/check_table.hpp"
#include "core/region_check.hpp"
#include "ops/config_registers.hpp"

namespace nvgpuctl {
namespace {

using Words = std::array<std::uint8_t, 32>;

constexpr std::string_view kReplace =
    "do not give this GPU to a guest; look at the kernel log";

// No two bytes of it are the same, and no bit of its inverse.
Words pattern(std::uint8_t first) {
  Words words{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = static_cast<std::uint8_t>(first + 37U * i);
  }
  return words;
}

Words inverse(Words words) {
  for (auto& byte : words) {
    byte = static_cast<std::uint8_t>(~byte);
  }
  return words;
}

// One place in the memory, whose content is put back at the end.
class Place {
 public:
  Place(VfioDevice& device, unsigned region, std::uint64_t offset)
      : device_(device), region_(region), offset_(offset) {}

  // Each returns what went wrong, or "".
  std::string save() {
    const auto read = device_.read(region_, offset_, original_);
    saved_ = read.has_value();
    return saved_ ? "" : "reading: " + read.error().problem;
  }
  std::string put(const Words& words) {
    const auto written = device_.write(region_, offset_, words);
    if (!written) {
      return "writing: " + written.error().problem;
    }
    Words back{};
    const auto read = device_.read(region_, offset_, back);
    if (!read) {
      return "reading back: " + read.error().problem;
    }
    return difference(words, back);
  }
  std::string compare_mapped(const Words& words) {
    Words back{};
    const auto read = device_.read_mapped(region_, offset_, back);
    return read ? difference(words, back) : read.error().problem;
  }
  std::string still_original() {
    Words back{};
    const auto read = device_.read(region_, offset_, back);
    return read ? difference(original_, back) : read.error().problem;
  }
  std::string restore() { return saved_ ? put(original_) : ""; }

 private:
  std::string difference(const Words& wanted, const Words& seen) const {
    const auto [want, see] =
        std::mismatch(wanted.begin(), wanted.end(), seen.begin());
    if (want == wanted.end()) {
      return "";
    }
    return fmt::format(
        "{:#x} at {:#x}, written was {:#x}", *see,
        offset_ + static_cast<std::uint64_t>(want - wanted.begin()), *want);
  }

  VfioDevice& device_;
  unsigned region_;
  std::uint64_t offset_;
  Words original_{};
  bool saved_ = false;
};

void judge(SectionWriter& checks, std::string_view id, std::string_view good,
           const std::string& problem) {
  checks.require(
      id, problem.empty(),
      {std::string(good), problem.empty() ? std::string(good) : problem},
      {"", kReplace});
}

// The content is saved before the first word is written.
std::string try_words(Place& place, std::uint8_t first, std::string& mapped) {
  std::string problem = place.save();
  if (problem.empty()) {
    problem = place.put(pattern(first));
  }
  if (problem.empty()) {
    const std::string seen = place.compare_mapped(pattern(first));
    mapped += (mapped.empty() || seen.empty() ? "" : "; ") + seen;
    problem = place.put(inverse(pattern(first)));
  }
  return problem;
}

void test_tail(SectionWriter& checks, VfioDevice& device,
               const MemoryRegion& usable, Place& last) {
  if (usable.size == usable.bar_size) {
    checks.skip("write-tail", "memory fills the BAR: there is no tail");
    return;
  }
  constexpr std::array<std::uint8_t, 8> kZeroes{};
  std::array<std::uint8_t, 8> back{};
  auto done = device.write(usable.bar, usable.size, kZeroes);
  if (done) {
    done = device.read(usable.bar, usable.size, back);
  }
  std::string problem = done ? last.still_original() : done.error().problem;
  const bool ones = std::all_of(back.begin(), back.end(),
                                [](std::uint8_t byte) { return byte == 0xFF; });
  if (problem.empty() && !ones) {
    problem = "it does not read as ones any more";
  }
  judge(checks, "write-tail", "accepted and dropped", problem);
}

}  // namespace

CheckSection test_writing(VfioDevice& device, const MemoryRegion& usable) {
  SectionWriter checks("write");
  DeviceObservation seen;
  MemoryDecode decode(device);
  decode.enable(seen);
  Place first(device, usable.bar, 0);
  Place last(device, usable.bar, usable.size - Words().size());
  std::string mapped;
  judge(checks, "write-first", "as written", try_words(first, 0x11, mapped));
  judge(checks, "write-last", "as written", try_words(last, 0x5A, mapped));
  judge(checks, "write-mapped", "as written", mapped);
  std::vector<std::string> left{first.restore(), last.restore()};
  test_tail(checks, device, usable, last);
  if (const auto done = decode.restore(seen); !done) {
    left.push_back(done.error().problem);
  }
  std::erase(left, "");
  judge(checks, "write-restored", "as it was", list_text(left));
  return checks.take();
}

}  // namespace nvgpuctl
