// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_room.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "core/merge_refusal.hpp"
#include "support/merge_domains.hpp"
#include "support/xpath.hpp"

namespace nvgpuctl {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

struct Conflict {
  std::string_view old;
  std::string_view replacement;
  std::string_view message;
};

TEST(DomainRoom, RefusesWhatCannotWorkAndSaysWhere) {
  constexpr auto kConflicts = std::to_array<Conflict>({
      {R"(type="kvm")", R"(type="qemu")",
       "guest.xml:1: /domain: is a domain of type 'qemu' (not-kvm)"},
      {R"(arch="aarch64")", R"(arch="x86_64")",
       "guest.xml:10: /domain/os/type: the guest is of architecture 'x86_64' "
       "(not-aarch64)"},
      {R"(machine="virt")", R"(machine="raspi3b")",
       "guest.xml:10: /domain/os/type: the machine is 'raspi3b' (not-virt)"},
      {R"(firmware="efi")", "",
       "guest.xml:10: /domain/os: the guest has no UEFI, so it cannot have "
       "ACPI and NUMA nodes (no-firmware)"},
      {R"(<gic version="3"/>)", R"(<gic version="2"/>)",
       "guest.xml:11: /domain/features/gic: GICv2 cannot deliver the GPU's "
       "interrupts (gic-version)"},
      {R"(cell id="1")", R"(cell id="5")",
       "guest.xml:19: /domain/cpu/numa/cell[2]: cell id 5 in a guest with 2 "
       "cells (cell-ids)"},
      {R"(sibling id="1")", R"(sibling id="2")",
       "guest.xml:14: /domain/cpu/numa/cell[1]: names a distance to cell 2, "
       "which does not exist (stray-distance)"},
      {R"(busNr="200")", R"(busNr="300")",
       "guest.xml:31: /domain/devices/controller[3]/target: busNr '300' is no "
       "number from 0 to 0xff (unreadable)"},
      {R"(busNr="200")", R"(busNr="6")",
       "guest.xml: 1 GPUs need more PCI buses than the 4 controllers of the "
       "guest leave free (no-room)"},
      {"pcie-root\"", "pci-root\"",
       "guest.xml:24: /domain/devices/controller[1]: PCI controller 0 is "
       "'pci-root' (no-pcie-root)"},
      {"1048576</pci", "1048576<!-- much --></pci",
       "guest.xml:25: /domain/devices/controller[1]/pcihole64: holds more than "
       "a number (window)"},
      {"<clock offset=\"utc\"/>", "<cpu/>",
       "guest.xml:22: /domain/cpu[2]: <cpu> is there twice (twice)"},
      {"\t</devices>",
       "<hostdev mode='subsystem' type='pci'><source><address domain='9' "
       "bus='1'/></source></hostdev></devices>",
       "guest.xml:36: /domain/devices/hostdev: passes 0009:01:00.0 through "
       "already (gpu-taken)"},
      {"</interface>", "<alias name='ua-nvgpu-net'/></interface>",
       "guest.xml:35: /domain/devices/interface/alias: has an alias of "
       "nvgpuctl's, and no record of a merge goes with it (alias-taken)"},
      {"\t</devices>", "<iommu model='smmuv3'/></devices>",
       "guest.xml:36: /domain/devices/iommu: an IOMMU of model 'smmuv3' for "
       "the whole machine (other-iommu)"},
      {"\t</devices>",
       "</devices><q:commandline "
       "xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg "
       "value='-numa'/><q:arg value='node,nodeid=2'/></q:commandline>",
       "guest.xml:36: /domain/q:commandline/q:arg[1]: '-numa node,nodeid=2' is "
       "for nvgpuctl to say (qemu-arguments)"},
  });
  for (const Conflict& conflict : kConflicts) {
    EXPECT_EQ(refusal(with(kTuned, conflict.old, conflict.replacement)),
              conflict.message);
  }
}

TEST(DomainRoom, LeavesTheMemoryOfDevicesToThem) {
  const std::string text =
      with(kPlain, "  </devices>", std::string(kDimm) + "</devices>");
  const std::string xml = merged(text);
  EXPECT_THAT(xpath(xml, "//cell[@id=0]/@memory"),
              testing::ElementsAre("49152"));
  EXPECT_THAT(xpath(xml, "/domain/memory"), testing::ElementsAre("64"));
}

TEST(DomainRoom, RefusesToMakeCellsWhereAllMemoryIsInDevices) {
  const std::string text =
      with(with(kPlain, "unit='GiB'>64", "unit='GiB'>16"), "  </devices>",
           std::string(kDimm) + "</devices>");
  EXPECT_EQ(refusal(text),
            "guest.xml:16: /domain/devices/memory: is, with its like, all that "
            "<memory> has (no-memory)");
}

TEST(DomainRoom, RefusesAnotherIommuBesideItsOwnOnly) {
  const std::string text =
      with(kTuned, "\t</devices>", "<iommu model='virtio'/></devices>");
  EXPECT_EQ(refusal(text), "merged");
  EXPECT_THAT(refusal(text, hybrid_request()), EndsWith("(other-iommu)"));
}

TEST(DomainRoom, RefusesToSwitchIommufdOn) {
  DomainRequest request = hopper_request();
  request.iommufd = true;
  EXPECT_THAT(refusal(with(kTuned, "<clock offset=\"utc\"/>",
                           "<iommufd enabled='no'/>"),
                      request),
              EndsWith("IOMMUFD is switched off (iommufd-off)"));
}

TEST(DomainRoom, RefusesMoreCellsThanQemuHas) {
  std::string cells;
  for (unsigned id = 2; id < 125; ++id) {
    cells += fmt::format("<cell id='{}' memory='1'/>", id);
  }
  EXPECT_EQ(refusal(with(kTuned, "\t\t</numa>", cells + "</numa>")),
            "guest.xml: 1 GPUs need more than 128 NUMA cells, QEMU's limit "
            "(no-room)");
}

TEST(DomainRoom, RefusesWhatIsNoDomain) {
  EXPECT_EQ(refusal("<network/>"),
            "guest.xml: its root is <network>, not <domain> (not-a-domain)");
  EXPECT_THAT(refusal("<domain"), EndsWith("(not-a-domain)"));
}

TEST(DomainRoom, HasEveryReasonInTheManual) {
  std::ifstream page(TEST_DATA_DIR "/../../docs/merge.md");
  const std::string text(std::istreambuf_iterator<char>(page), {});
  for (const auto& [reason, meaning] : kMergeRefusals) {
    EXPECT_THAT(text, HasSubstr(fmt::format("| `{}` | {} |", reason, meaning)));
  }
}

}  // namespace
}  // namespace nvgpuctl
