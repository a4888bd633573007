// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/libxml_guard.hpp"

#include <libxml/parserInternals.h>

#include <climits>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "core/xml_text.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kMaxMessages = 64;

// What the global loader hands out; null between guards.
const std::map<std::string, std::string>*& guarded_files() {
  static const std::map<std::string, std::string>* files = nullptr;
  return files;
}

xmlParserInput* load(const char* url, const char* /*id*/,
                     xmlParserCtxt* context) {
  const std::string_view path = url == nullptr ? "" : url;
  const std::string name(path.substr(path.find_last_of('/') + 1));
  const auto* files = guarded_files();
  const auto file = files->find(name);
  if (file == files->end()) {
    return nullptr;
  }
  xmlParserInput* input = xmlNewStringInputStream(context, xml(file->second));
  if (input != nullptr) {
    // Freed with the input; includes are resolved against it.
    input->filename = reinterpret_cast<char*>(xmlStrdup(xml(name)));
  }
  return input;
}

// libxml2 2.12 made the second argument const; this fits both.
template <class ErrorPointer>
void collect(void* messages, ErrorPointer error) {
  auto& list = *static_cast<std::vector<XmlMessage>*>(messages);
  if (list.size() < kMaxMessages && error->message != nullptr) {
    list.push_back(
        {.line = error->line, .text = std::string(trim(error->message))});
  }
}

}  // namespace

LibxmlGuard::LibxmlGuard(const std::map<std::string, std::string>& files)
    : loader_(xmlGetExternalEntityLoader()),
      error_function_(xmlStructuredError),
      error_context_(xmlStructuredErrorContext) {
  guarded_files() = &files;
  xmlSetExternalEntityLoader(load);
  xmlSetStructuredErrorFunc(&messages_, collect);
}

LibxmlGuard::~LibxmlGuard() {
  xmlSetStructuredErrorFunc(error_context_, error_function_);
  xmlSetExternalEntityLoader(loader_);
  guarded_files() = nullptr;
}

std::vector<XmlMessage> LibxmlGuard::take_messages() {
  return std::exchange(messages_, {});
}

XmlPtr<xmlDoc> parse_xml(const std::string& text, const char* name) {
  if (text.size() > INT_MAX) {
    return nullptr;
  }
  // Without NOENT and DTDLOAD: entities are neither expanded nor fetched.
  return XmlPtr<xmlDoc>(xmlReadMemory(text.data(),
                                      static_cast<int>(text.size()), name,
                                      nullptr, XML_PARSE_NONET));
}

XmlPtr<xmlRelaxNG> parse_grammar(const std::string& text, const char* name) {
  const XmlPtr<xmlDoc> document = parse_xml(text, name);
  if (!document) {
    return nullptr;
  }
  const XmlPtr<xmlRelaxNGParserCtxt> context(
      xmlRelaxNGNewDocParserCtxt(document.get()));
  return XmlPtr<xmlRelaxNG>(context ? xmlRelaxNGParse(context.get()) : nullptr);
}

bool matches(xmlRelaxNG* grammar, xmlDoc* document) {
  const XmlPtr<xmlRelaxNGValidCtxt> context(xmlRelaxNGNewValidCtxt(grammar));
  return context && xmlRelaxNGValidateDoc(context.get(), document) == 0;
}

}  // namespace nvgpuctl
