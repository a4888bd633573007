// SPDX-License-Identifier: GPL-2.0-or-later
// Input: the revision of an SRAT, then its body.
#include <algorithm>
#include <set>

#include "core/acpi_numa.hpp"
#include "fuzz/require.hpp"

namespace nvgpuctl {
namespace {

void check_nodes(const Srat& srat) {
  const auto nodes = replay_pxm_to_node(srat);
  REQUIRE(nodes.size() == srat.pxm_order.size());
  std::set<unsigned> numbers;
  for (const auto& [pxm, node] : nodes) {
    REQUIRE(node < nodes.size());
    REQUIRE(numbers.insert(node).second);
    REQUIRE(srat.pxm_order[node] == pxm);
  }
  for (const SratMemory& memory : srat.memory) {
    REQUIRE(!memory.enabled || nodes.contains(memory.pxm));
  }
  // Processors and initiators may have none: see SratParser::read_structure().
}

void check(std::uint8_t revision, Bytes body) {
  AcpiTable table;
  table.name = "SRAT";
  table.signature = "SRAT";
  table.revision = revision;
  table.body = body;
  const auto srat = parse_srat(table);
  if (!srat) {
    REQUIRE(srat.error().code == Errc::malformed);
    REQUIRE(srat.error().subject == "SRAT");
    REQUIRE(!srat.error().problem.empty());
    return;
  }
  // The smallest structure that gives anything has 16 bytes.
  REQUIRE(srat->pxm_order.size() <= body.size() / 16);
  REQUIRE(std::ranges::is_sorted(srat->cpu_pxms));
  bool old = false;
  for (const SratGenericInitiator& initiator : srat->generic_initiators) {
    REQUIRE(initiator.address.device < 32 && initiator.address.function < 8);
    REQUIRE(!initiator.old_byte_order ||
            (initiator.address.device == 0 && initiator.address.function == 0));
    old = old || initiator.old_byte_order;
  }
  REQUIRE(old == !srat->warnings.empty());
  check_nodes(*srat);
}

}  // namespace
}  // namespace nvgpuctl

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size > 0) {
    nvgpuctl::check(data[0], {data + 1, size - 1});
  }
  return 0;
}
