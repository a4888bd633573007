// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/numa_files.hpp"

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kNodes = "/sys/devices/system/node/";

// Linux allows NODES_SHIFT up to 10.
constexpr unsigned kMaxNode = 1023;

std::optional<std::vector<unsigned>> read_list(
    const RootDir& root, const std::string& path,
    std::vector<std::string>& problems) {
  const auto text = root.read_text(path);
  if (!text) {
    return std::nullopt;
  }
  auto ids = parse_id_list(*text);
  if (!ids) {
    problems.push_back(path + ": not a list of numbers");
  }
  return ids;
}

// "Node 2 MemTotal:       197132288 kB" as bytes; 0 when there is none.
std::uint64_t mem_total(std::string_view meminfo) {
  constexpr std::string_view kKey = "MemTotal:";
  const std::size_t at = meminfo.find(kKey);
  if (at == std::string_view::npos) {
    return 0;
  }
  auto rest = trim(meminfo.substr(at + kKey.size()));
  const auto kib = parse_unsigned(rest.substr(0, rest.find(' ')));
  // More than all physical addresses is no amount of memory.
  constexpr std::uint64_t kMaxKib = (1ULL << 52U) / kKiB;
  return kib && *kib <= kMaxKib ? *kib * kKiB : 0;
}

NumaNode read_node(const RootDir& root, unsigned id,
                   std::vector<std::string>& problems) {
  NumaNode node;
  node.id = id;
  const std::string path =
      std::string(kNodes) + "node" + std::to_string(id) + '/';
  node.cpus = read_list(root, path + "cpulist", problems)
                  .value_or(std::vector<unsigned>{});
  if (const auto meminfo = root.read_text(path + "meminfo")) {
    node.memory_bytes = mem_total(*meminfo);
  }
  if (const auto distances = root.read_text(path + "distance")) {
    for (const auto piece : split(trim(*distances), ' ')) {
      const auto value = parse_unsigned(piece);
      if (!value || *value > 255) {
        problems.push_back(path + "distance: not a list of distances");
        node.distances.clear();
        break;
      }
      node.distances.push_back(static_cast<unsigned>(*value));
    }
  }
  return node;
}

}  // namespace

NumaFacts read_numa(const RootDir& root, std::vector<std::string>& problems) {
  NumaFacts facts;
  const std::string base(kNodes);
  facts.online = read_list(root, base + "online", problems)
                     .value_or(std::vector<unsigned>{});
  facts.possible = read_list(root, base + "possible", problems)
                       .value_or(std::vector<unsigned>{});
  facts.generic_initiators =
      read_list(root, base + "has_generic_initiator", problems);
  for (const unsigned id : facts.online) {
    if (id <= kMaxNode) {
      facts.nodes.push_back(read_node(root, id, problems));
    }
  }
  return facts;
}

}  // namespace nvgpuctl
