// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/hostdev_scan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

std::optional<std::vector<std::string>> found(std::string_view xml) {
  const auto addresses = addresses_in(xml);
  if (!addresses) {
    return std::nullopt;
  }
  std::vector<std::string> names;
  for (const auto& address : *addresses) {
    names.push_back(to_string(address));
  }
  return names;
}

TEST(HostdevScan, FindsTheSourceAndTheGuestsAddresses) {
  EXPECT_THAT(
      found("<domain><hostdev><source>"
            "<address domain='0x0009' bus='0x01' slot='0x00' function='0x0'/>"
            "</source><address type='pci' domain='0x0000' bus='0x02' "
            "slot='0x1f' function='0x7'/></hostdev></domain>"),
      Optional(ElementsAre("0009:01:00.0", "0000:02:1f.7")));
}

TEST(HostdevScan, ReadsNumbersAndQuotesAsLibvirtDoes) {
  EXPECT_THAT(found("<hostdev/><address\n\tbus = \"1\" domain=\"9\" slot='010' "
                    "/ ><address function=\"0X3\"></address>"),
              std::nullopt);
  EXPECT_THAT(found("<hostdev/><address\n\tbus = \"1\" domain=\"9\" "
                    "slot='010'/><address function=\"0X3\"></address>"),
              Optional(ElementsAre("0009:01:08.0", "0000:00:00.3")));
}

TEST(HostdevScan, FindsNothingWithoutAHostdev) {
  EXPECT_THAT(found("<domain><address domain='9' bus='1'/></domain>"),
              Optional(IsEmpty()));
  EXPECT_THAT(found(""), Optional(IsEmpty()));
}

TEST(HostdevScan, PassesAddressesOfOtherKinds) {
  EXPECT_THAT(found("<hostdev/><address type='drive' controller='0' unit='0'/>"
                    "<address type='ccw' cssid='0xfe' ssid='0x0'/>"
                    "<mac address='52:54:00:00:00:01'/><addresses/>"),
              Optional(IsEmpty()));
}

TEST(HostdevScan, IsNotSureOfWhatIsNotPlain) {
  for (const auto* xml :
       {"<!DOCTYPE domain [<!ENTITY a '9'>]><hostdev/>",
        "<hostdev/><address domain='&#x39;' bus='1'/>",
        "<?xml version='1.0' encoding='UTF-16'?><hostdev/>",
        "<hostdev/><address domain='nine'/>", "<hostdev/><address domain=9/>",
        "<hostdev/><address bus='0x100'/>", "<hostdev/><address bus='1'",
        "<hostdev/><address bus='1>'/>"}) {
    EXPECT_EQ(found(xml), std::nullopt) << xml;
  }
}

TEST(HostdevScan, TakesAnAddressInACommentForOneAsWell) {
  EXPECT_THAT(found("<hostdev/><!-- <address domain='9' bus='1'/> -->"),
              Optional(ElementsAre("0009:01:00.0")));
}

}  // namespace
}  // namespace nvgpuctl
