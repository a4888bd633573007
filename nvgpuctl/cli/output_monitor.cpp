// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output_monitor.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/layout.hpp"
#include "cli/wording.hpp"
#include "core/json_values.hpp"

namespace nvgpuctl::cli {
namespace {

Json standing(const std::optional<GpuStanding>& gpu) {
  if (!gpu) {
    return nullptr;
  }
  return {{"state", to_string(gpu->state)},
          {"driver", text_or_null(gpu->driver)}};
}

std::string standing_text(const std::optional<GpuStanding>& gpu) {
  if (!gpu) {
    return "absent";
  }
  return fmt::format("{} ({})", to_string(gpu->state),
                     gpu->driver.empty() ? "no driver" : gpu->driver);
}

}  // namespace

Json monitor_json(const MonitorRecord& record) {
  const auto& event = record.event;
  const auto& relation = record.relation;
  Json changes = Json::array();
  for (const auto& change : record.changes) {
    changes.push_back({{"address", to_string(change.address)},
                       {"before", standing(change.before)},
                       {"after", standing(change.after)}});
  }
  return {
      {"time", record.time},
      {"action", event.action},
      {"subsystem", event.subsystem},
      {"name", event.name},
      {"path", event.path},
      {"driver", text_or_null(event.driver)},
      {"concerns", to_string(relation.concern)},
      {"gpu", relation.gpu ? Json(to_string(*relation.gpu)) : Json(nullptr)},
      {"changes", changes}};
}

void print_monitor(Context& context, const MonitorRecord& record) {
  const auto& event = record.event;
  std::string line =
      fmt::format("{}  {:<7} {:<9} {}", record.time, printable(event.action),
                  printable(event.subsystem), printable(event.name));
  const bool itself = record.relation.concern == Concern::gpu;
  if (record.relation.gpu && !itself) {
    line += fmt::format(" (of {})", to_string(*record.relation.gpu));
  }
  for (const auto& change : record.changes) {
    const std::string what = fmt::format(
        "{} -> {}", standing_text(change.before), standing_text(change.after));
    line += fmt::format(
        "  {}: {}", to_string(change.address),
        paint(context, what,
              change.after ? style_of(change.after->state) : Style::warn));
  }
  context.out << line << '\n';
}

}  // namespace nvgpuctl::cli
