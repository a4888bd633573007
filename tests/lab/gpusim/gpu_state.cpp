// SPDX-License-Identifier: GPL-2.0-or-later
// What a GPU tells of itself to tests.
#include <linux/pci_regs.h>

#include <nlohmann/json.hpp>

#include "gpusim/gpu.hpp"

namespace nvgpuctl::gpusim {
namespace {

using Json = nlohmann::ordered_json;

Json ready_json(const ReadyOptions& ready, std::chrono::milliseconds elapsed) {
  Json json{{"c2c", ready.c2c}, {"hbm", ready.hbm}};
  if (ready.after) {
    json["after_ms"] = ready.after->count();
  } else {
    json["after_ms"] = "never";
  }
  json["since_reset_ms"] = elapsed.count();
  json["passed"] = ready.after && elapsed >= *ready.after;
  return json;
}

Json counters_json(const GpuCounters& counters) {
  return Json{{"config_reads", counters.config_reads},
              {"config_writes", counters.config_writes},
              {"bar_reads", counters.bar_reads},
              {"bar_writes", counters.bar_writes},
              {"readiness_reads", counters.readiness_reads},
              {"unanswered", counters.unanswered},
              {"interrupts", counters.interrupts},
              {"suspends", counters.suspends},
              {"device_resets", counters.device_resets},
              {"function_resets", counters.function_resets},
              {"link_resets", counters.link_resets}};
}

}  // namespace

std::string Gpu::state_json(Instant now) const {
  const auto elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(now - reset_at_);
  const auto& config = function_.config;
  Json json{{"device_id", options_.device_id},
            {"power", power_state() == 0 ? "D0" : "D3hot"},
            {"command", config.get<std::uint16_t>(PCI_COMMAND)},
            {"config", config_dead_ ? "dead" : "ok"},
            {"link", link_up_ ? "up" : "down"},
            {"removed", removed_},
            {"ready", ready_json(ready_, elapsed)}};
  for (unsigned i = 0; i < options_.bar_sizes.size(); ++i) {
    const auto at = std::size_t{PCI_BASE_ADDRESS_0} + std::size_t{8} * i;
    json["bars"].push_back(
        {{"size", options_.bar_sizes.at(i)},
         {"address", config.get<std::uint64_t>(at) & ~0xFULL},
         {"written_pages", bars_.at(i).pages()}});
  }
  if (function_.dvsec != 0) {
    json["mig_erratum_fixed"] =
        (config.get<std::uint16_t>(function_.dvsec + 0xAU) & 1U) != 0;
  }
  json["msix_pending"] = pending_;
  json["counts"] = counters_json(counters_);
  return json.dump();
}

}  // namespace nvgpuctl::gpusim
