// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "core/xml_builder.hpp"
#include "core/xml_limits.hpp"
#include "core/xml_place.hpp"

// Reading XML that somebody else has written. Names without a prefix mean
// elements without a namespace, as all of libvirt's own are.

namespace nvgpuctl {

// Parses a whole document. `name` stands in messages: "guest.xml:12: …". No
// file is opened and no entity expanded; a document type declaration is
// refused, because no domain has one. Errors: malformed.
Result<XmlDocument> parse_xml_document(std::string_view text,
                                       const std::string& name);

// Slow where an element has very many siblings.
XmlPlace place_of(XmlElement element);

// The same for many elements of one document: what is written by somebody else
// may well have a hundred thousand siblings. Valid while the document does not
// change.
class XmlPlaces {
 public:
  explicit XmlPlaces(XmlElement root);
  XmlPlace of(XmlElement element) const;

 private:
  // Which of the siblings of its name an element is, from 1; nothing for those
  // that are the only one.
  std::unordered_map<const xmlNode*, unsigned> positions_;
};

bool has_name(XmlElement element, std::string_view name,
              std::string_view uri = {});

// Children that are elements: all, or those of a name.
std::vector<XmlElement> elements(XmlElement parent);
std::vector<XmlElement> elements(XmlElement parent, std::string_view name,
                                 std::string_view uri = {});
std::optional<XmlElement> first_element(XmlElement parent,
                                        std::string_view name,
                                        std::string_view uri = {});

// "" and nothing are different.
std::optional<std::string> attribute_of(XmlElement element,
                                        std::string_view name);
// What there is of it, where "" and nothing are the same.
std::string text_attribute(XmlElement element, std::string_view name);
// Names and values of all attributes without a namespace, in their order.
std::vector<std::pair<std::string, std::string>> attributes_of(
    XmlElement element);
// All text below the element, white space at both ends removed.
std::string text_of(XmlElement element);

}  // namespace nvgpuctl
