// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <dlfcn.h>

namespace nvgpuctl {

// A function of a library that was opened at run time, with the type that its
// own header gives it: find_function<decltype(virConnectOpen)>(library, "…").
// Null when the library has none of that name.
template <class Function>
Function* find_function(void* library, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

}  // namespace nvgpuctl
