// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/xml_builder.hpp"

#include <libxml/xmlsave.h>

#include <utility>

#include "core/xml_text.hpp"

namespace nvgpuctl {
namespace {

// XML 1.0 §2.2: of the control characters only tab, newline and carriage
// return may occur, not even as a reference. DEL and the C1 controls may, but
// are discouraged, and terminals obey them.
bool forbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

std::string clean(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (forbidden(c)) {
      c = '?';
    }
  }
  if (xmlCheckUTF8(xml(out)) == 0) {
    for (char& c : out) {
      if (static_cast<unsigned char>(c) >= 0x80) {
        c = '?';
      }
    }
  }
  for (std::size_t i = 0; i + 1 < out.size(); ++i) {
    if (out[i] == '\xC2' && static_cast<unsigned char>(out[i + 1]) < 0xA0) {
      out.replace(i, 2, "?");
    }
  }
  return out;
}

// XML 1.0 §2.5: "--" ends a comment too early, and a '-' may not be its last
// character. Elsewhere libxml2 escapes a carriage return.
std::string clean_comment(std::string_view text) {
  std::string out = " ";
  for (const char c : clean(text)) {
    if (c == '-' && out.back() == '-') {
      out += ' ';
    }
    out += c == '\r' ? '?' : c;
  }
  return out + ' ';
}

std::pair<std::string, std::string> split_prefix(std::string_view name) {
  const auto colon = name.find(':');
  if (colon == std::string_view::npos) {
    return {"", std::string(name)};
  }
  return {std::string(name.substr(0, colon)),
          std::string(name.substr(colon + 1))};
}

xmlNs* find_namespace(xmlNode* node, const std::string& prefix) {
  return prefix.empty() ? nullptr : xmlSearchNs(node->doc, node, xml(prefix));
}

constexpr int kIndented = XML_SAVE_FORMAT | XML_SAVE_NO_DECL;

std::string serialise(xmlDoc* document, int options) {
  const std::unique_ptr<xmlBuffer, decltype(&xmlBufferFree)> buffer(
      need_memory(xmlBufferCreate()), &xmlBufferFree);
  xmlSaveCtxt* save =
      need_memory(xmlSaveToBuffer(buffer.get(), "UTF-8", options));
  xmlSaveDoc(save, document);
  xmlSaveClose(save);
  return {reinterpret_cast<const char*>(xmlBufferContent(buffer.get())),
          static_cast<std::size_t>(xmlBufferLength(buffer.get()))};
}

}  // namespace

XmlElement XmlElement::child(std::string_view name) const {
  const auto [prefix, local] = split_prefix(name);
  // Not xmlNewChild(): without a namespace that one takes the parent's.
  xmlNode* node = need_memory(xmlNewDocNode(
      node_->doc, find_namespace(node_, prefix), xml(local), nullptr));
  return XmlElement(xmlAddChild(node_, node));
}

XmlElement XmlElement::child(std::string_view name,
                             std::string_view text) const {
  const XmlElement element = child(name);
  xmlAddChild(element.node_,
              need_memory(xmlNewDocText(node_->doc, xml(clean(text)))));
  return element;
}

XmlElement XmlElement::attribute(std::string_view name,
                                 std::string_view value) const {
  need_memory(
      xmlNewNsProp(node_, nullptr, xml(std::string(name)), xml(clean(value))));
  return *this;
}

XmlElement XmlElement::attribute(std::string_view name,
                                 unsigned long long value) const {
  return attribute(name, std::to_string(value));
}

void XmlElement::comment(std::string_view text) const {
  xmlAddChild(node_, need_memory(xmlNewDocComment(node_->doc,
                                                  xml(clean_comment(text)))));
}

XmlElement XmlElement::declare_namespace(std::string_view prefix,
                                         std::string_view uri) const {
  need_memory(xmlNewNs(node_, xml(std::string(uri)), xml(std::string(prefix))));
  return *this;
}

XmlElement XmlElement::need(std::string_view name) const {
  const std::string wanted(name);
  for (xmlNode* at = node_->children; at != nullptr; at = at->next) {
    if (at->type == XML_ELEMENT_NODE && xmlStrEqual(at->name, xml(wanted))) {
      return XmlElement(at);
    }
  }
  return child(name);
}

XmlDocument::XmlDocument(std::string_view root, std::string_view uri)
    : document_(need_memory(xmlNewDoc(xml("1.0")))) {
  const auto [prefix, local] = split_prefix(root);
  xmlNode* node =
      need_memory(xmlNewDocNode(document_.get(), nullptr, xml(local), nullptr));
  xmlDocSetRootElement(document_.get(), node);
  if (!prefix.empty()) {
    xmlSetNs(node,
             need_memory(xmlNewNs(node, xml(std::string(uri)), xml(prefix))));
  }
}

XmlElement XmlDocument::root() const {
  return XmlElement(xmlDocGetRootElement(document_.get()));
}

std::string XmlDocument::text() const {
  return serialise(document_.get(), kIndented);
}

std::string XmlDocument::unformatted() const {
  // libxml2 has -1 where there was no declaration (xmlDoc::standalone).
  return serialise(document_.get(),
                   document_->standalone == -1 ? XML_SAVE_NO_DECL : 0);
}

std::string standalone_text(XmlElement element) {
  const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> document(
      need_memory(xmlNewDoc(xml("1.0"))), &xmlFreeDoc);
  xmlNode* copy =
      need_memory(xmlDocCopyNode(element.node(), document.get(), 1));
  xmlDocSetRootElement(document.get(), copy);
  xmlReconciliateNs(document.get(), copy);
  return serialise(document.get(), kIndented);
}

}  // namespace nvgpuctl
