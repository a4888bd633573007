// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/domain_model.hpp"
#include "core/libvirt_values.hpp"
#include "core/xml_reader.hpp"

// Values of read_domain(), each as libvirt spells it. Not for others.

namespace nvgpuctl {

// Reads values and notes those that cannot be read.
class DomainReader {
 public:
  DomainReader(XmlElement root, Domain& domain)
      : places_(root), domain_(domain) {}

  XmlPlace place(XmlElement element) const { return places_.of(element); }

  void note(XmlElement element, std::string text) {
    domain_.problems.push_back({place(element), std::move(text)});
  }

  // As libvirt reads ids, indices and counts.
  std::optional<unsigned> number(XmlElement element, std::string_view what,
                                 const std::string& text) {
    return checked(element, what, text, parse_libvirt_decimal(text));
  }

  std::optional<unsigned> number_attribute(XmlElement element,
                                           std::string_view name) {
    const auto text = attribute_of(element, name);
    return text ? number(element, name, *text) : std::nullopt;
  }

  // As it reads what belongs to PCI: also in base 16 and 8.
  std::optional<unsigned> pci_attribute(XmlElement element,
                                        std::string_view name, unsigned most) {
    const auto text = attribute_of(element, name);
    return text ? checked(element, name, *text, parse_libvirt_number(*text),
                          most)
                : std::nullopt;
  }

  std::optional<std::vector<unsigned>> set_attribute(XmlElement element,
                                                     std::string_view name) {
    const auto text = attribute_of(element, name);
    if (!text) {
      return std::nullopt;
    }
    if (set_members_left_ == 0) {
      note_too_long(element, name);
      return std::nullopt;
    }
    auto set = parse_libvirt_set(*text);
    if (!set) {
      note(element, fmt::format("{} '{}' is no list of numbers", name, *text));
    } else if (set->size() >= set_members_left_) {
      note_too_long(element, name);
      set_members_left_ = 0;  // and no time is spent on those that follow
      return std::nullopt;
    } else {
      set_members_left_ -= set->size();
    }
    return set;
  }

  std::optional<std::uint64_t> size(XmlElement element, std::string_view what,
                                    const std::string& text) {
    const std::string unit = text_attribute(element, "unit");
    const auto bytes = parse_libvirt_size(text, unit);
    if (!bytes) {
      note(element, fmt::format("{} '{}' '{}' is no size", what, text, unit));
    }
    return bytes;
  }

  // libvirt takes a missing part for 0.
  std::optional<PciAddress> address(XmlElement element) {
    const auto part = [&](std::string_view name, unsigned most) {
      return attribute_of(element, name) ? pci_attribute(element, name, most)
                                         : std::optional<unsigned>(0);
    };
    // The limits are those of libvirt's schema.
    const auto domain = part("domain", 0xffffffff);
    const auto bus = part("bus", 0xff);
    const auto slot = part("slot", 0x1f);
    const auto function = part("function", 7);
    if (!domain || !bus || !slot || !function) {
      return std::nullopt;
    }
    return PciAddress{.domain = *domain,
                      .bus = static_cast<std::uint8_t>(*bus),
                      .device = static_cast<std::uint8_t>(*slot),
                      .function = static_cast<std::uint8_t>(*function)};
  }

 private:
  // Of all sets of a domain together: twenty characters can name 16384 CPUs,
  // and a domain has room for a hundred thousand such sets.
  static constexpr std::size_t kMaxSetMembers = 1 << 20;

  static constexpr unsigned kAnyNumber = std::numeric_limits<unsigned>::max();

  std::optional<unsigned> checked(XmlElement element, std::string_view what,
                                  const std::string& text,
                                  std::optional<std::uint64_t> value,
                                  unsigned most = kAnyNumber) {
    if (!value || *value > most) {
      note(element, most == kAnyNumber
                        ? fmt::format("{} '{}' is no number", what, text)
                        : fmt::format("{} '{}' is no number from 0 to {:#x}",
                                      what, text, most));
      return std::nullopt;
    }
    return static_cast<unsigned>(*value);
  }

  void note_too_long(XmlElement element, std::string_view name) {
    note(element, fmt::format("{}: the domain's lists are too long", name));
  }

  XmlPlaces places_;
  Domain& domain_;
  std::size_t set_members_left_ = kMaxSetMembers;
};

}  // namespace nvgpuctl
