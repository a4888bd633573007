// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/merge.hpp"

#include <gmock/gmock.h>

#include "host/libvirt_domains.hpp"

namespace nvgpuctl {
namespace {

using testing::HasSubstr;

const LibvirtService kTestDriver{.uri = "test:///default"};

DomainChange change_of_test(std::string_view addition) {
  DomainChange change;
  change.domain = "domain test";
  change.before = *inactive_xml("test", Secrets::include, kTestDriver);
  change.after = change.before;
  change.after.insert(change.after.find("</devices>"), addition);
  return change;
}

TEST(DefineChange, IsDoneWhenLibvirtHasEverything) {
  const auto done = define_change(
      change_of_test("<controller type='scsi' index='3'/>"), kTestDriver);
  EXPECT_TRUE(done) << done.error().problem;
}

// The test driver forgets, so what cannot be seen here is that the old
// definition is put back.
TEST(DefineChange, SaysWhatLibvirtHasDropped) {
  auto change = change_of_test("");
  // The record claims a cell that libvirt will not have.
  change.after.insert(change.after.find("<memory"),
                      "<metadata><n:merged xmlns:n='urn:nvgpuctl:domain:1' "
                      "controllers='7'/></metadata>");
  change.after.insert(change.after.find("</devices>"),
                      "<!-- --><controller type='pci' index='7' "
                      "model='pci-bridge'><target chassisNr='2' "
                      "busNr='250'/></controller>");
  const auto done = define_change(change, kTestDriver);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().problem,
            "libvirt dropped what it does not know: PCI controller 7 "
            "(pci-bridge)");
}

}  // namespace
}  // namespace nvgpuctl
