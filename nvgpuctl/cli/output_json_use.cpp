// SPDX-License-Identifier: GPL-2.0-or-later
#include <nlohmann/json.hpp>

#include "cli/output_json.hpp"
#include "core/json_values.hpp"

namespace nvgpuctl::cli {

Json holders_json(const Gpu& gpu) {
  if (!gpu.holders) {
    return nullptr;
  }
  Json list = Json::array();
  for (const auto& holder : *gpu.holders) {
    const auto& owner = holder.owner;
    list.push_back({{"kind", to_string(holder.kind)},
                    {"pid", holder.pid == 0 ? Json(nullptr) : Json(holder.pid)},
                    {"command", holder.command},
                    {"files", holder.files},
                    {"unit", text_or_null(owner.unit)},
                    {"container", text_or_null(owner.container)},
                    {"runtime", text_or_null(owner.runtime)},
                    {"pod", text_or_null(owner.pod)},
                    {"domain", text_or_null(holder.domain)}});
  }
  return list;
}

}  // namespace nvgpuctl::cli
