// SPDX-License-Identifier: GPL-2.0-or-later
// A file in /etc/nvgpuctl/devices.d.
#include <cstdint>

#include "core/device_table.hpp"
#include "fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const nvgpuctl::DeviceTable shipped = nvgpuctl::DeviceTable::shipped();
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  auto table = shipped;
  const auto merged = table.merge(yaml, "f.yaml");
  if (!merged) {
    REQUIRE(merged.error().subject.starts_with("f.yaml"));
    REQUIRE(!merged.error().problem.empty());
    REQUIRE(table.find(0x2342)->name == "GH200 120GB");
    return 0;
  }
  // A model that is found has everything that its readers rely on.
  for (std::uint32_t id = 0x2300; id < 0x3400; id += 3) {
    const auto device = static_cast<std::uint16_t>(id);
    const auto model = table.find(device);
    REQUIRE(!model || (model->gi_nodes >= 1 && model->gi_nodes <= 32));
    REQUIRE(!model || !model->name.empty());
    REQUIRE(!model || !table.exclusion(device));
  }
  // The same document again changes nothing and is as good.
  REQUIRE(table.merge(yaml, "f.yaml").has_value());
  return 0;
}
