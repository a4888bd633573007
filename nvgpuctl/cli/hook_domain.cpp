// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/hook_domain.hpp"

#include "cli/host_change.hpp"
#include "core/domain_model.hpp"
#include "core/hostdev_scan.hpp"
#include "ops/hook_session.hpp"

namespace nvgpuctl::cli {

Result<> prepare_from_xml(Context& context, const HookTools& tools,
                          const std::string& guest, std::string_view xml) {
  const auto domain = read_domain(xml, "the domain's XML");
  if (!domain && addresses_in(xml)) {
    // It surely names a GPU of NVIDIA's.
    const auto& error = domain.error();
    return refuse("NVG-E078", error.code, error.subject, error.problem);
  }
  if (!domain) {
    tools.warn(domain.error().subject + ": " + domain.error().problem);
    return {};
  }
  std::vector<PciAddress> sources;
  for (const auto& hostdev : domain->hostdevs) {
    if (hostdev.source) {
      sources.push_back(*hostdev.source);
    }
  }
  auto live = check_live(context, tools.root);
  return live ? prepare_domain(tools, guest, sources) : live;
}

}  // namespace nvgpuctl::cli
