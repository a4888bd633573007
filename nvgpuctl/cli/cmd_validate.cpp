// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/validate.hpp"

#include "cli/output_json.hpp"
#include "cli/output_text.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace nvgpuctl::cli {
namespace {

// "Everything was skipped" is no proof that the GPU works, so it is a failure.
ExitCode exit_code_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return ExitCode::done;
    case Verdict::fail:
      return ExitCode::differs;
    case Verdict::degraded:
      return ExitCode::degraded;
    case Verdict::skipped:
      break;
  }
  return ExitCode::failed;
}

// How grave an exit code is: 3 over 1 over 9 over 0.
int gravity(ExitCode code) {
  constexpr std::array kAscending{ExitCode::done, ExitCode::degraded,
                                  ExitCode::failed, ExitCode::differs};
  return static_cast<int>(
      std::find(kAscending.begin(), kAscending.end(), code) -
      kAscending.begin());
}

}  // namespace

Result<ExitCode> run_validate(Context& context, const Arguments& arguments) {
  auto selection =
      select(context, arguments, kToJudge, Operands::required_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  const auto& [root, inventory, gpus] = *selection;
  ExitCode worst = ExitCode::done;
  std::vector<Json> items;
  for (const auto index : gpus) {
    const auto& gpu = inventory.gpus[index];
    const auto sections = validate(root, inventory, index);
    const ExitCode code = exit_code_of(overall(sections));
    worst = gravity(code) > gravity(worst) ? code : worst;
    if (wants_document(context)) {
      items.push_back(validation_json(gpu, sections));
      continue;
    }
    context.out << (index == gpus.front() ? "" : "\n");
    print_validation(context, gpu, sections);
  }
  if (wants_document(context)) {
    print_list(context, "Validation", items);
  }
  return worst;
}

}  // namespace nvgpuctl::cli
