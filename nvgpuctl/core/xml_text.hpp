// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <libxml/xmlstring.h>

#include <new>
#include <string>
#include <string_view>

// What lies between libxml2's strings and ours: an xmlChar is an unsigned char,
// UTF-8 by convention.

namespace nvgpuctl {

inline const xmlChar* xml(const std::string& text) {
  return reinterpret_cast<const xmlChar*>(text.c_str());
}

// Empty for null, which is libxml2's "not there".
inline std::string_view view(const xmlChar* text) {
  return text == nullptr ? std::string_view()
                         : reinterpret_cast<const char*>(text);
}

// libxml2 returns null where no memory is left.
template <class T>
T* need_memory(T* pointer) {
  if (pointer == nullptr) {
    throw std::bad_alloc();
  }
  return pointer;
}

}  // namespace nvgpuctl
