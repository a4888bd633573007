// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "model.hpp"
#include "operation.hpp"
#include "random.hpp"

namespace exerciser {

// Operations with these numbers of chances in all of theirs.
using Weights = std::array<unsigned, kKindCount>;
Weights usual_weights();
// None but of the kind with this name; nothing if there is none.
std::optional<Weights> only(std::string_view name);

// Invents operations. Which ones depends on the seed and on the model alone,
// never on what the device did, so that a seed replays.
class Generator {
 public:
  static constexpr unsigned kFiles = 3;
  static constexpr unsigned kMappings = 24;

  Generator(Shape shape, std::uint64_t seed, const Weights& weights);

  Operation next(const Model& model);

 private:
  // Nothing: not possible in this state.
  using Made = std::optional<Operation>;

  Kind pick_kind();
  Made make(Kind kind, const Model& model);
  Made way_back(const Model& model);
  Made make_transfer(Kind kind, const Model& model);
  Made make_bad_buffer(Kind kind, const Model& model);
  Made make_copy(Kind kind, const Model& model);
  Made make_map(const Model& model);
  Made make_touch(Kind kind, const Model& model);
  Made make_unmap(const Model& model);
  Made make_remap(Kind kind, const Model& model);
  Made make_config_read(const Model& model);
  Made make_config_write(const Model& model);
  Made make_info(Kind kind, const Model& model);
  Made make_range(Kind kind, const Model& model);
  Made make_dma_map(const Model& model);
  Made make_state(Kind kind, const Model& model);
  Made make_open(const Model& model);
  Made make_storm(Kind kind, const Model& model);

  template <class List>
  auto one_of(const List& list) {
    return list[random_.below(std::size(list))];
  }
  unsigned any_file(const Model& model);
  std::optional<unsigned> any_mapping(const Model& model);
  static std::optional<unsigned> free_mapping(const Model& model);
  const CoherentRegion& any_region();
  std::uint64_t any_offset(const CoherentRegion& region);
  std::uint64_t any_length();
  Placement any_placement(const CoherentRegion& region, std::uint64_t offset);
  std::uint64_t place_in(const Mapping& mapping);
  void set_header_bytes(Operation& operation);

  Shape shape_;
  Random random_;
  Weights weights_;
  unsigned total_ = 0;
  // Where accesses gather: the ends of things, and a few random places, so
  // that different ways to one byte meet there.
  std::map<unsigned, std::vector<std::uint64_t>> anchors_;
};

}  // namespace exerciser
