// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

// libxml2 reports errors and opens files through global functions. While a
// LibxmlGuard lives, errors are collected, and the only files that exist are
// those it was given. One at a time, in one thread.

namespace nvgpuctl {

struct XmlMessage {
  int line = 0;
  std::string text;
};

class LibxmlGuard {
 public:
  explicit LibxmlGuard(const std::map<std::string, std::string>& files);
  ~LibxmlGuard();
  LibxmlGuard(const LibxmlGuard&) = delete;
  LibxmlGuard& operator=(const LibxmlGuard&) = delete;

  // What was reported since the last call.
  std::vector<XmlMessage> take_messages();

 private:
  std::vector<XmlMessage> messages_;
  xmlExternalEntityLoader loader_;
  xmlStructuredErrorFunc error_function_;
  void* error_context_;
};

struct FreeXml {
  void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
  void operator()(xmlRelaxNG* schema) const { xmlRelaxNGFree(schema); }
  void operator()(xmlRelaxNGParserCtxt* context) const {
    xmlRelaxNGFreeParserCtxt(context);
  }
  void operator()(xmlRelaxNGValidCtxt* context) const {
    xmlRelaxNGFreeValidCtxt(context);
  }
};
template <class T>
using XmlPtr = std::unique_ptr<T, FreeXml>;

// Nothing for a text that is no XML.
XmlPtr<xmlDoc> parse_xml(const std::string& text, const char* name);

// Nothing when the grammar cannot be used.
XmlPtr<xmlRelaxNG> parse_grammar(const std::string& text, const char* name);

bool matches(xmlRelaxNG* grammar, xmlDoc* document);

}  // namespace nvgpuctl
