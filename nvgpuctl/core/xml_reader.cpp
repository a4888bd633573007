// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/xml_reader.hpp"

#include <fmt/format.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include <memory>
#include <new>

#include "base/text.hpp"
#include "core/xml_text.hpp"

namespace nvgpuctl {
namespace {

using XmlString = std::unique_ptr<xmlChar, void (*)(void*)>;

// xmlFree is a macro for a variable.
XmlString owned(xmlChar* text) {
  return {text, [](void* memory) { xmlFree(memory); }};
}

// With its prefix, as XPath has it.
std::string full_name(const xmlNode* node) {
  std::string name(view(node->name));
  const auto prefix = view(node->ns == nullptr ? nullptr : node->ns->prefix);
  return prefix.empty() ? name : fmt::format("{}:{}", prefix, name);
}

// libxml2 prints to stderr what nobody takes; 2.12 made the second argument
// const, and this fits both.
template <class ErrorPointer>
void ignore(void* /*context*/, ErrorPointer /*error*/) {}

std::string first_problem(xmlParserCtxt* context, const std::string& name) {
  const auto* error = xmlCtxtGetLastError(context);
  if (error == nullptr || error->message == nullptr) {
    return name + ": is no XML document";
  }
  return fmt::format("{}:{}: {}", name, error->line, trim(error->message));
}

}  // namespace

Result<XmlDocument> parse_xml_document(std::string_view text,
                                       const std::string& name) {
  if (text.size() > kMaxXmlBytes) {
    return fail(Errc::malformed, name,
                fmt::format("has more than {}, which libvirt cannot carry",
                            human_size(kMaxXmlBytes)));
  }
  const std::unique_ptr<xmlParserCtxt, decltype(&xmlFreeParserCtxt)> context(
      xmlNewParserCtxt(), &xmlFreeParserCtxt);
  if (!context) {
    throw std::bad_alloc();
  }
  context->sax->serror = ignore;
  // Without NOENT and DTDLOAD: entities are neither expanded nor fetched.
  xmlDoc* parsed = xmlCtxtReadMemory(
      context.get(), text.data(), static_cast<int>(text.size()), nullptr,
      nullptr, XML_PARSE_NONET | XML_PARSE_BIG_LINES);
  if (parsed == nullptr) {
    return fail(Errc::malformed, name, first_problem(context.get(), name));
  }
  XmlDocument document(parsed);
  if (parsed->intSubset != nullptr || parsed->extSubset != nullptr) {
    return fail(Errc::malformed, name, "has a document type declaration",
                "no domain needs one; take it and its entities out");
  }
  return document;
}

XmlPlace place_of(XmlElement element) {
  const XmlString path = owned(xmlGetNodePath(element.node()));
  return {.xpath = std::string(view(path.get())),
          .line = xmlGetLineNo(element.node())};
}

XmlPlaces::XmlPlaces(XmlElement root) {
  std::vector<XmlElement> parents{root};
  while (!parents.empty()) {
    const XmlElement parent = parents.back();
    parents.pop_back();
    std::unordered_map<std::string, std::vector<const xmlNode*>> by_name;
    for (const XmlElement child : elements(parent)) {
      by_name[full_name(child.node())].push_back(child.node());
      parents.push_back(child);
    }
    for (const auto& [name, twins] : by_name) {
      for (unsigned i = 0; twins.size() > 1 && i < twins.size(); ++i) {
        positions_.emplace(twins[i], i + 1);
      }
    }
  }
}

XmlPlace XmlPlaces::of(XmlElement element) const {
  std::string path;
  for (const xmlNode* at = element.node();
       at != nullptr && at->type == XML_ELEMENT_NODE; at = at->parent) {
    const auto position = positions_.find(at);
    path = fmt::format("/{}{}{}", full_name(at),
                       position == positions_.end()
                           ? ""
                           : fmt::format("[{}]", position->second),
                       path);
  }
  return {.xpath = path, .line = xmlGetLineNo(element.node())};
}

bool has_name(XmlElement element, std::string_view name, std::string_view uri) {
  const xmlNs* space = element.node()->ns;
  return view(element.node()->name) == name &&
         view(space == nullptr ? nullptr : space->href) == uri;
}

std::vector<XmlElement> elements(XmlElement parent) {
  std::vector<XmlElement> out;
  for (xmlNode* at = parent.node()->children; at != nullptr; at = at->next) {
    if (at->type == XML_ELEMENT_NODE) {
      out.emplace_back(at);
    }
  }
  return out;
}

std::vector<XmlElement> elements(XmlElement parent, std::string_view name,
                                 std::string_view uri) {
  auto out = elements(parent);
  std::erase_if(
      out, [&](XmlElement element) { return !has_name(element, name, uri); });
  return out;
}

std::optional<XmlElement> first_element(XmlElement parent,
                                        std::string_view name,
                                        std::string_view uri) {
  for (const XmlElement element : elements(parent)) {
    if (has_name(element, name, uri)) {
      return element;
    }
  }
  return std::nullopt;
}

std::optional<std::string> attribute_of(XmlElement element,
                                        std::string_view name) {
  const XmlString value =
      owned(xmlGetNoNsProp(element.node(), xml(std::string(name))));
  return value ? std::optional(std::string(view(value.get()))) : std::nullopt;
}

std::string text_attribute(XmlElement element, std::string_view name) {
  return attribute_of(element, name).value_or("");
}

std::vector<std::pair<std::string, std::string>> attributes_of(
    XmlElement element) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const xmlAttr* at = element.node()->properties; at != nullptr;
       at = at->next) {
    if (at->ns == nullptr) {
      const std::string name(view(at->name));
      out.emplace_back(name, text_attribute(element, name));
    }
  }
  return out;
}

std::string text_of(XmlElement element) {
  const XmlString text = owned(xmlNodeGetContent(element.node()));
  return std::string(trim(view(text.get())));
}

}  // namespace nvgpuctl
