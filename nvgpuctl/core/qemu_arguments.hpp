// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/domain_model.hpp"

// What a domain passes to QEMU in <qemu:commandline>, taken apart.

namespace nvgpuctl {

// "-numa node,nodeid=1": option "numa", head "node", {"nodeid": "1"}. An object
// in JSON is the same: its head is the "qom-type".
struct QemuOption {
  XmlPlace place;  // of the <qemu:arg> with the value
  std::string option;
  std::string head;
  std::map<std::string, std::string, std::less<>> values;

  // "" when it is not there.
  std::string value(std::string_view name) const;
  std::optional<unsigned> number(std::string_view name) const;
};

// Options with their values, in order. What takes no value is left out.
std::vector<QemuOption> qemu_options(const std::vector<DomainArgument>& args);

// "1T", "1024G" or, without a suffix, bytes; nothing for what is none.
std::optional<std::uint64_t> parse_qemu_size(std::string_view text);

}  // namespace nvgpuctl
