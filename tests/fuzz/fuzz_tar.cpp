// SPDX-License-Identifier: GPL-2.0-or-later
// The archive of a report, unpacked from gzip.
#include <cstdint>

#include "core/tar.hpp"
#include "fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace nvgpuctl;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto entries = read_tar(bytes, "archive");
  if (!entries) {
    REQUIRE(entries.error().subject.starts_with("archive"));
    return 0;
  }
  for (const auto& entry : *entries) {
    REQUIRE(!entry.path.empty() && entry.path.front() != '/');
    REQUIRE(("/" + entry.path + "/").find("/../") == std::string::npos);
  }
  const auto again = read_tar(write_tar(*entries), "archive");
  REQUIRE(again.has_value());
  REQUIRE(*again == *entries);
  return 0;
}
