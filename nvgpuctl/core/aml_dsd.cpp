// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/aml_dsd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"

namespace nvgpuctl::aml {
namespace {

constexpr std::size_t kUuidSize = 16;
// daffd814-6eba-4d8c-8a91-bc9bbf4aa301, "device properties UUID" of the _DSD
// Guide, in the byte order of ToUUID.
constexpr std::array<std::uint8_t, kUuidSize> kDeviceProperties{
    0x14, 0xD8, 0xFF, 0xDA, 0xBA, 0x6E, 0x8C, 0x4D,
    0x8A, 0x91, 0xBC, 0x9B, 0xBF, 0x4A, 0xA3, 0x01};

// Far more than any device has; stops a hostile table from making us build
// lists that are many times its own size.
constexpr std::size_t kMaxProperties = 1024;
constexpr std::size_t kMaxProblems = 8;

enum class Uuid { device_properties, other };

std::string at_byte(std::size_t at) {
  return fmt::format("at byte 0x{:x}", kAcpiHeaderSize + at);
}

std::optional<std::uint64_t> element_count(Cursor& cursor,
                                           std::uint8_t opcode) {
  if (opcode == op_var_package) {
    return cursor.integer();
  }
  return cursor.byte();
}

// Buffer (16) {…}; nothing when the next element is not one.
std::optional<Uuid> read_uuid(Cursor& cursor) {
  if (cursor.byte() != op_buffer) {
    return std::nullopt;
  }
  const auto end = cursor.package_end();
  if (!end) {
    return std::nullopt;
  }
  // The size must stand inside the buffer's own package, not behind it.
  Cursor inside = cursor.within(*end);
  const auto size = inside.integer();
  if (size != kUuidSize || *end - inside.at() != kUuidSize) {
    return std::nullopt;
  }
  const auto uuid = cursor.bytes().subspan(inside.at(), kUuidSize);
  cursor.move_to(*end);
  return std::ranges::equal(uuid, kDeviceProperties) ? Uuid::device_properties
                                                     : Uuid::other;
}

// The name of another object; a lone 00 is the integer 0.
bool skip_name(Cursor& cursor) {
  const auto name = cursor.name();
  return name && name->segments > 0;
}

// An integer, a string or a name; nothing when it is none of them.
std::optional<DsdProperty> read_simple(Cursor& cursor,
                                       std::uint64_t integer_mask) {
  Cursor next = cursor;
  if (const auto number = next.integer()) {
    cursor = next;
    return DsdProperty{{}, *number & integer_mask};
  }
  next = cursor;
  if (next.byte() == op_string) {
    const auto text = next.characters();
    if (!text) {
      return std::nullopt;
    }
    cursor = next;
    // AML strings are ASCII. What else firmware put there must not reach a
    // terminal or a JSON document.
    return DsdProperty{{}, ascii_line(*text)};
  }
  if (!skip_name(cursor)) {
    return std::nullopt;
  }
  return DsdProperty{{}, {}, true};
}

// One value of a property: a simple one, or a package of such, of which a
// reader of one value gets the first (acpi_data_prop_read()). Of anything else
// (a buffer, packages in a package) Linux takes no property at all:
// acpi_property_value_ok() in drivers/acpi/property.c.
std::optional<DsdProperty> read_value(Cursor& cursor,
                                      std::uint64_t integer_mask) {
  Cursor next = cursor;
  const auto opcode = next.byte();
  if (!opcode || !is_package(*opcode)) {
    return read_simple(cursor, integer_mask);
  }
  const auto end = next.package_end();
  if (!end) {
    return std::nullopt;
  }
  Cursor inside = next.within(*end);
  const auto count = element_count(inside, *opcode);
  DsdProperty first;
  for (std::uint64_t i = 0; count && i < *count && !inside.done(); ++i) {
    auto element = read_simple(inside, integer_mask);
    if (!element) {
      return std::nullopt;
    }
    if (i == 0) {
      first = std::move(*element);
    }
  }
  cursor.move_to(*end);
  return first;
}

// How the reading of a part ended.
enum class Part {
  taken,
  refused,  // Linux takes nothing of it
  dynamic,  // it is made of other objects
};

class Reader {
 public:
  explicit Reader(std::uint64_t integer_mask) : integer_mask_(integer_mask) {}

  // Pairs of a UUID and what it stands for. As in Linux, the first that is none
  // is the end, elements that the count leaves out do not exist, and a list
  // that ends early just ends.
  void read_pairs(Cursor cursor, std::uint8_t opcode) {
    const auto count = element_count(cursor, opcode);
    if (!count) {
      return complain(cursor, "the number of elements is not a constant");
    }
    // Linux counts what is announced, whether it is there or not.
    if (*count % 2 != 0) {
      return complain(cursor, "an odd number of elements");
    }
    for (std::uint64_t i = 0; i + 1 < *count && !cursor.done(); i += 2) {
      if (!read_pair(cursor)) {
        return;
      }
    }
  }

  DsdPackage take() {
    DsdPackage package;
    if (dynamic_) {
      package.form = DsdForm::dynamic;
      package.problem = std::move(*dynamic_);
    } else if (!problems_.empty() && !has_properties_) {
      package.form = DsdForm::malformed;
      package.problem = std::move(problems_.front());
    } else {
      package.properties = std::move(properties_);
      package.left_out = std::move(problems_);
    }
    return package;
  }

 private:
  // False when no further pair counts.
  bool read_pair(Cursor& cursor) {
    Cursor next = cursor;
    if (skip_name(next)) {
      note_name(cursor);
      return false;
    }
    next = cursor;
    const auto uuid = read_uuid(next);
    if (!uuid) {
      complain(cursor, "no UUID where one is due");
      return false;
    }
    cursor = next;
    if (skip_name(next)) {
      if (*uuid == Uuid::device_properties) {
        note_name(cursor);
      }
      cursor = next;
      return !dynamic_;
    }
    return read_package(cursor, *uuid);
  }

  bool read_package(Cursor& cursor, Uuid uuid) {
    Cursor next = cursor;
    const auto opcode = next.byte();
    if (!opcode || !is_package(*opcode)) {
      complain(cursor, "the UUID is not followed by a package");
      return false;
    }
    const auto end = next.package_end();
    if (!end) {
      complain(cursor, "a package reaches past the end of _DSD");
      return false;
    }
    cursor.move_to(*end);
    if (uuid == Uuid::device_properties) {
      read_properties(next.within(*end), *opcode);
    }
    return !dynamic_;
  }

  // All of a package or nothing; then the next pair may have some.
  void read_properties(Cursor cursor, std::uint8_t opcode) {
    const auto count = element_count(cursor, opcode);
    if (!count) {
      return complain(cursor, "the number of properties is not a constant");
    }
    const std::size_t before = properties_.size();
    for (std::uint64_t i = 0; i < *count; ++i) {
      const auto problem = read_next_property(cursor, i, *count);
      if (!problem.empty()) {
        properties_.resize(before);
        return complain(cursor, problem);
      }
      if (dynamic_) {
        return;
      }
    }
    has_properties_ = true;
  }

  // Empty when there is one, or why there is none.
  std::string read_next_property(Cursor& cursor, std::uint64_t index,
                                 std::uint64_t count) {
    if (properties_.size() >= kMaxProperties) {
      return fmt::format("more than {} properties", kMaxProperties);
    }
    if (cursor.done()) {
      return fmt::format("{} properties announced, {} there", count, index);
    }
    switch (read_property(cursor)) {
      case Part::taken:
        return {};
      case Part::dynamic:
        note_name(cursor);
        return {};
      case Part::refused:
        break;
    }
    return fmt::format(
        "property {} is not a package of a string and a value that Linux takes",
        index + 1);
  }

  // Package (2) {"name", value}; the cursor moves only when that is there.
  Part read_property(Cursor& cursor) {
    Cursor next = cursor;
    if (skip_name(next)) {
      return Part::dynamic;
    }
    next = cursor;
    const auto opcode = next.byte();
    if (!opcode || !is_package(*opcode)) {
      return Part::refused;
    }
    const auto end = next.package_end();
    if (!end) {
      return Part::refused;
    }
    Cursor inside = next.within(*end);
    if (element_count(inside, *opcode) != 2 || inside.byte() != op_string) {
      return Part::refused;
    }
    const auto name = inside.characters();
    if (!name) {
      return Part::refused;
    }
    auto value = read_value(inside, integer_mask_);
    if (!value) {
      return Part::refused;
    }
    value->name = ascii_line(*name);
    properties_.push_back(std::move(*value));
    cursor.move_to(*end);
    return Part::taken;
  }

  void complain(const Cursor& cursor, std::string_view problem) {
    if (problems_.size() < kMaxProblems) {
      problems_.push_back(fmt::format("{} {}", problem, at_byte(cursor.at())));
    }
  }

  void note_name(const Cursor& cursor) {
    dynamic_ = fmt::format(
        "a part is the value of another object, which is not followed, {}",
        at_byte(cursor.at()));
  }

  std::uint64_t integer_mask_;
  std::vector<DsdProperty> properties_;
  bool has_properties_ = false;  // a package of them, if only an empty one
  std::vector<std::string> problems_;
  std::optional<std::string> dynamic_;
};

}  // namespace

DsdPackage read_dsd_package(Cursor cursor, std::uint8_t opcode,
                            std::uint64_t integer_mask) {
  Reader reader(integer_mask);
  reader.read_pairs(cursor, opcode);
  return reader.take();
}

bool begins_with_device_properties(Cursor cursor, std::uint8_t opcode) {
  return element_count(cursor, opcode).has_value() &&
         read_uuid(cursor) == Uuid::device_properties;
}

}  // namespace nvgpuctl::aml
