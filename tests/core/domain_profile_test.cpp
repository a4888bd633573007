// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_profile.hpp"

#include <gtest/gtest.h>

#include "core/domain_xml.hpp"
#include "support/domain_requests.hpp"

namespace nvgpuctl {
namespace {

Profile chosen(Version libvirt, Version qemu = {11, 0, 0}) {
  return choose_profile(libvirt, qemu).value();
}

TEST(ChooseProfile, FollowsTheVersionOfLibvirt) {
  EXPECT_EQ(chosen({13, 0, 0}), Profile::native);
  EXPECT_EQ(chosen({12, 7, 0}), Profile::native);
  EXPECT_EQ(chosen({12, 6, 9}), Profile::hybrid);
  EXPECT_EQ(chosen({11, 8, 0}), Profile::hybrid);
  EXPECT_EQ(chosen({11, 7, 0}), Profile::legacy);
  EXPECT_EQ(chosen({9, 7, 0}), Profile::legacy);
}

TEST(ChooseProfile, RefusesALibvirtWithoutVariantDrivers) {
  const auto profile = choose_profile({9, 6, 0}, {10, 0, 0});
  ASSERT_FALSE(profile);
  EXPECT_EQ(profile.error().code, Errc::unsupported);
  EXPECT_EQ(profile.error().subject, "libvirt 9.6.0");
  EXPECT_EQ(profile.error().problem,
            "cannot use a VFIO variant driver, which the GPU needs");
  EXPECT_EQ(profile.error().hint, "libvirt 9.7 brings it");
}

TEST(ChooseProfile, RefusesAQemuWithoutRoomForTheGpu) {
  const auto profile = choose_profile({12, 8, 0}, {9, 2, 4});
  ASSERT_FALSE(profile);
  EXPECT_EQ(profile.error().subject, "QEMU 9.2.4");
  EXPECT_EQ(profile.error().problem,
            "has no highmem-mmio-size, so a guest has no room for the GPU's "
            "memory");
  EXPECT_EQ(profile.error().hint, "QEMU 10.0 brings it");
}

TEST(ChooseProfile, AsksForVersionsThatAreNotKnown) {
  const auto profile = choose_profile({}, {10, 0, 0});
  ASSERT_FALSE(profile);
  EXPECT_EQ(profile.error().subject, "libvirt");
  EXPECT_EQ(profile.error().hint,
            "name the target's versions: --libvirt X.Y --qemu X.Y");
  EXPECT_EQ(choose_profile({12, 8, 0}, {}).error().subject, "QEMU");
}

DomainRequest for_target(Profile profile, Version libvirt, Version qemu) {
  DomainRequest request = hopper_request();
  request.profile = profile;
  request.libvirt.value = libvirt;
  request.qemu.value = qemu;
  return request;
}

Error error_of(const DomainRequest& request) {
  auto ok = check_target(request);
  return ok ? Error{} : ok.error();
}

TEST(CheckTarget, RefusesAProfileThatTheTargetDoesNotKnow) {
  const Error native =
      error_of(for_target(Profile::native, {12, 6, 0}, {11, 0, 0}));
  EXPECT_EQ(native.code, Errc::unsupported);
  EXPECT_EQ(native.subject, "libvirt 12.6.0");
  EXPECT_EQ(native.hint,
            "libvirt 12.7 brings it; until then take the profile that fits "
            "(auto)");
  const Error hybrid =
      error_of(for_target(Profile::hybrid, {11, 7, 0}, {11, 0, 0}));
  EXPECT_EQ(hybrid.hint,
            "libvirt 11.8 brings it; until then there is the legacy profile");
}

TEST(CheckTarget, AcceptsAnOlderProfileThanTheTargetCouldHave) {
  EXPECT_TRUE(
      check_target(for_target(Profile::legacy, {12, 8, 0}, {11, 0, 0})));
  EXPECT_TRUE(
      check_target(for_target(Profile::hybrid, {12, 8, 0}, {11, 0, 0})));
}

TEST(CheckTarget, RefusesAVirtualIommuInTheLegacyProfile) {
  DomainRequest request = for_target(Profile::legacy, {11, 3, 0}, {10, 0, 0});
  request.viommu = Viommu::smmuv3;
  EXPECT_EQ(error_of(request).code, Errc::unsupported);
  EXPECT_EQ(error_of(request).hint,
            "libvirt 11.10 brings it; or --viommu none");
}

TEST(CheckTarget, RefusesAVirtualIommuBeforeLibvirt11_10) {
  DomainRequest request = for_target(Profile::hybrid, {11, 9, 0}, {11, 0, 0});
  request.viommu = Viommu::smmuv3;
  EXPECT_EQ(error_of(request).subject, "libvirt 11.9.0");
  EXPECT_EQ(error_of(request).problem, "has no SMMU per PCI bus");
  request.libvirt.value = {11, 10, 0};
  EXPECT_TRUE(check_target(request));
}

TEST(CheckTarget, RefusesAVirtualIommuThatQemuDoesNotHave) {
  DomainRequest request = for_target(Profile::native, {12, 8, 0}, {10, 1, 0});
  request.viommu = Viommu::smmuv3;
  EXPECT_EQ(error_of(request).subject, "QEMU 10.1.0");
  EXPECT_EQ(error_of(request).hint, "QEMU 10.2 brings it; or --viommu none");
  request.viommu = Viommu::accel;
  request.iommufd = true;
  EXPECT_EQ(error_of(request).problem, "has no accelerated SMMU");
}

TEST(CheckTarget, RefusesAccelWithoutIommufd) {
  DomainRequest request = hopper_request();
  request.viommu = Viommu::accel;
  EXPECT_EQ(error_of(request).code, Errc::usage);
  EXPECT_EQ(error_of(request).problem,
            "needs IOMMUFD, and the request does without it");
}

TEST(CheckTarget, RefusesManagedWhereLibvirtWouldBindPlainVfioPci) {
  DomainRequest request = for_target(Profile::legacy, {9, 10, 0}, {10, 0, 0});
  request.gpus.front().managed = true;
  EXPECT_EQ(error_of(request).problem,
            "would bind a managed GPU to plain vfio-pci");
  request.libvirt.value = {10, 0, 0};
  EXPECT_TRUE(check_target(request));
}

}  // namespace
}  // namespace nvgpuctl
