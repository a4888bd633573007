// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/modules_alias.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "core/module_name.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kSpace = " \t\r";

// The first word of `line`, which loses it and the space around it.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
  const std::size_t length = std::min(line.find_first_of(kSpace), line.size());
  const std::string_view word = line.substr(0, length);
  line.remove_prefix(length);
  return word;
}

std::optional<VfioAlias> parse_alias(std::string_view pattern_and_module) {
  const auto pattern = take_word(pattern_and_module);
  const auto module = take_word(pattern_and_module);
  if (pattern.empty() || module.empty() || !trim(pattern_and_module).empty()) {
    return std::nullopt;
  }
  return VfioAlias{std::string(pattern), std::string(module)};
}

// What follows each letter in "v000010DEd00002342sv*sd*bc03sc02i00".
using AliasFields = std::array<std::string_view, 7>;
constexpr std::array<std::string_view, 7> kFieldNames{"v",  "d",  "sv", "sd",
                                                      "bc", "sc", "i"};

// Values are upper-case hexadecimal digits or a wildcard, the names lower-case
// letters, so the next name ends a value.
std::optional<AliasFields> parse_fields(std::string_view text) {
  AliasFields fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto name = kFieldNames.at(i);
    if (!text.starts_with(name)) {
      return std::nullopt;
    }
    text.remove_prefix(name.size());
    const std::size_t length =
        std::min(text.find_first_not_of("0123456789ABCDEF*"), text.size());
    if (length == 0) {
      return std::nullopt;
    }
    fields.at(i) = text.substr(0, length);
    text.remove_prefix(length);
  }
  return text.empty() ? std::optional(fields) : std::nullopt;
}

// How many fields of `pattern` are wildcards; nothing when it does not match.
std::optional<std::size_t> match_fields(const AliasFields& pattern,
                                        const AliasFields& device) {
  std::size_t wildcards = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern.at(i) == "*") {
      ++wildcards;
    } else if (pattern.at(i) != device.at(i)) {
      return std::nullopt;
    }
  }
  return wildcards;
}

// Calls `use` with each line.
template <class Use>
void for_each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// The files of an index; what each depends on stands behind a colon.
template <class Fn>
void for_each_file(std::string_view modules_dep, const Fn& take) {
  for_each_line(modules_dep, [&](std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      take(line.substr(0, colon));
    }
  });
}

}  // namespace

std::vector<VfioAlias> parse_vfio_aliases(std::string_view modules_alias) {
  constexpr std::string_view kPrefix = "alias vfio_pci:";
  std::vector<VfioAlias> aliases;
  std::size_t at = 0;
  while ((at = modules_alias.find(kPrefix, at)) != std::string_view::npos) {
    const bool line_start = at == 0 || modules_alias[at - 1] == '\n';
    at += kPrefix.size();
    if (!line_start) {
      continue;
    }
    const std::size_t end = modules_alias.find('\n', at);
    if (auto alias = parse_alias(modules_alias.substr(at, end - at))) {
      aliases.push_back(std::move(*alias));
    }
  }
  return aliases;
}

std::vector<VfioAlias> match_vfio_aliases(const std::vector<VfioAlias>& aliases,
                                          std::string_view modalias) {
  constexpr std::string_view kPrefix = "pci:";
  if (!modalias.starts_with(kPrefix)) {
    return {};
  }
  const auto device = parse_fields(modalias.substr(kPrefix.size()));
  if (!device) {
    return {};
  }
  std::vector<std::pair<std::size_t, const VfioAlias*>> matches;
  for (const auto& alias : aliases) {
    const auto pattern = parse_fields(alias.pattern);
    const auto wildcards =
        pattern ? match_fields(*pattern, *device) : std::nullopt;
    if (wildcards) {
      matches.emplace_back(*wildcards, &alias);
    }
  }
  std::stable_sort(
      matches.begin(), matches.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<VfioAlias> sorted;
  sorted.reserve(matches.size());
  for (const auto& match : matches) {
    sorted.push_back(*match.second);
  }
  return sorted;
}

std::optional<std::string> best_variant(const std::vector<VfioAlias>& aliases,
                                        std::string_view modalias) {
  for (auto& match : match_vfio_aliases(aliases, modalias)) {
    if (match.module != "vfio_pci") {
      return std::move(match.module);
    }
  }
  return std::nullopt;
}

std::vector<std::string> find_module_files(std::string_view modules_dep,
                                           std::string_view module) {
  std::vector<std::string> files;
  for_each_file(modules_dep, [&](std::string_view file) {
    if (same_module(module_file_stem(file), module)) {
      files.emplace_back(file);
    }
  });
  return files;
}

std::vector<std::string> find_host_drivers(std::string_view modules_dep) {
  std::set<std::string> drivers;
  for_each_file(modules_dep, [&](std::string_view file) {
    auto module = module_of_file(file);
    if (is_host_driver(module)) {
      drivers.insert(std::move(module));
    }
  });
  return {drivers.begin(), drivers.end()};
}

}  // namespace nvgpuctl
