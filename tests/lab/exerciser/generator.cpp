// SPDX-License-Identifier: GPL-2.0-or-later
#include "generator.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace exerciser {
namespace {

constexpr unsigned kRandomAnchors = 12;

void set_weight(Weights& weights, Kind kind, unsigned weight) {
  weights.at(static_cast<std::size_t>(kind)) = weight;
}

}  // namespace

Weights usual_weights() {
  Weights weights{};
  set_weight(weights, Kind::read, 24000);
  set_weight(weights, Kind::write, 20000);
  set_weight(weights, Kind::read_bad_buffer, 1000);
  set_weight(weights, Kind::write_bad_buffer, 1000);
  set_weight(weights, Kind::copy_to_mapping, 500);
  set_weight(weights, Kind::copy_from_mapping, 500);
  set_weight(weights, Kind::map, 6000);
  set_weight(weights, Kind::load, 14000);
  set_weight(weights, Kind::store, 12000);
  set_weight(weights, Kind::unmap, 4000);
  set_weight(weights, Kind::move, 1500);
  set_weight(weights, Kind::resize, 700);
  set_weight(weights, Kind::protect, 1000);
  set_weight(weights, Kind::config_read, 4000);
  set_weight(weights, Kind::config_write, 5000);
  set_weight(weights, Kind::region_info, 2500);
  set_weight(weights, Kind::other_region, 500);
  set_weight(weights, Kind::ioeventfd, 300);
  set_weight(weights, Kind::dma_buf, 200);
  set_weight(weights, Kind::dma_map, 150);
  set_weight(weights, Kind::fork, 20);
  // These take the hardware tens of milliseconds and more each.
  set_weight(weights, Kind::power, 30);
  set_weight(weights, Kind::low_power, 20);
  set_weight(weights, Kind::reset, 15);
  set_weight(weights, Kind::open, 60);
  set_weight(weights, Kind::close, 50);
  set_weight(weights, Kind::storm, 100);
  set_weight(weights, Kind::storm_with_reset, 8);
  set_weight(weights, Kind::storm_with_decode_off, 40);
  // By choice of the caller.
  set_weight(weights, Kind::unbind, 0);
  return weights;
}

std::optional<Weights> only(std::string_view name) {
  const auto* const found =
      std::find(kKindNames.begin(), kKindNames.end(), name);
  if (found == kKindNames.end()) {
    return std::nullopt;
  }
  Weights weights{};
  weights.at(static_cast<std::size_t>(found - kKindNames.begin())) = 1;
  return weights;
}

Generator::Generator(Shape shape, std::uint64_t seed, const Weights& weights)
    : shape_(std::move(shape)),
      random_(seed),
      weights_(weights),
      total_(std::accumulate(weights.begin(), weights.end(), 0U)) {
  for (const auto& region : shape_.regions) {
    auto& anchors = anchors_[region.index];
    anchors = {0, region.size, region.size, region.bar_size};
    for (const auto unit : {kHugePage, kGiB}) {
      if (region.size > unit) {
        anchors.push_back(unit);
        anchors.push_back(round_down(region.size - 1, unit));
      }
    }
    for (unsigned i = 0; i < kRandomAnchors; i++) {
      anchors.push_back(
          round_down(random_.below(region.size), shape_.page_size));
    }
  }
}

Kind Generator::pick_kind() {
  auto ticket = random_.below(total_);
  std::size_t kind = 0;
  while (ticket >= weights_.at(kind)) {
    ticket -= weights_.at(kind);
    kind++;
  }
  return static_cast<Kind>(kind);
}

// The device is out of order only for a short while, or nothing would be
// tested but errors.
Generator::Made Generator::way_back(const Model& model) {
  if (model.files().empty() && random_.one_in(3)) {
    return make(Kind::open, model);
  }
  if (model.files().empty() || !random_.one_in(12)) {
    return std::nullopt;
  }
  Operation operation;
  operation.file = any_file(model);
  operation.on = false;
  if (model.suspended()) {
    operation.kind = Kind::power;
    return operation;
  }
  if (model.low_power()) {
    operation.kind = Kind::low_power;
    return operation;
  }
  if (!model.config().memory_enabled()) {
    operation.kind = Kind::config_write;
    operation.offset = ConfigModel::kCommand;
    operation.bytes = {ConfigModel::kMemoryEnable, 0};
    return operation;
  }
  return std::nullopt;
}

Operation Generator::next(const Model& model) {
  if (auto operation = way_back(model)) {
    return *operation;
  }
  for (;;) {
    if (auto operation = make(pick_kind(), model)) {
      return *operation;
    }
  }
}

Generator::Made Generator::make(Kind kind, const Model& model) {
  const bool needs_no_file = kind == Kind::open || kind == Kind::load ||
                             kind == Kind::store || kind == Kind::unmap ||
                             kind == Kind::move || kind == Kind::resize ||
                             kind == Kind::protect;
  if (model.files().empty() && !needs_no_file) {
    return std::nullopt;
  }
  switch (kind) {
    case Kind::read:
    case Kind::write:
      return make_transfer(kind, model);
    case Kind::read_bad_buffer:
    case Kind::write_bad_buffer:
      return make_bad_buffer(kind, model);
    case Kind::copy_to_mapping:
    case Kind::copy_from_mapping:
      return make_copy(kind, model);
    case Kind::map:
      return make_map(model);
    case Kind::load:
    case Kind::store:
      return make_touch(kind, model);
    case Kind::unmap:
      return make_unmap(model);
    case Kind::move:
    case Kind::resize:
    case Kind::protect:
      return make_remap(kind, model);
    case Kind::config_read:
      return make_config_read(model);
    case Kind::config_write:
      return make_config_write(model);
    case Kind::region_info:
    case Kind::other_region:
      return make_info(kind, model);
    case Kind::ioeventfd:
    case Kind::dma_buf:
      return make_range(kind, model);
    case Kind::dma_map:
      return make_dma_map(model);
    case Kind::open:
      return make_open(model);
    case Kind::storm:
    case Kind::storm_with_reset:
    case Kind::storm_with_decode_off:
      return make_storm(kind, model);
    default:
      return make_state(kind, model);
  }
}

unsigned Generator::any_file(const Model& model) {
  return one_of(model.files());
}

std::optional<unsigned> Generator::any_mapping(const Model& model) {
  if (model.mappings().empty()) {
    return std::nullopt;
  }
  auto place = model.mappings().begin();
  std::advance(place, random_.below(model.mappings().size()));
  return place->first;
}

std::optional<unsigned> Generator::free_mapping(const Model& model) {
  for (unsigned slot = 0; slot < kMappings; slot++) {
    if (!model.mappings().contains(slot)) {
      return slot;
    }
  }
  return std::nullopt;
}

const CoherentRegion& Generator::any_region() {
  return shape_.regions[random_.below(shape_.regions.size())];
}

std::uint64_t Generator::any_offset(const CoherentRegion& region) {
  static constexpr std::array<std::uint64_t, 5> kSpreads{1, 16, 16, 4096,
                                                         64 * kKiB};
  const auto anchor = one_of(anchors_.at(region.index));
  const auto delta = random_.below(one_of(kSpreads));
  if (random_.one_in(2)) {
    return anchor - std::min(anchor, delta);
  }
  return anchor + delta;
}

std::uint64_t Generator::any_length() {
  static constexpr std::array<std::uint64_t, 4> kWidths{1, 2, 4, 8};
  const auto ticket = random_.below(100);
  if (ticket < 50) {
    return one_of(kWidths);
  }
  if (ticket < 75) {
    return random_.below(65);
  }
  if (ticket < 94) {
    return random_.below(4200);
  }
  return random_.below(ticket < 99 ? 70 * kKiB : 300 * kKiB);
}

Generator::Made Generator::make_transfer(Kind kind, const Model& model) {
  const auto& region = any_region();
  Operation operation{.kind = kind,
                      .file = any_file(model),
                      .region = region.index,
                      .offset = any_offset(region),
                      .seed = random_.next()};
  // Several buffers show whether the file position moves.
  const auto pieces = random_.one_in(4) ? 2 + random_.below(3) : 1;
  for (std::uint64_t i = 0; i < pieces; i++) {
    operation.pieces.push_back(static_cast<std::uint32_t>(any_length()));
  }
  return operation;
}

Generator::Made Generator::make_bad_buffer(Kind kind, const Model& model) {
  const auto& region = any_region();
  Operation operation{.kind = kind,
                      .file = any_file(model),
                      .region = region.index,
                      .offset = any_offset(region),
                      .length = 1 + any_length(),
                      .seed = random_.next()};
  operation.present = random_.below(operation.length);
  return operation;
}

}  // namespace exerciser
