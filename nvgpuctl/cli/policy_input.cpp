// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/policy_input.hpp"

#include <iterator>

#include "host/input_text.hpp"
#include "host/state_dir.hpp"
#include "ops/policy_file.hpp"

namespace nvgpuctl::cli {

Result<std::optional<Policy>> given_policy(const Arguments& arguments) {
  const auto file = arguments.value("--file");
  if (!file) {
    return std::nullopt;
  }
  const auto text = read_input(*file, kMaxPolicy);
  if (!text) {
    return forward_error(text);
  }
  return parse_policy(*text, *file == "-" ? "standard input" : *file);
}

Result<Policy> policy_of(const std::optional<Policy>& given,
                         const RootDir& root) {
  if (given) {
    return *given;
  }
  if (!root.exists(kPolicyPath)) {
    return fail(Errc::not_found, std::string(kPolicyPath),
                "there is no policy on this host",
                "write one, for a start with: nvgpuctl export; or name a file "
                "with --file");
  }
  return read_policy(root);
}

Result<std::vector<PolicyState>> states_of(const Selection& selection,
                                           const Policy& policy,
                                           std::string_view verb) {
  const auto& inventory = selection.inventory;
  const auto known = check_models(policy, inventory.models, inventory.gpus);
  if (!known) {
    return forward_error(known);
  }
  auto states = compare_with_policy(selection.root, inventory, selection.gpus,
                                    policy, sign(selection.root, verb));
  if (!states || !selection.every) {
    return states;
  }
  auto absent = absent_states(policy, inventory.gpus);
  if (!absent) {
    return forward_error(absent);
  }
  std::move(absent->begin(), absent->end(), std::back_inserter(*states));
  return states;
}

}  // namespace nvgpuctl::cli
