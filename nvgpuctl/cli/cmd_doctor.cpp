// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output_json.hpp"
#include "cli/output_text.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"
#include "core/doctor.hpp"

#include <nlohmann/json.hpp>

namespace nvgpuctl::cli {

Result<ExitCode> run_doctor(Context& context, const Arguments& arguments) {
  constexpr HostNeeds kEverything{
      .virtualization = true, .libvirt = true, .use = true, .host_facts = true};
  auto selection =
      select(context, arguments, kEverything, Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  const auto& inventory = selection->inventory;
  if (inventory.gpus.empty()) {
    print_no_gpu(context, selection->root, inventory);
  }
  const auto sections = check_host(inventory.host, inventory.gpus);
  if (wants_document(context)) {
    print_document(context, "HostReport",
                   host_report_json(inventory.host, inventory.gpus, sections));
  } else {
    print_check_sections(context, sections);
  }
  return overall(sections) == Verdict::fail ? ExitCode::differs
                                            : ExitCode::done;
}

}  // namespace nvgpuctl::cli
