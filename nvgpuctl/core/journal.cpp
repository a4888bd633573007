// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/journal.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

std::string quoted_or_null(const std::optional<std::string>& text) {
  return text ? json_quoted(*text) : "null";
}

std::string driver_text(const DriverState& state) {
  return fmt::format(R"("driver": {}, "driver_override": {})",
                     state.driver.empty() ? "null" : json_quoted(state.driver),
                     quoted_or_null(state.driver_override));
}

std::string signature_text(const Signature& signature) {
  return fmt::format(R"("boot_id": {}, "who": {}, "when": {})",
                     json_quoted(signature.boot_id), json_quoted(signature.who),
                     json_quoted(signature.when));
}

// With a comma in front, and only where something was stopped.
std::string quiet_text(const Quiet& quiet) {
  if (quiet.empty()) {
    return "";
  }
  std::string units;
  for (const auto& unit : quiet.units) {
    units += (units.empty() ? "" : ", ") + json_quoted(unit);
  }
  return fmt::format(R"(, "stopped": {{"units": [{}], "movable_blocks": "{}", )"
                     R"("other_blocks": "{}"}})",
                     units, format_id_list(quiet.memory.movable),
                     format_id_list(quiet.memory.other));
}

std::string origin_text(const OriginRecord& origin) {
  return fmt::format(
      R"({{"address": {}, {}, {}, "domain": {}, "bound_for_domain": {}{}}})",
      json_quoted(to_string(origin.gpu)), driver_text(origin.state),
      signature_text(origin.signature), quoted_or_null(origin.domain),
      origin.bound_for_domain, quiet_text(origin.quiet));
}

std::string state_text(const JournalState& state) {
  return fmt::format(
      R"({{{}, "kernel_chooses": {}, "origin": {}}})", driver_text(state.state),
      state.kernel_chooses,
      state.origin ? origin_text(*state.origin) : std::string("null"));
}

}  // namespace

std::string write_journal_text(const Journal& journal) {
  std::string gpus;
  for (const auto& gpu : journal.gpus) {
    gpus += fmt::format(
        "{}  {{\"address\": {},\n   \"before\": {},\n   \"after\": {}}}",
        gpus.empty() ? "" : ",\n", json_quoted(to_string(gpu.gpu)),
        state_text(gpu.before), state_text(gpu.after));
  }
  return fmt::format(
      "{{\"apiVersion\": \"nvgpuctl/v1\", \"kind\": \"Journal\",\n"
      " \"verb\": {}, \"phase\": \"{}\",\n {},\n \"gpus\": [\n{}\n ]}}\n",
      json_quoted(journal.verb),
      journal.phase == JournalPhase::apply ? "apply" : "undo",
      signature_text(journal.signature), gpus);
}

std::string write_origin_text(const OriginRecord& origin) {
  return fmt::format(
      "{{\"apiVersion\": \"nvgpuctl/v1\", \"kind\": \"Origin\",\n"
      " \"origin\": {}}}\n",
      origin_text(origin));
}

bool has_arrived(const DriverState& now, const JournalGpu& gpu,
                 JournalPhase direction) {
  const auto& end = direction == JournalPhase::apply ? gpu.after : gpu.before;
  if (end.kernel_chooses) {
    return now.driver != gpu.before.state.driver &&
           now.driver_override == end.state.driver_override;
  }
  return now == end.state;
}

}  // namespace nvgpuctl
