// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/domain_schema.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "core/xml_text.hpp"
#include "host/libxml_guard.hpp"

namespace nvgpuctl {
namespace {

// libvirt 12.8's largest is 350 KiB, and there are 27.
constexpr std::size_t kMaxSchemaFile = 4 * kMiB;
constexpr std::size_t kMaxSchemaFiles = 128;
constexpr std::size_t kMaxDomain = 16 * kMiB;
constexpr std::size_t kMaxMessages = 20;
constexpr std::string_view kEntryFile = "domain.rng";

// What newer releases brought: an attribute (or, without one, an element of
// that name) and the text by which a schema shows that it knows it.
struct NewerPart {
  std::string_view parent;
  std::string_view element;
  std::string_view attribute;
  std::string_view define;  // where in the schema; "" for anywhere
  std::string_view marker;
  std::string_view since;
};
constexpr std::array kNewerParts{
    NewerPart{"hostdev", "driver", "model", "", "define name=\"hostdevDriver\"",
              "10.0"},
    NewerPart{"hostdev", "acpi", "nodeset", "acpi", "name=\"nodeset\"", "11.8"},
    NewerPart{"iommu", "driver", "pciBus", "iommu", "name=\"pciBus\"", "11.10"},
    NewerPart{"hostdev", "driver", "iommufd", "hostdevDriver",
              "name=\"iommufd\"", "12.1"},
    NewerPart{"domain", "iommufd", "", "", "element name=\"iommufd\"", "12.2"},
    NewerPart{"iommu", "driver", "ssidsize", "iommu", "name=\"ssidsize\"",
              "12.7"},
};

// The schema's text of one define, or of everything when `define` is empty.
bool schema_says(const DomainSchema& schema, const NewerPart& part) {
  for (const auto& [name, text] : schema.texts) {
    std::string_view where = text;
    if (!part.define.empty()) {
      const auto start =
          where.find(fmt::format("define name=\"{}\"", part.define));
      if (start == std::string_view::npos) {
        continue;
      }
      where = where.substr(start);
      where = where.substr(0, where.find("</define>"));
    }
    if (where.find(part.marker) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

bool is_part(const xmlNode* node, const NewerPart& part) {
  return view(node->name) == part.element && node->parent != nullptr &&
         view(node->parent->name) == part.parent &&
         (part.attribute.empty() ||
          xmlHasProp(node, reinterpret_cast<const xmlChar*>(
                               part.attribute.data())) != nullptr);
}

// Calls visit for every element, in document order and without recursion:
// nesting is the author's choice. Metadata belongs to other programs and no
// schema describes it.
template <class Visit>
void for_each_element(xmlNode* root, Visit visit) {
  xmlNode* node = root;
  while (node != nullptr) {
    const bool element = node->type == XML_ELEMENT_NODE;
    if (element) {
      visit(node);
    }
    if (element && node->children != nullptr &&
        view(node->name) != "metadata") {
      node = node->children;
      continue;
    }
    while (node != root && node->next == nullptr) {
      node = node->parent;
    }
    node = node == root ? nullptr : node->next;
  }
}

std::vector<std::string> list_newer_parts(xmlDoc* domain,
                                          const DomainSchema& schema) {
  std::vector<std::string> found;
  for (const NewerPart& part : kNewerParts) {
    bool used = false;
    for_each_element(xmlDocGetRootElement(domain), [&](const xmlNode* node) {
      used = used || is_part(node, part);
    });
    if (used && !schema_says(schema, part)) {
      found.push_back(fmt::format(
          "schema too old for this domain: it has no {} in <{}> (libvirt {})",
          part.attribute.empty()
              ? fmt::format("<{}>", part.element)
              : fmt::format("<{} {}=>", part.element, part.attribute),
          part.parent, part.since));
    }
  }
  return found;
}

// Every name that the schema gives to an element or attribute, anywhere.
std::set<std::string_view> collect_names(const DomainSchema& schema,
                                         std::string_view what) {
  std::set<std::string_view> names;
  const std::string start = fmt::format("<{} name=", what);
  for (const auto& [file, text] : schema.texts) {
    const std::string_view all = text;
    for (auto at = all.find(start); at != std::string_view::npos;
         at = all.find(start, at + 1)) {
      const auto from = at + start.size() + 1;
      const auto to = all.find_first_of("\"'", from);
      if (to != std::string_view::npos) {
        names.insert(all.substr(from, to - from));
      }
    }
  }
  return names;
}

std::string did_you_mean(std::string_view word,
                         const std::set<std::string_view>& names) {
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const auto near = closest(word, candidates);
  return near ? fmt::format("; did you mean '{}'?", *near) : "";
}

// Names that occur nowhere in the schema: the commonest mistake, and the one
// that libxml2 reports worst ("Extra element devices in interleave").
std::vector<std::string> list_unknown_names(xmlDoc* domain,
                                            const DomainSchema& schema) {
  const auto elements = collect_names(schema, "element");
  const auto attributes = collect_names(schema, "attribute");
  std::vector<std::string> found;
  for_each_element(xmlDocGetRootElement(domain), [&](xmlNode* node) {
    const std::string_view name = view(node->name);
    const long line = xmlGetLineNo(node);
    if (!elements.contains(name)) {
      found.push_back(fmt::format("line {}: the schema knows no element <{}>{}",
                                  line, name, did_you_mean(name, elements)));
    }
    for (const xmlAttr* at = node->properties; at != nullptr; at = at->next) {
      if (!attributes.contains(view(at->name))) {
        found.push_back(fmt::format(
            "line {}: <{}>: the schema knows no attribute '{}'{}", line, name,
            view(at->name), did_you_mean(view(at->name), attributes)));
      }
    }
  });
  return found;
}

std::vector<std::string> format(const std::vector<XmlMessage>& messages) {
  std::vector<std::string> out;
  out.reserve(messages.size());
  for (const XmlMessage& message : messages) {
    out.push_back(message.line > 0
                      ? fmt::format("line {}: {}", message.line, message.text)
                      : message.text);
  }
  return out;
}

// The schema with one device as the whole document, which tells the bad device
// from the good ones. The names come from the domain, so only those that the
// schema defines get into the grammar.
XmlPtr<xmlRelaxNG> device_grammar(const DomainSchema& schema,
                                  std::string_view device) {
  const auto common = schema.texts.find("domaincommon.rng");
  if (common == schema.texts.end() ||
      common->second.find(fmt::format("<define name=\"{}\">", device)) ==
          std::string::npos) {
    return nullptr;
  }
  return parse_grammar(
      fmt::format("<grammar xmlns='http://relaxng.org/ns/structure/1.0'>"
                  "<include href='domaincommon.rng'/>"
                  "<start><ref name='{}'/></start></grammar>",
                  device),
      "device.rng");
}

xmlNode* find_child(xmlNode* parent, std::string_view name) {
  for (xmlNode* at = parent->children; at != nullptr; at = at->next) {
    if (at->type == XML_ELEMENT_NODE && view(at->name) == name) {
      return at;
    }
  }
  return nullptr;
}

std::vector<std::string> list_bad_devices(xmlDoc* domain,
                                          const DomainSchema& schema,
                                          LibxmlGuard& libxml) {
  xmlNode* devices = find_child(xmlDocGetRootElement(domain), "devices");
  if (devices == nullptr) {
    return {};
  }
  std::map<std::string, XmlPtr<xmlRelaxNG>, std::less<>> grammars;
  std::vector<std::string> found;
  for (xmlNode* device = devices->children;
       device != nullptr && found.size() < kMaxMessages;
       device = device->next) {
    if (device->type != XML_ELEMENT_NODE) {
      continue;
    }
    const std::string name(view(device->name));
    auto grammar = grammars.find(name);
    if (grammar == grammars.end()) {
      grammar = grammars.emplace(name, device_grammar(schema, name)).first;
    }
    const XmlPtr<xmlDoc> alone(xmlNewDoc(nullptr));
    xmlDocSetRootElement(alone.get(), xmlDocCopyNode(device, alone.get(), 1));
    libxml.take_messages();
    if (grammar->second && !matches(grammar->second.get(), alone.get())) {
      const auto why = libxml.take_messages();
      found.push_back(fmt::format("line {}: <{}> does not match the schema: {}",
                                  xmlGetLineNo(device), name,
                                  why.empty() ? "" : why.front().text));
    }
  }
  return found;
}

// From the most to the least helpful.
std::vector<std::string> list_violations(xmlDoc* domain,
                                         const DomainSchema& schema,
                                         LibxmlGuard& libxml) {
  auto general = format(libxml.take_messages());
  auto violations = list_unknown_names(domain, schema);
  if (violations.empty()) {
    violations = list_bad_devices(domain, schema, libxml);
  }
  if (violations.empty()) {
    violations = std::move(general);
  }
  if (violations.empty()) {
    violations.emplace_back("does not match the schema");
  }
  if (violations.size() > kMaxMessages) {
    violations.resize(kMaxMessages);
    violations.emplace_back("and more");
  }
  return violations;
}

Result<DomainSchema> read_schema(const RootDir& root,
                                 const std::string& directory,
                                 std::string file) {
  auto names = root.list(directory);
  if (!names) {
    return fail(names.error().code, file, names.error().problem,
                "it comes with libvirt (Debian: libvirt-common, or libvirt0)");
  }
  DomainSchema schema{.file = std::move(file), .texts = {}};
  for (const std::string& name : *names) {
    if (!name.ends_with(".rng") || schema.texts.size() == kMaxSchemaFiles) {
      continue;
    }
    auto text =
        root.read_file(fmt::format("{}/{}", directory, name), kMaxSchemaFile);
    if (!text) {
      return forward_error(text);
    }
    schema.texts.emplace(name, std::move(*text));
  }
  if (!schema.texts.contains(std::string(kEntryFile))) {
    return fail(Errc::not_found, schema.file, "there is no such schema",
                "it comes with libvirt (Debian: libvirt-common, or libvirt0)");
  }
  return schema;
}

}  // namespace

Result<DomainSchema> find_domain_schema(const RootDir& root) {
  const std::filesystem::path path(kDomainSchema);
  return read_schema(root, path.parent_path(), path);
}

Result<DomainSchema> find_domain_schema(const std::string& file) {
  const std::filesystem::path path(file);
  if (path.filename() != kEntryFile) {
    return fail(Errc::usage, file,
                "is not called domain.rng, and it is by their names that "
                "libvirt's schemas find each other");
  }
  auto directory = RootDir::open(
      path.has_parent_path() ? path.parent_path().string() : std::string("."));
  if (!directory) {
    return forward_error(directory);
  }
  return read_schema(*directory, "/", file);
}

Result<SchemaVerdict> validate_domain(const std::string& xml,
                                      const DomainSchema& schema) {
  LibxmlGuard libxml(schema.texts);
  const XmlPtr<xmlDoc> domain =
      xml.size() > kMaxDomain ? nullptr : parse_xml(xml, "domain.xml");
  if (!domain) {
    const auto why = format(libxml.take_messages());
    return fail(Errc::malformed, "domain XML",
                why.empty() ? "cannot be read" : why.front());
  }
  const auto entry = schema.texts.find(std::string(kEntryFile));
  const XmlPtr<xmlRelaxNG> grammar =
      entry == schema.texts.end()
          ? nullptr
          : parse_grammar(entry->second, kEntryFile.data());
  if (!grammar) {
    const auto why = format(libxml.take_messages());
    return fail(Errc::malformed, schema.file,
                why.empty() ? "cannot be used as a schema" : why.front(),
                "reinstall libvirt's schemas, or name another one");
  }
  libxml.take_messages();
  if (matches(grammar.get(), domain.get())) {
    return SchemaVerdict{};
  }
  if (auto newer = list_newer_parts(domain.get(), schema); !newer.empty()) {
    return SchemaVerdict{.outcome = SchemaVerdict::Outcome::too_old,
                         .messages = std::move(newer)};
  }
  return SchemaVerdict{
      .outcome = SchemaVerdict::Outcome::invalid,
      .messages = list_violations(domain.get(), schema, libxml)};
}

}  // namespace nvgpuctl
