// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/bind.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/fake_kernel.hpp"
#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kName = "0009:01:00.0";
constexpr const char* kOverride =
    "/sys/bus/pci/devices/0009:01:00.0/driver_override";
constexpr const char* kProbe = "/sys/bus/pci/drivers_probe";

class BindOnAFakeHost : public testing::Test {
 protected:
  BindOnAFakeHost() {
    fake_.pci_function(kName, "0x10de", "0x2342").file(kProbe, "");
  }

  // The GPU that read_host() would make of the tree.
  HostSnapshot host() const {
    auto host = gh200_host();
    auto& pci = host.gpus[0];
    const auto root = fake_.open();
    const auto driver =
        root.link_name("/sys/bus/pci/devices/0009:01:00.0/driver");
    if (driver) {
      pci.driver = *driver;
    }
    const auto text = root.read_text(kOverride);
    if (text && *text != "(null)" && !text->empty()) {
      pci.driver_override = *text;
    }
    return host;
  }
  BindPlan bind_plan() const { return *plan_bind(host(), only_gpu(host())); }
  BindPlan unbind_plan() const { return *plan_unbind(only_gpu(host())); }
  BindReport apply(const BindPlan& plan) {
    return nvgpuctl::apply(fake_.open(), loader_, plan);
  }

  FakeRoot fake_;
  ScriptedLoader loader_;
};

// "driver_override: nvgrace_gpu_vfio_pci" for each step, "!" before the one
// that failed.
std::vector<std::string> seen(const BindReport& report) {
  std::vector<std::string> lines;
  for (const auto& one : report.steps) {
    lines.push_back((one.done ? "" : "! ") +
                    one.step.path.substr(one.step.path.rfind('/') + 1) + ": " +
                    one.seen);
  }
  return lines;
}

TEST_F(BindOnAFakeHost, DoesEveryStepOfThePlan) {
  loader_.then_driver(fake_, kName);
  const auto report = apply(bind_plan());
  EXPECT_TRUE(report.done);
  EXPECT_EQ(report.gpu, kGh200Address);
  EXPECT_THAT(seen(report), ElementsAre(": loaded",
                                        "driver_override: "
                                        "nvgrace_gpu_vfio_pci",
                                        "drivers_probe: accepted",
                                        "driver: nvgrace_gpu_vfio_pci"));
  EXPECT_THAT(loader_.loaded, ElementsAre("nvgrace_gpu_vfio_pci"));
  EXPECT_EQ(fake_.content(kOverride), "nvgrace_gpu_vfio_pci");
  EXPECT_EQ(fake_.content(kProbe), "0009:01:00.0");
}

TEST_F(BindOnAFakeHost, WritesNothingWhenItOnlyPlans) {
  fake_.driver(kName, "nvidia");
  const auto plan = bind_plan();
  EXPECT_THAT(plan.steps, SizeIs(5));
  EXPECT_EQ(fake_.content(kOverride), "(null)\n");
  EXPECT_EQ(fake_.content(kProbe), "");
  EXPECT_EQ(fake_.content("/sys/bus/pci/drivers/nvidia/unbind"), "");
  EXPECT_THAT(loader_.loaded, IsEmpty());
}

TEST_F(BindOnAFakeHost, WritesNothingWhenUnbindOnlyPlans) {
  fake_.driver(kName, "nvgrace_gpu_vfio_pci");
  fake_.file(kOverride, "nvgrace_gpu_vfio_pci\n");
  const auto plan = unbind_plan();
  EXPECT_THAT(plan.steps, SizeIs(4));
  EXPECT_EQ(fake_.content(kOverride), "nvgrace_gpu_vfio_pci\n");
  EXPECT_EQ(fake_.content(kProbe), "");
}

TEST_F(BindOnAFakeHost, StopsWhenTheModuleCannotBeLoaded) {
  loader_.fails = true;
  const auto report = apply(bind_plan());
  EXPECT_FALSE(report.done);
  EXPECT_THAT(seen(report), ElementsAre("! : modprobe could not load it"));
  EXPECT_EQ(fake_.content(kOverride), "(null)\n");
}

TEST_F(BindOnAFakeHost, StopsWhenTheOverrideCannotBeWritten) {
  const auto plan = bind_plan();
  std::filesystem::remove(fake_.path(kOverride));
  const auto report = apply(plan);
  EXPECT_FALSE(report.done);
  EXPECT_THAT(seen(report), ElementsAre(": loaded",
                                        "! driver_override: No such file or "
                                        "directory"));
  EXPECT_EQ(fake_.content(kProbe), "");
}

TEST_F(BindOnAFakeHost, StopsWhenTheOverrideDoesNotReadBack) {
  auto plan = bind_plan();
  // White space at the ends is not read back, so that this is a value which
  // the attribute does not keep.
  plan.steps[1].value = " nvgrace_gpu_vfio_pci";
  const auto report = apply(plan);
  EXPECT_FALSE(report.done);
  EXPECT_THAT(
      seen(report),
      ElementsAre(": loaded", "! driver_override: nvgrace_gpu_vfio_pci"));
  EXPECT_EQ(fake_.content(kProbe), "");
}

TEST_F(BindOnAFakeHost, StopsWhenTheHostDriverCannotBeAsked) {
  fake_.driver(kName, "nvidia");
  const auto plan = bind_plan();
  std::filesystem::remove(fake_.path("/sys/bus/pci/drivers/nvidia/unbind"));
  const auto report = apply(plan);
  EXPECT_FALSE(report.done);
  EXPECT_THAT(seen(report), ElementsAre(": loaded",
                                        "driver_override: "
                                        "nvgrace_gpu_vfio_pci",
                                        "! unbind: No such file or directory"));
  EXPECT_EQ(fake_.content(kProbe), "");
}

TEST_F(BindOnAFakeHost, FailsWhenNoDriverCameOfIt) {
  const auto report = apply(bind_plan());
  EXPECT_FALSE(report.done);
  EXPECT_EQ(seen(report).back(), "! driver: no driver");
}

TEST_F(BindOnAFakeHost, FailsWhenAnotherDriverCameOfIt) {
  auto plan = bind_plan();
  fake_.driver(kName, "vfio-pci");
  const auto report = apply(plan);
  EXPECT_FALSE(report.done);
  EXPECT_EQ(seen(report).back(), "! driver: vfio-pci");
}

TEST_F(BindOnAFakeHost, HasNothingToDoWithoutSteps) {
  fake_.driver(kName, "nvgrace_gpu_vfio_pci");
  const auto report = apply(bind_plan());
  EXPECT_TRUE(report.done);
  EXPECT_THAT(report.steps, IsEmpty());
}

TEST_F(BindOnAFakeHost, ClearsTheOverrideWhenItUnbinds) {
  fake_.file(kOverride, "nvgrace_gpu_vfio_pci\n");
  const auto report = apply(unbind_plan());
  EXPECT_TRUE(report.done);
  EXPECT_THAT(seen(report), ElementsAre("driver_override: not set"));
  EXPECT_EQ(fake_.content(kOverride), "\n");
}

TEST_F(BindOnAFakeHost, IsNotReleasedWhileTheDriverIsStillThere) {
  fake_.driver(kName, "nvgrace_gpu_vfio_pci");
  const auto report = apply(unbind_plan());
  EXPECT_FALSE(report.done);
  EXPECT_EQ(seen(report).back(), "! driver: nvgrace_gpu_vfio_pci");
}

TEST_F(BindOnAFakeHost, IsReleasedToWhateverTheKernelChose) {
  fake_.driver(kName, "nvgrace_gpu_vfio_pci");
  const auto plan = unbind_plan();
  fake_.driver(kName, "nvidia");
  const auto report = apply(plan);
  EXPECT_TRUE(report.done);
  EXPECT_EQ(seen(report).back(), "driver: nvidia");
}

TEST_F(BindOnAFakeHost, IsReleasedWhenTheKernelChoseNone) {
  fake_.driver(kName, "nvgrace_gpu_vfio_pci");
  const auto plan = unbind_plan();
  auto last = plan;
  last.steps = {plan.steps.back()};
  std::filesystem::remove(
      fake_.path("/sys/bus/pci/devices/0009:01:00.0/driver"));
  const auto report = apply(last);
  EXPECT_TRUE(report.done);
  EXPECT_THAT(seen(report), ElementsAre("driver: no driver"));
}

TEST_F(BindOnAFakeHost, IsNotReleasedWhenNobodyCanTell) {
  fake_.driver(kName, "nvgrace_gpu_vfio_pci");
  auto plan = unbind_plan();
  plan.steps = {plan.steps.back()};
  const std::string link = "/sys/bus/pci/devices/0009:01:00.0/driver";
  std::filesystem::remove(fake_.path(link));
  fake_.file(link, "");
  const auto report = apply(plan);
  EXPECT_FALSE(report.done);
  EXPECT_THAT(seen(report), ElementsAre("! driver: not a symbolic link"));
}

class BindUnderAKernel : public BindOnAFakeHost {
 protected:
  BindUnderAKernel() { kernel_.prefer("nvidia"); }

  BindReport carry_out(const BindPlan& plan) {
    return kernel_.apply(loader_, plan);
  }
  std::string driver() const {
    const auto name =
        fake_.open().link_name("/sys/bus/pci/devices/0009:01:00.0/driver");
    return name ? *name : "none";
  }

  FakeKernel kernel_{fake_};
};

TEST_F(BindUnderAKernel, TakesTheGpuFromTheHostAndGivesItBack) {
  fake_.driver(kName, "nvidia");
  kernel_.offer("nvgrace_gpu_vfio_pci");
  const auto bound = carry_out(bind_plan());
  EXPECT_TRUE(bound.done);
  EXPECT_THAT(seen(bound),
              ElementsAre(": loaded", "driver_override: nvgrace_gpu_vfio_pci",
                          "unbind: accepted", "drivers_probe: accepted",
                          "driver: nvgrace_gpu_vfio_pci"));
  EXPECT_EQ(driver(), "nvgrace_gpu_vfio_pci");
  const auto returned = carry_out(unbind_plan());
  EXPECT_TRUE(returned.done);
  EXPECT_THAT(seen(returned),
              ElementsAre("driver_override: not set", "unbind: accepted",
                          "drivers_probe: accepted", "driver: nvidia"));
  EXPECT_EQ(driver(), "nvidia");
}

TEST_F(BindUnderAKernel, IsReportedWhenTheVariantDriverRefusesTheGpu) {
  fake_.driver(kName, "nvidia");
  kernel_.fail_probe("nvgrace_gpu_vfio_pci");
  const auto report = carry_out(bind_plan());
  EXPECT_FALSE(report.done);
  EXPECT_THAT(seen(report),
              ElementsAre(": loaded", "driver_override: nvgrace_gpu_vfio_pci",
                          "unbind: accepted", "drivers_probe: accepted",
                          "! driver: no driver"));
  EXPECT_EQ(driver(), "none") << "the override keeps the host's driver away";
}

TEST_F(BindUnderAKernel, LeavesTheGpuWithItsDriverWhenUnbindIsRefused) {
  fake_.driver(kName, "nvidia");
  kernel_.offer("nvgrace_gpu_vfio_pci");
  const auto plan = bind_plan();
  // Nobody reads it, so a write that does not wait gets ENXIO.
  const auto unbind = fake_.path("/sys/bus/pci/drivers/nvidia/unbind");
  std::filesystem::remove(unbind);
  ASSERT_EQ(::mkfifo(unbind.c_str(), 0600), 0);
  const auto report = carry_out(plan);
  EXPECT_FALSE(report.done);
  EXPECT_EQ(seen(report).back(), "! unbind: No such device or address");
  EXPECT_EQ(driver(), "nvidia");
}

TEST_F(BindUnderAKernel, CanBeTriedAgainAfterTheProbeFailed) {
  fake_.driver(kName, "nvidia");
  EXPECT_FALSE(carry_out(bind_plan()).done);
  kernel_.offer("nvgrace_gpu_vfio_pci");
  const auto report = carry_out(bind_plan());
  EXPECT_TRUE(report.done);
  EXPECT_THAT(seen(report), ElementsAre(": loaded", "drivers_probe: accepted",
                                        "driver: nvgrace_gpu_vfio_pci"));
}

TEST_F(BindUnderAKernel, LeavesTheGpuToWhomAnotherManagerNamed) {
  fake_.driver(kName, "nvgrace_gpu_vfio_pci");
  fake_.file(kOverride, "nvidia");
  const auto report = carry_out(unbind_plan());
  EXPECT_TRUE(report.done);
  EXPECT_EQ(seen(report).back(), "driver: nvidia");
  EXPECT_EQ(fake_.content(kOverride), "nvidia");
}

class QuiesceUnderAKernel : public testing::Test {
 protected:
  QuiesceUnderAKernel() {
    for (const auto* block : {"32", "33"}) {
      fake_.file(state(block), "online\n");
    }
    loader_.active = {"nvidia-dcgm.service"};
  }

  static std::string state(const std::string& block) {
    return "/sys/devices/system/memory/memory" + block + "/state";
  }
  BindReport carry_out(std::vector<Step> steps) {
    return kernel_.apply(loader_,
                         {kGh200Address, "", "", std::move(steps), {}});
  }

  FakeRoot fake_;
  FakeKernel kernel_{fake_};
  ScriptedLoader loader_;
  const Quiet quiet_{{"nvidia-dcgm.service"}, {{32, 33}, {}}};
};

TEST_F(QuiesceUnderAKernel, StopsUnitsAndTakesMemoryOffline) {
  const auto report = carry_out(quiesce_steps(quiet_));
  EXPECT_TRUE(report.done);
  EXPECT_THAT(seen(report), ElementsAre(": inactive", "memory: 2 changed"));
  EXPECT_TRUE(loader_.active.empty());
  EXPECT_EQ(fake_.content(state("33")), "offline\n");
}

TEST_F(QuiesceUnderAKernel, StartsAndPutsOnlineAgain) {
  ASSERT_TRUE(carry_out(quiesce_steps(quiet_)).done);
  const auto report = carry_out(restore_steps(quiet_));
  EXPECT_TRUE(report.done);
  EXPECT_THAT(seen(report), ElementsAre("memory: 2 changed", ": active"));
  EXPECT_EQ(fake_.content(state("32")), "online\n");
  EXPECT_THAT(loader_.active, ElementsAre("nvidia-dcgm.service"));
  EXPECT_EQ(not_restored(report.steps), "");
}

TEST_F(QuiesceUnderAKernel, LeavesBlocksThatAreWhatTheyAreToBe) {
  fake_.file(state("33"), "offline\n");
  EXPECT_THAT(seen(carry_out(quiesce_steps({{}, {{32, 33, 34}, {}}}))),
              ElementsAre("memory: 1 changed, 1 are not there now"));
}

TEST_F(QuiesceUnderAKernel, NamesTheBlockThatStaysOnline) {
  std::filesystem::remove(fake_.path(state("33")));
  fake_.directory(state("33"));  // cannot be written
  const auto report = carry_out(quiesce_steps({{}, {{32, 33}, {}}}));
  EXPECT_FALSE(report.done);
  EXPECT_EQ(report.steps.back().seen, "memory33: Is a directory");
}

TEST_F(QuiesceUnderAKernel, TriesTheRestWhereOneDoesNotComeBack) {
  std::filesystem::remove(fake_.path(state("32")));
  fake_.directory(state("32"));
  const auto report = carry_out(restore_steps(quiet_));
  EXPECT_TRUE(report.done);
  EXPECT_EQ(not_restored(report.steps),
            "online_movable 32-33: memory32: Is a directory; ");
  EXPECT_THAT(loader_.active, ElementsAre("nvidia-dcgm.service"));
}

TEST(CheckNotHeld, PassesAFreeGpu) {
  FakeRoot fake;
  fake.link("/proc/12/fd/3", "/dev/vfio/7");
  EXPECT_TRUE(check_not_held(fake.open(), gh200_function()));
}

TEST(CheckNotHeld, NamesEachProcessAndWhatItHasOpen) {
  FakeRoot fake;
  fake.link("/proc/12/fd/3", "/dev/vfio/19").file("/proc/12/comm", "qemu\n");
  fake.link("/proc/34/fd/9", "/dev/vfio/19");
  const auto held = check_not_held(fake.open(), gh200_function());
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, Errc::busy);
  EXPECT_EQ(held.error().subject, "0009:01:00.0");
  EXPECT_EQ(held.error().problem,
            "qemu (pid 12) has /dev/vfio/19 open, ? (pid 34) has /dev/vfio/19 "
            "open");
  EXPECT_EQ(held.error().hint,
            "stop it first; a driver change would wait for it");
}

}  // namespace
}  // namespace nvgpuctl
