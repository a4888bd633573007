// SPDX-License-Identifier: GPL-2.0-or-later
#include <nlohmann/json.hpp>

#include "cli/output_topology.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"
#include "host/state_dir.hpp"

namespace nvgpuctl::cli {
namespace {

std::map<PciAddress, std::string> recorded_domains(const Selection& selection) {
  std::map<PciAddress, std::string> domains;
  for (const auto& gpu : selection.inventory.gpus) {
    if (auto domain = recorded_domain(selection.root, gpu.pci.address)) {
      domains.emplace(gpu.pci.address, std::move(*domain));
    }
  }
  return domains;
}

}  // namespace

Result<ExitCode> run_topology(Context& context, const Arguments& arguments) {
  constexpr HostNeeds kNeeds{.virtualization = true, .host_facts = true};
  const auto selection =
      select(context, arguments, kNeeds, Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  const auto topology =
      make_topology(selection->inventory.host, selection->inventory.gpus,
                    recorded_domains(*selection));
  if (context.format == Format::svg) {
    context.out << topology_svg(topology);
  } else if (wants_document(context)) {
    print_document(context, "Topology", topology_json(topology));
  } else {
    print_topology(context, topology);
  }
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
