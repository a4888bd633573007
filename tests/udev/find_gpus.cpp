// SPDX-License-Identifier: GPL-2.0-or-later
// Prints what our enumeration finds on the live host; enumeration_test.py runs
// it over a fake /sys. Argument: "trust" or "ignore" for tags.
#include <cstdio>
#include <string_view>

#include "host/pci_functions.hpp"

int main(int argc, char** argv) {
  using nvgpuctl::TagUse;
  const bool trust = argc == 2 && std::string_view(argv[1]) == "trust";
  const auto root = nvgpuctl::RootDir::open("/");
  if (!root) {
    std::fputs(root.error().problem.c_str(), stderr);
    return 1;
  }
  const auto found =
      find_nvidia_gpus(*root, trust ? TagUse::trust : TagUse::ignore);
  if (!found) {
    std::fputs(found.error().problem.c_str(), stderr);
    return 1;
  }
  for (const auto& address : *found) {
    std::puts(to_string(address).c_str());
  }
  return 0;
}
