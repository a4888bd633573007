// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

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

}  // namespace
}  // namespace nvgpuctl
