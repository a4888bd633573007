// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

// Schemas in place of libvirt's.

namespace nvgpuctl {

// Accepts every document, or none that libvirt knows.
inline constexpr const char* kAnything =
    "<grammar xmlns='http://relaxng.org/ns/structure/1.0'>"
    "<start><ref name='any'/></start><define name='any'><element><anyName/>"
    "<zeroOrMore><choice><attribute><anyName/></attribute><text/>"
    "<ref name='any'/></choice></zeroOrMore></element></define></grammar>";
inline constexpr const char* kNothing =
    "<grammar xmlns='http://relaxng.org/ns/structure/1.0'>"
    "<start><element name='nothing'><empty/></element></start></grammar>";

}  // namespace nvgpuctl
