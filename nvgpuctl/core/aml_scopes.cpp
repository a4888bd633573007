// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/aml_scopes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace nvgpuctl::aml {
namespace {

// The longest paths of real firmware have a dozen segments.
constexpr std::uint32_t kMaxPathSegments = 255;

}  // namespace

std::optional<Scopes::Node> Scopes::resolve(Node base, const NameString& name,
                                            std::uint32_t segments) {
  Node node = name.absolute ? 0 : base;
  for (std::uint32_t i = 0; i < name.parents; ++i) {
    if (node == 0) {
      return std::nullopt;
    }
    node = entries_[node].parent;
  }
  if (entries_[node].depth + segments > kMaxPathSegments) {
    return std::nullopt;
  }
  for (std::uint32_t i = 0; i < segments; ++i) {
    entries_.push_back({.parent = node,
                        .depth = entries_[node].depth + 1,
                        .segment = name.first + i * kSegmentSize});
    node = static_cast<Node>(entries_.size() - 1);
  }
  return node;
}

std::string Scopes::path(Node node) const {
  std::vector<std::string_view> segments;
  for (; node != 0; node = entries_[node].parent) {
    segments.push_back(segment(entries_[node].segment));
  }
  std::reverse(segments.begin(), segments.end());
  return fmt::format("\\{}", fmt::join(segments, "."));
}

}  // namespace nvgpuctl::aml
