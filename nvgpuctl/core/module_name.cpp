// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/module_name.hpp"

#include <algorithm>

namespace nvgpuctl {
namespace {

char plain(char c) {
  return c == '-' ? '_' : c;
}

}  // namespace

std::string_view module_file_stem(std::string_view file) {
  file.remove_prefix(file.rfind('/') + 1);
  return file.substr(0, file.find(".ko"));
}

std::string kernel_module_name(std::string_view module) {
  std::string name(module);
  std::transform(name.begin(), name.end(), name.begin(), plain);
  return name;
}

std::string module_of_file(std::string_view file) {
  return kernel_module_name(module_file_stem(file));
}

bool is_host_driver(std::string_view module) {
  return module == "nouveau" || module == "nvidia" ||
         module == "nvidia_current" || module == "nvidia_current_open" ||
         module.starts_with("nvidia_tesla");
}

bool same_module(std::string_view a, std::string_view b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(),
      [](char left, char right) { return plain(left) == plain(right); });
}

}  // namespace nvgpuctl
