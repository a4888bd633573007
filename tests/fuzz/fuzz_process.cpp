// SPDX-License-Identifier: GPL-2.0-or-later
// What a process says of itself in /proc, and what others' files say of GPUs:
// anybody can write it.
#include <cstdint>
#include <string>

#include "core/census.hpp"
#include "core/managers.hpp"
#include "core/process_owner.hpp"
#include "core/quiet.hpp"
#include "fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto owner = nvgpuctl::parse_cgroup(text);
  REQUIRE(owner.container.size() <= 255 && owner.pod.size() <= 255);
  REQUIRE(owner.container.empty() == owner.runtime.empty());
  REQUIRE(nvgpuctl::mapped_path(text).size() <= size);
  (void)nvgpuctl::vfio_device_of(text);
  (void)nvgpuctl::only_names_file(text);
  (void)nvgpuctl::managed_functions(text);
  for (const auto& claim : nvgpuctl::vfio_ids_of_modprobe(text, "file")) {
    REQUIRE(claim.place.starts_with("file:"));
  }
  REQUIRE(nvgpuctl::vfio_ids_of_command_line(text).size() <= 256);
  const auto unit = nvgpuctl::parse_unit_order(text);
  REQUIRE(!unit || unit->unit.find('/') == std::string::npos);
  (void)nvgpuctl::parse_block_order(text);
  return 0;
}
