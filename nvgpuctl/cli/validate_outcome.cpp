// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/validate_outcome.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cli/layout.hpp"
#include "cli/main_cli.hpp"
#include "cli/output_json.hpp"
#include "cli/output_text.hpp"

namespace nvgpuctl::cli {
namespace {

// "Everything was skipped" is no proof that the GPU works, so it is a failure.
ExitCode exit_code_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
    case Verdict::remark:
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

// How grave an exit code is: 3 over 4 over 1 over 9 over 0, and over
// all of these what no check tells.
int gravity(ExitCode code) {
  constexpr std::array kAscending{ExitCode::done, ExitCode::degraded,
                                  ExitCode::failed, ExitCode::in_use,
                                  ExitCode::differs};
  return static_cast<int>(
      std::find(kAscending.begin(), kAscending.end(), code) -
      kAscending.begin());
}

}  // namespace

ExitCode print_validations(Context& context, const Inventory& inventory,
                           const std::vector<std::size_t>& gpus,
                           const Look& look) {
  ExitCode worst = ExitCode::done;
  std::vector<Json> items;
  bool any = false;
  for (const auto index : gpus) {
    const auto& gpu = inventory.gpus[index];
    const auto validation = look(index);
    const ExitCode code = validation
                              ? exit_code_of(overall(validation->sections))
                              : exit_code(validation.error().code);
    worst = gravity(code) > gravity(worst) ? code : worst;
    if (!validation) {
      print_error(context.err, validation.error());
      continue;
    }
    if (wants_document(context)) {
      items.push_back(validation_json(gpu, *validation));
    } else {
      context.out << (any ? "\n" : "");
      print_validation(context, gpu, *validation);
    }
    any = true;
  }
  if (wants_document(context) && any) {
    print_list(context, "Validation", items);
  }
  return worst;
}

}  // namespace nvgpuctl::cli
