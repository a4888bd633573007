// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "base/text.hpp"
#include "core/policy.hpp"

namespace nvgpuctl {
namespace {

std::string list_of(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) {
    out += (out.empty() ? "" : ", ") + json_quoted(word);
  }
  return '[' + out + ']';
}

std::string match_of(const PolicyRule& rule) {
  if (rule.all) {
    return "all";
  }
  if (!rule.model.empty()) {
    return "{model: " + json_quoted(rule.model) + '}';
  }
  std::string keys;
  if (!rule.acpi_path.empty()) {
    keys = "acpi-path: " + json_quoted(rule.acpi_path);
  }
  if (rule.address) {
    keys += (keys.empty() ? "" : ", ");
    keys += "address: " + json_quoted(to_string(*rule.address));
  }
  return '{' + keys + '}';
}

std::string rule_text(const PolicyRule& rule) {
  std::string text = "  - match: " + match_of(rule) + '\n';
  const auto add = [&](std::string_view key, std::string_view value) {
    text += fmt::format("    {}: {}\n", key, value);
  };
  if (rule.driver != DriverWish::unsaid) {
    add("driver", rule.driver == DriverWish::named
                      ? json_quoted(rule.driver_name)
                      : driver_word(rule));
  }
  if (rule.layout) {
    add("layout", to_string(*rule.layout));
  }
  if (!rule.at_boot) {
    add("at-boot", "leave");
  }
  if (rule.quiesce) {
    add("quiesce", list_of(*rule.quiesce));
  }
  if (rule.on_release != OnRelease::automatic) {
    add("on-release", rule.on_release == OnRelease::keep ? "keep" : "restore");
  }
  if (rule.domains) {
    add("domains", list_of(*rule.domains));
  }
  if (rule.managed) {
    add("managed", *rule.managed ? "yes" : "no");
  }
  if (rule.gi_nodes) {
    add("gi-nodes", std::to_string(*rule.gi_nodes));
  }
  return text;
}

}  // namespace

std::string driver_word(const PolicyRule& rule) {
  switch (rule.driver) {
    case DriverWish::unsaid:
      return "";
    case DriverWish::variant:
      return "variant";
    case DriverWish::origin:
      return "origin";
    case DriverWish::none:
      return "none";
    case DriverWish::named:
      break;
  }
  return rule.driver_name;
}

std::string write_policy(const Policy& policy,
                         const std::vector<std::string>& notes) {
  std::string text = "apiVersion: nvgpuctl/v1\nkind: Policy\n";
  if (policy.other_managers == OtherManagers::take) {
    text += "other-managers: take\n";
  }
  text += policy.rules.empty() ? "gpus: []\n" : "gpus:\n";
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    if (i < notes.size()) {
      // It has words of the host, which must not become a rule or a command to
      // a terminal.
      text += "  # " + ascii_line(notes[i]) + '\n';
    }
    text += rule_text(policy.rules[i]);
  }
  return text;
}

}  // namespace nvgpuctl
