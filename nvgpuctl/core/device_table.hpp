// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace nvgpuctl {

enum class Family { hopper, blackwell };
std::string_view to_string(Family family);

// How one model of GPU is to be treated.
struct DeviceModel {
  std::uint16_t device_id = 0;  // vendor is always 10de
  std::string name;             // "GH200 120GB"
  Family family = Family::hopper;
  // Boards that NVIDIA calls otherwise though they have the same device id.
  struct Board {
    std::uint16_t subsystem_id = 0;  // subsystem vendor is 10de
    std::string name;
    bool operator==(const Board&) const = default;
  };
  std::vector<Board> boards{};
  unsigned gi_nodes = 8;  // generic initiator nodes a guest needs
  bool known = true;      // false: id in a self-hosted range, not listed
  bool operator==(const DeviceModel&) const = default;
};

// The models, ranges and exclusions of devices.yaml plus the operator's own
// files in /etc/nvgpuctl/devices.d.
class DeviceTable {
 public:
  // Ids that NVIDIA keeps for GPUs of Grace hosts.
  struct Range {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    Family family = Family::hopper;
    bool operator==(const Range&) const = default;
  };
  struct Exclusion {
    std::uint16_t device_id = 0;
    std::string reason;
    bool operator==(const Exclusion&) const = default;
  };
  struct Entries {
    std::vector<DeviceModel> models{};
    std::vector<Range> self_hosted{};
    std::vector<Exclusion> exclusions{};
    bool operator==(const Entries&) const = default;
  };

  DeviceTable() = default;

  // The table compiled into the program.
  static DeviceTable shipped();

  // Adds one YAML document. `name` stands in errors: "FILE:LINE:COLUMN: …".
  // Later documents override earlier ones id by id. A failed merge leaves the
  // table as it was.
  Result<> merge(std::string_view yaml, const std::string& name);

  // The model of a 10de device: listed, or unknown but inside one of NVIDIA's
  // self-hosted ranges (`known == false`); nothing for any other GPU. Its name
  // is the board's where the subsystem id names one.
  std::optional<DeviceModel> find(std::uint16_t device_id,
                                  std::uint16_t subsystem_id = 0) const;

  // Why a GPU that is often mistaken for a Grace GPU is none ("GB10 has no
  // memory of its own…"); nothing when there is nothing to say.
  std::optional<std::string> exclusion(std::uint16_t device_id) const;

  const Entries& entries() const { return entries_; }

 private:
  Entries entries_;
};

}  // namespace nvgpuctl
