// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_edit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "core/xml_graft.hpp"
#include "core/xml_reader.hpp"
#include "core/xml_text.hpp"

namespace nvgpuctl {
namespace {

std::string full_name(const xmlNode* node) {
  const std::string name = reinterpret_cast<const char*>(node->name);
  return node->ns == nullptr || node->ns->prefix == nullptr
             ? name
             : fmt::format("{}:{}",
                           reinterpret_cast<const char*>(node->ns->prefix),
                           name);
}

// The `position`th child of a name, from 1.
std::optional<XmlElement> nth_child(XmlElement parent, std::string_view name,
                                    std::uint64_t position) {
  for (const XmlElement child : elements(parent)) {
    if (full_name(child.node()) == name && --position == 0) {
      return child;
    }
  }
  return std::nullopt;
}

// Follows "/domain/devices/hostdev[2]": only what XmlPlaces writes.
std::optional<XmlElement> find(XmlElement root, std::string_view xpath) {
  std::optional<XmlElement> at;
  for (const auto step :
       split(xpath.substr(std::min<std::size_t>(1, xpath.size())), '/')) {
    const auto bracket = step.find('[');
    const auto name = step.substr(0, bracket);
    const auto position = bracket == std::string_view::npos
                              ? std::optional<std::uint64_t>(1)
                              : parse_unsigned(step.substr(
                                    bracket + 1, step.size() - bracket - 2));
    if (!position || *position == 0) {
      return std::nullopt;
    }
    if (!at) {
      at = full_name(root.node()) == name ? std::optional(root) : std::nullopt;
    } else {
      at = nth_child(*at, name, *position);
    }
    if (!at) {
      return std::nullopt;
    }
  }
  return at;
}

void set_unit(XmlElement element, const DomainEdit& edit) {
  if (!edit.unit.empty()) {
    set_attribute(element, "unit", &edit.unit);
  }
}

// In its place in the order, which operators are used to.
void rename_attribute(XmlElement element, const DomainEdit& edit) {
  xmlAttr* attribute = xmlHasProp(element.node(), xml(edit.name));
  if (attribute != nullptr && !attribute_of(element, edit.value)) {
    xmlNodeSetName(reinterpret_cast<xmlNode*>(attribute), xml(edit.value));
  }
}

void add_first_child(XmlElement parent, const DomainEdit& edit) {
  const XmlDocument piece(edit.name);
  set_raw_text(piece.root(), edit.value);
  set_unit(piece.root(), edit);
  graft({parent}, piece.root());
}

Result<> apply(XmlElement root, const std::string& name,
               const DomainEdit& edit) {
  const auto element = find(root, edit.xpath);
  if (!element) {
    return fail(Errc::malformed, name,
                fmt::format("has no element {}", edit.xpath));
  }
  switch (edit.kind) {
    case DomainEdit::Kind::set_attribute:
      set_attribute(*element, edit.name, &edit.value);
      break;
    case DomainEdit::Kind::rename_attribute:
      rename_attribute(*element, edit);
      break;
    case DomainEdit::Kind::set_text:
      set_raw_text(*element, edit.value);
      set_unit(*element, edit);
      break;
    case DomainEdit::Kind::add_first_child:
      add_first_child(*element, edit);
      break;
  }
  return {};
}

}  // namespace

Result<std::string> edit_domain(std::string_view text, const std::string& name,
                                std::span<const DomainEdit> edits) {
  const auto document = parse_xml_document(text, name);
  if (!document) {
    return forward_error(document);
  }
  for (const DomainEdit& edit : edits) {
    auto done = apply(document->root(), name, edit);
    if (!done) {
      return forward_error(done);
    }
  }
  return text_like(*document, text);
}

}  // namespace nvgpuctl
