// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/xml_builder.hpp"

// Adds elements to a document that somebody else has written and takes them
// out again, white space included, so that afterwards it is what it was. What
// is added is indented as its neighbours are, and stays on one line where they
// do.

namespace nvgpuctl {

// A place among the children of `parent`: right behind `after`, which is no
// text, or before all of them.
struct GraftPlace {
  XmlElement parent;
  xmlNode* after = nullptr;
};
GraftPlace at_end(XmlElement parent);
// Behind the last child of one of the names; else at the end.
GraftPlace behind(XmlElement parent, std::span<const std::string_view> names);

// Copies an element with all that is below it, but without comments, and
// returns the copy.
XmlElement graft(const GraftPlace& place, XmlElement piece);

// Takes an element out, and the white space before it.
void prune(XmlElement element);

// No child at all, not even text.
bool is_empty(XmlElement element);
// No child but white space.
bool is_blank(XmlElement element);
// Removes the white space of such an element.
void make_empty(XmlElement element);

// The text of an element that has no other child; sets it, too.
bool has_only_text(XmlElement element);
std::string raw_text(XmlElement element);
void set_raw_text(XmlElement element, std::string_view text);
// Sets or, for nothing, removes an attribute without a namespace.
void set_attribute(XmlElement element, std::string_view name,
                   const std::string* value);

// The document in the style of the text that it came from: libvirt puts
// attributes in single quotes, most others in double ones.
std::string text_like(const XmlDocument& document, std::string_view source);

}  // namespace nvgpuctl
