// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/managers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/host_snapshot.hpp"

#include "support/sample_process.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(VfioIds, AreReadFromTheKernelsCommandLine) {
  EXPECT_THAT(vfio_ids_of_command_line(
                  "root=LABEL=root vfio-pci.ids=10de:2342,10de:22b8:0:0 "
                  "vfio_pci.disable_idle_d3=1"),
              ElementsAre(VfioIdClaim{.vendor = 0x10DE,
                                      .device = 0x2342,
                                      .text = "10de:2342",
                                      .place = "/proc/cmdline"},
                          VfioIdClaim{.vendor = 0x10DE,
                                      .device = 0x22B8,
                                      .subsystem_vendor = 0,
                                      .subsystem_device = 0,
                                      .text = "10de:22b8:0:0",
                                      .place = "/proc/cmdline"}));
  EXPECT_THAT(vfio_ids_of_command_line("other.ids=10de:2342 vfio-pci.ids="),
              IsEmpty());
}

TEST(VfioIds, AreReadFromModprobesFilesWithTheLine) {
  EXPECT_THAT(
      vfio_ids_of_modprobe("# options vfio-pci ids=10de:0001\n"
                           "options vfio_pci  disable_vga=1 ids=10de:2342\n",
                           "/etc/modprobe.d/vfio.conf"),
      ElementsAre(VfioIdClaim{.vendor = 0x10DE,
                              .device = 0x2342,
                              .text = "10de:2342",
                              .place = "/etc/modprobe.d/vfio.conf:2"}));
}

TEST(VfioIds, AreReadFromContinuedLines) {
  const auto claims = vfio_ids_of_modprobe(
      "\noptions vfio-pci \\\n  ids=10de:2342\n", "v.conf");
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].place, "v.conf:2");
}

// Whether an id takes a GH200: 10de:2342, subsystem 10de:16eb, 3D controller.
bool takes_gh200(const std::string& id) {
  PciFunction gpu;
  gpu.vendor = 0x10DE;
  gpu.device = 0x2342;
  gpu.subsystem_vendor = 0x10DE;
  gpu.subsystem_device = 0x16EB;
  gpu.class_code = 0x030200;
  const auto claims = vfio_ids_of_command_line("vfio-pci.ids=" + id);
  return !claims.empty() && claims[0].fits(gpu);
}

TEST(VfioIds, TakeWhatTheirSixNumbersFit) {
  EXPECT_TRUE(takes_gh200("10de:2342"));
  EXPECT_FALSE(takes_gh200("10de:2330"));
  EXPECT_TRUE(takes_gh200("10de:ffffffff"));
  EXPECT_TRUE(takes_gh200("0x10de:0x2342:10de:16eb"));
  EXPECT_FALSE(takes_gh200("10de:2342:10de:1234"));
  const std::string any = "10de:ffffffff:ffffffff:ffffffff:";
  EXPECT_TRUE(takes_gh200(any + "00030000:00ff0000"));
  EXPECT_FALSE(takes_gh200(any + "00020000:00ff0000"));
}

TEST(VfioIds, AreNotReadFromWhatIsNone) {
  EXPECT_THAT(vfio_ids_of_command_line(
                  "vfio-pci.ids=10de vfio-pci.ids=x:y vfio-pci.ids=10de:"),
              IsEmpty());
}

TEST(ManagedFunctions, AreThoseOfHostdevsThatLibvirtManages) {
  EXPECT_THAT(
      managed_functions(
          "<domain><devices>"
          "<hostdev mode='subsystem' type='pci' managed='yes'><source>"
          "<address domain='0x0009' bus='0x01' slot='0x00' function='0x0'/>"
          "</source><address type='pci' domain='0' bus='2' slot='0' "
          "function='0'/></hostdev>"
          "<hostdev mode='subsystem' type='pci' managed='no'><source>"
          "<address domain='0x0019' bus='0x01' slot='0x00' function='0x0'/>"
          "</source></hostdev></devices></domain>"),
      ElementsAre(PciAddress{9, 1, 0, 0}));
}

TEST(ManagedFunctions, AreNoneInTextThatBreaksOff) {
  for (const auto* text : {"", "<hostdev", "<hostdev managed='yes'",
                           "<hostdev managed='yes'><source>",
                           "<hostdev managed='yes'></source>"}) {
    EXPECT_THAT(managed_functions(text), IsEmpty()) << text;
  }
}

TEST(Agents, AreKnownByWhatTheyRun) {
  auto plugin = process(1, "gpu-kubelet-plu", {});
  EXPECT_EQ(agent_name(plugin), "NVIDIA's DRA driver");
  auto shell = process(2, "sh", {});
  shell.arguments = {"sh", "-c", "vfio-manage bind --all"};
  EXPECT_EQ(agent_name(shell), "") << "somebody's own shell";
  shell.owner.pod = "p";
  EXPECT_EQ(agent_name(shell), "NVIDIA's vfio-manager");
}

}  // namespace
}  // namespace nvgpuctl
