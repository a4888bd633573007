// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_model.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>

#include "core/xml_reader.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;
using testing::Pair;

constexpr std::string_view kGuest = R"(<!-- kept -->
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>grace</name>
  <memory unit='GiB'>64</memory>
  <vcpu placement='static'>16</vcpu>
  <memtune><hard_limit unit='GiB'>80</hard_limit></memtune>
  <memoryBacking><hugepages><page size='512' unit='MiB' nodeset='0'/>
  </hugepages></memoryBacking>
  <cputune><vcpupin vcpu='3' cpuset='0-3,^2'/></cputune>
  <numatune><memory mode='strict' nodeset='0'/>
    <memnode cellid='0' mode='strict' nodeset='1'/></numatune>
  <os><type arch='aarch64' machine='virt'>hvm</type></os>
  <iommufd enabled='yes'/>
  <features><acpi/><gic version='3'/></features>
  <cpu><numa>
    <cell id='0' cpus='0-15' memory='64' unit='GiB'>
      <distances><sibling id='1' value='80'/></distances>
    </cell>
    <cell memory='0' unit='KiB'/>
  </numa></cpu>
  <devices>
    <controller type='pci' index='1' model='pcie-expander-bus'>
      <target busNr='253'><node>0</node></target>
      <address type='pci' bus='0x00' slot='0x02'/>
    </controller>
    <controller type='pci' index='0' model='pcie-root'>
      <pcihole64 unit='TiB'>1</pcihole64>
    </controller>
    <hostdev mode='subsystem' type='usb'/>
    <hostdev mode='subsystem' type='pci' managed='no'>
      <driver model='nvgrace_gpu_vfio_pci' iommufd='yes'/>
      <source>
        <address domain='0x0009' bus='0x01' slot='0x00' function='0x0'/>
      </source>
      <alias name='ua-gpu0'/>
      <acpi nodeset='1-8'/>
      <address type='pci' domain='0' bus='2' slot='0' function='0'/>
    </hostdev>
    <iommu model='smmuv3'><driver pciBus='1' accel='on' ssidSize='20'/></iommu>
    <memory model='egm'/>
  </devices>
  <qemu:commandline><qemu:arg value='-numa'/></qemu:commandline>
  <qemu:override><qemu:device alias='iommu0'><qemu:frontend>
    <qemu:property name='accel' type='bool' value='true'/>
  </qemu:frontend></qemu:device></qemu:override>
</domain>
)";

Domain read(std::string_view text) {
  auto domain = read_domain(text, "guest.xml");
  EXPECT_TRUE(domain) << (domain ? "" : domain.error().problem);
  return domain.value_or(Domain());
}

TEST(DomainModel, HasTheGuestsSize) {
  const Domain domain = read(kGuest);
  EXPECT_EQ(domain.type, "kvm");
  EXPECT_EQ(domain.name, "grace");
  EXPECT_EQ(domain.arch, "aarch64");
  EXPECT_EQ(domain.machine, "virt");
  EXPECT_EQ(domain.vcpus, 16U);
  EXPECT_THAT(domain.memory_bytes, Optional(64ULL << 30));
  EXPECT_THAT(domain.hard_limit_bytes, Optional(80ULL << 30));
  EXPECT_TRUE(domain.acpi);
  EXPECT_EQ(domain.gic_version, "3");
  EXPECT_TRUE(domain.iommufd);
  EXPECT_TRUE(domain.problems.empty());
}

TEST(DomainModel, TellsCellsWithoutCpusFromOthers) {
  const Domain domain = read(kGuest);
  ASSERT_EQ(domain.cells.size(), 2U);
  EXPECT_EQ(domain.cells[0].cpus->size(), 16U);
  EXPECT_THAT(domain.cells[0].distances, ElementsAre(Pair(1U, 80U)));
  EXPECT_EQ(domain.cells[1].id, 1U);
  EXPECT_EQ(domain.cells[1].cpus, std::nullopt);
  EXPECT_THAT(domain.cells[1].memory_bytes, Optional(0U));
}

TEST(DomainModel, HasTheGpuWithItsPlace) {
  const Domain domain = read(kGuest);
  ASSERT_EQ(domain.hostdevs.size(), 1U);
  const DomainHostdev& gpu = domain.hostdevs[0];
  EXPECT_EQ(to_string(*gpu.source), "0009:01:00.0");
  EXPECT_EQ(to_string(*gpu.address), "0000:02:00.0");
  EXPECT_EQ(gpu.managed, "no");
  EXPECT_EQ(gpu.driver_model, "nvgrace_gpu_vfio_pci");
  EXPECT_EQ(gpu.iommufd, "yes");
  EXPECT_EQ(gpu.alias, "ua-gpu0");
  EXPECT_THAT(gpu.nodeset, Optional(ElementsAre(1, 2, 3, 4, 5, 6, 7, 8)));
  EXPECT_EQ(gpu.place.xpath, "/domain/devices/hostdev[2]");
  EXPECT_EQ(gpu.place.line, 30);
}

TEST(DomainModel, HasControllersAndIommus) {
  const Domain domain = read(kGuest);
  ASSERT_EQ(domain.controllers.size(), 2U);
  EXPECT_THAT(domain.controllers[0].bus_nr, Optional(253U));
  EXPECT_THAT(domain.controllers[0].node, Optional(0U));
  EXPECT_EQ(to_string(*domain.controllers[0].address), "0000:00:02.0");
  EXPECT_THAT(domain.controllers[1].pcihole64_bytes, Optional(1ULL << 40));
  ASSERT_EQ(domain.iommus.size(), 1U);
  EXPECT_THAT(domain.iommus[0].pci_bus, Optional(1U));
  EXPECT_THAT(domain.iommus[0].driver,
              ElementsAre(Pair("pciBus", "1"), Pair("accel", "on"),
                          Pair("ssidSize", "20")));
  EXPECT_EQ(domain.pci_uses.size(), 2U);
}

TEST(DomainModel, HasPinningAndMemoryPolicy) {
  const Domain domain = read(kGuest);
  ASSERT_EQ(domain.pins.size(), 1U);
  EXPECT_EQ(domain.pins[0].vcpu, 3U);
  EXPECT_THAT(domain.pins[0].host_cpus, ElementsAre(0, 1, 3));
  EXPECT_THAT(domain.numatune_nodes, Optional(ElementsAre(0)));
  ASSERT_EQ(domain.memnodes.size(), 1U);
  EXPECT_THAT(domain.memnodes[0].host_nodes, ElementsAre(1));
  ASSERT_EQ(domain.huge_pages.size(), 1U);
  EXPECT_EQ(domain.huge_pages[0].size_bytes, 512ULL << 20);
  ASSERT_EQ(domain.memory_devices.size(), 1U);
  EXPECT_EQ(domain.memory_devices[0].model, "egm");
}

TEST(DomainModel, HasWhatIsHandedToQemu) {
  const Domain domain = read(kGuest);
  ASSERT_EQ(domain.qemu_arguments.size(), 1U);
  EXPECT_EQ(domain.qemu_arguments[0].value, "-numa");
  ASSERT_EQ(domain.overrides.size(), 1U);
  EXPECT_EQ(domain.overrides[0].alias, "iommu0");
  EXPECT_EQ(domain.overrides[0].property, "accel");
}

TEST(DomainModel, ReadsIdsInBaseTenAndAddressesInAnyBase) {
  const Domain domain = read(R"(<domain><vcpu>010</vcpu>
<cputune><vcpupin vcpu='08' cpuset='1'/></cputune>
<cpu><numa><cell id='00' memory='1'><distances><sibling id='09' value='020'/>
</distances></cell></numa></cpu>
<devices><controller type='pci' index='010' model='pcie-expander-bus'>
<target busNr='0x10'/><address type='pci' bus='010' slot='1'/></controller>
</devices></domain>)");
  EXPECT_TRUE(domain.problems.empty());
  EXPECT_EQ(domain.vcpus, 10U);
  EXPECT_EQ(domain.pins.at(0).vcpu, 8U);
  EXPECT_THAT(domain.cells.at(0).distances, ElementsAre(Pair(9U, 20U)));
  EXPECT_THAT(domain.controllers.at(0).index, Optional(10U));
  EXPECT_THAT(domain.controllers.at(0).bus_nr, Optional(16U));
  EXPECT_EQ(to_string(*domain.controllers.at(0).address), "0000:08:01.0");
}

TEST(DomainModel, TakesAnAddressForNoneWhereAllButTheFunctionIsZero) {
  const Domain domain = read(R"(<domain><devices>
<interface><address type='pci' bus='2'/></interface>
<interface><address type='pci'/></interface>
<interface><address type='pci' bus='0' slot='0x00' function='1'/></interface>
</devices></domain>)");
  ASSERT_EQ(domain.pci_uses.size(), 1U);
  EXPECT_EQ(to_string(domain.pci_uses[0].address), "0000:02:00.0");
}

TEST(DomainModel, KnowsHowManyVcpusShareACoreAndASocket) {
  EXPECT_THAT(read("<domain><vcpu>16</vcpu><cpu><topology sockets='2' "
                   "clusters='1' cores='4' threads='2'/></cpu></domain>")
                  .vcpu_groups,
              ElementsAre(2, 8));
  EXPECT_THAT(read("<domain><vcpu>4</vcpu><cpu><topology sockets='1' "
                   "cores='4294967295' threads='1'/></cpu></domain>")
                  .vcpu_groups,
              testing::IsEmpty());
}

TEST(DomainModel, SaysWhichValuesItCannotRead) {
  const Domain domain = read(R"(<domain>
<memory unit='moles'>3</memory>
<devices><hostdev type='pci'><source>
<address domain='0' bus='0' slot='0x40' function='0'/>
</source><acpi nodeset='1-'/></hostdev></devices></domain>)");
  ASSERT_EQ(domain.problems.size(), 3U);
  EXPECT_EQ(domain.problems[0].text, "memory '3' 'moles' is no size");
  EXPECT_EQ(domain.problems[0].place.xpath, "/domain/memory");
  EXPECT_EQ(domain.problems[1].text, "slot '0x40' is no number from 0 to 0x1f");
  EXPECT_EQ(domain.problems[1].place.line, 4);
  EXPECT_EQ(domain.problems[2].text, "nodeset '1-' is no list of numbers");
  ASSERT_EQ(domain.hostdevs.size(), 1U);
  EXPECT_EQ(domain.hostdevs[0].source, std::nullopt);
}

TEST(DomainModel, RefusesWhatIsNoDomain) {
  const auto network = read_domain("<network/>", "net.xml");
  ASSERT_FALSE(network);
  EXPECT_EQ(network.error().code, Errc::malformed);
  EXPECT_EQ(network.error().problem, "its root is <network>, not <domain>");
}

TEST(XmlReader, FindsPlacesAmongVeryManySiblings) {
  std::string text = "<domain><devices>";
  for (int i = 0; i < 100'000; ++i) {
    text += "<hostdev type='pci'/>";
  }
  const Domain domain = read(text + "</devices></domain>");
  ASSERT_EQ(domain.hostdevs.size(), 100'000U);
  EXPECT_EQ(domain.hostdevs.back().place.xpath,
            "/domain/devices/hostdev[100000]");
}

TEST(XmlReader, NamesPlacesAsLibxml2Does) {
  const auto document = parse_xml_document(kGuest, "guest.xml");
  ASSERT_TRUE(document);
  const XmlPlaces places(document->root());
  for (const XmlElement child : elements(document->root())) {
    EXPECT_EQ(places.of(child), place_of(child));
    for (const XmlElement grandchild : elements(child)) {
      EXPECT_EQ(places.of(grandchild), place_of(grandchild));
    }
  }
}

TEST(XmlReader, SaysWhereATextStopsBeingXml) {
  const auto broken = parse_xml_document("<domain>\n<name>\n", "guest.xml");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Errc::malformed);
  EXPECT_THAT(broken.error().problem, HasSubstr("guest.xml:3: "));
}

TEST(XmlReader, RefusesEntitiesBeforeTheyGrow) {
  const auto bomb = parse_xml_document(
      R"(<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><domain>&b;</domain>)",
      "bomb.xml");
  ASSERT_FALSE(bomb);
  EXPECT_EQ(bomb.error().problem, "has a document type declaration");
}

TEST(XmlReader, RefusesMoreThanLibvirtCarries) {
  const std::string text(kMaxXmlBytes + 1, ' ');
  const auto large = parse_xml_document(text, "large.xml");
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().problem,
            "has more than 4 MiB, which libvirt cannot carry");
}

TEST(XmlReader, RefusesTextThatIsNoXmlAtAll) {
  for (const std::string text : {"", "domain", "<a/><b/>"}) {
    const auto document = parse_xml_document(text, "x.xml");
    ASSERT_FALSE(document) << text;
    EXPECT_THAT(document.error().problem, HasSubstr("x.xml")) << text;
  }
}

TEST(DomainModel, TellsEmulatedDevicesFromThoseThatArePassedThrough) {
  const auto emulated = [](std::string_view device) {
    const Domain domain = read(fmt::format(
        "<domain><devices>{}<address type='pci' slot='1'/></{}></devices>"
        "</domain>",
        device, device.substr(1, device.find(' ') - 1)));
    return domain.pci_uses.size() == 1 && domain.pci_uses[0].emulated;
  };
  EXPECT_TRUE(emulated("<memballoon model='virtio'>"));
  EXPECT_TRUE(emulated("<controller type='usb'>"));
  EXPECT_FALSE(emulated("<controller type='pci' model='pcie-root-port'>"));
  EXPECT_TRUE(emulated("<hostdev type='scsi_host'>"));
  EXPECT_FALSE(emulated("<hostdev type='mdev'>"));
  EXPECT_TRUE(emulated("<interface type='user'>"));
  EXPECT_FALSE(emulated("<interface type='hostdev'>"));
  EXPECT_TRUE(emulated("<interface type='network'><model type='virtio'/>"));
  EXPECT_FALSE(emulated("<interface type='network'>"));
}

}  // namespace
}  // namespace nvgpuctl
