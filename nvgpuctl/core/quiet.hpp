// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bind_plan.hpp"
#include "core/census.hpp"

namespace nvgpuctl {

// Of one GPU; keeps a record that names them small.
constexpr std::size_t kMaxQuietUnits = 16;

// What was stopped on a host so that a GPU could go, and is to run again when
// it comes back.
struct Quiet {
  std::vector<std::string> units;  // in the order in which they are stopped
  OnlineBlocks memory;             // blocks that were online

  bool empty() const { return units.empty() && memory.empty(); }
  friend bool operator==(const Quiet&, const Quiet&) = default;
};

// Stops the units, then takes the memory offline.
std::vector<Step> quiesce_steps(const Quiet& quiet);

// The way back: memory, then the units, the last one first. Whoever carries
// these out goes on where one fails: the GPU has arrived, and one service that
// does not start must not keep the others from it.
std::vector<Step> restore_steps(const Quiet& quiet);
bool is_restoration(const Step& step);

// What of `whole` is not in `part`.
Quiet without(const Quiet& whole, const Quiet& part);
Quiet merged(const Quiet& one, const Quiet& other);
// Where a GPU is gone, its memory is, too.
Quiet without_memory(Quiet quiet);

// The value of a step that changes memory blocks: "offline 896-1655".
struct BlockOrder {
  std::string word;  // what is written to each one's `state`
  std::vector<unsigned> blocks;
};
std::optional<BlockOrder> parse_block_order(std::string_view text);

// The value of a step that changes a unit: "stop nvidia-dcgm.service".
struct UnitOrder {
  std::string verb;  // "start" or "stop"
  std::string unit;
};
std::optional<UnitOrder> parse_unit_order(std::string_view text);

// What may stand behind systemctl: the name of a service.
bool is_unit_name(std::string_view name);

}  // namespace nvgpuctl
