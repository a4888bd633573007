// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "host/hung_records.hpp"
#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// A host whose machine-owner key is named after it.
class AReport : public testing::Test {
 protected:
  AReport() {
    fake_.file("/proc/sys/kernel/hostname", "gh1.example.org\n");
    fake_.file("/proc/keys",
               "1a2b3c4d I------     1 perm 1f030000     0     0 asymmetri gh1 "
               "Secure Boot Module Signature key: 5ca1: X509.rsa 5ca1 []\n"
               "2a2b3c4d I--Q---     2 perm 3f010000  1000 65534 keyring   "
               "_ses: 1\n");
    fake_.file("/proc/cmdline", "ro ip=::::gh1.example.org name=gh1\n");
  }
  // A process that has not come back for minutes.
  void put_hung_unbind() {
    constexpr const char* kGpu = "0009:01:00.0";
    fake_.pci_function(kGpu, "0x10de", "0x2342");
    fake_.file("/sys/bus/pci/devices/0009:01:00.0/driver_override", "(null)\n");
    fake_.file("/proc/uptime", "9000.00 9000.00\n");
    fake_.file("/proc/412/stat",
               "412 (nvgpuctl) D 1 412 412 0 -1 4194560 98 0 0 0 0 0 0 0 20 0 "
               "1 0 1000 2646016 50\n");
    HungWrite hung;
    hung.subject = kGpu;
    hung.pid = 412;
    hung.start_ticks = 1000;
    hung.path = "/sys/bus/pci/devices/0009:01:00.0/driver/unbind";
    hung.value = kGpu;
    hung.when = "2026-01-31T09:30:00Z";
    hung.bound_ms = 60'000;
    ASSERT_TRUE(store_hung(fake_.open(), hung));
  }
  std::string content(std::string_view path, Redaction redaction) const {
    const auto report = make_report(fake_.open(), {}, redaction);
    EXPECT_TRUE(report);
    const auto entry =
        std::find_if(report->entries.begin(), report->entries.end(),
                     [&](const TarEntry& one) { return one.path == path; });
    EXPECT_NE(entry, report->entries.end()) << path;
    return entry == report->entries.end() ? "" : entry->content;
  }

  FakeRoot fake_;
};

TEST_F(AReport, HidesTheHostsNameInItsKeys) {
  EXPECT_THAT(content("proc/keys", Redaction::aliases),
              AllOf(HasSubstr("asymmetri host-1 Secure Boot Module Signature "
                              "key: 5ca1: X509.rsa"),
                    Not(HasSubstr("gh1")), Not(HasSubstr("keyring"))));
  EXPECT_THAT(content("proc/keys", Redaction::none),
              HasSubstr("asymmetri gh1 Secure"));
}

TEST_F(AReport, HasOneAliasForTheShortNameAndTheLongOne) {
  EXPECT_EQ(content("proc/cmdline", Redaction::aliases),
            "ro ip=::::host-1 name=host-1\n");
}

TEST_F(AReport, HidesTheHostInNamesOfFilesAndInLinks) {
  const std::string id = "0123456789abcdef0123456789abcdef";
  fake_.file("/boot/vmlinuz-0-rescue-" + id, "");
  fake_.file("/etc/modprobe.d/gh1.conf", "options vfio-pci ids=10de:2342\n");
  fake_.directory("/lib/modules/6.12-gh1").file("/boot/vmlinuz-6.12-gh1", "");
  fake_.link("/boot/vmlinuz-old", "vmlinuz-0-rescue-" + id);
  const std::string alias = "00000000000000000000000000000001";
  EXPECT_EQ(content("boot/vmlinuz-0-rescue-" + alias, Redaction::aliases), "");
  EXPECT_EQ(content("boot/vmlinuz-old", Redaction::aliases),
            "vmlinuz-0-rescue-" + alias);
  EXPECT_EQ(content("boot/vmlinuz-0-rescue-" + id, Redaction::none), "");
  EXPECT_NE(content("etc/modprobe.d/host-1.conf", Redaction::aliases), "");
  EXPECT_EQ(content("boot/vmlinuz-6.12-gh1", Redaction::aliases), "")
      << "the kernel would not be found by its name";
}

TEST_F(AReport, GivesNoTwoFilesOneName) {
  fake_.file("/etc/modprobe.d/gh1.vfio.conf", "a");
  fake_.file("/etc/modprobe.d/gh1.nouveau.conf", "b");
  EXPECT_EQ(content("etc/modprobe.d/host-1.conf", Redaction::aliases), "b");
  EXPECT_EQ(content("etc/modprobe.d/host-1-2.conf", Redaction::aliases), "a");
}

TEST_F(AReport, LeavesTheNamesOfFoldersAlone) {
  fake_.file("/etc/gh1-modprobe/a.conf", "a");
  fake_.link("/etc/modprobe.d", "gh1-modprobe");
  EXPECT_EQ(content("etc/modprobe.d", Redaction::aliases), "gh1-modprobe");
  EXPECT_EQ(content("etc/gh1-modprobe/a.conf", Redaction::aliases), "a");
}

TEST_F(AReport, HidesDomainsOfThePolicyAndOfRecords) {
  fake_.file(
      "/etc/nvgpuctl/policy.yaml",
      "apiVersion: nvgpuctl/v1\nkind: Policy\ngpus:\n"
      "  - match: all\n    domains: [payroll, \"gr\u00f6\u00dfe\", gpus]\n");
  const auto text = content("etc/nvgpuctl/policy.yaml", Redaction::aliases);
  EXPECT_THAT(text, AllOf(Not(HasSubstr("payroll")), HasSubstr("\ngpus:\n"),
                          Not(HasSubstr("gr\u00f6")), HasSubstr("domain-2")));
}

TEST_F(AReport, DoesNotReadWhatAHungWriteHolds) {
  put_hung_unbind();
  const auto inventory = take_inventory(fake_.open(), {});
  ASSERT_TRUE(inventory);
  ASSERT_EQ(inventory->gpus.at(0).state, GpuState::needs_operator);
  const auto report = make_report(fake_.open(), *inventory, Redaction::aliases);
  ASSERT_TRUE(report);
  EXPECT_TRUE(std::ranges::none_of(report->entries, [](const auto& entry) {
    return entry.path.ends_with("/driver_override");
  }));
  const auto root = open_report(*report);
  ASSERT_TRUE(root);
  const auto again = take_inventory(*root, {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->gpus.at(0).state, GpuState::needs_operator);
}

}  // namespace
}  // namespace nvgpuctl
