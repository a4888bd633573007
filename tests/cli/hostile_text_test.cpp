// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/main_cli.hpp"
#include "support/fake_root.hpp"

// A capture is other people's data: what its files say must not reach the
// terminal of who looks at it as commands to that terminal.

namespace nvgpuctl::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kGpu = "0009:01:00.0";
constexpr const char* kOther = "0009:02:00.0";
// An escape sequence, a bell, DEL, CSI as UTF-8 and as the byte of old
// terminals, and something to find it by.
#define HOSTILE                  \
  "evil\x1b]0;x\x07\x7f\xc2\x9b" \
  "31m\x9b"                      \
  "31m\rtext"

void spoil(FakeRoot& fake) {
  for (const auto* name : {kGpu, kOther}) {
    fake.pci_function(name, "0x10de", "0x2342");
    fake.iommu_group(name, 19);
    fake.driver(name, HOSTILE);
    for (const auto* attribute :
         {"subsystem_vendor", "modalias", "resource", "driver_override",
          "numa_node", "firmware_node/path", "reset_method", "power_state",
          "vfio-dev/" HOSTILE}) {
      fake.attribute(name, attribute, HOSTILE "\n");
    }
    fake.link("/sys/bus/pci/devices/" + std::string(name) + "/iommu",
              "../../" HOSTILE);
  }
  fake.file("/sys/kernel/iommu_groups/19/type", HOSTILE "\n");
  fake.file("/sys/kernel/iommu_groups/19/reserved_regions",
            HOSTILE " direct\n");
  for (const auto* table : {"SRAT", "SLIT", "DSDT", "SSDT1", "HEST" HOSTILE}) {
    fake.file("/sys/firmware/acpi/tables/" + std::string(table), HOSTILE);
  }
  for (const auto* list : {"online", "possible", "has_generic_initiator"}) {
    fake.numa_list(list, HOSTILE);
  }
  fake.kernel(HOSTILE, "CONFIG_NODES_SHIFT=" HOSTILE "\n");
  fake.file("/proc/sys/kernel/arch", HOSTILE "\n");
  fake.file("/proc/cmdline", HOSTILE "\n");
  fake.file("/proc/iomem", "00001000-00002000 : " HOSTILE "\n");
  fake.module_alias(
      HOSTILE, "alias vfio_pci:v000010DEd00002342sv*sd*bc*sc*i* " HOSTILE "\n");
  fake.file("/lib/modules/" HOSTILE "/modules.dep",
            "updates/" HOSTILE "/nvgrace-gpu-vfio-pci.ko:\n");
}

// The first control character that is no line break, with its place.
std::string first_control(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next =
        static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    const bool c1 = byte == 0xC2 && next >= 0x80 && next < 0xA0;
    // Nothing that we print ourselves is beyond ASCII.
    const bool raw = byte >= 0x80 && byte < 0xA0;
    if ((byte < 0x20 && byte != '\n') || byte == 0x7F || c1 || raw) {
      return "byte " + std::to_string(byte) +
             " in: " + text.substr(i < 60 ? 0 : i - 60, 80);
    }
  }
  return "";
}

class HostileCapture
    : public testing::TestWithParam<std::vector<std::string_view>> {};

TEST_P(HostileCapture, ReachesNoTerminal) {
  FakeRoot fake;
  spoil(fake);
  const std::string root = fake.path().string();
  std::vector<std::string_view> args{"--root", root, "--color=never"};
  args.insert(args.end(), GetParam().begin(), GetParam().end());
  std::ostringstream out;
  std::ostringstream err;
  run(args, {.out = out, .err = err});
  EXPECT_EQ(first_control(out.str()), "");
  EXPECT_EQ(first_control(err.str()), "");
  EXPECT_THAT(out.str() + err.str(), HasSubstr("evil"))
      << "what is hostile is shown all the same";
}

using Line = std::vector<std::string_view>;
INSTANTIATE_TEST_SUITE_P(OfEveryVerb, HostileCapture,
                         testing::Values(Line{"list"},
                                         Line{"list", "-o", "wide"},
                                         Line{"show", "--all"}, Line{"explain"},
                                         Line{"doctor"},
                                         Line{"validate", "--all"},
                                         Line{"bind", "--dry-run", "--all"},
                                         Line{"unbind", "--dry-run", "--all"}));

}  // namespace
}  // namespace nvgpuctl::cli
