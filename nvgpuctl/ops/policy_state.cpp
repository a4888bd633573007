// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/policy_state.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "ops/driver_changes.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kNotSet = "not set";

std::string or_none(const std::string& driver) {
  return driver.empty() ? "none" : driver;
}

std::string or_not_set(const std::optional<std::string>& name) {
  return name.value_or(std::string(kNotSet));
}

class Comparison {
 public:
  Comparison(const RootDir& root, const Inventory& inventory,
             const Signature& signature)
      : root_(root), inventory_(inventory), signature_(signature) {}
  PolicyState state(const Gpu& gpu, const PolicyRule* rule) const;

 private:
  Result<Change> wanted_change(const Gpu& gpu, const PolicyRule& rule,
                               const std::optional<OriginRecord>& origin) const;
  Result<Change> to_origin(const Gpu& gpu,
                           const std::optional<OriginRecord>& origin) const;
  Result<Change> to_driver(const Gpu& gpu, const PolicyRule& rule,
                           const std::optional<OriginRecord>& origin) const;
  void add_layout(const PolicyRule& rule, PolicyState& state) const;
  Change unchanged(const Gpu& gpu,
                   const std::optional<OriginRecord>& origin) const;

  const RootDir& root_;
  const Inventory& inventory_;
  const Signature& signature_;
};

Change Comparison::unchanged(const Gpu& gpu,
                             const std::optional<OriginRecord>& origin) const {
  const auto now = driver_state(gpu.pci);
  return {{gpu.pci.address, now.driver, now.driver, {}, {}},
          {gpu.pci.address, {now, false, origin}, {now, false, origin}}};
}

// Without a record only what a bind has left is undone: whatever else drives
// the GPU may be its origin already.
Result<Change> Comparison::to_origin(
    const Gpu& gpu, const std::optional<OriginRecord>& origin) const {
  const bool ours =
      gpu.driver_role == DriverRole::variant ||
      (gpu.driver_role == DriverRole::none && gpu.pci.driver_override);
  return origin || ours ? change_to_origin(root_, gpu, signature_)
                        : Result<Change>(unchanged(gpu, origin));
}

// Back with the driver that it was taken from: what was stopped then runs
// again.
void restore(Change& change) {
  auto& quiet = change.record.after.origin->quiet;
  const auto steps = restore_steps(quiet);
  change.plan.steps.insert(change.plan.steps.end(), steps.begin(), steps.end());
  quiet = {};
}

// To exactly the driver of the rule, or to none, and so that no other takes it.
Result<Change> Comparison::to_driver(
    const Gpu& gpu, const PolicyRule& rule,
    const std::optional<OriginRecord>& origin) const {
  const std::string driver =
      rule.driver == DriverWish::named ? rule.driver_name : "";
  const auto before = driver_state(gpu.pci);
  const std::string name = driver.empty() ? std::string(kNobody) : driver;
  DriverState wanted{driver, name};
  if (before.driver == driver && !driver.empty() && !before.driver_override) {
    wanted.driver_override.reset();  // it came there by itself
  }
  const bool leaves = !before.driver.empty() && before.driver != driver;
  const bool returns = origin && origin->state.driver == driver;
  // On the way back nobody is stopped: no record would be left of it.
  const auto rules = leaves && !returns ? use_rules(rule) : std::nullopt;
  const auto* online = find_finding(gpu, "NVG-E040");
  if (leaves && online != nullptr && !rules) {
    return fail(Errc::not_viable, to_string(gpu.pci.address),
                fmt::format("{} {}: {}", online->reason->id,
                            online->reason->name, online->reason->summary),
                std::string(online->reason->remedy));
  }
  const auto quiet = rules ? judge_use(gpu, *rules) : Result<Quiet>(Quiet{});
  if (!quiet) {
    return forward_error(quiet);
  }
  Change change{
      plan_change(gpu.pci.address, before, wanted, presence_of(root_, driver)),
      {gpu.pci.address, {before, false, origin}, {wanted, false, origin}}};
  const auto settled =
      change.plan.steps.empty() ? Result<>() : check_settled(root_, gpu);
  if (!settled) {
    return forward_error(settled);
  }
  auto& record = change.record.after.origin;
  if (!change.plan.steps.empty() && !record) {
    record = OriginRecord{gpu.pci.address, before, signature_, {}, false};
  }
  if (returns && !change.plan.steps.empty()) {
    restore(change);
  } else if (!quiet->empty()) {
    quiesce(change, *quiet);
  }
  if (record && record->state == wanted) {
    record.reset();  // back where it came from
  }
  return change;
}

Result<Change> Comparison::wanted_change(
    const Gpu& gpu, const PolicyRule& rule,
    const std::optional<OriginRecord>& origin) const {
  switch (rule.driver) {
    case DriverWish::variant:
      return change_to_variant(root_, inventory_.host, gpu, signature_,
                               use_rules(rule));
    case DriverWish::origin:
      return to_origin(gpu, origin);
    case DriverWish::none:
    case DriverWish::named:
      return to_driver(gpu, rule, origin);
    case DriverWish::unsaid:
      break;
  }
  return unchanged(gpu, origin);
}

// Why a GPU that is with its driver already would have to leave it once more is
// for an operator to decide: every GPU of the driver would have to.
void Comparison::add_layout(const PolicyRule& rule, PolicyState& state) const {
  const auto& modules = inventory_.host.modules;
  const bool kernels_own = modules.is_loaded(kVariantDriver)
                               ? !modules.variant_layout
                               : is_kernels_own(modules);
  const std::string wanted(to_string(*rule.layout));
  const std::string seen =
      kernels_own ? "split" : modules.variant_layout.value_or(wanted);
  if (seen == wanted) {
    return;
  }
  state.differences.push_back({"layout", wanted, seen});
  const std::string subject = to_string(state.gpu->pci.address);
  state.obstacle =
      kernels_own
          ? Error{Errc::not_viable, subject,
                  "the kernel's own variant driver has no layout but split",
                  "install nvgpuctl-dkms, or take layout out of the policy"}
          : Error{Errc::not_viable, subject,
                  fmt::format("the variant driver is loaded with layout={}",
                              seen),
                  "unbind its GPUs, run: modprobe -r nvgrace_gpu_vfio_pci, "
                  "then: nvgpuctl apply"};
}

void add_driver(const Gpu& gpu, const Change& change, PolicyState& state) {
  const auto& [before, after] =
      std::pair(change.record.before.state, change.record.after.state);
  if (change.plan.from != change.plan.to ||
      change.record.after.kernel_chooses) {
    state.differences.push_back({"driver",
                                 change.record.after.kernel_chooses
                                     ? "what the kernel chooses"
                                     : or_none(after.driver),
                                 or_none(before.driver)});
  }
  if (before.driver_override != after.driver_override &&
      !change.plan.steps.empty()) {
    state.differences.push_back({"driver_override",
                                 or_not_set(after.driver_override),
                                 or_not_set(gpu.pci.driver_override)});
  }
}

// What a rule asks of a GPU that cannot have it.
std::string wanted_driver(const Gpu& gpu, const PolicyRule& rule) {
  return rule.driver == DriverWish::variant ? variant_driver(gpu)
                                            : or_none(rule.driver_name);
}

// A GPU that udev's rule has kept for its driver had none before, and was not
// to have it for ever (docs/boot.md).
void forget_pinned_origin(const Gpu& gpu, Change& change) {
  auto& origin = change.record.after.origin;
  if (origin && origin->quiet.empty() && !change.record.before.origin &&
      !gpu.pci.driver && gpu.pci.driver_override == change.plan.to) {
    origin.reset();
  }
}

// What is stopped and started, which the differences do not tell.
void add_quiet_notes(const BindPlan& plan, PolicyState& state) {
  for (const auto& step : plan.steps) {
    const auto unit = parse_unit_order(step.value);
    const auto memory = parse_block_order(step.value);
    if (step.kind == StepKind::unit && unit) {
      state.notes.push_back(unit->verb == "stop"
                                ? "apply stops " + unit->unit
                                : "apply starts " + unit->unit + " again");
    } else if (step.kind == StepKind::memory_blocks && memory) {
      state.notes.push_back(fmt::format(
          "apply takes its memory blocks {} {}", format_id_list(memory->blocks),
          memory->word == "offline" ? "offline" : "online again"));
    }
  }
}

// Whose release was never heard of: libvirt ended before it, say. A domain that
// only starts has nothing open yet, but libvirt tells of it.
void add_lost_domain(const HostSnapshot& host, const OriginRecord& origin,
                     PolicyState& state) {
  const bool all_seen = host.census && host.census->unseen == 0 &&
                        host.census->libvirt_problem.empty();
  if (!all_seen || !state.gpu->holders || !state.gpu->holders->empty()) {
    return;
  }
  const std::string name = "domain '" + *origin.domain + "'";
  const std::string gpu = to_string(origin.gpu);
  state.differences.push_back({"use", name, "nobody"});
  state.obstacle =
      Error{Errc::busy, gpu,
            fmt::format("is on record for {} since {}, and nobody uses it",
                        name, origin.signature.when),
            "where that domain is off, run: nvgpuctl unbind " + gpu};
}

PolicyState Comparison::state(const Gpu& gpu, const PolicyRule* rule) const {
  PolicyState state;
  state.gpu = &gpu;
  state.rule = rule;
  if (rule == nullptr) {
    return state;
  }
  if (rule->address && rule->address != gpu.pci.address) {
    state.notes.push_back(
        fmt::format("has moved here from {}", to_string(*rule->address)));
  }
  const auto origin = valid_origin(root_, gpu.pci.address, signature_);
  if (origin && origin->domain) {
    state.notes.push_back("is bound for domain '" + *origin->domain + "'");
    add_lost_domain(inventory_.host, *origin, state);
    return state;
  }
  if (rule->driver == DriverWish::unsaid) {
    return state;
  }
  auto change = wanted_change(gpu, *rule, origin);
  if (!change) {
    const auto wanted = wanted_driver(gpu, *rule);
    const auto seen = or_none(gpu.pci.driver.value_or(""));
    if (wanted != seen) {
      state.differences.push_back({"driver", wanted, seen});
    }
    state.obstacle = change.error();
    return state;
  }
  add_driver(gpu, *change, state);
  if (rule->layout) {
    choose_layout(*change, inventory_.host.modules, rule->layout);
    add_layout(*rule, state);
  }
  add_quiet_notes(change->plan, state);
  forget_pinned_origin(gpu, *change);
  state.change = std::move(*change);
  return state;
}

PolicyState absent(const PolicyRule& rule) {
  const std::string name =
      rule.acpi_path.empty() ? to_string(*rule.address) : rule.acpi_path;
  PolicyState state;
  state.rule = &rule;
  state.differences.push_back({"gpu", name, "not there"});
  state.obstacle =
      Error{Errc::no_such_gpu, rule.place,
            fmt::format("the rule names {}, which is not there", name),
            "see: nvgpuctl list; where the GPU is gone for good, take the "
            "rule out"};
  return state;
}

}  // namespace

std::string_view to_string(PolicyVerdict verdict) {
  switch (verdict) {
    case PolicyVerdict::same:
      return "same";
    case PolicyVerdict::differs:
      return "differs";
    case PolicyVerdict::degraded:
      return "degraded";
    case PolicyVerdict::absent:
      return "absent";
    case PolicyVerdict::unruled:
      break;
  }
  return "not-in-policy";
}

bool is_to_work(const PolicyState& state) {
  if (state.gpu == nullptr || state.rule == nullptr) {
    return false;
  }
  const auto wish = state.rule->driver;
  return wish == DriverWish::variant ||
         (wish == DriverWish::named &&
          state.rule->driver_name == variant_driver(*state.gpu)) ||
         (wish != DriverWish::unsaid &&
          state.gpu->state == GpuState::needs_operator);
}

PolicyVerdict verdict_of(const PolicyState& state) {
  if (state.gpu == nullptr) {
    return PolicyVerdict::absent;
  }
  if (state.rule == nullptr) {
    return PolicyVerdict::unruled;
  }
  if (!state.differences.empty() || state.obstacle) {
    return PolicyVerdict::differs;
  }
  // Whoever is bound and blocked cannot be started with, either.
  return is_to_work(state) && state.gpu->state != GpuState::bound
             ? PolicyVerdict::degraded
             : PolicyVerdict::same;
}

Result<std::vector<PolicyState>> compare_with_policy(
    const RootDir& root, const Inventory& inventory,
    const std::vector<std::size_t>& gpus, const Policy& policy,
    const Signature& signature) {
  const auto match = match_policy(policy, inventory.gpus);
  if (!match) {
    return forward_error(match);
  }
  const Comparison comparison(root, inventory, signature);
  std::vector<PolicyState> states;
  for (const auto index : gpus) {
    states.push_back(
        comparison.state(inventory.gpus[index], match->rules[index]));
  }
  return states;
}

Result<std::vector<PolicyState>> absent_states(const Policy& policy,
                                               const std::vector<Gpu>& gpus) {
  const auto match = match_policy(policy, gpus);
  if (!match) {
    return forward_error(match);
  }
  std::vector<PolicyState> states;
  for (const auto* rule : match->absent) {
    if (rule->driver != DriverWish::unsaid) {
      states.push_back(absent(*rule));
    }
  }
  return states;
}

}  // namespace nvgpuctl
