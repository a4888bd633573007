// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/acpi_dsd.hpp"
#include "core/aml.hpp"

namespace nvgpuctl::aml {

// What the package of a _DSD holds, as Linux takes it:
// acpi_extract_properties() in drivers/acpi/property.c.
struct DsdPackage {
  DsdForm form = DsdForm::literal;
  std::vector<DsdProperty> properties;
  std::string problem;                // why the form is no literal
  std::vector<std::string> left_out;  // what Linux passes over, and why
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
