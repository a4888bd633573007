// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output_json.hpp"
#include "cli/verbs.hpp"

#include <nlohmann/json.hpp>

namespace nvgpuctl::cli {

Result<ExitCode> run_version(Context& context, const Arguments& /*unused*/) {
  if (wants_document(context)) {
    print_document(context, "VersionInfo", version_json());
  } else {
    context.out << "nvgpuctl " NVGPUCTL_VERSION "\n";
  }
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
