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

// Takes everything that the record names out of the domain, and the record
// itself. Error: somebody else's device would lose its bus.
Result<> take_out(XmlElement root, const MergeRecord& record,
                  const std::string& name);

}  // namespace nvgpuctl
