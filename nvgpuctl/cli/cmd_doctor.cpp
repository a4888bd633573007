// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output_json.hpp"
#include "cli/output_text.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"
#include "core/boot_check.hpp"
#include "core/doctor.hpp"
#include "ops/read_boot.hpp"

#include <nlohmann/json.hpp>

namespace nvgpuctl::cli {
namespace {

ExitCode code_of(const std::vector<CheckSection>& sections) {
  return overall(sections) == Verdict::fail ? ExitCode::differs
                                            : ExitCode::done;
}

ExitCode examine_now(Context& context, const Inventory& inventory) {
  const auto sections = check_host(inventory.host, inventory.gpus);
  if (wants_document(context)) {
    print_document(context, "HostReport",
                   host_report_json(inventory.host, inventory.gpus, sections));
  } else {
    print_check_sections(context, sections);
  }
  return code_of(sections);
}

ExitCode examine_boot(Context& context, const Selection& selection) {
  const auto& inventory = selection.inventory;
  const auto facts = read_boot(selection.root, inventory);
  const auto sections = check_boot(facts, inventory.gpus);
  if (wants_document(context)) {
    print_document(
        context, "BootReport",
        boot_report_json(inventory.host, inventory.gpus, facts, sections));
  } else {
    print_check_sections(context, sections);
  }
  return code_of(sections);
}

}  // namespace

Result<ExitCode> run_doctor(Context& context, const Arguments& arguments) {
  constexpr HostNeeds kEverything{.virtualization = true,
                                  .libvirt = true,
                                  .use = true,
                                  .host_facts = true,
                                  .despite_device_files = true};
  constexpr HostNeeds kForBoot{
      .managers = true, .host_facts = true, .despite_device_files = true};
  const bool boot = arguments.has("--boot");
  auto selection = select(context, arguments, boot ? kForBoot : kEverything,
                          Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  print_no_gpu(context, *selection);
  return boot ? examine_boot(context, *selection)
              : examine_now(context, selection->inventory);
}

}  // namespace nvgpuctl::cli
