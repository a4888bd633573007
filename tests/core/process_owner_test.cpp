// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/process_owner.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

const std::string kId =
    "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d1a2b";

TEST(ProcessOwner, IsAUnitOfTheSystem) {
  const auto owner =
      parse_cgroup("0::/system.slice/nvidia-persistenced.service\n");
  EXPECT_EQ(owner.unit, "nvidia-persistenced.service");
  EXPECT_TRUE(owner.system_unit);
  EXPECT_EQ(to_string(owner), "nvidia-persistenced.service");
}

TEST(ProcessOwner, IsAUnitOfTheSystemBelowASliceByItsRealName) {
  const auto owner = parse_cgroup(
      "0::/system.slice/system-exporter.slice/exporter@gpu\\x2d1.service\n");
  EXPECT_EQ(owner.unit, "exporter@gpu\\x2d1.service");
  EXPECT_TRUE(owner.system_unit);
}

TEST(ProcessOwner, IsNoUnitOfTheSystemWhereAContainerHasOneOfThatName) {
  EXPECT_FALSE(
      parse_cgroup("0::/lxc.payload.web/system.slice/nvidia-dcgm.service\n")
          .system_unit);
}

TEST(ProcessOwner, IsNoUnitOfTheSystemWhereAUserNamesItLikeOne) {
  const auto owner = parse_cgroup(
      "0::/user.slice/user-1000.slice/user@1000.service/app.slice/"
      "nvidia-dcgm.service\n");
  EXPECT_EQ(owner.unit, "user@1000.service");
  EXPECT_FALSE(owner.system_unit);
}

TEST(ProcessOwner, IsAContainerOfDocker) {
  for (const auto& path :
       {"/system.slice/docker-" + kId + ".scope", "/docker/" + kId}) {
    const auto owner = parse_cgroup("0::" + path + "\n");
    EXPECT_EQ(to_string(owner), "docker container 1a2b3c4d5e6f") << path;
  }
}

TEST(ProcessOwner, IsAContainerOfAPod) {
  const auto owner = parse_cgroup(
      "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-"
      "pod0f1e_22aa.slice/cri-containerd-" +
      kId + ".scope\n");
  EXPECT_EQ(to_string(owner),
            "containerd container 1a2b3c4d5e6f of pod 0f1e-22aa");
}

TEST(ProcessOwner, IsAContainerOfAPodInTheOldHierarchies) {
  const auto owner =
      parse_cgroup("4:memory:/kubepods/besteffort/pod0f1e-22aa/" + kId + "\n");
  EXPECT_EQ(owner.container, "1a2b3c4d5e6f");
  EXPECT_EQ(owner.pod, "0f1e-22aa");
}

TEST(ProcessOwner, IsAContainerOfPodmanOrLxc) {
  EXPECT_EQ(to_string(parse_cgroup("0::/machine.slice/libpod-" + kId +
                                   ".scope/container\n")),
            "podman container 1a2b3c4d5e6f");
  EXPECT_EQ(to_string(parse_cgroup("0::/lxc.payload.web/system.slice\n")),
            "lxc container web");
}

TEST(ProcessOwner, IsAGuestByWhatSystemdCallsIt) {
  const auto owner =
      parse_cgroup("0::/machine.slice/machine-qemu\\x2d1\\x2dgrace.scope\n");
  EXPECT_EQ(owner.machine, "qemu-1-grace");
}

TEST(ProcessOwner, IsNobodyWhereNothingIsSaid) {
  for (const auto* text : {"", "0::/\n", "nonsense", "::", "0::////\n"}) {
    EXPECT_EQ(parse_cgroup(text), ProcessOwner{}) << text;
  }
}

}  // namespace
}  // namespace nvgpuctl
