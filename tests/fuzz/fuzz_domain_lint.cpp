// SPDX-License-Identifier: GPL-2.0-or-later
// Input: a text that says it is a domain, for a host with three GPUs.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/domain_edit.hpp"
#include "core/domain_lint.hpp"
#include "fuzz/require.hpp"
#include "support/lint_host.hpp"

namespace nvgpuctl {
namespace {

LintTarget target_of(const LintHost& host) {
  LintTarget target{
      .host = &host.host, .gpus = &host.gpus, .others = host.others};
  target.libvirt = Fact{Version{12, 8, 0}, Source::option};
  target.qemu = Fact{Version{11, 1, 0}, Source::option};
  return target;
}

std::vector<DomainEdit> judge(const Domain& domain, const LintTarget& target) {
  std::vector<DomainEdit> edits;
  for (const LintFinding& finding : lint_domain(domain, target).findings) {
    REQUIRE(finding.place.xpath.starts_with("/domain"));
    REQUIRE(!finding.seen.empty() && !finding.fix.empty());
    if (finding.safe) {
      edits.push_back(*finding.safe);
    }
  }
  return edits;
}

void check(std::string_view text) {
  static const LintHost host = lint_host("two");
  LintTarget target = target_of(host);
  const auto domain = read_domain(text, "fuzz.xml");
  if (!domain) {
    return;
  }
  const auto edits = judge(*domain, target);
  const auto fixed = edit_domain(text, "fuzz.xml", edits);
  REQUIRE(fixed);
  const auto again = read_domain(*fixed, "fixed.xml");
  REQUIRE(again);
  target.libvirt = Fact{Version{11, 3, 0}, Source::option};
  target.guest_nodes = 4;
  target.managed = false;
  judge(*again, target);
}

}  // namespace
}  // namespace nvgpuctl

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  nvgpuctl::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
