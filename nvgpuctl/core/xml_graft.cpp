// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/xml_graft.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "core/xml_reader.hpp"
#include "core/xml_text.hpp"

namespace nvgpuctl {
namespace {

bool is_text(const xmlNode* node) {
  return node != nullptr && node->type == XML_TEXT_NODE;
}

bool is_space(const xmlNode* node) {
  return is_text(node) && trim(view(node->content)).empty();
}

// The line break and indentation before a node; what stands before that, an
// empty line perhaps, is not for its neighbours.
std::string space_before(const xmlNode* node) {
  if (!is_space(node->prev)) {
    return {};
  }
  const auto space = view(node->prev->content);
  const auto line = space.rfind('\n');
  return std::string(line == std::string_view::npos ? space
                                                    : space.substr(line));
}

// What stands before each child of an element, if it has any.
const xmlNode* first_neighbour(const xmlNode* parent) {
  const xmlNode* other = nullptr;
  for (const xmlNode* at = parent->children; at != nullptr; at = at->next) {
    if (at->type == XML_ELEMENT_NODE) {
      return at;
    }
    if (!is_text(at) && other == nullptr) {
      other = at;
    }
  }
  return other;
}

// What a level is indented by.
std::string indentation(const xmlNode* node) {
  const xmlNode* root = xmlDocGetRootElement(node->doc);
  const xmlNode* first = first_neighbour(root);
  const std::string space = first == nullptr ? "" : space_before(first);
  return space.starts_with('\n') ? space.substr(1) : "";
}

std::string own_space(const xmlNode* node) {
  return node == xmlDocGetRootElement(node->doc) ? "\n" : space_before(node);
}

std::string space_for_child(const xmlNode* parent) {
  if (const xmlNode* first = first_neighbour(parent)) {
    return space_before(first);
  }
  const std::string own = own_space(parent);
  return own.empty() ? own : own + indentation(parent);
}

void add_text(xmlNode* parent, const std::string& text) {
  if (!text.empty()) {
    xmlAddChild(parent, need_memory(xmlNewDocText(parent->doc, xml(text))));
  }
}

// A namespace that is declared already, or else one declared here.
void copy_namespace(const xmlNode* from, xmlNode* to) {
  if (from->ns == nullptr) {
    return;
  }
  xmlNs* known = xmlSearchNsByHref(to->doc, to, from->ns->href);
  xmlSetNs(to, known != nullptr ? known
                                : need_memory(xmlNewNs(to, from->ns->href,
                                                       from->ns->prefix)));
}

// Fills `to`, whose place in the document is settled, from `from`: a piece that
// we have written, so it is not deep.
// NOLINTNEXTLINE(misc-no-recursion)
void copy_content(const xmlNode* from, xmlNode* to, const std::string& space,
                  const std::string& step) {
  copy_namespace(from, to);
  for (const xmlAttr* at = from->properties; at != nullptr; at = at->next) {
    need_memory(xmlNewNsProp(
        to, nullptr, at->name,
        at->children == nullptr ? xml("") : at->children->content));
  }
  const std::string inner = space.empty() ? space : space + step;
  bool elements_inside = false;
  for (const xmlNode* at = from->children; at != nullptr; at = at->next) {
    if (at->type == XML_ELEMENT_NODE) {
      elements_inside = true;
      add_text(to, inner);
      xmlNode* child =
          need_memory(xmlNewDocNode(to->doc, nullptr, at->name, nullptr));
      xmlAddChild(to, child);
      copy_content(at, child, inner, step);
    } else if (is_text(at) && !is_space(at)) {
      add_text(to, std::string(view(at->content)));
    }
  }
  if (elements_inside) {
    add_text(to, space);
  }
}

// A value between double quotes, as libxml2 writes it, for single ones.
void put_single_quoted(std::string_view value, std::string& out) {
  out += '\'';
  for (const char c : value) {
    c == '\'' ? out += "&apos;" : out += c;
  }
  out += '\'';
}

// What begins at `at` and is copied as it is, with its end: comments and the
// like.
std::size_t end_of_verbatim(std::string_view text, std::size_t at) {
  struct Kind {
    std::string_view start;
    std::string_view end;
  };
  for (const Kind& kind :
       {Kind{"<!--", "-->"}, Kind{"<![CDATA[", "]]>"}, Kind{"<?", "?>"}}) {
    if (text.substr(at).starts_with(kind.start)) {
      const auto end = text.find(kind.end, at + kind.start.size());
      return end == std::string_view::npos ? text.size()
                                           : end + kind.end.size();
    }
  }
  return at;
}

// `text` is libxml2's own, so every quote in a tag has its partner.
std::string single_quoted(std::string_view text) {
  std::string out;
  bool in_tag = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = in_tag ? at : end_of_verbatim(text, at);
    if (end > at) {
      out += text.substr(at, end - at);
      at = end;
      continue;
    }
    const char c = text[at++];
    const bool quote = in_tag && (c == '"' || c == '\'');
    const auto close = quote ? text.find(c, at) : std::string_view::npos;
    if (close == std::string_view::npos) {
      in_tag = c == '<' || (in_tag && c != '>');
      out += c;
      continue;
    }
    if (c == '"') {
      put_single_quoted(text.substr(at, close - at), out);
    } else {
      out += text.substr(at - 1, close + 2 - at);
    }
    at = close + 1;
  }
  return out;
}

}  // namespace

GraftPlace at_end(XmlElement parent) {
  xmlNode* last = parent.node()->last;
  while (is_text(last)) {
    last = last->prev;
  }
  return {parent, last};
}

GraftPlace behind(XmlElement parent, std::span<const std::string_view> names) {
  for (xmlNode* at = parent.node()->last; at != nullptr; at = at->prev) {
    if (at->type == XML_ELEMENT_NODE &&
        std::ranges::any_of(names, [&](std::string_view name) {
          return has_name(XmlElement(at), name);
        })) {
      return {parent, at};
    }
  }
  return at_end(parent);
}

XmlElement graft(const GraftPlace& place, XmlElement piece) {
  xmlNode* parent = place.parent.node();
  const bool was_empty = parent->children == nullptr;
  const std::string space = space_for_child(parent);
  xmlNode* node = need_memory(
      xmlNewDocNode(parent->doc, nullptr, piece.node()->name, nullptr));
  // The element first: libxml2 joins neighbouring texts.
  if (place.after != nullptr) {
    xmlAddNextSibling(place.after, node);
  } else if (parent->children != nullptr) {
    xmlAddPrevSibling(parent->children, node);
  } else {
    xmlAddChild(parent, node);
  }
  copy_content(piece.node(), node, space, indentation(parent));
  if (!space.empty()) {
    xmlAddPrevSibling(node,
                      need_memory(xmlNewDocText(parent->doc, xml(space))));
  }
  if (was_empty) {
    add_text(parent, own_space(parent));
  }
  return XmlElement(node);
}

void prune(XmlElement element) {
  xmlNode* node = element.node();
  if (is_space(node->prev)) {
    xmlNode* space = node->prev;
    xmlUnlinkNode(space);
    xmlFreeNode(space);
  }
  xmlUnlinkNode(node);
  xmlFreeNode(node);
}

bool is_empty(XmlElement element) {
  return element.node()->children == nullptr;
}

bool is_blank(XmlElement element) {
  for (const xmlNode* at = element.node()->children; at != nullptr;
       at = at->next) {
    if (!is_space(at)) {
      return false;
    }
  }
  return true;
}

void make_empty(XmlElement element) {
  xmlNode* node = element.node();
  while (node->children != nullptr) {
    xmlNode* child = node->children;
    xmlUnlinkNode(child);
    xmlFreeNode(child);
  }
}

bool has_only_text(XmlElement element) {
  const xmlNode* child = element.node()->children;
  return child == nullptr || (is_text(child) && child->next == nullptr);
}

std::string raw_text(XmlElement element) {
  const xmlNode* child = element.node()->children;
  return child == nullptr ? "" : std::string(view(child->content));
}

void set_raw_text(XmlElement element, std::string_view text) {
  make_empty(element);
  add_text(element.node(), std::string(text));
}

void set_attribute(XmlElement element, std::string_view name,
                   const std::string* value) {
  const std::string wanted(name);
  if (value != nullptr) {
    need_memory(
        xmlSetNsProp(element.node(), nullptr, xml(wanted), xml(*value)));
  } else {
    xmlUnsetNsProp(element.node(), nullptr, xml(wanted));
  }
}

std::string text_like(const XmlDocument& document, std::string_view source) {
  std::string text = document.unformatted();
  const auto root = std::min(source.find("<domain"), source.size());
  const auto single = source.find("='", root);
  const auto other = source.find("=\"", root);
  return single < other ? single_quoted(text) : text;
}

}  // namespace nvgpuctl
