// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <libxml/tree.h>

#include <memory>
#include <string>
#include <string_view>

// A thin layer over libxml2 for writing documents. Text from outside is safe
// to pass anywhere: libxml2 escapes it, and what XML cannot carry at all
// (control characters, broken UTF-8) is replaced by '?'. Running out of memory
// throws std::bad_alloc, as everywhere else.

namespace nvgpuctl {

// An element of an XmlDocument, valid as long as the document. Copying it
// copies the reference, not the element.
class XmlElement {
 public:
  explicit XmlElement(xmlNode* node) : node_(node) {}

  // Appends a child. A prefix as in "qemu:arg" must have been declared.
  XmlElement child(std::string_view name) const;
  XmlElement child(std::string_view name, std::string_view text) const;
  // Returns the element itself, for chains.
  XmlElement attribute(std::string_view name, std::string_view value) const;
  XmlElement attribute(std::string_view name, unsigned long long value) const;
  void comment(std::string_view text) const;
  XmlElement declare_namespace(std::string_view prefix,
                               std::string_view uri) const;

  // The child of that name, made when there is none yet.
  XmlElement need(std::string_view name) const;

  xmlNode* node() const { return node_; }

 private:
  xmlNode* node_;
};

class XmlDocument {
 public:
  // A root name with a prefix needs that prefix's URI.
  explicit XmlDocument(std::string_view root, std::string_view uri = {});
  // Takes over a parsed document that has a root.
  explicit XmlDocument(xmlDoc* parsed) : document_(parsed) {}

  XmlElement root() const;
  // Indented by two spaces, without an XML declaration.
  std::string text() const;
  // As it was read: nothing indented, an XML declaration if there was one.
  std::string unformatted() const;

 private:
  struct Free {
    void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
  };
  std::unique_ptr<xmlDoc, Free> document_;
};

// One element of a document as a text that stands alone: namespaces declared
// further up are declared in it.
std::string standalone_text(XmlElement element);

}  // namespace nvgpuctl
