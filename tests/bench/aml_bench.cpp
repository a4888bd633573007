// SPDX-License-Identifier: GPL-2.0-or-later
// How fast AML is walked: on tables in the shape of Grace firmware, and on
// tables that give the walk as much work per byte as they can.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "core/acpi_dsd.hpp"
#include "support/aml_builder.hpp"

namespace nvgpuctl {
namespace {

using test::Aml;
using test::join;

constexpr std::size_t kTableSize = std::size_t{64} << 20U;
constexpr int kRuns = 5;

Aml repeat(const Aml& unit, std::size_t size) {
  Aml result;
  result.reserve(size + unit.size());
  while (result.size() < size) {
    result.insert(result.end(), unit.begin(), unit.end());
  }
  return result;
}

Aml operation_region(std::string_view name) {
  return join({{0x5B, 0x80},
               test::text(name),
               {0x00},
               test::text("ADDR"),
               test::integer(0x1000)});
}

Aml fields() {
  const Aml units = repeat(join({test::text("FLDX"), {0x20}}), 64);
  return test::package({0x5B, 0x81}, join({test::text("REGI"), {0x03}, units}));
}

Aml gpu_dsd() {
  return test::dsd(
      {test::property("nvidia,gpu-mem-base-pa", test::integer(0x420000000000)),
       test::property("nvidia,gpu-mem-pxm-start", test::integer(8)),
       test::property("nvidia,gpu-mem-pxm-count", test::integer(8)),
       test::property("nvidia,gpu-mem-size", test::integer(0x17E4F00000))});
}

// One PCI segment as the firmware of a GH200 describes it, with methods of the
// size that _OSC, _DSM and _RST have. `last` ends the innermost device.
Aml grace_segment(const Aml& last) {
  const Aml body = repeat({0x70, 0x0A, 0x05, 0x60}, 400);
  const Aml gpu = test::device(
      "GPU0", join({test::name("_ADR", {0x00}), operation_region("LIC1"),
                    fields(), test::method("_RST", body), last}));
  const Aml port = test::device(
      "RP00", join({test::name("_ADR", {0x00}), operation_region("SMEM"),
                    fields(), test::method("_DSM", repeat(body, 1200)), gpu}));
  const Aml resources = test::package({0x11}, Aml(120));
  return test::scope(
      test::text("\\_SB_"),
      test::device("PCI9", join({test::name("_HID", test::integer(0x080AD041)),
                                 test::name("_SEG", test::integer(9)),
                                 test::name("_CRS", resources),
                                 test::method("_OSC", body), port,
                                 test::name("_PXM", {0x00})})));
}

// Declarations and module-level code in which nothing can be stepped over.
Aml dense_segment() {
  const Aml names = repeat(test::name("AAAA", {0x0A, 0x05}), 400);
  const Aml code = repeat(
      join({{0x70, 0x72}, test::text("AAAA"), {0x0A, 0x05, 0x60, 0x61}}), 400);
  return test::scope(
      test::text("\\_SB_"),
      test::device("DEV0", join({names, code, test::device("DEV1", names)})));
}

void measure(const char* name, const Aml& body) {
  const AcpiTable table = test::table_with(body);
  double best = 0;
  std::size_t found = 0;
  std::size_t notes = 0;
  for (int run = 0; run < kRuns; ++run) {
    // Processor time: other work on the machine must not count.
    const std::clock_t begin = std::clock();
    const AmlWalk walk = find_dsds(table);
    const double seconds =
        static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    best = std::max(best, static_cast<double>(body.size()) / 1e6 / seconds);
    found = walk.dsds.size();
    notes = walk.notes.size();
  }
  std::printf("%-46s %6zu MiB %9.0f MB/s %6zu _DSD %4zu notes\n", name,
              body.size() >> 20U, best, found, notes);
}

void run() {
  // Four GPUs in a large table, as on a real host.
  const Aml filler = repeat(grace_segment({}), kTableSize / 4);
  const Aml gpu = grace_segment(gpu_dsd());
  measure("firmware-like: methods, fields, 4 GPUs",
          join({filler, gpu, filler, gpu, filler, gpu, filler, gpu}));
  measure("dense: nothing to step over", repeat(dense_segment(), kTableSize));
  measure("only empty devices", repeat(test::device("DEV0", {}), kTableSize));
  measure("only bytes", Aml(kTableSize, 0xA3));
  // What cannot be followed is searched byte by byte.
  measure("search: nothing that resembles a device",
          join({{0xDD}, Aml(kTableSize, 0xA3)}));
  measure("search: a near miss in every second byte",
          join({{0xDD}, repeat({0x10, 0x04}, kTableSize)}));
  measure("search: dense", join({{0xDD}, repeat(dense_segment(), kTableSize)}));
}

}  // namespace
}  // namespace nvgpuctl

int main() {
  nvgpuctl::run();
}
