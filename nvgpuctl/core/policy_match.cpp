// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/policy_match.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.hpp"
#include "core/bind_plan.hpp"

namespace nvgpuctl {
namespace {

bool names_one(const PolicyRule& rule) {
  return rule.address.has_value() || !rule.acpi_path.empty();
}

bool matches(const PolicyRule& rule, const Gpu& gpu) {
  if (rule.all || (!rule.model.empty() && gpu.model.name == rule.model)) {
    return true;
  }
  // An address can come to be another GPU's, a path in firmware cannot. Where
  // the kernel tells no path, the address is all there is.
  if (!rule.acpi_path.empty() && (gpu.pci.acpi_path || !rule.address)) {
    return gpu.pci.acpi_path == rule.acpi_path;
  }
  return rule.address == gpu.pci.address;
}

// The GPU that a rule names; null where it is not there.
Result<const Gpu*> the_one(const PolicyRule& rule,
                           const std::vector<Gpu>& gpus) {
  const Gpu* first = nullptr;
  for (const auto& gpu : gpus) {
    if (!matches(rule, gpu)) {
      continue;
    }
    if (first != nullptr) {
      return fail(Errc::malformed, rule.place,
                  fmt::format("the rule names one GPU and fits two, {} and {}",
                              to_string(first->pci.address),
                              to_string(gpu.pci.address)),
                  "name each by what it alone has; see: nvgpuctl show --all");
    }
    first = &gpu;
  }
  return first;
}

const PolicyRule* find_rule(const Policy& policy, const Gpu& gpu) {
  const auto found =
      std::find_if(policy.rules.begin(), policy.rules.end(),
                   [&](const auto& rule) { return matches(rule, gpu); });
  return found == policy.rules.end() ? nullptr : &*found;
}

Result<> check_layouts(const std::vector<const PolicyRule*>& rules) {
  const PolicyRule* first = nullptr;
  for (const auto* rule : rules) {
    if (rule == nullptr || !rule->layout) {
      continue;
    }
    if (first != nullptr && first->layout != rule->layout) {
      return fail(Errc::malformed, rule->place,
                  fmt::format("layout {} here and layout {} at {}",
                              to_string(*rule->layout),
                              to_string(*first->layout), first->place),
                  "it is a parameter of the driver: all GPUs of a host have "
                  "the same");
    }
    first = rule;
  }
  return {};
}

using Names = std::vector<std::string_view>;

// "GH200" is short for each model that begins with it, and next to "GB200".
Names beginning_with(std::string_view word, const Names& names) {
  Names found;
  std::ranges::copy_if(names, std::back_inserter(found), [&](auto name) {
    return same_ignoring_case(name.substr(0, word.size()), word);
  });
  return found;
}

// What a model that does not exist was probably to be.
std::string suggestion(std::string_view word,
                       const std::vector<std::string>& models,
                       const std::vector<Gpu>& gpus) {
  const Names known(models.begin(), models.end());
  Names here;
  for (const auto& gpu : gpus) {
    if (std::ranges::find(here, gpu.model.name) == here.end()) {
      here.emplace_back(gpu.model.name);
    }
  }
  for (const auto* names : std::array<const Names*, 2>{&here, &known}) {
    const auto longer = beginning_with(word, *names);
    if (!longer.empty()) {
      return fmt::format("did you mean \"{}\"?", fmt::join(longer, "\" or \""));
    }
  }
  here.insert(here.end(), known.begin(), known.end());  // the first of equals
  if (const auto meant = closest(word, here)) {
    return fmt::format("did you mean \"{}\"?", *meant);
  }
  return fmt::format("known: {}", fmt::join(known, ", "));
}

}  // namespace

Result<PolicyMatch> match_policy(const Policy& policy,
                                 const std::vector<Gpu>& gpus) {
  PolicyMatch match;
  for (const auto& gpu : gpus) {
    match.rules.push_back(find_rule(policy, gpu));
  }
  for (const auto& rule : policy.rules) {
    if (!names_one(rule)) {
      continue;
    }
    const auto one = the_one(rule, gpus);
    if (!one) {
      return forward_error(one);
    }
    if (*one == nullptr) {
      match.absent.push_back(&rule);
    }
  }
  auto layouts = check_layouts(match.rules);
  if (!layouts) {
    return forward_error(layouts);
  }
  return match;
}

Result<> check_models(const Policy& policy,
                      const std::vector<std::string>& models,
                      const std::vector<Gpu>& gpus) {
  for (const auto& rule : policy.rules) {
    if (rule.model.empty() ||
        std::find(models.begin(), models.end(), rule.model) != models.end()) {
      continue;
    }
    return fail(Errc::malformed, rule.place,
                "no GPU is called '" + rule.model + "'",
                suggestion(rule.model, models, gpus));
  }
  return {};
}

std::vector<const PolicyRule*> rules_without_gpu(const Policy& policy,
                                                 const std::vector<Gpu>& gpus) {
  std::vector<const PolicyRule*> idle;
  for (const auto& rule : policy.rules) {
    if (!rule.model.empty() && std::ranges::none_of(gpus, [&](const Gpu& gpu) {
          return matches(rule, gpu);
        })) {
      idle.push_back(&rule);
    }
  }
  return idle;
}

PolicyRule rule_for(const Policy& policy, const Gpu& gpu) {
  if (const auto* rule = find_rule(policy, gpu)) {
    return *rule;
  }
  PolicyRule none;
  none.all = true;
  return none;
}

bool keeps_at_boot(const PolicyRule& rule) {
  return rule.at_boot && rule.driver != DriverWish::unsaid &&
         rule.driver != DriverWish::origin;
}

std::string kept_for(const HostSnapshot& host, const Gpu& gpu,
                     const PolicyRule& rule, OtherManagers managers) {
  if (!keeps_at_boot(rule)) {
    return "";
  }
  if (rule.driver != DriverWish::variant) {
    return driver_word(rule);
  }
  // The memory is online only once a driver has the GPU.
  const auto plan = plan_bind(host, gpu, OnlineMemory::goes_offline);
  const bool ours = managers == OtherManagers::take || judge_managers(gpu);
  return plan && ours ? plan->to : "";
}

std::optional<UseRules> use_rules(const PolicyRule& rule) {
  return rule.quiesce
             ? std::optional(UseRules{.quiesce = true, .units = *rule.quiesce})
             : std::nullopt;
}

bool allows(const PolicyRule& rule, std::string_view domain) {
  return !rule.domains || std::find(rule.domains->begin(), rule.domains->end(),
                                    domain) != rule.domains->end();
}

}  // namespace nvgpuctl
