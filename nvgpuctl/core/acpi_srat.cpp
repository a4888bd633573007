// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/acpi_numa.hpp"

namespace nvgpuctl {
namespace {

// ACPI 6.5, section 5.2.16. Behind the header: a reserved 1 and eight bytes.
constexpr std::size_t kStructuresOffset = 12;
constexpr std::size_t kStructureHeaderSize = 2;  // type and length
constexpr std::size_t kHandleOffset = 8;
constexpr std::uint8_t kPciHandle = 1;
constexpr std::uint32_t kEnabled = 1U << 0U;
constexpr std::uint32_t kHotPluggable = 1U << 1U;  // memory only

enum Type : std::uint8_t {
  type_processor = 0,  // local APIC or SAPIC
  type_memory = 1,
  type_x2apic = 2,
  type_gicc = 3,
  type_generic_initiator = 5,
  type_rintc = 7,
};

// Where the parts that we read stand in a structure.
struct EntryLayout {
  std::size_t size;
  std::size_t pxm;
  std::size_t flags;
};

std::optional<EntryLayout> layout_of(std::uint8_t type) {
  switch (type) {
    case type_processor:  // the domain is in pieces
      return EntryLayout{.size = 16, .pxm = 2, .flags = 4};
    case type_memory:
      return EntryLayout{.size = 40, .pxm = 2, .flags = 28};
    case type_x2apic:
      return EntryLayout{.size = 24, .pxm = 4, .flags = 12};
    case type_gicc:
      return EntryLayout{.size = 18, .pxm = 2, .flags = 10};
    case type_generic_initiator:
      return EntryLayout{.size = 32, .pxm = 4, .flags = 24};
    case type_rintc:
      return EntryLayout{.size = 20, .pxm = 4, .flags = 12};
    default:
      return std::nullopt;
  }
}

// How the writer of the table ordered the bytes of PCI handles.
enum class HandleOrder {
  specified,  // bus, then device and function
  old,        // the other way round: QEMU before 9.2 and its like
};

// A PCI handle as it stands in the table.
struct Handle {
  std::uint16_t segment = 0;
  std::uint8_t first = 0;
  std::uint8_t second = 0;
};

// One table has one writer, so its handles are judged together. Only devices
// that are device 0, function 0 of their bus can be recognised in the old
// order: their first byte is 0, which otherwise means bus 0. A second byte
// that would then name another function than 0 gives the old order away, as no
// GPU has one. When nothing does, the specification is believed.
HandleOrder handle_order(const std::vector<Handle>& handles) {
  const bool on_a_bus = std::ranges::any_of(
      handles, [](const Handle& handle) { return handle.first != 0; });
  const bool odd_function = std::ranges::any_of(
      handles, [](const Handle& handle) { return (handle.second & 7U) != 0; });
  return !on_a_bus && odd_function ? HandleOrder::old : HandleOrder::specified;
}

class SratParser {
 public:
  explicit SratParser(const AcpiTable& table) : table_(table) {}

  Result<Srat> parse() {
    if (table_.body.size() < kStructuresOffset) {
      return fail(Errc::malformed, table_.name,
                  "too short for the fixed part of an SRAT");
    }
    std::size_t at = kStructuresOffset;
    // A rest without room for more than a header is padding: so Linux takes it.
    while (at + kStructureHeaderSize < table_.body.size()) {
      const auto type = read_le<std::uint8_t>(table_.body, at).value_or(0);
      const auto length = read_le<std::uint8_t>(table_.body, at + 1);
      // Less than a header would not advance.
      if (!length || *length < kStructureHeaderSize ||
          *length > table_.body.size() - at) {
        return truncated(type, at);
      }
      if (!read_structure(type, table_.body.subspan(at, *length))) {
        return truncated(type, at);
      }
      at += *length;
    }
    finish();
    return std::move(srat_);
  }

 private:
  tl::unexpected<Error> truncated(std::uint8_t type, std::size_t at) const {
    return fail(Errc::malformed, table_.name,
                fmt::format("structure of type {} at byte 0x{:x} is truncated",
                            type, kAcpiHeaderSize + at));
  }

  // False when the structure is shorter than its type requires.
  bool read_structure(std::uint8_t type, Bytes bytes) {
    const auto layout = layout_of(type);
    if (!layout) {
      return true;
    }
    if (bytes.size() < layout->size) {
      return false;
    }
    const std::uint32_t pxm = read_pxm(type, *layout, bytes);
    const auto flags = read_le<std::uint32_t>(bytes, layout->flags).value_or(0);
    const bool enabled = (flags & kEnabled) != 0;
    if (type == type_memory) {
      read_memory(pxm, flags, bytes);
    } else if (type == type_generic_initiator) {
      read_initiator(pxm, enabled, bytes);
    } else if (enabled) {
      cpu_pxms_.insert(pxm);
    }
    // acpi_parse_gi_affinity() fails for a disabled entry, and then
    // acpi_parse_entries_array() calls no handler in that pass any more. The
    // domains behind it get their numbers from the memory.
    first_pass_ = first_pass_ && (enabled || type != type_generic_initiator);
    if (enabled && type != type_memory && first_pass_) {
      add_domain(pxm);
    }
    return true;
  }

  // Revision 1 has 8 bit domains and left the other bytes to chance; Linux
  // ignores them, too.
  std::uint32_t read_pxm(std::uint8_t type, const EntryLayout& layout,
                         Bytes bytes) const {
    const auto low = read_le<std::uint8_t>(bytes, layout.pxm).value_or(0);
    const bool wide = table_.revision >= 2;
    if (type == type_processor) {
      // The upper three bytes follow the SAPIC EID at offset 8.
      const auto rest = read_le<std::uint32_t>(bytes, 8).value_or(0);
      return wide ? (rest & 0xFFFF'FF00U) | low : low;
    }
    if (type == type_memory && !wide) {
      return low;
    }
    return read_le<std::uint32_t>(bytes, layout.pxm).value_or(0);
  }

  void read_memory(std::uint32_t pxm, std::uint32_t flags, Bytes bytes) {
    srat_.memory.push_back(
        {.pxm = pxm,
         .base = read_le<std::uint64_t>(bytes, 8).value_or(0),
         .length = read_le<std::uint64_t>(bytes, 16).value_or(0),
         .enabled = (flags & kEnabled) != 0,
         .hot_pluggable = (flags & kHotPluggable) != 0});
  }

  void read_initiator(std::uint32_t pxm, bool enabled, Bytes bytes) {
    if (bytes[3] != kPciHandle) {
      return;  // an ACPI device; the domain counts all the same
    }
    handles_.push_back(
        {.segment = read_le<std::uint16_t>(bytes, kHandleOffset).value_or(0),
         .first = bytes[kHandleOffset + 2],
         .second = bytes[kHandleOffset + 3]});
    srat_.generic_initiators.push_back(
        {.pxm = pxm, .address = {}, .enabled = enabled});
  }

  void add_domain(std::uint32_t pxm) {
    if (seen_.insert(pxm).second) {
      srat_.pxm_order.push_back(pxm);
    }
  }

  void finish() {
    for (const SratMemory& memory : srat_.memory) {
      if (memory.enabled) {
        add_domain(memory.pxm);
      }
    }
    srat_.cpu_pxms.assign(cpu_pxms_.begin(), cpu_pxms_.end());
    const HandleOrder order = handle_order(handles_);
    for (std::size_t i = 0; i < handles_.size(); ++i) {
      set_address(srat_.generic_initiators[i], handles_[i], order);
    }
    if (order == HandleOrder::old) {
      srat_.warnings.push_back(fmt::format(
          "{}: the handles of generic initiators have the bus number in the "
          "wrong byte, as QEMU before 9.2 wrote them; read accordingly",
          table_.name));
    }
  }

  static void set_address(SratGenericInitiator& initiator, const Handle& handle,
                          HandleOrder order) {
    const bool old = order == HandleOrder::old;
    const unsigned function = old ? handle.first : handle.second;
    initiator.old_byte_order = old;
    initiator.address = {.domain = handle.segment,
                         .bus = old ? handle.second : handle.first,
                         .device = static_cast<std::uint8_t>(function >> 3U),
                         .function = static_cast<std::uint8_t>(function & 7U)};
  }

  const AcpiTable& table_;
  Srat srat_;
  std::set<std::uint32_t> seen_;
  std::set<std::uint32_t> cpu_pxms_;
  bool first_pass_ = true;       // over all but memory; it has not ended
  std::vector<Handle> handles_;  // of srat_.generic_initiators, in that order
};

}  // namespace

Result<Srat> parse_srat(const AcpiTable& table) {
  return SratParser(table).parse();
}

std::map<std::uint32_t, unsigned> replay_pxm_to_node(const Srat& srat) {
  // acpi_map_pxm_to_node() gives each new domain the first unused number.
  std::map<std::uint32_t, unsigned> nodes;
  for (const std::uint32_t pxm : srat.pxm_order) {
    nodes.emplace(pxm, static_cast<unsigned>(nodes.size()));
  }
  return nodes;
}

}  // namespace nvgpuctl
