// SPDX-License-Identifier: GPL-2.0-or-later
#include <nlohmann/json.hpp>

#include "core/emit.hpp"
#include "core/emit_parts.hpp"
#include "core/json_values.hpp"

namespace nvgpuctl {
namespace {

using Json = nlohmann::ordered_json;

Json gpu_facts(const Gpu& gpu) {
  return {{"address", to_string(gpu.pci.address)},
          {"model", gpu.model.name},
          {"pci_id", pci_id(gpu)},
          {"state", to_string(gpu.state)},
          {"driver", or_null(gpu.pci.driver)},
          {"variant_driver", or_null(gpu.variant)},
          {"memory_bytes",
           gpu.memory_size ? Json(gpu.memory_size->value) : Json(nullptr)},
          {"numa_node", or_null(gpu.pci.numa_node)},
          {"generic_initiator_nodes",
           gpu.gi_nodes ? Json(gpu.gi_nodes->nodes) : Json::array()},
          {"iommu_group", or_null(gpu.pci.iommu_group)},
          {"reasons", reason_ids(gpu)}};
}

}  // namespace

// Facts are for conditions in a playbook: flat, and without sentences. All the
// rest is in `nvgpuctl list -o json`.
Result<Emission> emit_ansible(const HostSnapshot& host,
                              std::span<const Gpu> gpus) {
  Json list = Json::array();
  for (const auto& gpu : gpus) {
    list.push_back(gpu_facts(gpu));
  }
  Json states = Json::object();
  for (const auto state : kGpuStates) {
    states[std::string(to_string(state))] = count_state(gpus, state);
  }
  // Not read where there is no GPU.
  const auto nodes = host.numa.online.size();
  const Json facts{
      {"api_version", "nvgpuctl/v1"},
      {"gpu_count", gpus.size()},
      {"healthy", all_healthy(gpus)},
      {"states", states},
      {"gpus", list},
      {"numa_node_count", nodes > 0 ? Json(nodes) : Json(nullptr)}};
  return Emission{
      facts.dump(2, ' ', false, Json::error_handler_t::replace) + "\n", {}};
}

}  // namespace nvgpuctl
