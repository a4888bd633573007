// SPDX-License-Identifier: GPL-2.0-or-later
#include <nlohmann/json.hpp>

#include "cli/output_json.hpp"

namespace nvgpuctl::cli {

Json emission_json(const EmitTarget& target, const Emission& emission) {
  return {{"target", target.name},
          {"file", target.file},
          {"text", emission.text},
          {"warnings", emission.warnings}};
}

}  // namespace nvgpuctl::cli
