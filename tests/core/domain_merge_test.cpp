// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_merge.hpp"

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "support/merge_domains.hpp"
#include "support/xpath.hpp"

namespace nvgpuctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Strings = std::vector<std::string>;

TEST(DomainMerge, PutsEverythingThatAGpuNeedsIntoAPlainDomain) {
  const std::string xml = merged(kPlain);
  EXPECT_THAT(xpath(xml, "//cell/@cpus"), ElementsAre("0-15"));
  EXPECT_THAT(xpath(xml, "//cell/@memory"),
              ElementsAre("65536", "0", "0", "0", "0", "0", "0", "0", "0"));
  EXPECT_THAT(xpath(xml, "//cell[@id=0]//sibling/@value"),
              ElementsAre("80", "80", "80", "80", "80", "80", "80", "80"));
  EXPECT_THAT(xpath(xml, "//controller/@model"),
              ElementsAre("pcie-root", "pcie-expander-bus", "pcie-root-port"));
  EXPECT_THAT(xpath(xml, "//pcihole64"), ElementsAre("1024"));
  EXPECT_THAT(xpath(xml, "//hostdev/acpi/@nodeset"), ElementsAre("1-8"));
  EXPECT_THAT(xpath(xml, "//hostdev/alias/@name"),
              ElementsAre("ua-nvgpu-gpu0"));
  EXPECT_THAT(xpath(xml, "/domain/features/acpi"), ElementsAre(""));
  EXPECT_THAT(xpath(xml, "/domain/features/gic/@version"), ElementsAre("3"));
  EXPECT_THAT(xpath(xml, "//memnode/@nodeset"), ElementsAre("0"));
  EXPECT_THAT(xpath(xml, "//m:gpu/@address"), ElementsAre("0009:01:00.0"));
}

TEST(DomainMerge, LeavesEverythingElseAsItWasWritten) {
  const std::string xml = merged(kPlain);
  EXPECT_THAT(xml, HasSubstr("<!-- do not touch -->\n<domain type='kvm'>\n"
                             "  <name>guest</name>\n"));
  EXPECT_THAT(xml, HasSubstr("    <disk type='file' device='disk'>\n"
                             "      <target dev='vda' bus='virtio'/>\n"
                             "    </disk>\n"
                             "    <!-- the last one -->\n"
                             "    <controller type='pci' index='0' "
                             "model='pcie-root'>\n"
                             "      <pcihole64 unit='GiB'>1024</pcihole64>\n"
                             "    </controller>\n"));
  EXPECT_THAT(xml, EndsWith("    </hostdev>\n  </devices>\n</domain>\n"));
}

TEST(DomainMerge, KeepsClearOfWhatTheDomainHas) {
  const std::string xml = merged(kTuned);
  // 1 and 4 are controllers, 2 is a bus that a device names.
  EXPECT_THAT(xpath(xml, "//controller/@index"),
              ElementsAre("0", "1", "4", "3", "5"));
  EXPECT_THAT(xpath(xml, "//controller[@index=3]/target/@busNr"),
              ElementsAre("198"));
  EXPECT_THAT(xpath(xml, "//controller[@index=5]/address/@bus"),
              ElementsAre("0x03"));
  EXPECT_THAT(xpath(xml, "//hostdev/address/@bus"), ElementsAre("0x05"));
  EXPECT_THAT(xpath(xml, "//cell/@id"),
              ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
  EXPECT_THAT(xpath(xml, "//hostdev/acpi/@nodeset"), ElementsAre("2-9"));
}

TEST(DomainMerge, TakesAnotherChassisWhereItsOwnIsTaken) {
  const std::string text = with(kTuned, R"(chassis="3")", R"(chassis="5")");
  EXPECT_THAT(xpath(merged(text), "//controller[@index=5]/target/@chassis"),
              ElementsAre("6"));
}

TEST(DomainMerge, PutsTheGpuBesideTheCellWithTheMemoryOfItsSocket) {
  // Host node 0 is guest cell 1.
  const std::string xml = merged(kTuned);
  EXPECT_THAT(xpath(xml, "//controller[@index=3]/target/node"),
              ElementsAre("1"));
  EXPECT_THAT(xpath(xml, "//cell[@id=1]//sibling[@id=2]/@value"),
              ElementsAre("80"));
  EXPECT_THAT(xpath(xml, "//cell[@id=0]//sibling[@id=2]/@value"),
              ElementsAre("120"));
}

TEST(DomainMerge, PutsTheGpuBesideTheFirstCellWhereNoMemoryIsBound) {
  std::string text(kTuned);
  const auto begin = text.find("\t<numatune>");
  text.erase(begin, text.find("\t<os", begin) - begin);
  const std::string xml = merged(text);
  EXPECT_THAT(xpath(xml, "//controller[@index=3]/target/node"),
              ElementsAre("0"));
  EXPECT_THAT(xpath(xml, "//numatune"), IsEmpty());
}

TEST(DomainMerge, KeepsTheDistancesOfExistingCells) {
  EXPECT_THAT(xpath(merged(kTuned), "//cell[@id=0]//sibling[@id=1]/@value"),
              ElementsAre("30"));
}

TEST(DomainMerge, RaisesAWindowThatIsTooSmall) {
  const std::string xml = merged(kTuned);
  EXPECT_THAT(xpath(xml, "//pcihole64"), ElementsAre("1024"));
  EXPECT_THAT(xpath(xml, "//pcihole64/@unit"), ElementsAre("GiB"));
}

TEST(DomainMerge, MakesRoomForGpusThatTheDomainHasAlready) {
  DomainRequest request = hopper_request();
  request.more_gpus = {hopper_gpu(0x19, 0)};
  const std::string xml = merged(kTuned, request);
  EXPECT_THAT(xpath(xml, "//pcihole64"), ElementsAre("2048"));
  EXPECT_THAT(xpath(xml, "//hostdev"), testing::SizeIs(1));
}

TEST(DomainMerge, GivesCellsWholeHugePages) {
  DomainRequest request = two_socket_request();
  const std::string text =
      with(kPlain, "<memory unit='GiB'>64</memory>",
           "<memory unit='MiB'>33280</memory><memoryBacking><hugepages/>"
           "</memoryBacking>");
  EXPECT_THAT(xpath(merged(text, request), "//cell[@cpus]/@memory"),
              ElementsAre("16896", "16384"));
  request.huge_page_bytes = 2 * kMiB;
  EXPECT_THAT(xpath(merged(text, request), "//cell[@cpus]/@memory"),
              ElementsAre("16640", "16640"));
}

TEST(DomainMerge, DoesNotSplitACoreOfTheTopology) {
  const std::string text =
      with(with(kPlain, "<cpu mode='host-passthrough'/>",
                "<cpu mode='host-passthrough'><topology sockets='1' "
                "cores='3' threads='2'/></cpu>"),
           ">16</vcpu>", ">6</vcpu>");
  EXPECT_THAT(xpath(merged(text, two_socket_request()), "//cell/@cpus"),
              ElementsAre("0-3", "4-5"));
}

// For the domain it would be the default of its other devices, too.
TEST(DomainMerge, SaysIommufdOfTheGpuAlone) {
  DomainRequest request = hopper_request();
  request.iommufd = true;
  const std::string xml = merged(kPlain, request);
  EXPECT_THAT(xpath(xml, "//hostdev/driver/@iommufd"), ElementsAre("yes"));
  EXPECT_THAT(xpath(xml, "/domain/iommufd"), IsEmpty());
}

TEST(DomainMerge, KeepsAWindowThatIsLargeEnough) {
  const std::string text = with(kTuned, "1048576<", "4294967296<");
  EXPECT_THAT(xpath(merged(text), "//pcihole64"), ElementsAre("4294967296"));
}

TEST(DomainMerge, GivesMemoryThatIsNoWholeMebibyteToTheCell) {
  const std::string text =
      with(kPlain, "<memory unit='GiB'>64", "<memory unit='KiB'>1048577");
  const std::string xml = merged(text);
  EXPECT_THAT(xpath(xml, "//cell[@id=0]/@memory"), ElementsAre("1048577"));
  EXPECT_THAT(xpath(xml, "//cell[@id=0]/@unit"), ElementsAre("KiB"));
}

TEST(DomainMerge, DoesNotBindACellStrictlyToANodeThatHasLess) {
  DomainRequest request = hopper_request();
  request.cpu_cells[0].host_bytes = 48 * kGiB;
  const auto result = merge(kPlain, request);
  ASSERT_TRUE(result);
  EXPECT_THAT(xpath(result->xml, "//numatune/memory"), IsEmpty());
  EXPECT_THAT(xpath(result->xml, "//memnode/@mode"), ElementsAre("preferred"));
  EXPECT_THAT(
      result->warnings,
      ElementsAre("cell 0 has 64 GiB of memory and host node 0 only 48 GiB: it "
                  "is not bound strictly, and the rest comes from other nodes; "
                  "VFIO locks all of it"));
  EXPECT_TRUE(merge(merged(kPlain), request)->changed);
  // Cells of the domain's own are bound as it says.
  EXPECT_THAT(merge(kTuned, request)->warnings, IsEmpty());
}

TEST(DomainMerge, StaysOnOneLineWhereTheDomainDoes) {
  constexpr std::string_view kText =
      R"(<domain type="kvm"><os firmware="efi"><type>hvm</type></os>)"
      R"(<memory>1048576</memory><devices/></domain>)";
  const std::string xml = merged(kText);
  EXPECT_EQ(std::ranges::count(xml, '\n'), 1);
  EXPECT_EQ(unmerged(xml), std::string(kText) + "\n");
}

TEST(DomainMerge, MakesACpuThatKvmHasWhereTheDomainLeavesItToLibvirt) {
  const std::string xml =
      merged(with(kPlain, "  <cpu mode='host-passthrough'/>\n", ""));
  EXPECT_THAT(xpath(xml, "/domain/cpu/@mode"), ElementsAre("host-passthrough"));
  EXPECT_THAT(xpath(unmerged(xml), "/domain/cpu"), IsEmpty());
}

TEST(DomainMerge, SaysInQemusWordsWhatAnOldLibvirtCannot) {
  const std::string xml = merged(kPlain, legacy_request());
  EXPECT_THAT(xpath(xml, "//cell/@id"), ElementsAre("0"));
  EXPECT_THAT(xpath(xml, "//pcihole64"), IsEmpty());
  EXPECT_THAT(xpath(xml, "//qemu:arg/@value"),
              Contains("highmem-mmio-size=1024G"));
  EXPECT_THAT(xpath(xml, "//qemu:arg/@value"),
              Contains("dist,src=0,dst=8,val=80"));
}

TEST(DomainMerge, LeavesDistancesThatTheDomainNamesToLibvirt) {
  const auto arguments = xpath(
      merged(with(kTuned, "<pcihole64 unit=\"KiB\">1048576</pcihole64>", ""),
             legacy_request()),
      "//qemu:arg/@value");
  EXPECT_THAT(arguments, Not(Contains(HasSubstr("dist,src=0,dst=1,"))));
  EXPECT_THAT(arguments, Contains("dist,src=0,dst=2,val=120"));
  EXPECT_THAT(arguments, Contains("dist,src=1,dst=2,val=80"));
}

TEST(DomainMerge, NamesDistancesThatLibvirtWouldTakeWhereTheDomainNamesNone) {
  std::string text = with(kTuned, R"(<sibling id="1" value="30"/>)", "");
  text = with(text, R"(<pcihole64 unit="KiB">1048576</pcihole64>)", "");
  EXPECT_THAT(xpath(merged(text, legacy_request()), "//qemu:arg/@value"),
              Contains("dist,src=0,dst=1,val=20"));
}

// libvirt takes 10 and 20 for its defaults and passes nothing on.
TEST(DomainMerge, NamesAllDistancesWhereTheDomainNamesLibvirtsDefaults) {
  std::string text = with(kTuned, R"(<sibling id="1" value="30"/>)",
                          R"(<sibling id="1" value="20"/>)");
  text = with(text, R"(<pcihole64 unit="KiB">1048576</pcihole64>)", "");
  EXPECT_THAT(xpath(merged(text, legacy_request()), "//qemu:arg/@value"),
              Contains("dist,src=0,dst=1,val=20"));
}

// QEMU wants both ways of all pairs once one pair has two values.
TEST(DomainMerge, NamesBothWaysWhereTheDomainDoes) {
  std::string text = with(kTuned, R"(cpus="8-15" memory="32" unit="GiB"/>)",
                          R"(cpus="8-15" memory="32" unit="GiB"><distances>)"
                          R"(<sibling id="0" value="40"/></distances></cell>)");
  text = with(text, R"(<pcihole64 unit="KiB">1048576</pcihole64>)", "");
  const auto arguments =
      xpath(merged(text, legacy_request()), "//qemu:arg/@value");
  EXPECT_THAT(arguments, Contains("dist,src=0,dst=2,val=120"));
  EXPECT_THAT(arguments, Contains("dist,src=2,dst=0,val=120"));
  EXPECT_THAT(arguments, Not(Contains(HasSubstr("dist,src=1,dst=0,"))));
}

TEST(DomainMerge, CountsTheIommusThatComeBeforeItsOwn) {
  const std::string text =
      with(kTuned, "\t</devices>",
           "<iommu model='smmuv3'><driver pciBus='4'/></iommu></devices>");
  EXPECT_THAT(xpath(merged(text, hybrid_request()), "//qemu:device/@alias"),
              ElementsAre("iommu1", "ua-nvgpu-gpu0"));
}

TEST(DomainMerge, AddsToArgumentsThatTheDomainHas) {
  const std::string text =
      with(with(kPlain, "type='kvm'",
                "type='kvm' xmlns:q='http://libvirt.org/schemas/domain/qemu/"
                "1.0'"),
           "</domain>",
           "<q:commandline><q:arg value='-name'/></q:commandline></domain>");
  const std::string xml = merged(text, legacy_request());
  EXPECT_THAT(xpath(xml, "//qemu:commandline"), testing::SizeIs(1));
  EXPECT_EQ(xpath(xml, "//qemu:arg/@value").front(), "-name");
  EXPECT_THAT(xpath(unmerged(xml), "//qemu:arg/@value"), ElementsAre("-name"));
}

// Each domain and each request, for what must hold of all of them.
class EveryMerge
    : public testing::TestWithParam<std::tuple<std::string_view, int>> {
 protected:
  std::string text() const {
    std::string out(std::get<0>(GetParam()));
    // The profile legacy does not stand beside <pcihole64>.
    const auto at = out.find("<pcihole64");
    if (at != std::string::npos && request().profile == Profile::legacy) {
      out.erase(at, out.find('\n', at) - at);
    }
    return out;
  }
  DomainRequest request() const {
    switch (std::get<1>(GetParam())) {
      case 0:
        return hopper_request();
      case 1:
        return hybrid_request();
      case 2:
        return legacy_request();
      default:
        return two_socket_request();
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Domains, EveryMerge,
                         testing::Combine(testing::Values(kPlain, kTuned),
                                          testing::Range(0, 4)));

TEST_P(EveryMerge, IsUndoneToTheByte) {
  EXPECT_EQ(unmerged(merged(text(), request())),
            *normalised_domain(text(), "guest.xml"));
}

TEST_P(EveryMerge, ChangesNothingWhenItIsDoneAgain) {
  const std::string once = merged(text(), request());
  const auto twice = merge(once, request());
  ASSERT_TRUE(twice);
  EXPECT_FALSE(twice->changed);
  EXPECT_EQ(twice->xml, once);
}

TEST_P(EveryMerge, LacksNothingOfItself) {
  const std::string xml = merged(text(), request());
  EXPECT_THAT(*missing_parts(xml, xml), IsEmpty());
}

TEST(DomainMerge, HasTheDevicesInTheOrderThatAttachDeviceWants) {
  DomainRequest request = hopper_request();
  request.viommu = Viommu::smmuv3;
  const auto result = merge(kPlain, request);
  ASSERT_TRUE(result);
  Strings names;
  for (const auto& [name, xml] : result->pieces) {
    names.push_back(name);
  }
  EXPECT_THAT(names, ElementsAre("01-controller", "02-controller", "03-hostdev",
                                 "04-iommu"));
  EXPECT_THAT(xpath(result->pieces[1].second, "/controller/@model"),
              ElementsAre("pcie-root-port"));
}

TEST(DomainMerge, ReplacesTheGpusOfAnEarlierMerge) {
  const std::string four = merged(kTuned, two_socket_request());
  EXPECT_THAT(xpath(four, "//hostdev"), testing::SizeIs(4));
  EXPECT_EQ(merged(four), merged(kTuned));
}

TEST(DomainMerge, ManagesEachGpuAsAskedForIt) {
  DomainRequest request = two_socket_request();
  request.gpus[1].managed = true;
  const std::string xml = merged(kTuned, request);
  EXPECT_THAT(xpath(xml, "//hostdev/@managed"),
              ElementsAre("no", "yes", "no", "no"));
  EXPECT_THAT(xpath(xml, "//m:merged/@managed"), ElementsAre("no yes no no"));
  EXPECT_EQ(merged(xml, request), xml);
}

TEST(DomainMerge, FollowsOtherOptions) {
  DomainRequest managed = hopper_request();
  managed.gpus.front().managed = true;
  const auto result = merge(merged(kPlain), managed);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->changed);
  EXPECT_THAT(xpath(result->xml, "//hostdev/@managed"), ElementsAre("yes"));
}

// As libvirt has it: sizes in KiB, distances of a cell to itself, addresses for
// everybody, no comments.
std::string as_libvirt_writes(std::string xml) {
  xml = with(xml, "<pcihole64 unit='GiB'>1024",
             "<pcihole64 unit='KiB'>1073741824");
  xml = with(xml, "memory='65536' unit='MiB'", "memory='67108864' unit='KiB'");
  xml = with(xml, "<sibling id='1' value='80'/>",
             "<sibling id='0' value='10'/><sibling id='1' value='80'/>");
  xml = with(xml, "    <!-- the last one -->\n", "");
  return with(xml, "    <hostdev",
              "    <controller type='pci' index='3' model='pcie-root-port'>"
              "<address type='pci' domain='0x0000' bus='0x00' slot='0x01' "
              "function='0x0'/></controller>\n    <hostdev");
}

TEST(DomainMerge, ChangesNothingInWhatLibvirtMadeOfIt) {
  const std::string defined = as_libvirt_writes(merged(kPlain));
  const auto again = merge(defined);
  ASSERT_TRUE(again) << again.error().problem;
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(again->xml, defined);
}

TEST(DomainMerge, IsUndoneInWhatLibvirtMadeOfIt) {
  const std::string xml = unmerged(as_libvirt_writes(merged(kPlain)));
  EXPECT_THAT(xml, Not(HasSubstr("nvgpu")));
  EXPECT_THAT(xpath(xml, "//numa | //pcihole64 | //hostdev | //numatune"),
              IsEmpty());
  EXPECT_THAT(xml, HasSubstr("  <cpu mode='host-passthrough'/>\n"));
  EXPECT_THAT(xpath(xml, "//controller/@index"), ElementsAre("3"));
}

TEST(DomainMerge, RestoresAWindowInWhatLibvirtMadeOfIt) {
  const std::string xml = with(merged(kTuned), R"(<pcihole64 unit="GiB">1024)",
                               R"(<pcihole64 unit="KiB">1073741824)");
  EXPECT_EQ(unmerged(xml), kTuned);
}

TEST(DomainMerge, LeavesAWindowThatSomebodyHasChangedSince) {
  const std::string larger = with(merged(kPlain), "<pcihole64 unit='GiB'>1024",
                                  "<pcihole64 unit='KiB'>8589934592");
  EXPECT_THAT(xpath(unmerged(larger), "//pcihole64"),
              ElementsAre("8589934592"));
  EXPECT_THAT(xpath(merged(larger), "//pcihole64"), ElementsAre("8589934592"));
}

TEST(DomainMerge, PutsBackWhatSomebodyHasTakenOut) {
  const std::string once = merged(kPlain);
  const auto result =
      merge(with(once, "<gic version='3'/>", "<gic version='host'/>"));
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->changed);
  EXPECT_EQ(result->xml, once);
}

TEST(DomainMerge, PutsBackWhatSomebodyHasChanged) {
  const std::string once = merged(kPlain);
  for (const auto& [old, now] :
       {std::pair("<rom bar='off'/>", "<rom bar='on'/>"),
        std::pair("<memory mode='strict' nodeset='0'/>",
                  "<memory mode='strict' nodeset='1'/>"),
        std::pair("<memory mode='strict' nodeset='0'/>",
                  "<memory mode='preferred' nodeset='0'/>"),
        std::pair("<driver model", "<driver name='xen' model")}) {
    const auto result = merge(with(once, old, now));
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->changed) << now;
    EXPECT_EQ(result->xml, once) << now;
  }
}

TEST(DomainMerge, SaysWhatLibvirtHasDropped) {
  const std::string xml = merged(kPlain, [] {
    DomainRequest request = hopper_request();
    request.iommufd = true;
    request.viommu = Viommu::accel;
    return request;
  }());
  std::string has = with(xml, "      <acpi nodeset='1-8'/>\n", "");
  has = with(has, " iommufd='yes'", "");
  has = with(has, " ssidsize='20'", "");
  has = with(has, "<sibling id='4' value='80'/>", "");
  has = with(has, "<pcihole64 unit='GiB'>1024</pcihole64>", "");
  EXPECT_THAT(
      *missing_parts(xml, has),
      ElementsAre("distance 80 from cell 0 to 4", "pcihole64 of the pcie-root",
                  "iommufd of GPU 0009:01:00.0",
                  "acpi nodeset of GPU 0009:01:00.0",
                  "ssidsize='20' of the SMMU of bus 1"));
}

TEST(DomainMerge, SaysWhatLibvirtHasMadeAnotherThingOf) {
  DomainRequest request = hopper_request();
  request.viommu = Viommu::smmuv3;
  const std::string xml = merged(kPlain, request);
  std::string has =
      with(xml, "<cell id='1' memory='0'", "<cell id='1' memory='1'");
  has = with(has, "<target busNr='253'>", "<target busNr='99'>");
  has = with(has, "name='ua-nvgpu-gpu0'", "name='ua-mine'");
  has = with(has, "<driver pciBus='1'", "<driver pciBus='9'");
  has = with(has, "    <acpi/>\n", "");
  has = with(has, "<gic version='3'/>", "");
  EXPECT_THAT(*missing_parts(xml, has),
              ElementsAre("cell 1", "PCI controller 1 (pcie-expander-bus)",
                          "GPU 0009:01:00.0", "SMMU of bus 1", "features acpi",
                          "gic version '3'"));
}

TEST(DomainMerge, SaysWhichArgumentOfQemuWasDropped) {
  const std::string xml = merged(kPlain, legacy_request());
  EXPECT_THAT(
      *missing_parts(xml,
                     with(xml, "    <qemu:arg value='node,nodeid=8'/>\n", "")),
      ElementsAre("qemu:arg 'node,nodeid=8'"));
}

TEST(DomainMerge, SaysThatTheRecordWasDropped) {
  const std::string xml = merged(kPlain);
  std::string has = xml;
  const auto begin = has.find("  <metadata>");
  has.erase(begin, has.find("  <memory", begin) - begin);
  EXPECT_THAT(*missing_parts(xml, has),
              ElementsAre("the record in <metadata>"));
}

TEST(DomainMerge, DoesNotTouchADomainWithoutAMerge) {
  const auto result = unmerge_domain(kTuned, "guest.xml");
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->changed);
  EXPECT_EQ(result->xml, kTuned);
  EXPECT_THAT(result->gpus, IsEmpty());
}

TEST(DomainMerge, LeavesWhatSomebodyHasAddedSince) {
  const std::string xml = unmerged(
      with(with(merged(kPlain), "    <acpi/>", "    <pae/>\n    <acpi/>"),
           "<metadata>", "<metadata><a:b xmlns:a='urn:a'/>"));
  EXPECT_THAT(xpath(xml, "/domain/features/*"), testing::SizeIs(1));
  EXPECT_THAT(xpath(xml, "/domain/metadata/*"), testing::SizeIs(1));
}

TEST(DomainMerge, DoesNotTakeABusFromUnderADevice) {
  const std::string text =
      with(merged(kPlain), "    <hostdev",
           "    <interface><address type='pci' bus='0x02' slot='1'/>"
           "</interface>\n    <hostdev");
  const auto result = unmerge_domain(text, "guest.xml");
  ASSERT_FALSE(result);
  EXPECT_THAT(
      result.error().subject,
      testing::MatchesRegex("guest.xml:[0-9]+: /domain/devices/interface"));
  EXPECT_EQ(result.error().problem,
            "sits on bus 0x02, which nvgpuctl added for GPUs (on-our-bus)");
}

std::string unmerge_refusal(const std::string& text) {
  const auto result = unmerge_domain(text, "guest.xml");
  return result ? "unmerged" : result.error().problem;
}

TEST(DomainMerge, DoesNotTakeACellFromUnderWhatNeedsIt) {
  const std::string once = merged(kPlain);
  constexpr std::string_view kEnd = "  </devices>";
  const std::string names =
      "names a NUMA cell that nvgpuctl added for GPUs (on-our-cell)";
  EXPECT_EQ(
      unmerge_refusal(with(once, kEnd, std::string(kDimm) + "</devices>")),
      names);
  EXPECT_EQ(
      unmerge_refusal(with(once, kEnd,
                           "<controller type='pci' index='9' "
                           "model='pcie-expander-bus'><target busNr='100'>"
                           "<node>0</node></target></controller></devices>")),
      names);
  EXPECT_EQ(unmerge_refusal(with(once, kEnd,
                                 "<hostdev type='pci'><acpi nodeset='3-4'/>"
                                 "</hostdev></devices>")),
            names);
  EXPECT_EQ(unmerge_refusal(with(once, "  <vcpu",
                                 "<memoryBacking><hugepages><page size='2' "
                                 "unit='MiB' nodeset='0'/></hugepages>"
                                 "</memoryBacking><vcpu")),
            names);
  EXPECT_EQ(unmerge_refusal(with(once, "</numa>",
                                 "<cell id='9' cpus='16' memory='1'/></numa>")),
            "is numbered behind cells that nvgpuctl added for GPUs "
            "(on-our-cell)");
  EXPECT_EQ(unmerge_refusal(with(merged(kTuned), "</numatune>",
                                 "<memnode cellid='2' mode='strict' "
                                 "nodeset='0'/></numatune>")),
            names);
}

// What named them before names them afterwards.
TEST(DomainMerge, IsUndoneWhereCellsWereNamedThatWereNotThere) {
  const std::string text =
      with(kPlain, "  </devices>", std::string(kDimm) + "</devices>");
  const std::string once = merged(text);
  EXPECT_EQ(unmerged(once), *normalised_domain(text, "guest.xml"));
  EXPECT_EQ(unmerged(merged(once, two_socket_request())),
            *normalised_domain(text, "guest.xml"));
}

TEST(DomainMerge, IsDoneAgainWhereSomebodyHasNamedACellSince) {
  const std::string since =
      with(merged(kPlain), "  </devices>", std::string(kDimm) + "</devices>");
  DomainRequest managed = hopper_request();
  managed.gpus.front().managed = true;
  const std::string again = merged(since, managed);
  EXPECT_THAT(unmerge_refusal(again), EndsWith("(on-our-cell)"));
}

TEST(DomainMerge, DoesNotGuessWhatADamagedRecordMeans) {
  const std::string text =
      with(merged(kPlain), "controllers='1-2'", "controllers='one'");
  EXPECT_THAT(refusal(text), EndsWith("controllers cannot be read (record)"));
}

}  // namespace
}  // namespace nvgpuctl
