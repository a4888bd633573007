// SPDX-License-Identifier: GPL-2.0-or-later
// How fast AML is walked: on tables in the shape of Grace firmware, and on
// tables that give the walk as much work per byte as they can. `--write FILE`
// makes one of the former for another program, `--walk FILE` walks it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
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
  Aml units;
  for (int i = 0; i < 64; ++i) {
    units = join({units, test::text(fmt::format("F{:03X}", i)), {0x20}});
  }
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
Aml grace_segment(const Aml& last, std::string_view name = "PCI9") {
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
      test::device(
          name, join({test::name("_HID", test::integer(0x080AD041)),
                      test::name("_SEG", test::integer(9)),
                      test::name("_CRS", resources), test::method("_OSC", body),
                      port, test::name("_PXM", {0x00})})));
}

// About 1 MiB: names differ, as programs that keep a namespace want it.
Aml table_for_others() {
  constexpr std::size_t kSegments = 400;
  Aml body;
  for (std::size_t i = 0; i < kSegments; ++i) {
    const Aml segment =
        grace_segment(i % (kSegments / 4) == 0 ? gpu_dsd() : Aml(),
                      fmt::format("P{:03X}", i));
    body.insert(body.end(), segment.begin(), segment.end());
  }
  return test::table("SSDT", body);
}

int write_table(const char* path) {
  const Aml table = table_for_others();
  std::ofstream file(path, std::ios::binary);
  std::copy(table.begin(), table.end(), std::ostreambuf_iterator<char>(file));
  std::printf("%.1f MiB\n", static_cast<double>(table.size()) / (1U << 20U));
  return file.flush() ? 0 : 1;
}

int walk_table(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Aml bytes(text.begin(), text.end());
  const auto table = parse_acpi_table("SSDT", bytes);
  if (!table) {
    return 1;
  }
  const AmlWalk walk = find_dsds(*table);
  std::printf("%zu _DSD, %zu notes\n", walk.dsds.size(), walk.notes.size());
  return 0;
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

int bench_main(int argc, char** argv) {
  const std::string_view what = argc == 3 ? argv[1] : "";
  if (what == "--write") {
    return write_table(argv[2]);
  }
  if (what == "--walk") {
    return walk_table(argv[2]);
  }
  run();
  return 0;
}

}  // namespace nvgpuctl

int main(int argc, char** argv) {
  return nvgpuctl::bench_main(argc, argv);
}
