// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/acpi_dsd.hpp"
#include "core/aml.hpp"

namespace nvgpuctl::aml {

// What the package of a _DSD holds.
struct DsdPackage {
  std::vector<DsdProperty> properties;
  std::string problem;  // empty, or why Linux would not take the properties
};

// Reads Package (12) or VarPackage (13) of a _DSD. The cursor stands behind
// PkgLength and its limit is the end of the package. `integer_mask` has the
// width of this firmware's integers.
DsdPackage read_dsd_package(Cursor cursor, std::uint8_t opcode,
                            std::uint64_t integer_mask);

// Whether such a package begins as one with device properties does. Looks at a
// few bytes only.
bool begins_with_device_properties(Cursor cursor, std::uint8_t opcode);

}  // namespace nvgpuctl::aml
