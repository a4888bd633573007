// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/capture_facts.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

TEST(CaptureFacts, HoldWhatNoRecordedFileDoes) {
  const auto facts = parse_capture_facts(
      "capture: 1\nmachine: aarch64\npage_size: 65536\nprivileged: false\n"
      "kvm_cacheable_pfnmap: true\nlibvirt: \"12.8.0\"\nqemu: \"11.1.2\"\n",
      "c.yaml");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->machine, "aarch64");
  EXPECT_EQ(facts->page_size, 65536U);
  EXPECT_FALSE(facts->privileged);
  EXPECT_EQ(facts->kvm_cacheable_pfnmap, true);
  EXPECT_EQ(facts->libvirt, (Version{12, 8, 0}));
  EXPECT_EQ(facts->qemu, (Version{11, 1, 2}));
}

TEST(CaptureFacts, NameTheGuestsThatHadAGpu) {
  const auto facts = parse_capture_facts(
      "capture: 1\ndomains:\n"
      "  - {name: domain-1, devices: [\"0009:01:00.0\", \"0019:01:00.0\"]}\n",
      "c.yaml");
  ASSERT_TRUE(facts);
  ASSERT_EQ(facts->domains.size(), 1U);
  EXPECT_EQ(facts->domains[0].name, "domain-1");
  ASSERT_EQ(facts->domains[0].devices.size(), 2U);
  EXPECT_EQ(to_string(facts->domains[0].devices[1]), "0019:01:00.0");
}

TEST(CaptureFacts, RefuseAGuestWhoseDeviceHasNoAddress) {
  const auto facts = parse_capture_facts(
      "capture: 1\ndomains:\n  - {name: a, devices: [gpu0]}\n", "c.yaml");
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().subject, "c.yaml:3:25");
  EXPECT_EQ(facts.error().problem, "'gpu0' is not a PCI address");
}

TEST(CaptureFacts, RefuseAGuestWithoutDevices) {
  const auto facts =
      parse_capture_facts("capture: 1\ndomains: [{name: a}]\n", "c.yaml");
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().subject, "c.yaml:2:11");
}

TEST(CaptureFacts, AreSilentAboutWhatIsNotSaid) {
  const auto facts = parse_capture_facts("capture: 1\n", "c.yaml");
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->privileged);
  EXPECT_FALSE(facts->kvm_cacheable_pfnmap);
  EXPECT_FALSE(facts->libvirt);
}

TEST(CaptureFacts, RefuseAnUnknownKeyAndSuggestTheRightOne) {
  const auto facts =
      parse_capture_facts("capture: 1\nlibvrt: \"12.8\"\n", "c.yaml");
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().code, Errc::malformed);
  EXPECT_EQ(facts.error().subject, "c.yaml:2:1");
  EXPECT_NE(facts.error().hint.find("libvirt"), std::string::npos);
}

TEST(CaptureFacts, RefuseAFormatOfTheFuture) {
  const auto facts = parse_capture_facts("capture: 2\n", "c.yaml");
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().subject, "c.yaml:1:10");
}

TEST(CaptureFacts, RefuseAVersionThatIsNone) {
  const auto facts =
      parse_capture_facts("capture: 1\nqemu: eleven\n", "c.yaml");
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().subject, "c.yaml:2:7");
  EXPECT_EQ(facts.error().problem, "'eleven' is not a version");
}

}  // namespace
}  // namespace nvgpuctl
