// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/policy.hpp"

#include <algorithm>
#include <array>

#include "core/yaml_value.hpp"

namespace nvgpuctl {
namespace {

using std::string_view;

constexpr std::size_t kMaxText = 255;
constexpr std::size_t kMaxRules = 256;

class PolicyReader {
 public:
  explicit PolicyReader(const std::string& name) : reader_(name) {}
  Result<Policy> policy(const YamlValue& value) const;

 private:
  Result<> header(const YamlValue& value) const;
  Result<PolicyRule> rule(const YamlValue& value) const;
  Result<> match(const YamlValue& value, PolicyRule& rule) const;
  Result<std::vector<std::string>> names(const YamlValue& value) const;

  YamlReader reader_;
};

Result<> PolicyReader::match(const YamlValue& value, PolicyRule& rule) const {
  constexpr std::array<string_view, 3> kKeys{"address", "acpi-path", "model"};
  constexpr std::array<string_view, 1> kAll{"all"};
  if (value.kind == YamlValue::Kind::scalar) {
    const auto word = reader_.word(value, "match", kAll);
    if (!word) {
      return forward_error(word);
    }
    rule.all = true;
    return {};
  }
  auto map = reader_.expect_map(value, "match", kKeys, {});
  if (!map) {
    return map;
  }
  if (value.entries.size() != 1) {
    return reader_.fail_at(value.place, "match must have one key",
                           "it is one of: address, acpi-path, model");
  }
  const auto& [key, place, item] = value.entries.front();
  const auto text = reader_.text(item, key, kMaxText);
  if (!text) {
    return forward_error(text);
  }
  if (key == "acpi-path") {
    rule.acpi_path = *text;
  } else if (key == "model") {
    rule.model = *text;
  } else {
    rule.address = parse_pci_address(*text);
    if (!rule.address) {
      return reader_.fail_at(item.place, "'" + *text + "' is no PCI address",
                             "it looks like \"0009:01:00.0\"");
    }
  }
  return {};
}

Result<std::vector<std::string>> PolicyReader::names(
    const YamlValue& value) const {
  auto list = reader_.expect_sequence(value, "domains");
  if (!list) {
    return forward_error(list);
  }
  std::vector<std::string> names;
  for (const auto& item : value.items) {
    auto name = reader_.text(item, "the name of a domain", kMaxText);
    if (!name) {
      return forward_error(name);
    }
    names.push_back(std::move(*name));
  }
  return names;
}

Result<PolicyRule> PolicyReader::rule(const YamlValue& value) const {
  constexpr std::array<string_view, 3> kKeys{"match", "on-release", "domains"};
  constexpr std::array<string_view, 1> kRequired{"match"};
  constexpr std::array<string_view, 2> kReleases{"keep", "restore"};
  auto map = reader_.expect_map(value, "a rule for GPUs", kKeys, kRequired);
  if (!map) {
    return forward_error(map);
  }
  PolicyRule rule;
  auto matched = match(*value.find("match"), rule);
  if (!matched) {
    return forward_error(matched);
  }
  if (const auto* release = value.find("on-release")) {
    const auto word = reader_.word(*release, "on-release", kReleases);
    if (!word) {
      return forward_error(word);
    }
    rule.on_release = *word == 0 ? OnRelease::keep : OnRelease::restore;
  }
  if (const auto* domains = value.find("domains")) {
    auto list = names(*domains);
    if (!list) {
      return forward_error(list);
    }
    rule.domains = std::move(*list);
  }
  return rule;
}

Result<> PolicyReader::header(const YamlValue& value) const {
  constexpr std::array<string_view, 4> kKeys{"apiVersion", "kind", "gpus",
                                             "other-managers"};
  const std::span<const string_view> required(kKeys.data(), 3);
  constexpr std::array<string_view, 1> kVersion{"nvgpuctl/v1"};
  constexpr std::array<string_view, 1> kKind{"Policy"};
  auto map = reader_.expect_map(value, "the policy", kKeys, required);
  if (!map) {
    return map;
  }
  const auto version =
      reader_.word(*value.find("apiVersion"), "apiVersion", kVersion);
  if (!version) {
    return forward_error(version);
  }
  const auto kind = reader_.word(*value.find("kind"), "kind", kKind);
  if (!kind) {
    return forward_error(kind);
  }
  return reader_.expect_sequence(*value.find("gpus"), "gpus");
}

Result<Policy> PolicyReader::policy(const YamlValue& value) const {
  auto good = header(value);
  if (!good) {
    return forward_error(good);
  }
  Policy policy;
  if (const auto* managers = value.find("other-managers")) {
    constexpr std::array<string_view, 2> kWords{"refuse", "take"};
    const auto word = reader_.word(*managers, "other-managers", kWords);
    if (!word) {
      return forward_error(word);
    }
    policy.other_managers =
        *word == 0 ? OtherManagers::refuse : OtherManagers::take;
  }
  const auto& gpus = *value.find("gpus");
  if (gpus.items.size() > kMaxRules) {
    return reader_.fail_at(gpus.place, "there are more than 256 rules");
  }
  for (const auto& item : gpus.items) {
    auto one = rule(item);
    if (!one) {
      return forward_error(one);
    }
    policy.rules.push_back(std::move(*one));
  }
  return policy;
}

bool matches(const PolicyRule& rule, const Gpu& gpu) {
  return rule.all || rule.address == gpu.pci.address ||
         (!rule.acpi_path.empty() && gpu.pci.acpi_path == rule.acpi_path) ||
         (!rule.model.empty() && gpu.model.name == rule.model);
}

}  // namespace

Result<Policy> parse_policy(std::string_view yaml, const std::string& name) {
  const auto value = parse_yaml(yaml, name);
  if (!value) {
    return forward_error(value);
  }
  return PolicyReader(name).policy(*value);
}

PolicyRule rule_for(const Policy& policy, const Gpu& gpu) {
  for (const auto& rule : policy.rules) {
    if (matches(rule, gpu)) {
      return rule;
    }
  }
  PolicyRule none;
  none.all = true;
  return none;
}

bool allows(const PolicyRule& rule, std::string_view domain) {
  return !rule.domains || std::find(rule.domains->begin(), rule.domains->end(),
                                    domain) != rule.domains->end();
}

}  // namespace nvgpuctl
