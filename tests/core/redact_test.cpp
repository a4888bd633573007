// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/redact.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

TEST(Redactor, GivesAUuidTheSameAliasEverywhere) {
  Redactor redactor;
  const std::string uuid = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
  EXPECT_EQ(redactor.text("root=UUID=" + uuid + " quiet\n"),
            "root=UUID=00000000-0000-4000-8000-000000000001 quiet\n");
  EXPECT_EQ(redactor.text("{\"boot\": \"" + uuid + "\"}"),
            "{\"boot\": \"00000000-0000-4000-8000-000000000001\"}");
  EXPECT_EQ(redactor.count(), 1U);
}

TEST(Redactor, HidesAddressesOfTheNetwork) {
  Redactor redactor;
  EXPECT_EQ(redactor.text("ip=10.1.2.3::10.1.2.1:255.255.255.0:node7:eth0"),
            "ip=240.0.0.1::240.0.0.2:240.0.0.3:node7:eth0");
  EXPECT_EQ(redactor.text("mac 3c:ec:ef:01:02:03"), "mac 02:00:00:00:00:01");
  EXPECT_EQ(redactor.text("BOOTIF=01-3c-ec-ef-01-02-03"),
            "BOOTIF=02:00:00:00:00:01")
      << "the same address";
  EXPECT_EQ(redactor.text("ip=enx3CECEF010203:dhcp"),
            "ip=enx020000000001:dhcp");
}

TEST(Redactor, HidesNamesThatItIsTold) {
  Redactor redactor;
  redactor.name("node7", "host");
  EXPECT_EQ(redactor.text("node7: node7.example.org, node70."),
            "host-1: host-1, node70.");
}

TEST(Redactor, HidesNamesThatAreMadeOfTheHosts) {
  Redactor redactor;
  redactor.name("node-7", "host");
  redactor.name("win", "domain");
  EXPECT_EQ(redactor.text("root=/dev/mapper/node--7--vg-root "
                          "rd.lvm.lv=node-7-vg/root x=NODE-7_data Node-7"),
            "root=/dev/mapper/host-1--vg-root rd.lvm.lv=host-1-vg/root "
            "x=host-1_data host-1");
  EXPECT_EQ(redactor.text("rhel_node-7-root luks-node-7 x_node--7--vg "
                          "NODE-7.example.org"),
            "rhel_host-1-root luks-host-1 x_host-1--vg host-1");
  EXPECT_EQ(redactor.text("node--7--vg-node-7"), "host-1--vg-host-1");
  EXPECT_EQ(redactor.text("node-70 mynode-7 win-vg"),
            "node-70 mynode-7 win-vg");
}

TEST(Redactor, FindsIdsWithinWords) {
  Redactor redactor;
  EXPECT_EQ(redactor.text("rd.luks.uuid=luks-6f9619ff-8b86-d011-b42d-"
                          "00c04fc964ff x_0123456789abcdef0123456789abcdef_y"),
            "rd.luks.uuid=luks-00000000-0000-4000-8000-000000000001 "
            "x_00000000000000000000000000000001_y");
  const std::string longer(40, 'a');
  EXPECT_EQ(redactor.text(longer), longer);
}

TEST(Redactor, HidesNamesOfSeveralWords) {
  Redactor redactor;
  EXPECT_EQ(redactor.name("Anna's GPU", "domain"), "domain-1");
  EXPECT_EQ(redactor.text("domain: \"Anna's GPU\", Anna's GPUs, Anna"),
            "domain: \"domain-1\", domain-1s, Anna");
  EXPECT_EQ(redactor.count(), 1U);
}

TEST(Redactor, LeavesPciAddressesAndVersionsAlone) {
  Redactor redactor;
  const std::string text = "vfio-pci 0009:01:00.0: 12.8.0 10de:2342 19";
  EXPECT_EQ(redactor.text(text), text);
  EXPECT_EQ(redactor.count(), 0U);
}

}  // namespace
}  // namespace nvgpuctl
