// SPDX-License-Identifier: GPL-2.0-or-later
#include <nlohmann/json.hpp>

#include "cli/output_topology.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"

namespace nvgpuctl::cli {
Result<ExitCode> run_topology(Context& context, const Arguments& arguments) {
  constexpr HostNeeds kNeeds{.virtualization = true,
                             .use = true,
                             .running_domains = true,
                             .host_facts = true};
  const auto selection =
      select(context, arguments, kNeeds, Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  print_no_gpu(context, *selection);
  const auto topology =
      make_topology(selection->inventory.host, selection->inventory.gpus,
                    domains_of(selection->root, selection->inventory.gpus));
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
