// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

// Small changes to a domain that somebody else has written.

namespace nvgpuctl {

struct DomainEdit {
  enum class Kind {
    set_attribute,     // `name` = `value`, made where it is not there
    rename_attribute,  // `name` becomes `value`
    set_text,          // the element's text becomes `value`
    add_first_child,   // <name unit=> with the text `value`, before the others
  };
  Kind kind = Kind::set_attribute;
  std::string xpath;  // of the element, as XmlPlace has it
  std::string name;
  std::string value;
  std::string unit;  // for a text that is a size: "GiB"; "" for none

  friend bool operator==(const DomainEdit&, const DomainEdit&) = default;
};

// The document with all edits made. Everything else stays as it is, comments,
// white space and foreign namespaces too, as far as libxml2 keeps it: in
// tags, declarations of namespaces come first, white space is one blank and
// quotes become one kind. Errors: no XML; an element that is not there
// (malformed).
Result<std::string> edit_domain(std::string_view text, const std::string& name,
                                std::span<const DomainEdit> edits);

}  // namespace nvgpuctl
