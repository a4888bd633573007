// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include <memory>
#include <string>
#include <vector>

namespace nvgpuctl {

// The values of what an XPath selects in an XML text: attributes' values,
// elements' text. A text that is no XML gives "NOT XML". The prefixes qemu, m
// (for what a merge has added) and f (for fragments) are known.
inline std::vector<std::string> xpath(const std::string& xml,
                                      const std::string& expression) {
  const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> document(
      xmlReadMemory(xml.data(), static_cast<int>(xml.size()), "test.xml",
                    nullptr, XML_PARSE_NONET | XML_PARSE_NOERROR),
      &xmlFreeDoc);
  if (!document) {
    return {"NOT XML"};
  }
  const std::unique_ptr<xmlXPathContext, decltype(&xmlXPathFreeContext)>
      context(xmlXPathNewContext(document.get()), &xmlXPathFreeContext);
  xmlXPathRegisterNs(context.get(), BAD_CAST "qemu",
                     BAD_CAST "http://libvirt.org/schemas/domain/qemu/1.0");
  xmlXPathRegisterNs(context.get(), BAD_CAST "f",
                     BAD_CAST "urn:nvgpuctl:fragment:1");
  xmlXPathRegisterNs(context.get(), BAD_CAST "m",
                     BAD_CAST "urn:nvgpuctl:domain:1");
  const std::unique_ptr<xmlXPathObject, decltype(&xmlXPathFreeObject)> found(
      xmlXPathEvalExpression(BAD_CAST expression.c_str(), context.get()),
      &xmlXPathFreeObject);
  std::vector<std::string> values;
  if (!found || found->nodesetval == nullptr) {
    return values;
  }
  for (int i = 0; i < found->nodesetval->nodeNr; ++i) {
    xmlChar* text = xmlNodeGetContent(found->nodesetval->nodeTab[i]);
    values.emplace_back(reinterpret_cast<const char*>(text));
    xmlFree(text);
  }
  return values;
}

}  // namespace nvgpuctl
