// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/merge.hpp"

#include <gmock/gmock.h>

#include "host/libvirt_domains.hpp"
#include "support/fake_root.hpp"
#include "support/lint_host.hpp"
#include "support/merge_domains.hpp"
#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

const LibvirtService kTestDriver{.uri = "test:///default"};

DomainChange change_of_test(std::string_view addition) {
  DomainChange change;
  change.domain = "domain test";
  change.before = *inactive_xml("test", Secrets::include, kTestDriver);
  change.after = change.before;
  change.after.insert(change.after.find("</devices>"), addition);
  return change;
}

// As a merge leaves it, with a controller of its own.
DomainChange merge_of_test(std::string_view controller) {
  DomainChange change = change_of_test(controller);
  change.after.insert(
      change.after.find("<memory"),
      "<metadata><nvgpuctl:merged xmlns:nvgpuctl='urn:nvgpuctl:domain:1' "
      "profile='native' viommu='none' managed='no' cells='' controllers='7' "
      "made='metadata'/></metadata>");
  return change;
}

TEST(DefineChange, IsDoneWhenLibvirtHasEverything) {
  const auto done = define_change(
      merge_of_test("<controller type='pci' index='7' "
                    "model='pcie-expander-bus'><target busNr='200'/>"
                    "</controller>"),
      kTestDriver);
  EXPECT_TRUE(done) << done.error().problem;
}

// The test driver forgets, so what cannot be seen here is that the old
// definition is put back.
TEST(DefineChange, SaysWhatLibvirtHasDropped) {
  // libvirt writes managed='no' where nothing is said.
  const auto done = define_change(
      change_of_test("<hostdev mode='subsystem' type='pci'><source>"
                     "<address domain='0x0009' bus='0x01' slot='0x00' "
                     "function='0x0'/></source>"
                     "<alias name='ua-nvgpu-gpu0'/></hostdev>"),
      kTestDriver);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::unsupported);
  EXPECT_EQ(done.error().subject, "domain test");
  EXPECT_EQ(done.error().problem,
            "libvirt dropped what it does not know: managed of GPU "
            "0009:01:00.0");
}

Result<DomainChange> merge_under(const std::string& policy) {
  FakeRoot fake;
  fake.file("/etc/nvgpuctl/policy.yaml", policy);
  const auto host = gh200_host();
  return merge(fake.open(), {host, assemble(host), {}, {}}, {0}, {},
               {"guest.xml", std::string(kPlain)});
}

TEST(Merge, IsRefusedForADomainThatThePolicyDoesNotName) {
  const auto change = merge_under(
      "apiVersion: nvgpuctl/v1\nkind: Policy\ngpus:\n"
      "  - match: all\n    domains: [training]\n");
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().code, Errc::not_viable);
  EXPECT_EQ(change.error().subject, "guest");
  EXPECT_THAT(change.error().problem,
              testing::AllOf(testing::HasSubstr("policy.yaml:"),
                             testing::HasSubstr("0009:01:00.0")));
}

TEST(Merge, IsDoneForADomainThatThePolicyNames) {
  const auto change = merge_under(
      "apiVersion: nvgpuctl/v1\nkind: Policy\ngpus:\n"
      "  - match: all\n    domains: [guest]\n");
  ASSERT_TRUE(change) << change.error().subject << change.error().problem;
  EXPECT_TRUE(change->changed);
}

// Two sockets, and the second one's GPU is passed through by hand.
TEST(Merge, CountsTheHostsGpusThatTheDomainHasAlready) {
  const FakeRoot fake;
  const LintHost host = lint_host("two");
  const auto change =
      merge(fake.open(), {host.host, host.gpus, {}, {}}, {0}, {},
            {"guest.xml",
             with(kPlain, "  </devices>",
                  "<hostdev mode='subsystem' type='pci' managed='no'><source>"
                  "<address domain='0x0019' bus='1' slot='0'/></source>"
                  "</hostdev></devices>")});
  ASSERT_TRUE(change) << change.error().problem;
  EXPECT_THAT(change->after, testing::HasSubstr(">2048</pcihole64>"));
  // Nor does merge complete what it has not put in.
  EXPECT_THAT(change->warnings,
              testing::Contains(testing::HasSubstr("(gi-missing): none")));
}

TEST(Merge, WarnsOfWhatLintWillSay) {
  const FakeRoot fake;
  const LintHost host = lint_host("two");
  const auto change =
      merge(fake.open(), {host.host, host.gpus, {}, {}}, {1}, {},
            {"guest.xml", with(kPlain, "placement='static'", "cpuset='0-71'")});
  ASSERT_TRUE(change) << change.error().problem;
  EXPECT_THAT(
      change->warnings,
      testing::ElementsAre("vCPUs run on another socket than their GPU "
                           "(pin-socket): vCPUs 0-15 elsewhere; pin them to "
                           "that socket"));
}

}  // namespace
}  // namespace nvgpuctl
