// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/driver_change.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const DriverState kNone{"", std::nullopt};
const DriverState kNvidia{"nvidia", std::nullopt};
const DriverState kVariant{"nvgrace_gpu_vfio_pci", "nvgrace_gpu_vfio_pci"};

std::vector<std::string> steps(
    const DriverState& now, const DriverState& wanted,
    DriverPresence presence = DriverPresence::loaded) {
  std::vector<std::string> lines;
  for (const auto& step :
       plan_change({9, 1, 0, 0}, now, wanted, presence).steps) {
    std::string line = step.kind == StepKind::load_module     ? "load "
                       : step.kind == StepKind::expect_driver ? "expect "
                                                              : "";
    line += step.path.substr(step.path.rfind('/') + 1);
    lines.push_back(line + "=" + (step.value == "\n" ? "-" : step.value));
  }
  return lines;
}

TEST(DriverChange, NamesTheDriverSoThatNoOtherTakesTheGpu) {
  EXPECT_THAT(steps(kVariant, kNvidia),
              ElementsAre("driver_override=nvidia", "unbind=0009:01:00.0",
                          "drivers_probe=0009:01:00.0", "driver_override=-",
                          "expect driver=nvidia"));
}

TEST(DriverChange, LeavesAGpuWithoutADriverThatHadNone) {
  EXPECT_THAT(steps(kVariant, kNone),
              ElementsAre("unbind=0009:01:00.0", "driver_override=-",
                          "expect driver="));
}

TEST(DriverChange, LoadsADriverThatHasGone) {
  EXPECT_THAT(steps(kNone, kNvidia, DriverPresence::not_loaded),
              ElementsAre("load =nvidia", "driver_override=nvidia",
                          "drivers_probe=0009:01:00.0", "driver_override=-",
                          "expect driver=nvidia"));
}

TEST(DriverChange, KeepsAnOverrideThatWasThereBefore) {
  EXPECT_THAT(
      steps(kVariant, {"vfio-pci", "vfio-pci"}),
      ElementsAre("driver_override=vfio-pci", "unbind=0009:01:00.0",
                  "drivers_probe=0009:01:00.0", "expect driver=vfio-pci"));
}

TEST(DriverChange, SaysWhyTheOverrideIsWritten) {
  const auto why = [](const DriverState& now, const DriverState& wanted) {
    const auto plan =
        plan_change({9, 1, 0, 0}, now, wanted, DriverPresence::loaded);
    return plan.steps.empty() ? "" : plan.steps.front().purpose;
  };
  EXPECT_EQ(why(kNone, {"", "none"}), "so that no driver takes it");
  EXPECT_EQ(why(kNvidia, {"nvidia", "nvidia"}),
            "only this driver may take the GPU");
  EXPECT_EQ(why(kNvidia, {"nvidia", "vfio-pci"}), "as it was before");
  EXPECT_EQ(why({"", "none"}, kNone), "any driver may take the GPU again");
}

TEST(DriverChange, ChangesTheOverrideAloneWhereTheDriverIsRight) {
  EXPECT_THAT(steps({"nvidia", "vfio-pci"}, kNvidia),
              ElementsAre("driver_override=-"));
}

TEST(DriverChange, HasNothingToDoBetweenEqualStates) {
  EXPECT_THAT(steps(kVariant, kVariant), IsEmpty());
}

TEST(DriverChange, TakesOnlyModuleNamesForDrivers) {
  EXPECT_TRUE(is_driver_name("nvgrace_gpu_vfio_pci"));
  EXPECT_TRUE(is_driver_name("vfio-pci"));
  for (const auto* name : {"", "-r", "a b", "../x", "a\n", "é"}) {
    EXPECT_FALSE(is_driver_name(name)) << name;
  }
  EXPECT_FALSE(is_driver_name(std::string(56, 'a')));
}

TEST(DriverChange, SaysAStateInWords) {
  EXPECT_EQ(to_string(kNone), "no driver");
  EXPECT_EQ(to_string(kVariant),
            "driver nvgrace_gpu_vfio_pci, driver_override "
            "nvgrace_gpu_vfio_pci");
}

}  // namespace
}  // namespace nvgpuctl
