// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "core/driver_change.hpp"
#include "core/module_name.hpp"
#include "core/quiet.hpp"
#include "core/yaml_value.hpp"

namespace nvgpuctl {
namespace {

using std::string_view;

constexpr std::size_t kMaxText = 255;
constexpr std::size_t kMaxRules = 256;

// More than any GPU has, and few enough for a guest's kernel.
constexpr unsigned kMaxGiNodes = 64;

using Words = std::vector<std::string>;

class PolicyReader {
 public:
  explicit PolicyReader(const std::string& name) : name_(name), reader_(name) {}
  Result<Policy> policy(const YamlValue& value) const;

 private:
  Result<> header(const YamlValue& value) const;
  Result<PolicyRule> rule(const YamlValue& value) const;
  Result<> match(const YamlValue& value, PolicyRule& rule) const;
  Result<> match_key(const YamlEntry& entry, PolicyRule& rule) const;
  Result<> driver(const YamlValue& value, PolicyRule& rule) const;
  Result<> driver_keys(const YamlValue& value, PolicyRule& rule) const;
  Result<> domain_keys(const YamlValue& value, PolicyRule& rule) const;
  Result<> quiesce_key(const YamlValue& value, PolicyRule& rule) const;
  Result<Words> names(const YamlValue& value, string_view key,
                      string_view what) const;
  Result<Words> units(const YamlValue& value) const;

  std::string name_;
  YamlReader reader_;
};

Result<> PolicyReader::match_key(const YamlEntry& entry,
                                 PolicyRule& rule) const {
  const auto text = reader_.text(entry.value, entry.key, kMaxText);
  if (!text) {
    return forward_error(text);
  }
  if (entry.key == "acpi-path") {
    rule.acpi_path = *text;
  } else if (entry.key == "model") {
    rule.model = *text;
  } else {
    rule.address = parse_pci_address(*text);
    if (!rule.address) {
      return reader_.fail_at(entry.value.place,
                             "'" + *text + "' is no PCI address",
                             "it looks like \"0009:01:00.0\"");
    }
  }
  return {};
}

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
  for (const auto& entry : value.entries) {
    auto read = match_key(entry, rule);
    if (!read) {
      return read;
    }
  }
  const bool pair = value.entries.size() == 2 && rule.model.empty();
  if (value.entries.size() != 1 && !pair) {
    return reader_.fail_at(value.place, "match must have one key",
                           "it is one of: address, acpi-path, model; or the "
                           "first two together");
  }
  return {};
}

Result<Words> PolicyReader::names(const YamlValue& value, string_view key,
                                  string_view what) const {
  auto list = reader_.expect_sequence(value, key);
  if (!list) {
    return forward_error(list);
  }
  Words names;
  for (const auto& one : value.items) {
    auto name = reader_.text(one, what, kMaxText, Letters::any);
    if (!name) {
      return forward_error(name);
    }
    names.push_back(std::move(*name));
  }
  return names;
}

Result<Words> PolicyReader::units(const YamlValue& value) const {
  auto units = names(value, "quiesce", "the name of a service");
  if (!units) {
    return units;
  }
  if (units->size() > kMaxQuietUnits) {
    return reader_.fail_at(
        value.items[kMaxQuietUnits].place,
        fmt::format("quiesce names more than {} services", kMaxQuietUnits));
  }
  for (std::size_t i = 0; i < units->size(); ++i) {
    const auto& unit = (*units)[i];
    const auto& place = value.items[i].place;
    if (!is_unit_name(unit)) {
      const std::string meant = unit + ".service";
      return reader_.fail_at(place, "'" + unit + "' is no name of a service",
                             is_unit_name(meant)
                                 ? "did you mean \"" + meant + "\"?"
                                 : "it looks like \"nvidia-dcgm.service\"");
    }
    const auto here = units->begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(units->begin(), here, unit) != here) {
      return reader_.fail_at(place, "'" + unit + "' is there twice",
                             "it is stopped once");
    }
  }
  return units;
}

Result<> PolicyReader::driver(const YamlValue& value, PolicyRule& rule) const {
  constexpr std::array<string_view, 3> kWords{"variant", "origin", "none"};
  constexpr std::array<DriverWish, 3> kWishes{
      DriverWish::variant, DriverWish::origin, DriverWish::none};
  const auto text = reader_.text(value, "driver", kMaxText);
  if (!text) {
    return forward_error(text);
  }
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (*text == kWords[i]) {
      rule.driver = kWishes[i];
      return {};
    }
  }
  const auto meant = closest(*text, kWords);
  if (meant || !is_driver_name(*text)) {
    return reader_.fail_at(
        value.place, "'" + *text + "' is no driver",
        meant ? "did you mean \"" + *meant + "\"?"
              : "it is variant, origin, none, or the name of a module");
  }
  // Of the driver libvirt, modprobe and the module's file use two spellings;
  // sysfs takes one.
  if (same_module(*text, kVariantDriver) && *text != kVariantDriver) {
    return reader_.fail_at(value.place, "'" + *text + "' is no driver",
                           "the driver is called " +
                               std::string(kVariantDriver) +
                               ", and variant means it");
  }
  rule.driver = DriverWish::named;
  rule.driver_name = *text;
  return {};
}

// The keys that say what a GPU is to be on its host.
Result<> PolicyReader::driver_keys(const YamlValue& value,
                                   PolicyRule& rule) const {
  constexpr std::array<string_view, 2> kLayouts{"split", "single"};
  constexpr std::array<string_view, 2> kAtBoot{"leave", "apply"};
  if (const auto* wanted = value.find("driver")) {
    auto read = driver(*wanted, rule);
    if (!read) {
      return read;
    }
  }
  if (const auto* layout = value.find("layout")) {
    const auto word = reader_.word(*layout, "layout", kLayouts);
    if (!word) {
      return forward_error(word);
    }
    const bool may =
        rule.driver == DriverWish::unsaid || rule.driver == DriverWish::variant;
    if (!may) {
      return reader_.fail_at(layout->place,
                             "layout is a matter of the variant driver alone",
                             "take it out, or say: driver: variant");
    }
    rule.layout = *word == 0 ? Layout::split : Layout::single;
  }
  if (const auto* at_boot = value.find("at-boot")) {
    const auto word = reader_.word(*at_boot, "at-boot", kAtBoot);
    if (!word) {
      return forward_error(word);
    }
    rule.at_boot = *word == 1;
  }
  return {};
}

// Who may be stopped for it.
Result<> PolicyReader::quiesce_key(const YamlValue& value,
                                   PolicyRule& rule) const {
  if (const auto* quiesce = value.find("quiesce")) {
    auto list = units(*quiesce);
    if (!list) {
      return forward_error(list);
    }
    rule.quiesce = std::move(*list);
  }
  return {};
}

// The keys that say what domains have to do with it.
Result<> PolicyReader::domain_keys(const YamlValue& value,
                                   PolicyRule& rule) const {
  constexpr std::array<string_view, 2> kReleases{"keep", "restore"};
  // Two spellings, because a YAML 1.1 reader takes the first pair for booleans
  // and writes them back as the second.
  constexpr std::array<string_view, 4> kYesNo{"no", "yes", "false", "true"};
  if (const auto* release = value.find("on-release")) {
    const auto word = reader_.word(*release, "on-release", kReleases);
    if (!word) {
      return forward_error(word);
    }
    rule.on_release = *word == 0 ? OnRelease::keep : OnRelease::restore;
  }
  if (const auto* domains = value.find("domains")) {
    auto list = names(*domains, "domains", "the name of a domain");
    if (!list) {
      return forward_error(list);
    }
    rule.domains = std::move(*list);
  }
  if (const auto* managed = value.find("managed")) {
    const auto word = reader_.word(*managed, "managed", kYesNo);
    if (!word) {
      return forward_error(word);
    }
    rule.managed = *word % 2 == 1;
  }
  if (const auto* nodes = value.find("gi-nodes")) {
    const auto number = reader_.number(*nodes, "gi-nodes", 1, kMaxGiNodes);
    if (!number) {
      return forward_error(number);
    }
    rule.gi_nodes = *number;
  }
  return {};
}

Result<PolicyRule> PolicyReader::rule(const YamlValue& value) const {
  constexpr std::array<string_view, 9> kKeys{
      "match",   "driver",     "layout",  "at-boot", "quiesce",
      "domains", "on-release", "managed", "gi-nodes"};
  constexpr std::array<string_view, 1> kRequired{"match"};
  auto read = reader_.expect_map(value, "a rule for GPUs", kKeys, kRequired);
  PolicyRule rule;
  rule.place =
      fmt::format("{}:{}:{}", name_, value.place.line, value.place.column);
  if (read) {
    read = match(*value.find("match"), rule);
  }
  if (read) {
    read = driver_keys(value, rule);
  }
  if (read) {
    read = quiesce_key(value, rule);
  }
  if (read) {
    read = domain_keys(value, rule);
  }
  if (!read) {
    return forward_error(read);
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

}  // namespace

bool can_name_gpus(std::string_view text) {
  return !text.empty() && text.size() <= kMaxText &&
         is_printable(text, Letters::ascii);
}

Result<Policy> parse_policy(std::string_view yaml, const std::string& name) {
  const auto value = parse_yaml(yaml, name);
  if (!value) {
    return forward_error(value);
  }
  return PolicyReader(name).policy(*value);
}

}  // namespace nvgpuctl
