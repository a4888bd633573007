// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/gpu_use.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

// More names than these tell an operator no more; `explain` has them all.
constexpr std::size_t kMaxNamed = 8;

std::string stop_text(const Holder& holder) {
  const std::string what = what_to_stop(holder);
  switch (holder.kind) {
    case HolderKind::guest:
      return "shut down " + what;
    case HolderKind::service:
      return "systemctl stop " + what;
    case HolderKind::container:
    case HolderKind::process:
    case HolderKind::unseen:
      break;
  }
  return "stop " + what;
}

std::string memory_text(const OnlineBlocks& memory) {
  std::vector<unsigned> blocks = memory.movable;
  blocks.insert(blocks.end(), memory.other.begin(), memory.other.end());
  std::sort(blocks.begin(), blocks.end());
  return "take memory blocks " + format_id_list(blocks) + " offline";
}

bool memory_is_online(const Gpu& gpu) {
  return find_finding(gpu, "NVG-E040") != nullptr;
}

std::string names(const Gpu& gpu) {
  std::string text = names_of(*gpu.holders);
  if (memory_is_online(gpu)) {
    text += (text.empty() ? "" : "; ") +
            std::string("its memory is online as RAM of the host");
  }
  return text;
}

tl::unexpected<Error> in_use(const Gpu& gpu, std::string_view advice) {
  const auto order = stop_order(gpu);
  return fail(Errc::busy, to_string(gpu.pci.address), names(gpu),
              fmt::format("in this order: {}; {}", numbered(order), advice));
}

bool lists(const UseRules& rules, std::string_view unit) {
  return std::find(rules.units.begin(), rules.units.end(), unit) !=
         rules.units.end();
}

bool may_be_stopped(const Holder& holder, const UseRules& rules) {
  return rules.quiesce && holder.kind != HolderKind::guest &&
         holder.owner.system_unit && lists(rules, holder.owner.unit);
}

// Who is in the way and may be neither stopped nor overridden by the rules.
const Holder* obstacle(const Gpu& gpu, const UseRules& rules) {
  const auto found = std::find_if(
      gpu.holders->begin(), gpu.holders->end(), [&](const Holder& holder) {
        const bool forced = rules.force && holder.kind != HolderKind::guest;
        return !may_be_stopped(holder, rules) && !forced;
      });
  return found == gpu.holders->end() ? nullptr : &*found;
}

std::string advice_about(const Holder& holder, const UseRules& rules) {
  if (holder.kind == HolderKind::guest) {
    return "nothing takes a GPU from a running virtual machine: not "
           "--force=in-use, --quiesce, nor a policy";
  }
  if (rules.quiesce) {
    return fmt::format(
        "nothing lets {} be stopped: --quiesce is for services of NVIDIA's, "
        "'quiesce' in the policy for those that it names",
        what_to_stop(holder));
  }
  return "bind --quiesce does it where all of them are services of NVIDIA's, "
         "or named under 'quiesce' in the policy";
}

}  // namespace

std::string names_of(std::span<const Holder> holders) {
  std::string text;
  for (const auto& holder :
       holders.first(std::min(holders.size(), kMaxNamed))) {
    text += (text.empty() ? "" : "; ") + to_string(holder);
  }
  if (holders.size() > kMaxNamed) {
    text += fmt::format("; and {} more", holders.size() - kMaxNamed);
  }
  return text;
}

std::vector<std::string> stop_order(const Gpu& gpu) {
  std::vector<std::string> order;
  const auto add = [&](std::string text) {
    if (std::find(order.begin(), order.end(), text) == order.end()) {
      order.push_back(std::move(text));
    }
  };
  for (const auto& holder : gpu.holders.value_or(std::vector<Holder>{})) {
    add(stop_text(holder));
  }
  if (!gpu.online_blocks.empty()) {
    add(memory_text(gpu.online_blocks));
  } else if (memory_is_online(gpu)) {
    add("take its memory offline");
  }
  return order;
}

std::string numbered(const std::vector<std::string>& items) {
  std::string text;
  std::size_t number = 0;
  for (const auto& item : items) {
    text += fmt::format("{}{}. {}", number == 0 ? "" : ", ", number + 1, item);
    ++number;
  }
  return text;
}

UseRules quiesce_rules(const std::optional<std::vector<std::string>>& named) {
  UseRules rules{.quiesce = true};
  rules.units = named.value_or(std::vector<std::string>{});
  for (const auto unit : known_services()) {
    if (!lists(rules, unit)) {
      rules.units.emplace_back(unit);
    }
  }
  return rules;
}

Result<Quiet> judge_use(const Gpu& gpu, const UseRules& rules) {
  Quiet quiet;
  if (!gpu.holders) {
    return quiet;
  }
  if (const auto* holder = obstacle(gpu, rules)) {
    return in_use(gpu, advice_about(*holder, rules));
  }
  const bool online = memory_is_online(gpu);
  if (online && !rules.quiesce) {
    return in_use(gpu, rules.force ? "--force=in-use does not cover memory "
                                     "that is online; --quiesce does it"
                                   : "--quiesce does it");
  }
  if (online && gpu.online_blocks.empty()) {
    return in_use(gpu,
                  "its memory blocks are not known, so nothing can take them "
                  "offline");
  }
  if (!rules.quiesce) {
    return quiet;
  }
  for (const auto& unit : rules.units) {
    const bool has_it = std::any_of(
        gpu.holders->begin(), gpu.holders->end(), [&](const Holder& holder) {
          return may_be_stopped(holder, rules) && holder.owner.unit == unit;
        });
    if (has_it) {
      quiet.units.push_back(unit);
    }
  }
  quiet.memory = gpu.online_blocks;
  return quiet;
}

Result<> judge_use(const Gpu& gpu, const BindPlan& plan) {
  UseRules rules;
  for (const auto& step : plan.steps) {
    const auto order = parse_unit_order(step.value);
    if (step.kind == StepKind::unit && order && order->verb == "stop") {
      rules.units.push_back(order->unit);
    }
    rules.quiesce = rules.quiesce || step.kind == StepKind::unit ||
                    step.kind == StepKind::memory_blocks;
  }
  const auto free = judge_use(gpu, rules);
  return free ? Result<>() : Result<>(forward_error(free));
}

Result<> judge_managers(const Gpu& gpu) {
  for (const auto& found : gpu.findings) {
    const auto& why = *found.reason;
    if (other_manager(why) == OtherManager::rival) {
      return fail(
          Errc::busy, to_string(gpu.pci.address),
          fmt::format("{} {}: {}, by {}", why.id, why.name, found.detail,
                      found.evidence),
          fmt::format("{}; 'other-managers: take' in /etc/nvgpuctl/policy.yaml "
                      "binds all the same",
                      why.remedy));
    }
  }
  return {};
}

bool is_to_variant(const Gpu& gpu, const BindPlan& plan) {
  return plan.to == gpu.variant || plan.to == kVariantDriver;
}

Result<> judge_managers(const Gpu& gpu, const BindPlan& plan,
                        OtherManagers managers) {
  const bool binds = !plan.steps.empty() && is_to_variant(gpu, plan);
  return binds && managers == OtherManagers::refuse ? judge_managers(gpu)
                                                    : Result<>();
}

void add_manager_note(const Gpu& gpu, BindPlan& plan, OtherManagers managers) {
  const auto alone = judge_managers(gpu, plan, managers);
  if (!alone) {
    plan.notes.push_back("refused: " + alone.error().problem);
    plan.notes.push_back("to free it: " + alone.error().hint);
  }
}

void add_use_notes(const Gpu& gpu, BindPlan& plan) {
  if (gpu.holders && !gpu.holders->empty() && !plan.steps.empty()) {
    plan.notes.push_back("refused while it is in use: " +
                         names_of(*gpu.holders));
    plan.notes.push_back("to free it: " + numbered(stop_order(gpu)));
  }
}

}  // namespace nvgpuctl
