// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/validate.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "core/check_table.hpp"
#include "core/gpu_check.hpp"

namespace nvgpuctl {
namespace {

// Why the device is not opened, if it is not.
std::optional<std::string_view> not_opened(const RootDir& root,
                                           const Gpu& gpu) {
  if (!root.live()) {
    return "a recorded host has no device to open";
  }
  // The kernel would wait for it until its driver's limit.
  if (has_fallen_off(gpu)) {
    return "the GPU does not answer";
  }
  if (!has_vfio_driver(gpu)) {
    return "not bound to a variant driver";
  }
  return std::nullopt;
}

bool shows_no_memory(const CheckSection& vfio) {
  return std::any_of(
      vfio.checks.begin(), vfio.checks.end(), [](const Check& check) {
        return check.id == "vfio-layout" && check.verdict == Verdict::degraded;
      });
}

// A driver that fell back to plain PCI did so because of what firmware says:
// the GPU works, without its memory. Firmware's failures are why, and not
// another fault beside it.
void call_firmware_degraded(std::vector<CheckSection>& sections) {
  for (auto& section : sections) {
    if (section.name != "firmware" && section.name != "layout") {
      continue;
    }
    for (auto& check : section.checks) {
      if (check.verdict == Verdict::fail) {
        check.verdict = Verdict::degraded;
      }
    }
  }
}

}  // namespace

Result<Validation> validate(const RootDir& root, const Inventory& inventory,
                            std::size_t gpu, VfioOpener& vfio,
                            const LiveOptions& options) {
  const Gpu& one = inventory.gpus[gpu];
  auto sections = check_gpu(inventory.host, one, inventory.gpus);
  if (const auto why = not_opened(root, one)) {
    SectionWriter checks("vfio");
    checks.skip("vfio-device", *why);
    sections.push_back(checks.take());
    if (options.write_test == WriteTest::yes) {
      SectionWriter writes("write");
      writes.skip("write-first", *why);
      sections.push_back(writes.take());
    }
    return Validation{std::move(sections), one.plan};
  }
  auto free = check_device_free(root, one);
  if (!free) {
    return forward_error(free);
  }
  auto live = attest_gpu(root, inventory.host, one, vfio, options);
  if (!live) {
    return forward_error(live);
  }
  if (shows_no_memory(live->sections.front())) {
    call_firmware_degraded(sections);
  }
  std::move(live->sections.begin(), live->sections.end(),
            std::back_inserter(sections));
  return Validation{std::move(sections), live->regions};
}

}  // namespace nvgpuctl
