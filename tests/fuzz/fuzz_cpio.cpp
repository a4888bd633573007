// SPDX-License-Identifier: GPL-2.0-or-later
// An unpacked initramfs of a capture. Its first byte says in how large pieces
// it comes; that may change nothing.
#include <algorithm>
#include <cstdint>

#include "core/cpio.hpp"
#include "core/module_name.hpp"
#include "fuzz/require.hpp"

namespace {

struct Outcome {
  bool ok = true;
  std::size_t taken = 0;
  std::vector<nvgpuctl::CpioEntry> entries;
};

Outcome read(std::string_view image, std::size_t piece) {
  nvgpuctl::CpioReader reader("x", [](std::string_view name) {
    return name.size() % 2 == 0 ? nvgpuctl::CpioReader::Want::content
                                : nvgpuctl::CpioReader::Want::name;
  });
  Outcome outcome;
  while (outcome.taken < image.size()) {
    const auto part = image.substr(outcome.taken, piece);
    const auto taken = reader.feed(part);
    if (!taken) {
      outcome.ok = false;
      outcome.taken = 0;  // depends on where pieces end
      break;
    }
    REQUIRE(*taken <= part.size());
    outcome.taken += *taken;
    if (*taken < part.size()) {
      break;
    }
  }
  outcome.entries = reader.entries();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view image(reinterpret_cast<const char*>(data + 1),
                               size - 1);
  const auto whole = read(image, image.size() + 1);
  const auto pieces = read(image, std::max<std::size_t>(data[0], 8));
  REQUIRE(whole.ok == pieces.ok);
  REQUIRE(!whole.ok || whole.entries == pieces.entries);
  for (const auto& entry : whole.entries) {
    (void)nvgpuctl::module_of_file(entry.name);
  }
  return 0;
}
