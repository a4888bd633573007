// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/holder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sample_host.hpp"
#include "support/sample_process.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

PciFunction bound() {
  auto pci = gh200_function();
  pci.driver = "nvgrace_gpu_vfio_pci";
  pci.vfio_dev = "vfio0";
  return pci;
}

PciFunction of_nvidia() {
  auto pci = gh200_function();
  pci.driver = "nvidia";
  return pci;
}

std::vector<std::string> named(const Census& census,
                               const PciFunction& function) {
  std::vector<std::string> names;
  for (const auto& holder : holders_of(census, function)) {
    names.push_back(to_string(holder));
  }
  return names;
}

TEST(Holders, AreProcessesThatHaveTheGroupOrTheDeviceOpen) {
  const auto census =
      census_of({process(12, "dpdk-app", {"/dev/vfio/19"}),
                 process(13, "spdk", {"/dev/vfio/devices/vfio0"})});
  EXPECT_THAT(named(census, bound()),
              ElementsAre("dpdk-app (pid 12) has /dev/vfio/19 open",
                          "spdk (pid 13) has /dev/vfio/devices/vfio0 open"));
}

TEST(Holders, AreNotThoseOfOtherGroups) {
  const auto census =
      census_of({process(1, "qemu", {"/dev/vfio/1"}),
                 process(2, "qemu", {"/dev/vfio/191"}),
                 process(3, "qemu", {"/dev/vfio/vfio", "/dev/iommu"}),
                 process(4, "qemu", {"/dev/vfio/devices/vfio01"})});
  EXPECT_THAT(holders_of(census, bound()), IsEmpty());
}

TEST(Holders, AreToldByTheDescriptorOfTheDeviceAlone) {
  auto known = process(5, "vmm", {});
  known.vfio_devices = {kGh200Address};
  auto other = process(6, "vmm", {});
  other.vfio_devices = {PciAddress{0x19, 1, 0, 0}};
  auto unknown = process(7, "vmm", {});
  unknown.vfio_devices = {std::nullopt};
  auto of_other_group = process(8, "vmm", {"/dev/vfio/3"});
  of_other_group.vfio_devices = {std::nullopt};
  const auto census = census_of({known, other, unknown, of_other_group});
  EXPECT_THAT(named(census, bound()),
              ElementsAre("vmm (pid 5) has a VFIO device open",
                          "vmm (pid 7) has a VFIO device open"));
}

TEST(Holders, SayWhenTheyUseIommufd) {
  const auto census =
      census_of({process(5, "vmm", {"/dev/iommu", "/dev/vfio/devices/vfio0"})});
  EXPECT_THAT(named(census, bound()),
              ElementsAre("vmm (pid 5) has /dev/vfio/devices/vfio0, "
                          "/dev/iommu open"));
}

TEST(Holders, AreAllUsersOfNvidiaWhileItDrivesTheGpu) {
  const auto census = census_of({process(77, "python3", {"/dev/nvidiactl"})});
  EXPECT_THAT(holders_of(census, bound()), IsEmpty());
  EXPECT_THAT(holders_of(census, of_nvidia()), SizeIs(1));
}

TEST(Holders, AreNotThoseWhoHaveChosenOtherGpusOfNvidia) {
  auto census = census_of({process(77, "a", {"/dev/nvidia1", "/dev/nvidiactl"}),
                           process(78, "b", {"/dev/nvidia0", "/dev/nvidia1"})});
  EXPECT_THAT(holders_of(census, of_nvidia()), SizeIs(2)) << "not known which";
  census.nodes[kGh200Address].nvidia_minor = 0;
  EXPECT_THAT(named(census, of_nvidia()),
              ElementsAre("b (pid 78) has /dev/nvidia0, /dev/nvidia1 open"));
}

TEST(Holders, AreUsersOfItsNodesBelowDri) {
  auto census = census_of({process(77, "Xorg", {"/dev/dri/card1"}),
                           process(78, "Xorg", {"/dev/dri/card10"})});
  census.nodes[kGh200Address].dri = {"card1", "renderD129"};
  EXPECT_THAT(named(census, of_nvidia()),
              ElementsAre("Xorg (pid 77) has /dev/dri/card1 open"));
}

TEST(Holders, AreThoseWhoHaveItsLibrariesMapped) {
  auto one = process(77, "python3", {});
  one.mapped = {"/usr/lib/aarch64-linux-gnu/libcuda.so.1"};
  const auto census = census_of({one});
  EXPECT_THAT(named(census, of_nvidia()),
              ElementsAre("python3 (pid 77) has "
                          "/usr/lib/aarch64-linux-gnu/libcuda.so.1 mapped"));
  EXPECT_THAT(holders_of(census, bound()), IsEmpty());
}

TEST(Holders, AreGuestsByTheNameOfTheirDomain) {
  auto qemu = process(4242, "qemu-system-aar", {"/dev/vfio/19"});
  qemu.arguments = {"qemu-system-aarch64", "-name",
                    "guest=grace,debug-threads=on"};
  const auto holders = holders_of(census_of({qemu}), bound());
  ASSERT_THAT(holders, SizeIs(1));
  EXPECT_EQ(holders[0].kind, HolderKind::guest);
  EXPECT_EQ(to_string(holders[0]),
            "qemu-system-aar (pid 4242, domain grace) has /dev/vfio/19 open");
  EXPECT_EQ(what_to_stop(holders[0]), "domain grace");
}

TEST(Holders, AreGuestsThatHaveNotOpenedItYet) {
  auto qemu = process(4242, "qemu-system-aar", {});
  qemu.arguments = {"qemu", "-device",
                    R"({"driver":"vfio-pci","host":"0009:01:00.0"})"};
  EXPECT_THAT(named(census_of({qemu}), bound()),
              ElementsAre("qemu-system-aar (pid 4242) has it on its command "
                          "line"));
}

TEST(Holders, AreGuestsOfAnyMonitorThatHasAMachineOfKvm) {
  auto vmm = process(9, "my-vmm", {"/dev/vfio/19"});
  vmm.kvm = true;
  EXPECT_EQ(holders_of(census_of({vmm}), bound())[0].kind, HolderKind::guest);
}

TEST(Holders, AreDomainsThatOnlyLibvirtKnowsOf) {
  Census census;
  census.domains = {{"grace", {kGh200Address}}, {"other", {{1, 0, 0, 0}}}};
  EXPECT_THAT(named(census, bound()),
              ElementsAre("libvirt runs domain grace, which has it"));
}

TEST(Holders, ComeInTheOrderInWhichTheyAreToBeStopped) {
  auto plugin = process(5, "nvidia-device-p", {"/dev/nvidiactl"});
  plugin.owner = {.runtime = "containerd", .container = "0a", .pod = "p"};
  auto job = process(9, "python3", {"/dev/nvidia0"});
  job.owner = {.runtime = "docker", .container = "1b", .pod = ""};
  const auto census =
      census_of({service(1, "nvidia-persiste", "nvidia-persistenced.service"),
                 service(2, "nv-hostengine", "nvidia-dcgm.service"),
                 service(3, "dcgm-exporter", "nvidia-dcgm-exporter.service"),
                 process(4, "bench", {"/dev/nvidia0"}), plugin, job});
  std::vector<std::string> order;
  for (const auto& holder : holders_of(census, of_nvidia())) {
    order.push_back(what_to_stop(holder));
  }
  EXPECT_THAT(
      order,
      ElementsAre("docker container 1b", "containerd container 0a of pod p",
                  "bench (pid 4)", "nvidia-dcgm-exporter.service",
                  "nvidia-dcgm.service", "nvidia-persistenced.service"));
}

TEST(Holders, AreUsersThatOnlyTheModuleCounts) {
  Census census;
  census.modules = {{"nvidia", 3, {"nvidia_uvm", "nvidia_modeset"}}};
  EXPECT_THAT(named(census, of_nvidia()),
              ElementsAre("somebody who is not seen uses the module nvidia: "
                          "/sys/module/nvidia/refcnt is 3, 2 of it by "
                          "modules"));
  census.modules[0].references = 2;
  EXPECT_THAT(holders_of(census, of_nvidia()), IsEmpty());
}

TEST(KnownService, IsNoneOfThoseThatKeepAFabricTogether) {
  EXPECT_TRUE(is_known_service("nvidia-persistenced.service"));
  EXPECT_FALSE(is_known_service("nvidia-imex.service"));
  EXPECT_FALSE(is_known_service("docker.service"));
}

}  // namespace
}  // namespace nvgpuctl
