// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/emit.hpp"

#include <gmock/gmock.h>

#include "core/emit_parts.hpp"
#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Emit : public testing::Test {
 protected:
  // As assemble_gpus() judges the host, unless a test says otherwise.
  std::vector<Gpu> gpus() const {
    return assemble_gpus(host_, DeviceTable::shipped());
  }
  std::vector<Gpu> in_state(GpuState state) const {
    auto list = gpus();
    list.at(0).state = state;
    return list;
  }
  std::vector<Gpu> bound() const {
    auto list = in_state(GpuState::bound);
    list[0].pci.driver = "nvgrace_gpu_vfio_pci";
    list[0].pci.vfio_dev = "vfio0";
    return list;
  }
  std::vector<Gpu> with_id(std::uint16_t id) const {
    auto list = bound();
    list[0].pci.device = id;
    list[0].model.device_id = id;
    return list;
  }

  HostSnapshot host_ = gh200_host();
};

TEST_F(Emit, HasATableWithEachTargetOnce) {
  EXPECT_THAT(kEmitTargetNames,
              ElementsAre("kubevirt", "nova", "opennebula", "ansible", "nfd",
                          "prometheus", "cdi"));
}

TEST_F(Emit, HandsOutNothingWhereNoGpuCanBePassed) {
  const auto blocked = in_state(GpuState::blocked);
  for (auto* const target : {&emit_nova, &emit_kubevirt, &emit_opennebula}) {
    const auto result = (*target)(host_, blocked);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::not_viable);
    EXPECT_EQ(
        result.error().problem,
        "no GPU of this host can be given to a VM: 0009:01:00.0 is blocked "
        "()");
    const auto without = (*target)(host_, {});
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error().problem, "this host has no Grace GPU");
  }
}

TEST_F(Emit, NamesTheGpuThatIsLeftOutWithItsReasons) {
  auto list = bound();
  auto bad = list[0];
  bad.pci.address = {0x19, 1, 0, 0};
  bad.state = GpuState::blocked;
  bad.findings = {finding("NVG-E012", "0019:01:00.0", "seen"),
                  finding("NVG-E012", "0019:01:00.0", "seen again")};
  list.push_back(bad);
  const auto nova = emit_nova(host_, list);
  ASSERT_TRUE(nova);
  EXPECT_THAT(
      nova->warnings,
      ElementsAre("0019:01:00.0 is left out: it is blocked (NVG-E012)"));
  EXPECT_THAT(nova->text, Not(HasSubstr("\"0019:01:00.0\"")));
}

TEST_F(Emit, WritesNovaADeviceAndAnAlias) {
  const auto nova = emit_nova(host_, bound());
  ASSERT_TRUE(nova);
  EXPECT_THAT(nova->warnings, IsEmpty());
  EXPECT_THAT(
      nova->text,
      HasSubstr("[pci]\n"
                R"(device_spec = {"vendor_id":"10de","product_id":"2342",)"
                R"("address":"0009:01:00.0","managed":"no"})"
                "\n"
                R"(alias = {"name":"gh200-120gb","vendor_id":"10de",)"
                R"("product_id":"2342","device_type":"type-PCI",)"
                R"("numa_policy":"preferred"})"
                "\n"));
}

TEST_F(Emit, TellsNovaOfAFunctionThatCouldHaveVirtualOnes) {
  auto list = bound();
  list[0].pci.config->sriov = PciSriov{16, 16, 0};
  const auto nova = emit_nova(host_, list);
  ASSERT_TRUE(nova);
  EXPECT_THAT(nova->text, HasSubstr(R"("device_type":"type-PF")"));
}

TEST_F(Emit, SaysThatNovasDeviceTypeIsAGuessWithoutRoot) {
  auto list = bound();
  list[0].pci.config->extended_readable = false;
  const auto nova = emit_nova(host_, list);
  ASSERT_TRUE(nova);
  EXPECT_THAT(nova->warnings,
              ElementsAre("whether 0009:01:00.0 has SR-IOV is not known: its "
                          "configuration space was read without root; with it "
                          "device_type must be type-PF"));
}

TEST_F(Emit, LeavesOutWhatNovaCannotAddress) {
  auto list = bound();
  list.push_back(list[0]);
  list[1].pci.address.domain = 0x10000;
  const auto nova = emit_nova(host_, list);
  ASSERT_TRUE(nova);
  EXPECT_THAT(
      nova->warnings,
      ElementsAre("10000:01:00.0 is left out: Nova's PCI domains end at ffff"));
  EXPECT_THAT(nova->text, Not(HasSubstr("\"10000:01:00.0\"")));
}

TEST_F(Emit, RefusesNovaAHostWhoseGpusAreAllOutOfItsReach) {
  auto list = bound();
  list[0].pci.address.domain = 0x10000;
  const auto nova = emit_nova(host_, list);
  ASSERT_FALSE(nova);
  EXPECT_EQ(nova.error().code, Errc::not_viable);
  EXPECT_EQ(nova.error().problem,
            "every GPU is in a PCI domain above ffff, where Nova's end");
}

TEST_F(Emit, SaysHowToBindWhatIsNotBoundYet) {
  const auto nova = emit_nova(host_, in_state(GpuState::ready));
  ASSERT_TRUE(nova);
  EXPECT_THAT(nova->warnings,
              ElementsAre("not bound yet: nvgpuctl bind 0009:01:00.0"));
}

TEST_F(Emit, CallsTheGpuForKubevirtAsNvidiasPluginDoes) {
  const auto patch = emit_kubevirt(host_, bound());
  ASSERT_TRUE(patch);
  EXPECT_THAT(
      patch->text,
      HasSubstr("      pciHostDevices:\n"
                "        - pciVendorSelector: \"10DE:2342\"\n"
                "          resourceName: nvidia.com/GH100_GH200_120GB___480GB\n"
                "          externalResourceProvider: true\n"));
}

TEST_F(Emit, WarnsOfAnIdThatKubevirtLacks) {
  const auto patch = emit_kubevirt(host_, with_id(0x31C2));
  ASSERT_TRUE(patch);
  EXPECT_THAT(patch->text, HasSubstr("resourceName: nvidia.com/31c2\n"));
  EXPECT_THAT(patch->warnings,
              testing::Contains(
                  "KubeVirt's Grace support knows 10de:2342, 10de:2348 and "
                  "10de:2941, and not 10de:31c2: a guest gets that GPU without "
                  "NUMA nodes for its memory"));
}

TEST_F(Emit, WarnsKubevirtOfDraOfIommufdAndOfManyNodes) {
  host_.virtualization.dev_iommu = false;
  const auto patch = emit_kubevirt(host_, bound());
  ASSERT_TRUE(patch);
  EXPECT_THAT(
      patch->warnings,
      ElementsAre(HasSubstr("keep iommu.backendPolicy at LegacyOnly"),
                  "this host has no /dev/iommu, which the gate IOMMUFD needs",
                  HasSubstr("this host has 9 NUMA nodes: the kubelet's")));
}

TEST_F(Emit, WritesOpennebulaAFilterAndWarnsOfThePciDomain) {
  const auto filter = emit_opennebula(host_, bound());
  ASSERT_TRUE(filter);
  EXPECT_THAT(filter->text, HasSubstr("PCI_FILTER = \"10de:2342\"\n"
                                      ":filter:\n"
                                      "  - '10de:2342'\n"
                                      ":short_address: []\n"));
  EXPECT_THAT(filter->warnings,
              testing::Contains(HasSubstr(
                  "takes every PCI domain for 0000, so 0009:01:00.0 arrives")));
}

TEST_F(Emit, WritesAnsibleFactsThatAreFlat) {
  const auto facts = emit_ansible(host_, bound());
  ASSERT_TRUE(facts);
  EXPECT_THAT(facts->text, HasSubstr(R"(  "gpu_count": 1,
  "healthy": true,
  "states": {
    "ready": 0,
    "unknown": 0,
    "bound": 1,
    "degraded": 0,
    "blocked": 0,
    "needs-operator": 0
  },
  "gpus": [
    {
      "address": "0009:01:00.0",
      "model": "GH200 120GB",
      "pci_id": "10de:2342",
      "state": "bound",
      "driver": "nvgrace_gpu_vfio_pci",)"));
}

TEST_F(Emit, WritesAnsibleValidJsonOfTextThatIsNoUtf8) {
  auto list = bound();
  list[0].pci.driver = "\xFF\n";
  const auto facts = emit_ansible(host_, list);
  ASSERT_TRUE(facts);
  EXPECT_THAT(facts->text, HasSubstr("\"driver\": \"\uFFFD\\n\""));
}

TEST_F(Emit, LabelsANodeForNfd) {
  const auto features = emit_nfd(host_, bound());
  ASSERT_TRUE(features);
  EXPECT_THAT(features->text, HasSubstr("nvgpuctl/gpu.count=1\n"
                                        "nvgpuctl/gpu.ready=0\n"
                                        "nvgpuctl/gpu.unknown=0\n"
                                        "nvgpuctl/gpu.bound=1\n"
                                        "nvgpuctl/gpu.degraded=0\n"
                                        "nvgpuctl/gpu.blocked=0\n"
                                        "nvgpuctl/gpu.needs-operator=0\n"
                                        "nvgpuctl/gpu.healthy=true\n"
                                        "nvgpuctl/gpu.10de-2342=1\n"
                                        "nvgpuctl/gpu.model=GH200-120GB\n"
                                        "nvgpuctl/numa.nodes=9\n"));
}

TEST_F(Emit, CallsHealthyWhatIsKnownToBe) {
  for (const auto state : {GpuState::degraded, GpuState::unknown}) {
    EXPECT_THAT(emit_nfd(host_, in_state(state))->text,
                HasSubstr("nvgpuctl/gpu.healthy=false\n"));
    EXPECT_THAT(emit_ansible(host_, in_state(state))->text,
                HasSubstr("\"healthy\": false"));
  }
  EXPECT_THAT(emit_nfd(host_, in_state(GpuState::ready))->text,
              HasSubstr("nvgpuctl/gpu.healthy=true\n"));
  EXPECT_THAT(emit_nfd(host_, {})->text, HasSubstr("nvgpuctl/gpu.count=0\n"));
  EXPECT_THAT(emit_nfd(host_, {})->text,
              HasSubstr("nvgpuctl/gpu.healthy=false\n"));
}

TEST_F(Emit, MeasuresEachGpuForPrometheus) {
  const auto metrics = emit_prometheus(host_, bound());
  ASSERT_TRUE(metrics);
  EXPECT_THAT(metrics->text,
              HasSubstr("# TYPE nvgpuctl_gpu_info gauge\n"
                        R"(nvgpuctl_gpu_info{address="0009:01:00.0",)"
                        R"(pci_id="10de:2342",model="GH200 120GB",)"
                        R"(driver="nvgrace_gpu_vfio_pci",numa_node="0",)"
                        R"(iommu_group="19"} 1)"
                        "\n"));
  EXPECT_THAT(metrics->text, HasSubstr(R"(state="bound"} 1)"));
  EXPECT_THAT(metrics->text, HasSubstr(R"(state="blocked"} 0)"));
  EXPECT_THAT(metrics->text,
              HasSubstr("nvgpuctl_gpu_memory_bytes{address=\"0009:01:00.0\"} "
                        "102625181696\n"));
}

TEST_F(Emit, GivesPrometheusEachReasonOnceThoughItHoldsTwice) {
  auto list = bound();
  list[0].findings = {finding("NVG-E012", "0009:01:00.0", "a"),
                      finding("NVG-E012", "0009:01:00.0", "b")};
  const auto metrics = emit_prometheus(host_, list);
  ASSERT_TRUE(metrics);
  const auto first = metrics->text.find("reason=\"NVG-E012\"");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(metrics->text.find("reason=\"NVG-E012\"", first + 1),
            std::string::npos);
}

TEST_F(Emit, KeepsALabelWholeWhateverADriverIsCalled) {
  auto list = bound();
  list[0].pci.driver = "a\"b\\c\nx\xFF";
  const auto metrics = emit_prometheus(host_, list);
  ASSERT_TRUE(metrics);
  EXPECT_THAT(metrics->text, HasSubstr(R"(driver="a\"b\\c?x?",)"));
}

TEST_F(Emit, GivesAContainerBothDoorsToABoundGpu) {
  const auto spec = emit_cdi(host_, bound());
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->text, R"({
  "cdiVersion": "0.3.0",
  "kind": "nvgpuctl/gpu",
  "devices": [
    {
      "name": "pci_0009_01_00_0",
      "containerEdits": {
        "deviceNodes": [
          {
            "path": "/dev/vfio/vfio",
            "permissions": "rw"
          },
          {
            "path": "/dev/vfio/19",
            "permissions": "rw"
          },
          {
            "path": "/dev/iommu",
            "permissions": "rw"
          },
          {
            "path": "/dev/vfio/devices/vfio0",
            "permissions": "rw"
          }
        ]
      }
    }
  ]
}
)");
}

TEST_F(Emit, NamesNoFileThatAContainerWouldNotFind) {
  host_.virtualization.dev_iommu = false;
  auto spec = emit_cdi(host_, bound());
  ASSERT_TRUE(spec);
  EXPECT_THAT(spec->text, Not(HasSubstr("/dev/iommu")));
  EXPECT_THAT(spec->text, Not(HasSubstr("/dev/vfio/devices")));
}

TEST_F(Emit, WritesNoCdiFileBeforeAGpuIsBound) {
  const auto spec = emit_cdi(host_, in_state(GpuState::ready));
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().code, Errc::not_viable);
  EXPECT_EQ(spec.error().problem,
            "no GPU is bound and usable, and a CDI file must name at least one "
            "device");
  EXPECT_EQ(spec.error().hint, "bind first: nvgpuctl bind --all");
}

TEST_F(Emit, MakesAPlainNameOfAnyModel) {
  auto gpu = gpus().at(0);
  gpu.model.name = "  (GH200)  144G/HBM3e! ";
  EXPECT_EQ(plain_name(gpu), "GH200-144G-HBM3e");
  gpu.model.name = std::string(100, 'x');
  EXPECT_EQ(plain_name(gpu), std::string(63, 'x'));
  gpu.model.name = "\n#";
  EXPECT_EQ(plain_name(gpu), "2342");
}

}  // namespace
}  // namespace nvgpuctl
