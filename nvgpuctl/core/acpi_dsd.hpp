// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "core/acpi_table.hpp"

namespace nvgpuctl {

// One property of the device-properties package (GUID daffd814-…) of a _DSD.
// Of a package it is the first element, which Linux takes for a single value. A
// reference, or an empty package, is kept as monostate: present, but of no type
// that we read.
struct DsdProperty {
  std::string name;
  std::variant<std::monostate, std::uint64_t, std::string> value;
  bool named = false;  // the value is another object's, which stands elsewhere
};

enum class DsdForm {
  literal,    // Name (_DSD, Package () {…}) of literals: can be read
  dynamic,    // Method (_DSD), inside If/Else, or made of other objects: its
              // value exists only at run time and is never guessed
  malformed,  // a Name whose package is not what the specification asks for
};

// The _DSD of one device.
struct DeviceDsd {
  std::string path;   // "\\_SB_.PCI9.RP00.GPU0", spelled as sysfs spells it
  std::string table;  // file it was found in
  std::uint32_t offset = 0;  // byte offset in that file
  DsdForm form = DsdForm::literal;
  std::string problem;  // why it is malformed or dynamic
  std::vector<DsdProperty> properties;
  std::vector<std::string> left_out;  // what of it Linux passes over

  const DsdProperty* find(std::string_view name) const;
};

// A place where AML could not be followed; the rest of the enclosing package
// was searched for well-formed devices instead.
struct AmlNote {
  std::string table;
  std::uint32_t offset = 0;
  std::string problem;
};

struct AmlWalk {
  std::vector<DeviceDsd> dsds;
  std::vector<AmlNote> notes;
};

// Finds every _DSD in one definition block (DSDT, SSDT, OSDT…). Executes
// nothing. Bounded: linear in the table's size, fixed nesting depth.
//
// The revision of the host's DSDT decides for all its tables how wide integers
// are: 32 bits below 2 (ACPI 6.5, section 5.2.11.1). A DSDT knows its own.
AmlWalk find_dsds(const AcpiTable& table, std::uint8_t dsdt_revision = 2);

// The properties with which firmware describes the coherent memory of a GPU
// and, on Blackwell, extended GPU memory (EGM). Absent is normal for each.
struct CoherentMemoryDsd {
  std::optional<std::uint64_t> base_pa;    // nvidia,gpu-mem-base-pa
  std::optional<std::uint64_t> size;       // nvidia,gpu-mem-size, bytes
  std::optional<std::uint64_t> pxm_start;  // nvidia,gpu-mem-pxm-start
  std::optional<std::uint64_t> pxm_count;  // nvidia,gpu-mem-pxm-count
  std::optional<std::uint64_t> egm_base_pa;
  std::optional<std::uint64_t> egm_size;
  std::optional<std::uint64_t> egm_pxm;
  std::optional<std::uint64_t> egm_retired_pages_data_base;
  std::vector<std::string> problems;  // not an integer
  std::vector<std::string> left_out;  // given once more
  std::vector<std::string>
      at_run_time;  // named objects, which are not followed
};

CoherentMemoryDsd interpret_coherent_memory(const DeviceDsd& dsd);

}  // namespace nvgpuctl
