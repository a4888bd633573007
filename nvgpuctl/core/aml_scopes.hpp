// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "core/aml.hpp"

namespace nvgpuctl::aml {

// The named objects that enclose the position of a walk, and the ancestors
// that their names mention. Grows and shrinks as the walk enters and leaves
// packages, so it never holds a whole namespace. Node 0 is the root.
class Scopes {
 public:
  using Node = std::uint32_t;

  explicit Scopes(Bytes body) : body_(body), entries_(1) {}

  std::size_t size() const { return entries_.size(); }
  void shrink_to(std::size_t size) { entries_.resize(size); }

  // The node of the first `segments` of a name that is used inside `base`;
  // nothing when it leads above the root or too deep below it.
  //
  // A relative name is taken from the enclosing object. The upward search that
  // ACPI makes for a lone segment would need the namespace of every table, and
  // firmware does not rely on it for the scopes that matter here.
  std::optional<Node> resolve(Node base, const NameString& name,
                              std::uint32_t segments);

  // As /sys/…/firmware_node/path spells it: "\\_SB_.PCI9.RP00".
  std::string path(Node node) const;

  // The last four characters of a name, or nothing for a null name.
  std::string_view last_segment(const NameString& name) const {
    if (name.segments == 0) {
      return {};
    }
    return segment(name.first + (name.segments - 1) * kSegmentSize);
  }

  // Four characters of the body.
  std::string_view segment(std::size_t offset) const {
    return {reinterpret_cast<const char*>(body_.data()) + offset, kSegmentSize};
  }

 private:
  struct Entry {
    Node parent = 0;
    std::uint32_t depth = 0;  // segments below the root
    std::size_t segment = 0;  // offset of its four characters
  };

  Bytes body_;
  std::vector<Entry> entries_;
};

}  // namespace nvgpuctl::aml
