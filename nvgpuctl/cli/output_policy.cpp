// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output_policy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/layout.hpp"
#include "core/json_values.hpp"

namespace nvgpuctl::cli {
namespace {

std::string error_text(const Error& error) {
  return error.hint.empty() ? error.problem : error.problem + "; " + error.hint;
}

// What is wrong with a GPU beside the policy, worst first. What bind would cure
// is a difference already.
std::vector<const Finding*> reasons_of(const PolicyState& state) {
  std::vector<const Finding*> reasons;
  if (!is_to_work(state)) {
    return reasons;
  }
  for (const auto& found : state.gpu->findings) {
    if (found.reason->severity == Severity::error) {
      reasons.push_back(&found);
    }
  }
  return reasons;
}

Style verdict_style(PolicyVerdict verdict) {
  switch (verdict) {
    case PolicyVerdict::same:
      return Style::good;
    case PolicyVerdict::unruled:
      return Style::plain;
    case PolicyVerdict::degraded:
    case PolicyVerdict::differs:
      return Style::warn;
    case PolicyVerdict::absent:
      break;
  }
  return Style::bad;
}

// The GPU's own address, or what the rule calls one that is not there.
std::string name_of(const PolicyState& state) {
  if (state.gpu != nullptr) {
    return to_string(state.gpu->pci.address);
  }
  return state.differences.front().wanted;
}

Json match_json(const PolicyRule& rule) {
  if (rule.all) {
    return "all";
  }
  Json match = Json::object();
  if (!rule.acpi_path.empty()) {
    match["acpi-path"] = rule.acpi_path;
  }
  if (rule.address) {
    match["address"] = to_string(*rule.address);
  }
  if (!rule.model.empty()) {
    match["model"] = rule.model;
  }
  return match;
}

Json wished_driver(const PolicyState& state) {
  return state.rule == nullptr || state.rule->driver == DriverWish::unsaid
             ? Json(nullptr)
             : Json(driver_word(*state.rule));
}

Json rule_json(const PolicyRule& rule) {
  Json json{{"match", match_json(rule)}};
  if (rule.driver != DriverWish::unsaid) {
    json["driver"] = driver_word(rule);
  }
  if (rule.layout) {
    json["layout"] = to_string(*rule.layout);
  }
  if (rule.quiesce) {
    json["quiesce"] = *rule.quiesce;
  }
  return json;
}

}  // namespace

void print_policy_state(Context& context, const PolicyState& state) {
  const auto verdict = verdict_of(state);
  context.out << paint(context, name_of(state), Style::strong) << "  "
              << paint(context, to_string(verdict), verdict_style(verdict));
  if (state.rule != nullptr) {
    context.out << "  (" << printable(state.rule->place) << ')';
  }
  context.out << '\n';
  for (const auto& [what, wanted, seen] : state.differences) {
    print_prose(context.out, context.width, "  ",
                fmt::format("{}: {} -> {}", what, seen, wanted));
  }
  if (state.obstacle) {
    print_prose(context.out, context.width,
                "  cannot be changed: ", error_text(*state.obstacle));
  }
  for (const auto* found : reasons_of(state)) {
    if (!state.obstacle) {
      print_prose(context.out, context.width, "  ",
                  fmt::format("{} {}: {}", found->reason->id,
                              found->reason->name, found->detail));
    }
  }
  for (const auto& note : state.notes) {
    print_prose(context.out, context.width, "  note: ", note);
  }
}

Json policy_state_json(const PolicyState& state) {
  Json differences = Json::array();
  for (const auto& [what, wanted, seen] : state.differences) {
    differences.push_back({{"what", what}, {"wanted", wanted}, {"seen", seen}});
  }
  Json reasons = Json::array();
  for (const auto* found : reasons_of(state)) {
    reasons.push_back({{"id", found->reason->id},
                       {"name", found->reason->name},
                       {"detail", found->detail}});
  }
  const auto* gpu = state.gpu;
  return {
      {"address",
       gpu == nullptr ? Json(nullptr) : Json(to_string(gpu->pci.address))},
      {"acpi_path", gpu == nullptr
                        ? Json(nullptr)
                        : text_or_null(gpu->pci.acpi_path.value_or(""))},
      {"rule", state.rule == nullptr ? Json(nullptr) : Json(state.rule->place)},
      {"driver", wished_driver(state)},
      {"at_boot", state.rule != nullptr && state.rule->at_boot},
      {"verdict", to_string(verdict_of(state))},
      {"differences", differences},
      {"obstacle",
       state.obstacle ? Json(error_text(*state.obstacle)) : Json(nullptr)},
      {"reasons", reasons},
      {"notes", state.notes}};
}

Json policy_json(const Policy& policy) {
  Json rules = Json::array();
  for (const auto& rule : policy.rules) {
    rules.push_back(rule_json(rule));
  }
  return {{"gpus", rules}};
}

}  // namespace nvgpuctl::cli
