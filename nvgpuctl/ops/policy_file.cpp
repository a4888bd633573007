// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/policy_file.hpp"

namespace nvgpuctl {

Result<Policy> read_policy(const RootDir& root) {
  const auto text = root.read_file(kPolicyPath, kMaxPolicy);
  if (!text && text.error().code == Errc::not_found) {
    return Policy{};
  }
  if (!text) {
    return forward_error(text);
  }
  return parse_policy(*text, std::string(kPolicyPath));
}

}  // namespace nvgpuctl
