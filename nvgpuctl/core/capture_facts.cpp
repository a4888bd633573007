// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/capture_facts.hpp"

#include <array>

#include "core/yaml_value.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kMaxText = 500;

Result<bool> read_bool(const YamlReader& reader, const YamlValue& value,
                       std::string_view what) {
  constexpr std::array<std::string_view, 2> kWords{"false", "true"};
  const auto word = reader.word(value, what, kWords);
  if (!word) {
    return forward_error(word);
  }
  return *word == 1;
}

Result<Version> read_version(const YamlReader& reader, const YamlValue& value,
                             std::string_view what) {
  const auto text = reader.text(value, what, kMaxText);
  if (!text) {
    return forward_error(text);
  }
  const auto version = parse_version(*text);
  if (!version) {
    return reader.fail_at(value.place, "'" + *text + "' is not a version",
                          "versions look like \"12.8.0\"");
  }
  return *version;
}

Result<RunningDomain> read_domain(const YamlReader& reader,
                                  const YamlValue& value) {
  constexpr std::array<std::string_view, 2> kKeys{"name", "devices"};
  auto shape = reader.expect_map(value, "a domain", kKeys, kKeys);
  if (!shape) {
    return forward_error(shape);
  }
  const auto name =
      reader.text(*value.find("name"), "name", kMaxText, Letters::any);
  const auto& devices = *value.find("devices");
  auto list = reader.expect_sequence(devices, "devices");
  if (!name || !list) {
    return name ? forward_error(list) : forward_error(name);
  }
  RunningDomain domain{*name, {}};
  for (const auto& item : devices.items) {
    const auto address = parse_pci_address(item.text);
    if (!address) {
      return reader.fail_at(item.place,
                            "'" + item.text + "' is not a PCI address",
                            "addresses look like \"0009:01:00.0\"");
    }
    domain.devices.push_back(*address);
  }
  return domain;
}

Result<std::vector<RunningDomain>> read_domains(const YamlReader& reader,
                                                const YamlValue& value) {
  auto list = reader.expect_sequence(value, "domains");
  if (!list) {
    return forward_error(list);
  }
  std::vector<RunningDomain> domains;
  for (const auto& item : value.items) {
    auto domain = read_domain(reader, item);
    if (!domain) {
      return forward_error(domain);
    }
    domains.push_back(std::move(*domain));
  }
  return domains;
}

// Reads one key's value into `into` and hands on its error.
template <class Value, class Target>
Result<> store(Result<Value> value, Target& into) {
  if (!value) {
    return forward_error(value);
  }
  into = std::move(*value);
  return {};
}

Result<> read_entry(const YamlReader& reader, const YamlEntry& entry,
                    CaptureFacts& facts) {
  const auto& [key, place, value] = entry;
  if (key == "capture") {
    // The only version of the format that there is.
    const auto version = reader.number(value, key, 1, 1);
    return version ? Result<>() : Result<>(forward_error(version));
  }
  if (key == "description") {
    return store(reader.text(value, key, kMaxText), facts.description);
  }
  if (key == "privileged") {
    return store(read_bool(reader, value, key), facts.privileged);
  }
  if (key == "machine") {
    return store(reader.text(value, key, kMaxText), facts.machine);
  }
  if (key == "page_size") {
    // arm64 has 4, 16 and 64 KiB pages.
    return store(reader.number(value, key, 4096, 65536), facts.page_size);
  }
  if (key == "kvm_cacheable_pfnmap") {
    return store(read_bool(reader, value, key), facts.kvm_cacheable_pfnmap);
  }
  if (key == "libvirt") {
    return store(read_version(reader, value, key), facts.libvirt);
  }
  if (key == "domains") {
    return store(read_domains(reader, value), facts.domains);
  }
  return store(read_version(reader, value, key), facts.qemu);
}

}  // namespace

Result<CaptureFacts> parse_capture_facts(const std::string& yaml,
                                         const std::string& name) {
  const auto document = parse_yaml(yaml, name);
  if (!document) {
    return forward_error(document);
  }
  constexpr std::array<std::string_view, 9> kKeys{
      "capture", "description", "privileged",
      "machine", "page_size",   "kvm_cacheable_pfnmap",
      "libvirt", "qemu",        "domains"};
  constexpr std::array<std::string_view, 1> kRequired{"capture"};
  const YamlReader reader(name);
  auto shape = reader.expect_map(*document, "a capture", kKeys, kRequired);
  if (!shape) {
    return forward_error(shape);
  }
  CaptureFacts facts;
  for (const auto& entry : document->entries) {
    auto read = read_entry(reader, entry, facts);
    if (!read) {
      return forward_error(read);
    }
  }
  return facts;
}

}  // namespace nvgpuctl
