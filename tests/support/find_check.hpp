// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "core/check.hpp"

namespace nvgpuctl {

// The first check of that id; a check that is not there fails the test.
inline Check check(const std::vector<CheckSection>& sections,
                   std::string_view id) {
  for (const auto& section : sections) {
    for (const auto& one : section.checks) {
      if (one.id == id) {
        return one;
      }
    }
  }
  ADD_FAILURE() << "no check " << id;
  return {};
}

}  // namespace nvgpuctl
