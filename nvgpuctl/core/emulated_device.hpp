// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "core/xml_builder.hpp"

namespace nvgpuctl {

// Whether QEMU shows a device of its own in the guest for this child of a
// domain's <devices>: not for what is passed through, and not for bridges.
bool is_emulated(XmlElement device);

}  // namespace nvgpuctl
