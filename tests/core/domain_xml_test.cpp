// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_xml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/domain_requests.hpp"
#include "support/golden.hpp"
#include "support/xpath.hpp"

namespace nvgpuctl {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// One GI node keeps the golden files readable; what eight look like is tested
// below and with real libvirt.
DomainRequest small_request(Version libvirt, Version qemu) {
  DomainRequest request = hopper_request();
  request.gpus[0].gi_nodes = 1;
  request.gpus[0].distance_within.reset();
  request.gpus[0].distance_to_local_cpu = Fact<unsigned>{255, Source::slit};
  request.libvirt.value = libvirt;
  request.qemu.value = qemu;
  request.profile = choose_profile(libvirt, qemu).value();
  return request;
}

std::string generated(const DomainRequest& request) {
  auto domain = generate_domain(request);
  EXPECT_TRUE(domain) << domain.error().problem;
  return domain ? domain->xml : "";
}

Error refusal_of(const DomainRequest& request) {
  auto domain = generate_domain(request);
  return domain ? Error{} : domain.error();
}

TEST(GenerateDomain, WritesANativeFragment) {
  DomainRequest request = small_request({12, 8, 0}, {11, 1, 0});
  request.viommu = Viommu::accel;
  request.iommufd = true;
  expect_golden(generated(request), "domain/native-accel.xml");
}

TEST(GenerateDomain, WritesAHybridFragment) {
  DomainRequest request = small_request({11, 10, 0}, {11, 0, 0});
  request.viommu = Viommu::accel;
  request.iommufd = true;
  expect_golden(generated(request), "domain/hybrid-accel.xml");
}

TEST(GenerateDomain, WritesALegacyFragment) {
  expect_golden(generated(small_request({11, 3, 0}, {10, 0, 0})),
                "domain/legacy.xml");
}

TEST(GenerateDomain, WritesAWholeDomain) {
  DomainRequest request = small_request({12, 8, 0}, {11, 1, 0});
  request.whole_domain = true;
  expect_golden(generated(request), "domain/native-whole.xml");
}

TEST(GenerateDomain, GivesEachGpuItsCells) {
  const std::string xml = generated(two_socket_request());
  EXPECT_THAT(xpath(xml, "//cell"), SizeIs(34));
  EXPECT_THAT(xpath(xml, "//cell[not(@cpus)]"), SizeIs(32));
  EXPECT_THAT(xpath(xml, "//hostdev/acpi/@nodeset"),
              ElementsAre("2-9", "10-17", "18-25", "26-33"));
  EXPECT_THAT(xpath(xml, "//pcihole64"), ElementsAre("4096"));
}

TEST(GenerateDomain, WritesTheWholeSymmetricMatrix) {
  const std::string xml = generated(two_socket_request());
  EXPECT_THAT(xpath(xml, "//sibling"), SizeIs(34 * 33));
  EXPECT_THAT(xpath(xml, "//cell[@id=0]//sibling[@id=20]/@value"),
              ElementsAre("120"));
  EXPECT_THAT(xpath(xml, "//cell[@id=20]//sibling[@id=0]/@value"),
              ElementsAre("120"));
}

TEST(GenerateDomain, PutsGpusOfOneSmmuBehindOneGuestSmmu) {
  DomainRequest request = two_socket_request();
  request.viommu = Viommu::accel;
  request.iommufd = true;
  const std::string xml = generated(request);
  EXPECT_THAT(xpath(xml, "//iommu/driver/@pciBus"), ElementsAre("1", "4"));
  EXPECT_THAT(xpath(xml, "//target/@busNr"), ElementsAre("252", "249"));
  EXPECT_THAT(xpath(xml, "//target/node"), ElementsAre("0", "1"));
  EXPECT_THAT(xpath(xml, "//hostdev/address/@bus"),
              ElementsAre("0x02", "0x03", "0x05", "0x06"));
}

TEST(GenerateDomain, SaysNothingToLegacyLibvirtThatItWouldDrop) {
  DomainRequest request = small_request({11, 3, 0}, {10, 0, 0});
  request.whole_domain = true;
  const std::string xml = generated(request);
  EXPECT_THAT(xpath(xml,
                    "//distances | //pcihole64 | //hostdev/acpi | "
                    "//iommu | //iommufd | //cell[not(@cpus)]"),
              IsEmpty());
  EXPECT_THAT(xpath(xml, "//hostdev/driver/@model"),
              ElementsAre("nvgrace_gpu_vfio_pci"));
  EXPECT_THAT(xpath(xml, "//qemu:arg/@value"),
              Contains("acpi-generic-initiator,id=nvgpu-gi1,"
                       "pci-dev=ua-nvgpu-gpu0,node=1"));
}

TEST(GenerateDomain, NamesVfioWhereLibvirtKnowsNoModel) {
  const std::string xml = generated(small_request({9, 10, 0}, {10, 0, 0}));
  EXPECT_THAT(xpath(xml, "//hostdev/driver/@model"), IsEmpty());
  EXPECT_THAT(xpath(xml, "//hostdev/driver/@name"), ElementsAre("vfio"));
}

TEST(GenerateDomain, AsksForIommufdInTheWayTheTargetKnows) {
  DomainRequest request = small_request({12, 2, 0}, {10, 2, 0});
  request.iommufd = true;
  std::string xml = generated(request);
  EXPECT_THAT(xpath(xml, "//f:fragment/iommufd/@enabled"), ElementsAre("yes"));
  EXPECT_THAT(xpath(xml, "//driver/@iommufd"), ElementsAre("yes"));

  request.libvirt.value = {12, 1, 0};
  xml = generated(request);
  EXPECT_THAT(xpath(xml, "//iommufd"), IsEmpty());
  EXPECT_THAT(xpath(xml, "//driver/@iommufd"), ElementsAre("yes"));
  EXPECT_THAT(xpath(xml, "//qemu:commandline"), IsEmpty());

  request.libvirt.value = {12, 0, 0};
  xml = generated(request);
  EXPECT_THAT(xpath(xml, "//driver/@iommufd"), IsEmpty());
  EXPECT_THAT(xpath(xml, "//qemu:arg/@value"),
              ElementsAre("-object", "iommufd,id=iommufd0"));
  EXPECT_THAT(xpath(xml,
                    "//qemu:device[@alias='ua-nvgpu-gpu0']"
                    "//qemu:property[@name='iommufd']/@value"),
              ElementsAre("iommufd0"));
}

TEST(GenerateDomain, WritesManagedAsAsked) {
  DomainRequest request = hopper_request();
  EXPECT_THAT(xpath(generated(request), "//hostdev/@managed"),
              ElementsAre("no"));
  request.gpus.front().managed = true;
  EXPECT_THAT(xpath(generated(request), "//hostdev/@managed"),
              ElementsAre("yes"));
}

TEST(GenerateDomain, BindsCpuCellsOnlyToHostNodes) {
  DomainRequest request = two_socket_request();
  request.cpu_cells = {{.host_node = 0}, {.host_node = 5}};
  request.whole_domain = true;
  const std::string xml = generated(request);
  EXPECT_THAT(xpath(xml, "//numatune/memory/@nodeset"), ElementsAre("0,5"));
  EXPECT_THAT(xpath(xml, "//memnode/@nodeset"), ElementsAre("0", "5"));
  EXPECT_THAT(xpath(xml, "//cell/@cpus"), ElementsAre("0-7", "8-15"));
  EXPECT_THAT(xpath(xml, "//cell[@cpus]/@memory"),
              ElementsAre("32768", "32768"));
  EXPECT_THAT(xpath(xml, "/domain/memory"), ElementsAre("65536"));
  EXPECT_THAT(xpath(xml, "//memballoon/@model"), ElementsAre("none"));
}

TEST(GenerateDomain, LeavesTheBalloonToTheDomainThatAFragmentGoesInto) {
  EXPECT_THAT(xpath(generated(hopper_request()), "//memballoon | //console"),
              IsEmpty());
}

TEST(GenerateDomain, KeepsHostileNamesInsideTheirPlace) {
  DomainRequest request = hopper_request();
  request.name = "a<name>&x;-->";
  request.gpus[0].model = "--><evil/><!--\x01";
  request.driver_model = "x'\"/><evil/>";
  request.viommu = Viommu::smmuv3;
  request.gpus[0].smmu = "--><evil/>";
  request.whole_domain = true;
  const std::string xml = generated(request);
  EXPECT_THAT(xpath(xml, "/domain/name"), ElementsAre("a<name>&x;-->"));
  EXPECT_THAT(xpath(xml, "//driver/@model"), ElementsAre("x'\"/><evil/>"));
  EXPECT_THAT(xpath(xml, "//evil"), IsEmpty());
}

TEST(GenerateDomain, HandsOutTheFragmentsPartsByPlace) {
  DomainRequest request = small_request({11, 10, 0}, {11, 0, 0});
  request.iommufd = true;
  request.whole_domain = true;
  const auto domain = generate_domain(request);
  ASSERT_TRUE(domain);
  std::vector<std::string> places;
  for (const auto& [place, xml] : domain->parts) {
    places.push_back(place);
    EXPECT_THAT(xpath(xml, "/*"), SizeIs(1)) << place;
    EXPECT_THAT(xpath(xml, "/*"), Each(testing::Ne("NOT XML"))) << xml;
  }
  EXPECT_THAT(places, ElementsAre("features", "numa", "devices",
                                  "qemu:commandline", "qemu:override"));
  EXPECT_THAT(xpath(domain->parts[3].second, "/qemu:commandline/qemu:arg"),
              SizeIs(2));
  EXPECT_THAT(xpath(domain->parts[2].second, "/devices/memballoon"), IsEmpty());
}

TEST(GenerateDomain, NamesTheSourceOfEachValue) {
  DomainRequest request = small_request({12, 8, 0}, {11, 1, 0});
  const auto domain = generate_domain(request);
  ASSERT_TRUE(domain);
  const auto value = [&](std::string_view name) {
    for (const DomainValue& each : domain->values) {
      if (each.name == name) {
        return each;
      }
    }
    return DomainValue{};
  };
  EXPECT_EQ(value("pcihole64").value, "1099511627776");
  EXPECT_EQ(value("pcihole64").source, Source::computed);
  EXPECT_EQ(value("gpu0 aperture").source, Source::kernel);
  EXPECT_EQ(value("gpu0 distance to its CPU").value, "80");
  EXPECT_EQ(value("gpu0 distance to its CPU").source, Source::assumed);
  EXPECT_EQ(value("gpu0 distance to its CPU").note,
            "slit says 255, which means unreachable");
  EXPECT_EQ(value("busNr of controller 1").value, "253");
  EXPECT_EQ(value("libvirt").source, Source::libvirt);
}

TEST(GenerateDomain, WarnsOfWhatTheDomainAloneDoesNotDo) {
  DomainRequest request = small_request({11, 3, 0}, {10, 0, 0});
  request.iommufd = true;
  const auto legacy = generate_domain(request);
  ASSERT_TRUE(legacy);
  EXPECT_THAT(legacy->warnings,
              ElementsAre(HasSubstr("tainted"), HasSubstr("/dev/iommu")));

  const auto four = generate_domain(two_socket_request());
  ASSERT_TRUE(four);
  EXPECT_THAT(four->warnings,
              ElementsAre("34 NUMA nodes: the guest's kernel needs "
                          "CONFIG_NODES_SHIFT of at least 6"));
}

TEST(GenerateDomain, WarnsOfAnSmmuThatIsOnlyEmulated) {
  DomainRequest request = hopper_request();
  request.viommu = Viommu::smmuv3;
  request.gpus[0].smmu.reset();
  const auto domain = generate_domain(request);
  ASSERT_TRUE(domain);
  EXPECT_THAT(domain->warnings,
              ElementsAre(HasSubstr("--viommu accel is for GPUs"),
                          HasSubstr("physical SMMU is not known")));
}

TEST(WholeDomainXml, IsTheWholeDomainOfARequestForAFragment) {
  DomainRequest request = hopper_request();
  request.whole_domain = false;
  const auto whole = whole_domain_xml(request);
  ASSERT_TRUE(whole);
  request.whole_domain = true;
  EXPECT_EQ(*whole, generated(request));
}

TEST(WholeDomainXml, RefusesARequestWithoutGpus) {
  DomainRequest request = hopper_request();
  request.gpus.clear();
  const auto whole = whole_domain_xml(request);
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().problem, "no GPU is named");
}

TEST(GenerateDomain, RefusesARequestWithoutGpus) {
  DomainRequest request = hopper_request();
  request.gpus.clear();
  EXPECT_EQ(refusal_of(request).code, Errc::usage);
  EXPECT_EQ(refusal_of(request).problem, "no GPU is named");
}

TEST(GenerateDomain, RefusesAGpuNamedTwice) {
  DomainRequest request = hopper_request();
  request.gpus.push_back(request.gpus[0]);
  EXPECT_EQ(refusal_of(request).subject, "0009:01:00.0");
  EXPECT_EQ(refusal_of(request).problem, "is named twice");
}

TEST(GenerateDomain, RefusesAPciDomainThatLibvirtCannotWrite) {
  DomainRequest request = hopper_request();
  request.gpus[0].address.domain = 0x10000;
  EXPECT_EQ(refusal_of(request).code, Errc::unsupported);
  EXPECT_EQ(refusal_of(request).problem,
            "libvirt knows PCI domains up to ffff only");
}

TEST(GenerateDomain, RefusesNamesThatLibvirtCannotUseForFiles) {
  for (const char* name : {"", "..", "a/b", "a\nb"}) {
    DomainRequest request = hopper_request();
    request.name = name;
    EXPECT_EQ(refusal_of(request).subject, "domain name") << name;
  }
}

TEST(GenerateDomain, PassesOnWhatTheTargetCannotDo) {
  DomainRequest request = hopper_request();
  request.libvirt.value = {9, 0, 0};
  request.profile = Profile::legacy;
  EXPECT_EQ(refusal_of(request).hint, "libvirt 9.7 brings it");
}

}  // namespace
}  // namespace nvgpuctl
