// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/quiet.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

using std::string_view;

constexpr std::string_view kBlocks = "/sys/devices/system/memory";
constexpr std::array<string_view, 3> kBlockWords{"offline", "online_movable",
                                                 "online_kernel"};

void add_blocks(std::vector<Step>& steps, string_view word,
                const std::vector<unsigned>& blocks, std::string purpose) {
  if (!blocks.empty()) {
    steps.push_back({StepKind::memory_blocks, std::string(kBlocks),
                     std::string(word) + ' ' + format_id_list(blocks),
                     std::move(purpose)});
  }
}

void add_unit(std::vector<Step>& steps, string_view verb,
              const std::string& unit, std::string purpose) {
  steps.push_back(
      {StepKind::unit, "", std::string(verb) + ' ' + unit, std::move(purpose)});
}

template <class T>
std::vector<T> difference(const std::vector<T>& whole,
                          const std::vector<T>& part) {
  std::vector<T> left;
  std::copy_if(whole.begin(), whole.end(), std::back_inserter(left),
               [&](const T& item) {
                 return std::find(part.begin(), part.end(), item) == part.end();
               });
  return left;
}

std::vector<unsigned> all_blocks(const std::vector<unsigned>& one,
                                 const std::vector<unsigned>& other) {
  std::vector<unsigned> all;
  std::set_union(one.begin(), one.end(), other.begin(), other.end(),
                 std::back_inserter(all));
  return all;
}

std::vector<unsigned> blocks_left(const std::vector<unsigned>& whole,
                                  const std::vector<unsigned>& part) {
  std::vector<unsigned> left;
  std::set_difference(whole.begin(), whole.end(), part.begin(), part.end(),
                      std::back_inserter(left));
  return left;
}

}  // namespace

std::vector<Step> quiesce_steps(const Quiet& quiet) {
  std::vector<Step> steps;
  for (const auto& unit : quiet.units) {
    add_unit(steps, "stop", unit, "it has the GPU open");
  }
  add_blocks(steps, "offline",
             all_blocks(quiet.memory.movable, quiet.memory.other),
             "the GPU's memory is in use as RAM of the host");
  return steps;
}

std::vector<Step> restore_steps(const Quiet& quiet) {
  std::vector<Step> steps;
  const std::string purpose = "the memory was RAM of the host before";
  add_blocks(steps, "online_movable", quiet.memory.movable, purpose);
  add_blocks(steps, "online_kernel", quiet.memory.other, purpose);
  // Not a view: clang-tidy 14 cannot read those of libstdc++ 12.
  for (std::size_t left = quiet.units.size(); left > 0; --left) {
    add_unit(steps, "start", quiet.units[left - 1], "it ran before");
  }
  return steps;
}

bool is_restoration(const Step& step) {
  return (step.kind == StepKind::unit && step.value.starts_with("start ")) ||
         (step.kind == StepKind::memory_blocks &&
          step.value.starts_with("online"));
}

Quiet without(const Quiet& whole, const Quiet& part) {
  return {difference(whole.units, part.units),
          {blocks_left(whole.memory.movable, part.memory.movable),
           blocks_left(whole.memory.other, part.memory.other)}};
}

Quiet without_memory(Quiet quiet) {
  quiet.memory = {};
  return quiet;
}

Quiet merged(const Quiet& one, const Quiet& other) {
  Quiet both = one;
  for (const auto& unit : difference(other.units, one.units)) {
    both.units.push_back(unit);
  }
  both.memory.movable = all_blocks(one.memory.movable, other.memory.movable);
  both.memory.other = all_blocks(one.memory.other, other.memory.other);
  return both;
}

std::optional<BlockOrder> parse_block_order(string_view text) {
  const auto space = text.find(' ');
  const auto word = text.substr(0, space);
  const bool known = std::find(kBlockWords.begin(), kBlockWords.end(), word) !=
                     kBlockWords.end();
  if (!known || space == string_view::npos) {
    return std::nullopt;
  }
  auto blocks = parse_id_list(text.substr(space + 1), kMaxMemoryBlock);
  return blocks ? std::optional(BlockOrder{std::string(word), *blocks})
                : std::nullopt;
}

std::optional<UnitOrder> parse_unit_order(string_view text) {
  const auto space = text.find(' ');
  if (space == string_view::npos) {
    return std::nullopt;
  }
  const auto verb = text.substr(0, space);
  const auto unit = text.substr(space + 1);
  if ((verb != "start" && verb != "stop") || !is_unit_name(unit)) {
    return std::nullopt;
  }
  return UnitOrder{std::string(verb), std::string(unit)};
}

bool is_unit_name(string_view name) {
  constexpr std::size_t kMaxName = 255;  // UNIT_NAME_MAX of systemd
  return name.size() <= kMaxName && name.ends_with(".service") &&
         name.front() != '-' && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') ||
                  ('0' <= c && c <= '9') ||
                  string_view(":-_.@\\").find(c) != string_view::npos;
         });
}

}  // namespace nvgpuctl
