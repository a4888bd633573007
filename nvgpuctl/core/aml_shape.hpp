// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>

#include "core/aml.hpp"

namespace nvgpuctl::aml {

// What stands in the byte stream behind an opcode, before the next opcode.
//
// Operands are opcodes themselves, so a walk that only wants to know where the
// next opcode begins need not count them. That also answers how many arguments
// a method call takes, which AML does not say: the walk never needs to know.
enum class Form : std::uint8_t {
  unknown,
  plain,        // `bytes` of data
  text,         // characters up to NUL
  segment,      // the opcode is itself the first of four characters
  name,         // the opcode is itself the first byte of a longer NameString
  named,        // NameString, then `bytes`
  alias,        // two NameStrings
  name_object,  // NameString; the value follows
  closed,       // PkgLength; nothing inside that we look for
  method,       // PkgLength, NameString, flags; executable code
  scope,        // PkgLength, NameString, `bytes`, then a list of terms
  branch,       // PkgLength, then a list of terms
  acquire,      // an operand and then, alone in AML, two bytes of data
  extended,     // a second opcode byte
};

struct Shape {
  Form form = Form::unknown;
  std::uint8_t bytes = 0;
};

using ShapeTable = std::array<Shape, 256>;

// ACPI 6.5, section 20.3, table "AML byte stream byte values".
constexpr ShapeTable make_shapes() {
  ShapeTable table{};
  const auto fill = [&table](unsigned first, unsigned last, Shape shape) {
    for (unsigned opcode = first; opcode <= last; ++opcode) {
      table[opcode] = shape;
    }
  };
  // 02 to 05 are no opcodes, but Match has such bytes between its operands.
  fill(0x00, 0x05, {Form::plain, 0});
  table[op_alias] = {Form::alias, 0};
  table[op_name] = {Form::name_object, 0};
  table[op_byte] = {Form::plain, 1};
  table[op_word] = {Form::plain, 2};
  table[op_dword] = {Form::plain, 4};
  table[op_string] = {Form::text, 0};
  table[op_qword] = {Form::plain, 8};
  table[op_scope] = {Form::scope, 0};
  fill(op_buffer, op_var_package, {Form::closed, 0});
  table[op_method] = {Form::method, 0};
  table[0x15] = {Form::named, 2};  // External: type, argument count
  fill(op_dual_name, op_multi_name, {Form::name, 0});
  fill('A', 'Z', {Form::segment, 0});
  table['_'] = {Form::segment, 0};
  table[op_root] = {Form::name, 0};
  table[op_parent] = {Form::name, 0};
  table[op_extended] = {Form::extended, 0};
  fill(0x60, 0x6E, {Form::plain, 0});   // Local0 to Local7, Arg0 to Arg6
  fill(0x70, 0x99, {Form::plain, 0});   // Store to ToInteger
  fill(0x9C, 0x9F, {Form::plain, 0});   // ToString to Continue
  fill(0xA0, 0xA2, {Form::branch, 0});  // If, Else, While
  fill(0xA3, 0xA5, {Form::plain, 0});   // Noop, Return, Break
  table[0xCC] = {Form::plain, 0};       // BreakPoint
  table[op_ones] = {Form::plain, 0};
  return table;
}

// The same for the byte behind 5B.
constexpr ShapeTable make_extended_shapes() {
  ShapeTable table{};
  const auto fill = [&table](unsigned first, unsigned last, Shape shape) {
    for (unsigned opcode = first; opcode <= last; ++opcode) {
      table[opcode] = shape;
    }
  };
  table[0x01] = {Form::named, 1};       // Mutex: flags
  table[0x02] = {Form::named, 0};       // Event
  fill(0x12, 0x13, {Form::plain, 0});   // CondRefOf, CreateField
  fill(0x1F, 0x22, {Form::plain, 0});   // LoadTable, Load, Stall, Sleep
  table[0x23] = {Form::acquire, 2};     // Acquire: timeout
  fill(0x24, 0x2A, {Form::plain, 0});   // Signal to Unload
  fill(0x30, 0x31, {Form::plain, 0});   // Revision, Debug
  table[0x32] = {Form::plain, 5};       // Fatal: type, code
  table[0x33] = {Form::plain, 0};       // Timer
  table[0x80] = {Form::named, 1};       // OperationRegion: space; no PkgLength
  table[0x81] = {Form::closed, 0};      // Field
  table[0x82] = {Form::scope, 0};       // Device
  table[0x83] = {Form::scope, 6};       // Processor: id, address, length
  table[0x84] = {Form::scope, 3};       // PowerResource: level, order
  table[0x85] = {Form::scope, 0};       // ThermalZone
  fill(0x86, 0x87, {Form::closed, 0});  // IndexField, BankField
  table[0x88] = {Form::named, 0};       // DataTableRegion
  return table;
}

inline constexpr ShapeTable kShapes = make_shapes();
inline constexpr ShapeTable kExtendedShapes = make_extended_shapes();

}  // namespace nvgpuctl::aml
