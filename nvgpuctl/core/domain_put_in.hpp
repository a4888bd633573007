// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "core/merge_record.hpp"
#include "core/xml_builder.hpp"

namespace nvgpuctl {

// Puts the parts of a fragment (DomainParts) where a domain has them, and the
// record of it into <metadata>. What was added and what was not there before
// is noted in `record`. take_out() is the reverse.
void put_in(XmlElement root, XmlElement fragment, std::uint64_t window_bytes,
            MergeRecord& record);

}  // namespace nvgpuctl
