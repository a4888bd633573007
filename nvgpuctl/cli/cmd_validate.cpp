// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cli/layout.hpp"
#include "cli/output_json.hpp"
#include "cli/output_text.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"
#include "cli/waiting.hpp"

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

// How grave an exit code is: 3 over 1 over 9 over 0.
int gravity(ExitCode code) {
  constexpr std::array kAscending{ExitCode::done, ExitCode::degraded,
                                  ExitCode::failed, ExitCode::differs};
  return static_cast<int>(
      std::find(kAscending.begin(), kAscending.end(), code) -
      kAscending.begin());
}

Result<WriteTest> wanted_write_test(const Context& context,
                                    const Arguments& arguments) {
  const bool wanted = arguments.has("--write-test");
  const bool forced = arguments.has("--force");
  if (!wanted && forced) {
    return fail(Errc::usage, "--force", "is only for --write-test");
  }
  if (wanted && !forced) {
    return fail(Errc::usage, "--write-test", "writes to the GPU's memory",
                "say so with --force=write");
  }
  if (wanted && context.root != "/") {
    return fail(Errc::usage, context.root,
                "is a recorded host, which cannot be written to");
  }
  return wanted ? WriteTest::yes : WriteTest::no;
}

// All are looked at before the first device is opened.
Result<> check_all_free(const Selection& selection) {
  for (const auto index : selection.gpus) {
    auto free =
        check_device_free(selection.root, selection.inventory.gpus[index]);
    if (!free) {
      return forward_error(free);
    }
  }
  return {};
}

}  // namespace

Result<ExitCode> run_validate(Context& context, const Arguments& arguments) {
  const auto write_test = wanted_write_test(context, arguments);
  if (!write_test) {
    return forward_error(write_test);
  }
  auto selection =
      select(context, arguments, kToJudge, Operands::required_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  const auto free = check_all_free(*selection);
  if (!free) {
    return forward_error(free);
  }
  const auto& [root, inventory, gpus] = *selection;
  KernelVfio vfio(root);
  ExitCode worst = ExitCode::done;
  std::vector<Json> items;
  for (const auto index : gpus) {
    const auto& gpu = inventory.gpus[index];
    const auto validation = validate(
        root, inventory, index, vfio,
        {waiting(context, to_string(gpu.pci.address) + ": "), *write_test});
    if (!validation) {
      return forward_error(validation);
    }
    const ExitCode code = exit_code_of(overall(validation->sections));
    worst = gravity(code) > gravity(worst) ? code : worst;
    if (wants_document(context)) {
      items.push_back(validation_json(gpu, *validation));
      continue;
    }
    context.out << (index == gpus.front() ? "" : "\n");
    print_validation(context, gpu, *validation);
  }
  if (wants_document(context)) {
    print_list(context, "Validation", items);
  }
  return worst;
}

}  // namespace nvgpuctl::cli
