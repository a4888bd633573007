// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/census.hpp"
#include "core/version.hpp"

namespace nvgpuctl {

// Name of the file in a capture's top directory.
constexpr const char* kCaptureFile = "nvgpuctl-capture.yaml";

// What a capture says of its host that no recorded file holds.
struct CaptureFacts {
  std::string description;
  bool privileged = true;  // false: recorded by an ordinary user
  std::optional<std::string> machine;
  std::optional<std::uint64_t> page_size;  // bytes
  std::optional<bool> kvm_cacheable_pfnmap;
  std::optional<Version> libvirt;
  std::optional<Version> qemu;
  std::vector<RunningDomain> domains;  // that had a GPU
};

// Errors name file, line and column. Unknown keys are refused.
Result<CaptureFacts> parse_capture_facts(const std::string& yaml,
                                         const std::string& name);

}  // namespace nvgpuctl
