// SPDX-License-Identifier: GPL-2.0-or-later
// Operations on mappings, configuration space and the device as a whole.
#include <algorithm>

#include "generator.hpp"

namespace exerciser {
namespace {

// Pinning goes page by page.
constexpr std::uint64_t kMostForDma = 8 * kMiB;
constexpr std::uint64_t kHeader = ConfigModel::kHeader;
constexpr std::uint64_t kFirstBar = 0x10;
constexpr std::uint64_t kBehindBars = 0x28;
// PCI_BIST: writing it could start a self test.
constexpr std::uint64_t kSelfTest = 0x0F;

bool overlap(std::uint64_t a, std::uint64_t b, std::uint64_t length) {
  return a < b + length && b < a + length;
}

}  // namespace

Placement Generator::any_placement(const CoherentRegion& region,
                                   std::uint64_t offset) {
  const auto page = shape_.page_size;
  const std::array<std::uint64_t, 3> alignments{page, kHugePage, kGiB};
  const auto alignment = one_of(alignments);
  Placement placement{.alignment = alignment, .skew = 0};
  if (random_.one_in(2) && offset < region.size) {
    placement.skew = offset % alignment;  // as the memory is
  } else if (random_.one_in(3)) {
    placement.skew = round_down(random_.below(alignment), page);
  }
  return placement;
}

Generator::Made Generator::make_map(const Model& model) {
  const auto slot = free_mapping(model);
  if (!slot) {
    return std::nullopt;
  }
  const auto& region = any_region();
  const auto page = shape_.page_size;
  Operation operation{.kind = Kind::map,
                      .file = any_file(model),
                      .mapping = *slot,
                      .region = region.index};
  operation.offset = any_offset(region);
  if (!random_.one_in(12)) {
    operation.offset = round_down(operation.offset, page);
  }
  const auto left =
      region.size - std::min(region.size, round_down(operation.offset, page));
  const auto ticket = random_.below(100);
  if (ticket < 40) {
    operation.length = random_.below(17 * page);
  } else if (ticket < 70) {
    operation.length = random_.below(2 * kHugePage + page);
  } else if (ticket < 85) {
    operation.length = left;
  } else {
    operation.length = left + random_.below(3 * page);
  }
  // Most of the time a mapping that works; its errors are tested enough.
  if (ticket < 70 && left > 0 && !random_.one_in(8)) {
    operation.length = std::clamp<std::uint64_t>(operation.length, 1, left);
  }
  const auto protection = random_.below(10);
  operation.readable = protection != 0;
  operation.writable = protection > 1;
  operation.shared = !random_.one_in(15);
  operation.placement = any_placement(region, operation.offset);
  return operation;
}

// Where in a mapping: near its ends, or where other accesses go, too.
std::uint64_t Generator::place_in(const Mapping& mapping) {
  const auto spread = std::min<std::uint64_t>(mapping.length, 64 * kKiB);
  const auto ticket = random_.below(4);
  if (ticket == 0) {
    return random_.below(spread);
  }
  if (ticket == 1) {
    return mapping.length - 1 - random_.below(spread);
  }
  const auto offset = any_offset(*shape_.find(mapping.region));
  if (offset >= mapping.offset && offset < mapping.offset + mapping.length) {
    return offset - mapping.offset;
  }
  return random_.below(spread);
}

Generator::Made Generator::make_touch(Kind kind, const Model& model) {
  const auto slot = any_mapping(model);
  if (!slot) {
    return std::nullopt;
  }
  const auto& mapping = model.mappings().at(*slot);
  if (kind == Kind::load && !mapping.readable && mapping.writable) {
    return std::nullopt;  // depends on the architecture
  }
  Operation operation{.kind = kind,
                      .mapping = *slot,
                      .region = mapping.region,
                      .seed = random_.next()};
  operation.at = place_in(mapping);
  operation.offset = mapping.offset + operation.at;
  operation.length =
      std::clamp<std::uint64_t>(any_length(), 1, mapping.length - operation.at);
  return operation;
}

Generator::Made Generator::make_copy(Kind kind, const Model& model) {
  const auto slot = any_mapping(model);
  if (!slot) {
    return std::nullopt;
  }
  const auto& mapping = model.mappings().at(*slot);
  if (!mapping.readable || !mapping.writable) {
    return std::nullopt;
  }
  const auto& region = any_region();
  Operation operation{.kind = kind,
                      .file = any_file(model),
                      .mapping = *slot,
                      .region = region.index,
                      .offset = any_offset(region),
                      .at = place_in(mapping)};
  if (operation.offset >= region.size) {
    return std::nullopt;
  }
  operation.length = std::min({1 + any_length(), region.size - operation.offset,
                               mapping.length - operation.at});
  if (region.index == mapping.region &&
      overlap(operation.offset, mapping.offset + operation.at,
              operation.length)) {
    return std::nullopt;
  }
  return operation;
}

Generator::Made Generator::make_unmap(const Model& model) {
  const auto slot = any_mapping(model);
  if (!slot) {
    return std::nullopt;
  }
  const auto& mapping = model.mappings().at(*slot);
  Operation operation{.kind = Kind::unmap,
                      .mapping = *slot,
                      .region = mapping.region,
                      .length = mapping.length};
  const auto rest = free_mapping(model);
  if (rest && random_.one_in(3)) {
    const auto pages = mapping.length / shape_.page_size;
    const auto first = random_.below(pages);
    operation.rest = *rest;
    operation.at = first * shape_.page_size;
    operation.length = (1 + random_.below(pages - first)) * shape_.page_size;
  }
  return operation;
}

Generator::Made Generator::make_remap(Kind kind, const Model& model) {
  const auto slot = any_mapping(model);
  if (!slot) {
    return std::nullopt;
  }
  const auto& mapping = model.mappings().at(*slot);
  const auto page = shape_.page_size;
  Operation operation{.kind = kind,
                      .mapping = *slot,
                      .region = mapping.region,
                      .length = mapping.length};
  if (kind == Kind::move) {
    operation.placement =
        any_placement(*shape_.find(mapping.region), mapping.offset);
  } else if (kind == Kind::resize) {
    operation.length = random_.one_in(2)
                           ? mapping.length + (1 + random_.below(16)) * page
                           : (1 + random_.below(mapping.length / page)) * page;
  } else {
    operation.readable = !random_.one_in(6);
    operation.writable = !random_.one_in(3);
  }
  return operation;
}

Generator::Made Generator::make_dma_map(const Model& model) {
  const auto slot = any_mapping(model);
  if (!slot || model.mappings().at(*slot).length > kMostForDma) {
    return std::nullopt;
  }
  const auto& mapping = model.mappings().at(*slot);
  return Operation{.kind = Kind::dma_map,
                   .mapping = *slot,
                   .region = mapping.region,
                   .length = mapping.length};
}

Generator::Made Generator::make_config_read(const Model& model) {
  Operation operation{.kind = Kind::config_read,
                      .file = any_file(model),
                      .region = kConfigRegion};
  const auto ticket = random_.below(200);
  if (ticket == 0) {
    operation.length = shape_.config_size;
  } else if (ticket < 10) {
    operation.offset = shape_.config_size - random_.below(8);
    operation.length = random_.below(16);
  } else if (ticket < 60) {
    operation.offset = kFirstBar + 4 * random_.below(6);
    operation.length = 4;
  } else {
    operation.offset = random_.below(kHeader);
    operation.length = random_.below(kHeader);
  }
  return operation;
}

// What must not be random of the header's bytes from operation.offset on.
void Generator::set_header_bytes(Operation& operation) {
  static constexpr std::array<std::uint8_t, 8> kCommands{2, 2, 2, 6,
                                                         6, 6, 0, 4};
  static constexpr std::array<std::uint8_t, 2> kHighCommands{0, 4};
  for (std::size_t i = 0; i < operation.bytes.size(); i++) {
    auto& byte = operation.bytes[i];
    const auto at = operation.offset + i;
    if (at == ConfigModel::kCommand) {
      byte = one_of(kCommands);
    } else if (at == ConfigModel::kCommand + 1) {
      byte = one_of(kHighCommands);
    } else if (at == kSelfTest) {
      byte = 0;
    }
  }
}

Generator::Made Generator::make_config_write(const Model& model) {
  if (model.suspended()) {
    return std::nullopt;
  }
  Operation operation{.kind = Kind::config_write,
                      .file = any_file(model),
                      .region = kConfigRegion};
  std::uint64_t count = 0;
  const auto ticket = random_.below(100);
  if (ticket < 35) {
    operation.offset = kFirstBar + 4 * random_.below(6);
    count = random_.one_in(3) ? 8 : 4;
    count = std::min(count, kBehindBars - operation.offset);
  } else if (ticket < 60) {
    operation.offset = kFirstBar + random_.below(kBehindBars - kFirstBar);
    count = random_.below(kBehindBars - operation.offset + 1);
  } else if (ticket < 85) {
    operation.offset = random_.below(kHeader);
    count = random_.below(kHeader - operation.offset + 1);
  } else if (ticket < 95) {
    operation.offset = ConfigModel::kCommand;
    count = 1 + random_.below(2);
  } else {
    operation.offset = shape_.config_size + random_.below(64);
    count = random_.below(9);
  }
  operation.bytes.resize(count);
  random_.fill(operation.bytes);
  if (random_.one_in(3)) {
    std::fill(operation.bytes.begin(), operation.bytes.end(), 0xFF);
  }
  set_header_bytes(operation);
  return operation;
}

Generator::Made Generator::make_info(Kind kind, const Model& model) {
  Operation operation{.kind = kind, .file = any_file(model)};
  if (kind == Kind::region_info) {
    operation.region = any_region().index;
    operation.length = random_.below(130);  // argsz
  } else {
    // The upper half of a 64-bit BAR, or no region at all.
    static constexpr std::array<unsigned, 6> kNone{1, 3, 5, 9, 10, 4000};
    operation.region = one_of(kNone);
    operation.offset = random_.below(64);
    operation.length = random_.below(16);
    operation.on = random_.one_in(2);  // a write
  }
  return operation;
}

Generator::Made Generator::make_range(Kind kind, const Model& model) {
  const auto& region = any_region();
  Operation operation{.kind = kind,
                      .file = any_file(model),
                      .region = region.index,
                      .offset = any_offset(region)};
  if (!random_.one_in(8)) {
    operation.offset = round_down(operation.offset, shape_.page_size);
  }
  operation.length = random_.below(32) * shape_.page_size;
  return operation;
}

Generator::Made Generator::make_state(Kind kind, const Model& model) {
  Operation operation{.kind = kind, .file = any_file(model), .on = true};
  const bool usual = model.touchable() && model.accessible();
  switch (kind) {
    case Kind::power:
      if (shape_.power_register == 0 || !usual) {
        return std::nullopt;
      }
      return operation;
    case Kind::low_power:
      if (!shape_.low_power || model.suspended()) {
        return std::nullopt;
      }
      return operation;  // entering twice is an error
    case Kind::reset:
      return shape_.can_reset ? Made(operation) : std::nullopt;
    case Kind::fork:
      return usual && !model.mappings().empty() ? Made(operation)
                                                : std::nullopt;
    case Kind::unbind:
      return usual ? Made(operation) : std::nullopt;
    default:
      return operation;  // close
  }
}

Generator::Made Generator::make_open(const Model& model) {
  for (unsigned slot = 0; slot < kFiles; slot++) {
    if (!model.has_file(slot)) {
      return Operation{.kind = Kind::open, .file = slot};
    }
  }
  return std::nullopt;
}

Generator::Made Generator::make_storm(Kind kind, const Model& model) {
  if (model.mappings().empty() || !model.touchable() || !model.accessible() ||
      (kind == Kind::storm_with_reset && !shape_.can_reset)) {
    return std::nullopt;
  }
  return Operation{
      .kind = kind, .file = any_file(model), .seed = random_.next()};
}

}  // namespace exerciser
