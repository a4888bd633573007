// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace nvgpuctl {

// Compares with a file below tests/data; UPDATE_GOLDEN=1 rewrites it.
inline void expect_golden(const std::string& text, const std::string& name) {
  const std::string path = std::string(TEST_DATA_DIR) + "/" + name;
  const char* update = std::getenv("UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1") {
    std::ofstream(path) << text;
  }
  std::ostringstream wanted;
  wanted << std::ifstream(path).rdbuf();
  EXPECT_EQ(text, wanted.str()) << "golden file: " << path;
}

}  // namespace nvgpuctl
