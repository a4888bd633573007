// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/modprobe_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "core/module_name.hpp"

namespace nvgpuctl {
namespace {

using std::string_view;

// More than any host has; captures are other people's files.
constexpr std::size_t kMaxRules = 4096;

void keep_off(string_view module, std::string place, ModprobeRules& rules) {
  if (rules.kept_off.size() < kMaxRules) {
    rules.kept_off.emplace(kernel_module_name(module), std::move(place));
  }
}

bool does_nothing(string_view program) {
  constexpr std::array<string_view, 8> kNothing{
      "/bin/false", "/bin/true", "/usr/bin/false", "/usr/bin/true",
      "false",      "true",      "/sbin/nologin",  ":"};
  return std::find(kNothing.begin(), kNothing.end(), program) != kNothing.end();
}

void add_softdep(const std::vector<string_view>& words, std::string place,
                 ModprobeRules& rules) {
  Softdep softdep{kernel_module_name(words[1]), {}, std::move(place)};
  bool before = false;
  for (const auto word : words) {
    if (word == "pre:" || word == "post:") {
      before = word == "pre:";
    } else if (before) {
      softdep.before.push_back(kernel_module_name(word));
    }
  }
  if (rules.softdeps.size() < kMaxRules) {
    rules.softdeps.push_back(std::move(softdep));
  }
}

void add_line(const std::vector<string_view>& words, std::string place,
              ModprobeRules& rules) {
  if (words.size() < 2) {
    return;
  }
  const bool replaced =
      words[0] == "install" && words.size() > 2 && does_nothing(words[2]);
  if (words[0] == "blacklist" || replaced) {
    keep_off(words[1], std::move(place), rules);
  } else if (words[0] == "softdep") {
    add_softdep(words, std::move(place), rules);
  }
}

}  // namespace

void for_each_modprobe_line(string_view text, const ModprobeLineFn& take) {
  constexpr string_view kBlanks = " \t\r\n\\";
  unsigned number = 0;
  while (!text.empty()) {
    const unsigned first = ++number;
    std::size_t end = std::min(text.find('\n'), text.size());
    while (end > 0 && end < text.size() && text[end - 1] == '\\') {
      end = std::min(text.find('\n', end + 1), text.size());
      ++number;
    }
    take(split_words(text.substr(0, end), kBlanks), first);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void add_modprobe_rules(string_view text, const std::string& path,
                        ModprobeRules& rules) {
  for_each_modprobe_line(
      text, [&](const std::vector<string_view>& words, unsigned number) {
        add_line(words, fmt::format("{}:{}", path, number), rules);
      });
}

void add_command_line_rules(string_view command_line, ModprobeRules& rules) {
  constexpr std::array<string_view, 2> kKeys{"modprobe.blacklist",
                                             "module_blacklist"};
  for (const auto word : split_words(command_line)) {
    const auto equals = word.find('=');
    if (equals == string_view::npos ||
        std::find(kKeys.begin(), kKeys.end(), word.substr(0, equals)) ==
            kKeys.end()) {
      continue;
    }
    for (const auto module : split(word.substr(equals + 1), ',')) {
      keep_off(module, "/proc/cmdline", rules);
    }
  }
}

}  // namespace nvgpuctl
