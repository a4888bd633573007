// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/merge_record.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/libvirt_values.hpp"
#include "core/merge_refusal.hpp"
#include "core/xml_reader.hpp"

namespace nvgpuctl {
namespace {

// More words than QEMU has NUMA nodes, twice, are not ours.
constexpr std::size_t kMaxWords = 512;

using Words = std::set<std::string, std::less<>>;

Words words_of(XmlElement element, std::string_view name) {
  Words words;
  const std::string text = text_attribute(element, name);
  for (const auto word : split(text, ' ')) {
    if (!word.empty()) {
      words.emplace(word);
    }
  }
  return words;
}

// Nothing for a set that is none; an absent one is empty.
std::optional<std::set<unsigned>> numbers_of(XmlElement element,
                                             std::string_view name) {
  const auto text = attribute_of(element, name);
  if (!text || text->empty()) {
    return std::set<unsigned>();
  }
  const auto numbers = parse_libvirt_set(*text);
  return numbers ? std::optional(std::set(numbers->begin(), numbers->end()))
                 : std::nullopt;
}

std::string word_text(const Words& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace

std::optional<XmlElement> find_record(XmlElement root) {
  const auto metadata = first_element(root, "metadata");
  return metadata ? first_element(*metadata, "merged", kMergeNamespace)
                  : std::nullopt;
}

Result<std::optional<MergeRecord>> read_record(XmlElement root,
                                               const std::string& name) {
  const auto element = find_record(root);
  if (!element) {
    return std::nullopt;
  }
  const auto damaged = [&](XmlElement where, const std::string& what) {
    return refuse(name, place_of(where), "record",
                  fmt::format("{} cannot be read", what),
                  "take out by hand what nvgpuctl added, and this element");
  };
  MergeRecord record;
  const auto cells = numbers_of(*element, "cells");
  const auto controllers = numbers_of(*element, "controllers");
  if (!cells || !controllers) {
    return damaged(*element, cells ? "controllers" : "cells");
  }
  record.cells = *cells;
  record.controllers = *controllers;
  record.profile = text_attribute(*element, "profile");
  record.viommu = text_attribute(*element, "viommu");
  record.managed = text_attribute(*element, "managed");
  record.smmus = words_of(*element, "smmus");
  record.made = words_of(*element, "made");
  record.empty = words_of(*element, "empty");
  record.loose = text_attribute(*element, "loose") == "yes";
  if (const auto bytes = attribute_of(*element, "window")) {
    record.window_bytes = parse_unsigned(*bytes);
    if (!record.window_bytes) {
      return damaged(*element, "window");
    }
  }
  if (std::max({record.smmus.size(), record.made.size(), record.empty.size()}) >
      kMaxWords) {
    return damaged(*element, "so long a list");
  }
  for (const XmlElement gpu : elements(*element, "gpu", kMergeNamespace)) {
    const auto address = parse_pci_address(text_attribute(gpu, "address"));
    if (!address) {
      return damaged(gpu, "the address");
    }
    record.gpus.push_back(*address);
  }
  if (const auto window =
          first_element(*element, "pcihole64", kMergeNamespace)) {
    record.window = {attribute_of(*window, "unit"),
                     text_attribute(*window, "value")};
  }
  return record;
}

bool adds_the_same(const MergeRecord& a, const MergeRecord& b) {
  return a.gpus == b.gpus && a.profile == b.profile && a.viommu == b.viommu &&
         a.managed == b.managed && a.cells == b.cells &&
         a.controllers == b.controllers && a.smmus == b.smmus;
}

XmlDocument write_record(const MergeRecord& record) {
  XmlDocument document("nvgpuctl:merged", kMergeNamespace);
  const XmlElement root = document.root();
  root.attribute("profile", record.profile)
      .attribute("viommu", record.viommu)
      .attribute("managed", record.managed)
      .attribute("cells", format_id_list(record.cells))
      .attribute("controllers", format_id_list(record.controllers));
  if (!record.smmus.empty()) {
    root.attribute("smmus", word_text(record.smmus));
  }
  if (record.window_bytes) {
    root.attribute("window", std::to_string(*record.window_bytes));
  }
  root.attribute("made", word_text(record.made));
  if (!record.empty.empty()) {
    root.attribute("empty", word_text(record.empty));
  }
  if (record.loose) {
    root.attribute("loose", "yes");
  }
  for (const PciAddress& gpu : record.gpus) {
    root.child("nvgpuctl:gpu").attribute("address", to_string(gpu));
  }
  if (record.window) {
    const XmlElement window = root.child("nvgpuctl:pcihole64");
    if (record.window->unit) {
      window.attribute("unit", *record.window->unit);
    }
    window.attribute("value", record.window->value);
  }
  return document;
}

}  // namespace nvgpuctl
