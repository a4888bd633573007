// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/validate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/state_dir.hpp"
#include "support/fake_root.hpp"
#include "support/fake_vfio.hpp"
#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

Inventory inventory_of(const HostSnapshot& host) {
  return {.host = host, .gpus = assemble(host), .others = {}, .models = {}};
}

std::vector<std::string> names(const std::vector<CheckSection>& sections) {
  std::vector<std::string> result;
  for (const auto& section : sections) {
    result.push_back(section.name);
  }
  return result;
}

// "vfio-device: a recorded host …" of the last section.
std::vector<std::string> vfio(const std::vector<CheckSection>& sections) {
  std::vector<std::string> lines;
  for (const auto& check : sections.back().checks) {
    lines.push_back(check.id + ": " + check.seen);
    EXPECT_EQ(check.verdict, Verdict::skipped);
  }
  return lines;
}

RootDir live_root() {
  return std::move(*RootDir::open("/"));
}

std::vector<CheckSection> validated(const RootDir& root,
                                    const Inventory& inventory,
                                    std::size_t gpu = 0) {
  FakeVfio nothing;
  auto validation = validate(root, inventory, gpu, nothing, {});
  EXPECT_TRUE(validation);
  return std::move(validation->sections);
}

HostSnapshot bound_host() {
  auto host = gh200_host();
  host.gpus[0].driver = "nvgrace_gpu_vfio_pci";
  return host;
}

TEST(Validation, LeavesAGpuAloneThatADomainIsToHave) {
  FakeRoot fake;
  fake.directory("/var/lib").file("/proc/sys/kernel/random/boot_id", "boot\n");
  const auto root = fake.open();
  OriginRecord origin{{9, 1, 0, 0}, {}, sign(root, "hook qemu"), {}, true};
  ASSERT_TRUE(store_origin(root, origin));
  EXPECT_TRUE(check_unclaimed(root, origin.gpu));
  origin.domain = "vm";
  ASSERT_TRUE(store_origin(root, origin));
  const auto free = check_unclaimed(root, origin.gpu);
  ASSERT_FALSE(free);
  EXPECT_EQ(free.error().code, Errc::busy);
  EXPECT_THAT(free.error().problem,
              testing::StartsWith("domain 'vm' has had it since 20"));
}

TEST(Validation, EndsWithTheDeviceItself) {
  const FakeRoot fake;
  const auto sections = validated(fake.open(), inventory_of(gh200_host()), 0);
  EXPECT_THAT(names(sections),
              ElementsAre("firmware", "layout", "pci", "numa", "vfio"));
}

TEST(Validation, PassesForAGoodGpuWithoutItsDevice) {
  const FakeRoot fake;
  const auto sections = validated(fake.open(), inventory_of(gh200_host()), 0);
  EXPECT_EQ(overall(sections), Verdict::pass);
  EXPECT_THAT(vfio(sections), ElementsAre("vfio-device: a recorded host has no "
                                          "device to open"));
}

TEST(Validation, SaysWhyTheDeviceOfAFreeGpuIsNotOpened) {
  EXPECT_THAT(vfio(validated(live_root(), inventory_of(gh200_host()))),
              ElementsAre("vfio-device: not bound to a variant driver"));
}

TEST(Validation, DoesNotOpenAGpuThatHasFallenOffTheBus) {
  auto host = bound_host();
  host.gpus[0].config.emplace().present = false;
  FakeVfio device;
  device.offers({VfioInterface::group, "/dev/vfio/19"});
  const auto validation =
      validate(live_root(), inventory_of(host), 0, device, {});
  ASSERT_TRUE(validation);
  EXPECT_THAT(device.opened, testing::IsEmpty());
  EXPECT_THAT(vfio(validation->sections),
              ElementsAre("vfio-device: the GPU does not answer"));
  EXPECT_EQ(overall(validation->sections), Verdict::fail);
  const auto& pci = validation->sections[2];
  ASSERT_EQ(pci.name, "pci");
  EXPECT_EQ(pci.checks[0].reason, "NVG-E006");
  for (std::size_t i = 1; i < pci.checks.size(); ++i) {
    EXPECT_EQ(pci.checks[i].verdict, Verdict::skipped) << pci.checks[i].id;
  }
}

TEST(Validation, SaysThatAKernelWithoutVfioHasNoDevice) {
  EXPECT_THAT(vfio(validated(live_root(), inventory_of(bound_host()))),
              ElementsAre("vfio-open: there is no device node for it in "
                          "/dev/vfio"));
}

TEST(Validation, PassesForABoundGpuWhoseDeviceIsRight) {
  FakeVfio vfio;
  vfio.offers({VfioInterface::group, "/dev/vfio/19"});
  const auto validation =
      validate(live_root(), inventory_of(bound_host()), 0, vfio, {});
  ASSERT_TRUE(validation);
  EXPECT_EQ(overall(validation->sections), Verdict::pass);
}

TEST(Validation, IsDegradedWhereTheDriverShowsNoMemory) {
  FakeVfio vfio;
  vfio.offers({VfioInterface::group, "/dev/vfio/19"});
  vfio.change = [](ModelVfio& model) { model.memory.clear(); };
  const auto validation =
      validate(live_root(), inventory_of(bound_host()), 0, vfio, {});
  ASSERT_TRUE(validation);
  EXPECT_EQ(overall(validation->sections), Verdict::degraded);
  EXPECT_EQ(validation->regions, std::nullopt) << "a guest is shown none";
}

TEST(Validation, CallsFirmwareThatMadeTheDriverFallBackDegraded) {
  auto host = bound_host();
  host.acpi.dsds.clear();
  FakeVfio vfio;
  vfio.offers({VfioInterface::group, "/dev/vfio/19"});
  vfio.change = [](ModelVfio& model) { model.memory.clear(); };
  const auto validation =
      validate(live_root(), inventory_of(host), 0, vfio, {});
  ASSERT_TRUE(validation);
  EXPECT_EQ(validation->sections.front().checks.front().id, "dsd-present");
  EXPECT_EQ(validation->sections.front().checks.front().verdict,
            Verdict::degraded);
  EXPECT_EQ(overall(validation->sections), Verdict::degraded);
}

TEST(Validation, FailsWhereMemoryIsShownThatFirmwareDoesNotDescribe) {
  auto host = bound_host();
  host.acpi.dsds.clear();
  FakeVfio vfio;
  vfio.offers({VfioInterface::group, "/dev/vfio/19"});
  const auto validation =
      validate(live_root(), inventory_of(host), 0, vfio, {});
  ASSERT_TRUE(validation);
  EXPECT_EQ(overall(validation->sections), Verdict::fail);
}

TEST(Validation, LooksAtTheDeviceOfPlainVfioPci) {
  auto host = gh200_host();
  host.gpus[0].driver = "vfio-pci";
  FakeVfio vfio;
  vfio.offers({VfioInterface::group, "/dev/vfio/19"});
  vfio.change = [](ModelVfio& model) { model.memory.clear(); };
  const auto validation =
      validate(live_root(), inventory_of(host), 0, vfio, {});
  ASSERT_TRUE(validation);
  EXPECT_EQ(overall(validation->sections), Verdict::degraded);
}

TEST(Validation, IsRefusedWhileSomebodyHasTheDevice) {
  FakeVfio vfio;
  vfio.offers({VfioInterface::group, "/dev/vfio/19"});
  vfio.refuses("/dev/vfio/19", Errc::busy, "somebody has it open");
  const auto validation =
      validate(live_root(), inventory_of(bound_host()), 0, vfio, {});
  ASSERT_FALSE(validation);
  EXPECT_EQ(validation.error().code, Errc::busy);
  EXPECT_EQ(validation.error().subject, "/dev/vfio/19");
  EXPECT_EQ(validation.error().problem, "somebody has it open");
}

TEST(Validation, IsOfTheGpuThatWasAskedFor) {
  auto host = gh200_host();
  auto second = gh200_function();
  second.address = {0x19, 1, 0, 0};
  second.acpi_path = "\\_SB_.PC19.RP00.GPU0";  // which has no _DSD
  host.gpus.push_back(second);
  const FakeRoot fake;
  const auto inventory = inventory_of(host);
  ASSERT_THAT(inventory.gpus, SizeIs(2));
  EXPECT_EQ(overall(validated(fake.open(), inventory, 0)), Verdict::pass);
  EXPECT_EQ(overall(validated(fake.open(), inventory, 1)), Verdict::fail);
}

}  // namespace
}  // namespace nvgpuctl
