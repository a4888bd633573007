// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/hostdev_scan.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "core/libvirt_values.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
// A domain with more is not one that speed matters for.
constexpr std::size_t kMaxAddresses = 1024;

struct Attribute {
  std::string_view name;
  std::string_view value;
};

std::string_view skip_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? "" : text.substr(first);
}

// Takes `name='value'` off the front; nothing when there is none.
std::optional<Attribute> take_attribute(std::string_view& text) {
  text = skip_blanks(text);
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    return std::nullopt;
  }
  const auto name = trim(text.substr(0, equals));
  const auto rest = skip_blanks(text.substr(equals + 1));
  if (rest.empty() || (rest.front() != '\'' && rest.front() != '"')) {
    return std::nullopt;
  }
  const auto end = rest.find(rest.front(), 1);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  text = rest.substr(end + 1);
  return Attribute{name, rest.substr(1, end - 1)};
}

// What stands behind "<address", up to the end of the tag. False when it is
// not plain; an address of another type is none.
bool read_tag(std::string_view tag, std::vector<PciAddress>& addresses) {
  PciAddress address;
  bool any = false;
  std::string_view rest = tag;
  if (rest.ends_with('/')) {
    rest.remove_suffix(1);
  }
  while (!skip_blanks(rest).empty()) {
    const auto attribute = take_attribute(rest);
    if (!attribute) {
      return false;
    }
    const auto& [name, text] = *attribute;
    if (name == "uuid" || name == "type" || name == "base") {
      continue;
    }
    const auto value = parse_libvirt_number(text);
    const bool part = name == "domain" || name == "bus" || name == "slot" ||
                      name == "function";
    if (!part) {
      continue;
    }
    const std::uint64_t most = name == "domain" ? 0xFFFFFFFF
                               : name == "bus"  ? 0xFF
                               : name == "slot" ? 0x1F
                                                : 7;
    if (!value || *value > most) {
      return false;
    }
    any = true;
    if (name == "domain") {
      address.domain = static_cast<std::uint32_t>(*value);
    } else if (name == "bus") {
      address.bus = static_cast<std::uint8_t>(*value);
    } else if (name == "slot") {
      address.device = static_cast<std::uint8_t>(*value);
    } else {
      address.function = static_cast<std::uint8_t>(*value);
    }
  }
  if (any && std::find(addresses.begin(), addresses.end(), address) ==
                 addresses.end()) {
    addresses.push_back(address);
  }
  return true;
}

// Whether tags and attributes are what they look like: no entities, and the
// encoding that everybody writes.
bool is_plain(std::string_view xml) {
  const auto has = [](std::string_view text, std::string_view what) {
    return text.find(what) != std::string_view::npos;
  };
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (xml.starts_with(kByteOrderMark)) {
    xml.remove_prefix(kByteOrderMark.size());
  }
  const auto declaration = xml.substr(0, xml.find("?>"));
  const bool other_encoding =
      declaration.starts_with("<?xml") && has(declaration, "encoding") &&
      !has(declaration, "UTF-8") && !has(declaration, "utf-8");
  return skip_blanks(xml).starts_with('<') && !other_encoding &&
         !has(xml, "<!DOCTYPE") && !has(xml, "&#") &&
         xml.find('\0') == std::string_view::npos;
}

}  // namespace

std::optional<std::vector<PciAddress>> addresses_in(std::string_view xml) {
  std::vector<PciAddress> addresses;
  if (skip_blanks(xml).empty()) {
    return addresses;
  }
  if (!is_plain(xml)) {
    return std::nullopt;
  }
  if (xml.find("hostdev") == std::string_view::npos) {
    return addresses;
  }
  constexpr std::string_view kName = "address";
  for (auto place = xml.find(kName); place != std::string_view::npos;
       place = xml.find(kName, place)) {
    place += kName.size();
    const auto end = xml.find('>', place);
    // A prefix of a namespace may stand before the name.
    const bool is_tag = place < xml.size() &&
                        kBlanks.find(xml[place]) != std::string_view::npos &&
                        (xml[place - kName.size() - 1] == '<' ||
                         xml[place - kName.size() - 1] == ':');
    if (!is_tag) {
      continue;
    }
    if (end == std::string_view::npos ||
        !read_tag(xml.substr(place, end - place), addresses) ||
        addresses.size() > kMaxAddresses) {
      return std::nullopt;
    }
    place = end;
  }
  return addresses;
}

}  // namespace nvgpuctl
