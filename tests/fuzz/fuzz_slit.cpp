// SPDX-License-Identifier: GPL-2.0-or-later
// Input: the body of a SLIT.
#include "core/acpi_numa.hpp"
#include "fuzz/require.hpp"

namespace nvgpuctl {
namespace {

void check(Bytes body) {
  AcpiTable table;
  table.name = "SLIT";
  table.signature = "SLIT";
  table.revision = 1;
  table.body = body;
  const auto slit = parse_slit(table);
  if (!slit) {
    REQUIRE(slit.error().code == Errc::malformed);
    REQUIRE(!slit.error().problem.empty());
    return;
  }
  const std::uint32_t count = slit->localities;
  REQUIRE(count > 0);
  REQUIRE(slit->distances.size() == std::size_t{count} * count);
  // Linux takes padding, and so do we.
  REQUIRE(slit->distances.size() <= body.size() - 8);
  REQUIRE(slit->distance(0, count - 1) == body[8 + count - 1]);
  REQUIRE(slit->distance(count - 1, count - 1) ==
          body[8 + slit->distances.size() - 1]);
  REQUIRE(!slit->distance(count, 0));
  REQUIRE(!slit->distance(0, count));
}

}  // namespace
}  // namespace nvgpuctl

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  nvgpuctl::check({data, size});
  return 0;
}
