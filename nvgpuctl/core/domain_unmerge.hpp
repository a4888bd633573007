// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/merge_record.hpp"
#include "core/xml_builder.hpp"

namespace nvgpuctl {

// The element that a word of MergeRecord::made or ::empty means; nothing when
// it is not there.
std::optional<XmlElement> find_part(XmlElement root, std::string_view word);

// The first thing that is not ours and needs a cell of ours: it names one, or
// is a cell behind them, whose number would not do without.
std::optional<XmlElement> find_cell_user(XmlElement root,
                                         const MergeRecord& record);

// Error: take_out() would leave such a thing, which libvirt would refuse.
Result<> check_cell_users(XmlElement root, const MergeRecord& record,
                          const std::string& name);

// Takes everything that the record names out of the domain, and the record
// itself. Error: somebody else's device would lose its bus.
Result<> take_out(XmlElement root, const MergeRecord& record,
                  const std::string& name);

}  // namespace nvgpuctl
