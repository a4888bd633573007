// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/gpu_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"

#include "support/find_check.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kBase = 0x420000000000;
constexpr std::uint64_t kSize = 0x17E4F00000;

// A host with GPUs, each test spoiling one thing.
struct Scene {
  HostSnapshot host;
  std::vector<Gpu> gpus;

  DeviceDsd& dsd() { return host.acpi.dsds.front(); }
  Gpu& gpu() { return gpus.front(); }
  // Firmware's numbers, joined to the GPU as the inventory does it.
  void memory(std::optional<std::uint64_t> base,
              std::optional<std::uint64_t> size) {
    dsd().properties.clear();
    gpu().memory_base.reset();
    gpu().memory_size.reset();
    gpu().plan.reset();
    if (base) {
      dsd().properties.push_back({"nvidia,gpu-mem-base-pa", *base});
      gpu().memory_base = {*base, Source::dsd};
    }
    if (size) {
      dsd().properties.push_back({"nvidia,gpu-mem-size", *size});
      gpu().memory_size = {*size, Source::dsd};
    }
    if (base && size) {
      if (auto plan =
              plan_regions(*base, *size, Layout::split, gpu().erratum.value)) {
        gpu().plan = *plan;
      }
    }
  }
};

void add_numa(Scene& scene) {
  Srat srat;
  srat.memory.push_back(
      {.pxm = 0, .base = 0x80000000, .length = 0x7780000000, .enabled = true});
  GiNodes gi{.pxms = {}, .nodes = {}, .source = Source::srat};
  std::vector<unsigned> online{0};
  for (unsigned i = 0; i < 8; ++i) {
    srat.generic_initiators.push_back(
        {.pxm = 8 + i, .address = {9, 1, 0, 0}, .enabled = true});
    gi.pxms.push_back(8 + i);
    gi.nodes.push_back(1 + i);
    online.push_back(1 + i);
  }
  scene.host.acpi.srat = srat;
  scene.host.numa.online = online;
  scene.host.numa.generic_initiators = gi.nodes;
  scene.gpu().gi_nodes = gi;
}

Scene gh200() {
  Scene scene;
  Gpu gpu;
  gpu.pci.address = {9, 1, 0, 0};
  gpu.pci.device = 0x2342;
  gpu.pci.class_code = 0x030200;
  gpu.pci.acpi_path = "\\_SB_.PCI9.RP00.GPU0";
  gpu.pci.bars = {{0, 0x661002000000, 16 * kMiB, 0x14220C},
                  {2, 0x662000000000, 128 * kGiB, 0x14220C},
                  {4, 0x661000000000, 32 * kMiB, 0x14220C}};
  PciConfig config;
  config.extended_readable = true;
  config.vendor = 0x10DE;
  config.device = 0x2342;
  gpu.pci.config = config;
  gpu.model.family = Family::hopper;
  gpu.erratum = {MigErratum::present, Source::pci_config};
  scene.gpus.push_back(gpu);
  DeviceDsd dsd;
  dsd.path = *gpu.pci.acpi_path;
  dsd.table = "SSDT3";
  dsd.offset = 0x124;
  scene.host.acpi.dsds.push_back(dsd);
  scene.host.kernel.page_size = {64 * kKiB, Source::capture};
  scene.memory(kBase, kSize);
  add_numa(scene);
  return scene;
}

std::vector<CheckSection> sections(const Scene& scene) {
  return check_gpu(scene.host, scene.gpus.front(), scene.gpus);
}

Check check(const Scene& scene, std::string_view id) {
  return nvgpuctl::check(sections(scene), id);
}

std::vector<std::string> with_verdict(const Scene& scene, Verdict verdict) {
  std::vector<std::string> ids;
  for (const auto& section : sections(scene)) {
    for (const auto& one : section.checks) {
      if (one.verdict == verdict) {
        ids.push_back(one.id);
      }
    }
  }
  return ids;
}

std::vector<std::string> failed(const Scene& scene) {
  return with_verdict(scene, Verdict::fail);
}

TEST(GpuChecks, PassForAGh200) {
  const auto scene = gh200();
  EXPECT_THAT(failed(scene), IsEmpty());
  EXPECT_THAT(with_verdict(scene, Verdict::skipped),
              ElementsAre("dsd-egm", "dsd-srat-agree"));
  const auto all = sections(scene);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].name, "firmware");
  EXPECT_EQ(all[1].name, "layout");
  EXPECT_EQ(all[2].name, "pci");
  EXPECT_EQ(all[3].name, "numa");
}

TEST(GpuChecks, ShowTheNumbersOfTheWorkedExample) {
  const auto scene = gh200();
  EXPECT_EQ(check(scene, "layout-usable").seen,
            "base 0x420000000000, size 0x17a0000000 (94.50 GiB) in BAR 4 of "
            "128 GiB");
  EXPECT_EQ(check(scene, "layout-reserved").seen,
            "base 0x4217a0000000, size 0x44f00000 (1.08 GiB) in BAR 2 of "
            "2 GiB");
  EXPECT_EQ(check(scene, "layout-total").seen,
            "0x17a0000000 + 0x44f00000 = 0x17e4f00000");
}

TEST(FirmwareChecks, SayThatThereIsNoDsd) {
  auto scene = gh200();
  scene.host.acpi.dsds.clear();
  scene.gpu().plan.reset();
  scene.gpu().memory_size.reset();
  EXPECT_THAT(failed(scene), ElementsAre("dsd-present", "layout-plan"));
  EXPECT_EQ(check(scene, "dsd-present").reason, "NVG-E010");
  EXPECT_EQ(check(scene, "dsd-present").expected,
            "_DSD below \\_SB_.PCI9.RP00.GPU0");
}

TEST(FirmwareChecks, ProveNothingWithoutTheTables) {
  auto scene = gh200();
  scene.host.acpi = {};
  scene.host.acpi.unreadable = {"/sys/firmware/acpi/tables/SSDT3"};
  scene.gpu().plan.reset();
  scene.gpu().gi_nodes.reset();
  EXPECT_THAT(failed(scene), IsEmpty());
  EXPECT_EQ(check(scene, "dsd-size").seen,
            "the ACPI tables cannot be read; run as root");
}

TEST(FirmwareChecks, SayThatTheTablesAreNotVisible) {
  auto scene = gh200();
  scene.host.acpi = {};
  scene.host.acpi.unreadable = {"/sys/firmware/acpi/tables"};
  scene.host.acpi.hidden = true;
  scene.gpu().plan.reset();
  scene.gpu().gi_nodes.reset();
  EXPECT_THAT(failed(scene), IsEmpty());
  EXPECT_EQ(check(scene, "dsd-size").seen,
            "the ACPI tables are not visible here (in a container?)");
}

TEST(FirmwareChecks, DoNotGuessADynamicDsd) {
  auto scene = gh200();
  scene.dsd().form = DsdForm::dynamic;
  scene.dsd().problem = "it is a method";
  EXPECT_THAT(failed(scene), ElementsAre("dsd-form"));
  EXPECT_EQ(check(scene, "dsd-form").reason, "NVG-E011");
  EXPECT_EQ(check(scene, "dsd-form").seen, "dynamic: it is a method");
  EXPECT_EQ(check(scene, "dsd-base").verdict, Verdict::skipped);
}

TEST(FirmwareChecks, NameAMalformedDsd) {
  auto scene = gh200();
  scene.dsd().form = DsdForm::malformed;
  EXPECT_EQ(check(scene, "dsd-form").reason, "NVG-E016");
}

TEST(FirmwareChecks, PreferALiteralDsdOfTheSameDevice) {
  auto scene = gh200();
  auto dynamic = scene.dsd();
  dynamic.form = DsdForm::dynamic;
  scene.host.acpi.dsds.insert(scene.host.acpi.dsds.begin(), dynamic);
  EXPECT_THAT(failed(scene), IsEmpty());
}

TEST(FirmwareChecks, NamePropertiesOfTheWrongType) {
  auto scene = gh200();
  scene.dsd().properties.push_back({"nvidia,egm-pxm", std::string("4")});
  EXPECT_THAT(failed(scene), ElementsAre("dsd-properties"));
  EXPECT_EQ(check(scene, "dsd-properties").reason, "NVG-E016");
}

TEST(FirmwareChecks, RemarkThatAPropertyIsGivenTwice) {
  auto scene = gh200();
  scene.dsd().properties.push_back({"nvidia,gpu-mem-size", std::uint64_t{1}});
  EXPECT_THAT(failed(scene), IsEmpty());
  EXPECT_EQ(check(scene, "dsd-properties").verdict, Verdict::remark);
  EXPECT_EQ(check(scene, "dsd-properties").reason, "NVG-W019");
}

TEST(FirmwareChecks, TakeSizeZeroForALinkThatIsDown) {
  auto scene = gh200();
  scene.memory(kBase, 0);
  EXPECT_THAT(failed(scene), ElementsAre("dsd-size", "layout-plan"));
  EXPECT_EQ(check(scene, "dsd-size").reason, "NVG-E012");
  EXPECT_EQ(check(scene, "layout-plan").seen, "firmware gives size 0");
}

TEST(FirmwareChecks, TakeAnAbsentSizeForALinkThatIsDown) {
  auto scene = gh200();
  scene.memory(kBase, std::nullopt);
  EXPECT_EQ(check(scene, "dsd-size").reason, "NVG-E012");
  EXPECT_EQ(check(scene, "dsd-size").seen, "absent");
}

TEST(FirmwareChecks, TakeBaseZeroForALinkThatIsDown) {
  auto scene = gh200();
  scene.memory(0, kSize);
  EXPECT_THAT(failed(scene), ElementsAre("dsd-base"));
  EXPECT_EQ(check(scene, "dsd-base").reason, "NVG-E012");
  EXPECT_EQ(check(scene, "dsd-range").verdict, Verdict::skipped);
}

TEST(FirmwareChecks, CallOneGibibyteTooSmall) {
  auto scene = gh200();
  scene.memory(kBase, kGiB);
  EXPECT_THAT(failed(scene), ElementsAre("dsd-size", "layout-plan"));
  EXPECT_EQ(check(scene, "dsd-size").reason, "NVG-E013");
  EXPECT_EQ(check(scene, "dsd-size").seen, "0x40000000 (1 GiB)");
  EXPECT_EQ(check(scene, "dsd-size").expected, "at least 1.50 GiB");
}

TEST(FirmwareChecks, RefuseARangePastTheLargestPhysicalAddress) {
  auto scene = gh200();
  scene.memory(0x10000000000000 - kGiB, kSize);
  EXPECT_THAT(failed(scene), ElementsAre("dsd-range", "layout-plan"));
  EXPECT_EQ(check(scene, "dsd-range").reason, "NVG-E014");
}

TEST(FirmwareChecks, RefuseARangeThatOverflows) {
  auto scene = gh200();
  scene.memory(0xFFFFFFFFFFFF0000, kSize);
  EXPECT_THAT(failed(scene), ElementsAre("dsd-range", "layout-plan"));
}

TEST(FirmwareChecks, WantWholePagesOfTheKernel) {
  auto scene = gh200();
  scene.memory(kBase + 4096, kSize);
  EXPECT_THAT(failed(scene), ElementsAre("dsd-alignment"));
  EXPECT_EQ(check(scene, "dsd-alignment").reason, "NVG-E014");
  scene.host.kernel.page_size = {4 * kKiB, Source::capture};
  EXPECT_THAT(failed(scene), IsEmpty());
  EXPECT_THAT(check(scene, "dsd-alignment").seen, HasSubstr("512 MiB"));
}

TEST(FirmwareChecks, SeeAnOverlapWithSystemRam) {
  auto scene = gh200();
  scene.host.acpi.srat->memory.push_back(
      {.pxm = 1, .base = kBase + kSize - 1, .length = kGiB, .enabled = true});
  EXPECT_THAT(failed(scene), ElementsAre("dsd-range-ram"));
  EXPECT_EQ(check(scene, "dsd-range-ram").reason, "NVG-E015");
  scene.host.acpi.srat->memory.back().base = kBase + kSize;
  EXPECT_THAT(failed(scene), IsEmpty()) << "it only touches";
}

TEST(FirmwareChecks, SayWhereOnlySratToldOfSystemRam) {
  auto scene = gh200();
  EXPECT_EQ(check(scene, "dsd-range-ram").seen,
            "none; from SRAT alone, since /proc/iomem shows no addresses");
  scene.host.system_ram = {{0x80000000, 0x7FFFFFFFFF, "System RAM"}};
  EXPECT_EQ(check(scene, "dsd-range-ram").seen, "none");
}

TEST(FirmwareChecks, DoNotTakeAHotPluggableRangeForSystemRam) {
  auto scene = gh200();
  scene.host.acpi.srat->memory.push_back({.pxm = 1,
                                          .base = kBase,
                                          .length = kSize,
                                          .enabled = true,
                                          .hot_pluggable = true});
  EXPECT_THAT(failed(scene), IsEmpty());
}

TEST(FirmwareChecks, LeaveTheGpusOwnDomainsOutOfSystemRam) {
  auto scene = gh200();
  scene.host.acpi.srat->memory.push_back(
      {.pxm = 8, .base = kBase, .length = kSize, .enabled = true});
  EXPECT_THAT(failed(scene), IsEmpty());
}

TEST(FirmwareChecks, SeeAnOverlapWithAnotherGpu) {
  auto scene = gh200();
  Gpu other = scene.gpu();
  other.pci.address = {0x19, 1, 0, 0};
  other.memory_base->value = kBase + kGiB;
  scene.gpus.push_back(other);
  EXPECT_THAT(failed(scene), ElementsAre("dsd-range-gpus"));
  EXPECT_THAT(check(scene, "dsd-range-gpus").seen, HasSubstr("0019:01:00.0"));
}

TEST(FirmwareChecks, SeeAnOverlapWithWhatTheKernelCallsRam) {
  auto scene = gh200();
  scene.host.system_ram = {{kBase, kBase + kGiB, "System RAM"}};
  EXPECT_THAT(failed(scene), ElementsAre("dsd-range-ram"));
}

TEST(FirmwareChecks, LeaveOutMemoryOfAnotherGpuThatCannotBe) {
  auto scene = gh200();
  Gpu other = scene.gpu();
  other.pci.address = {0x19, 1, 0, 0};
  other.memory_base->value = 0x1000;
  other.memory_size->value = 1ULL << 53U;
  other.plan.reset();
  scene.gpus.push_back(other);
  EXPECT_THAT(failed(scene), IsEmpty());
}

TEST(FirmwareChecks, LookAtExtendedGpuMemory) {
  auto scene = gh200();
  auto& properties = scene.dsd().properties;
  properties.push_back({"nvidia,egm-base-pa", std::uint64_t{0x100000000}});
  properties.push_back({"nvidia,egm-size", std::uint64_t{0x6FC0000000}});
  EXPECT_THAT(failed(scene), ElementsAre("dsd-egm")) << "no domain";
  properties.push_back({"nvidia,egm-pxm", std::uint64_t{4}});
  EXPECT_THAT(failed(scene), IsEmpty());
  EXPECT_EQ(check(scene, "dsd-egm").verdict, Verdict::pass);
}

TEST(LayoutChecks, CatchAPlanThatLosesMemory) {
  auto scene = gh200();
  scene.gpu().plan->reserved->size -= 4096;
  EXPECT_THAT(failed(scene), ElementsAre("layout-total"));
}

TEST(LayoutChecks, CatchABarThatIsNoPowerOfTwo) {
  auto scene = gh200();
  scene.gpu().plan->usable->bar_size -= 1;
  EXPECT_THAT(failed(scene), ElementsAre("layout-usable"));
}

TEST(LayoutChecks, CatchAReservedPartAtTheWrongPlace) {
  auto scene = gh200();
  scene.gpu().plan->reserved->base += 4096;
  EXPECT_THAT(failed(scene), ElementsAre("layout-reserved"));
}

TEST(PciChecks, SayThatTheGpuFellOffTheBus) {
  auto scene = gh200();
  scene.gpu().pci.config->present = false;
  EXPECT_THAT(failed(scene), ElementsAre("pci-present"));
}

TEST(PciChecks, SkipWhatOnlyRootCanRead) {
  auto scene = gh200();
  scene.gpu().pci.config->extended_readable = false;
  EXPECT_THAT(failed(scene), IsEmpty());
  EXPECT_EQ(check(scene, "pci-config").verdict, Verdict::skipped);
  EXPECT_EQ(check(scene, "pci-dvsec").verdict, Verdict::skipped);
  scene.gpu().pci.config.reset();
  EXPECT_EQ(check(scene, "pci-present").verdict, Verdict::skipped);
}

TEST(PciChecks, CompareTheDvsecWithTheFamily) {
  auto scene = gh200();
  scene.gpu().pci.config->mig_erratum_fixed = true;
  EXPECT_THAT(failed(scene), ElementsAre("pci-dvsec"));
  scene.gpu().model.family = Family::blackwell;
  EXPECT_THAT(failed(scene), IsEmpty());
  scene.gpu().pci.config->mig_erratum_fixed = std::nullopt;
  EXPECT_THAT(failed(scene), ElementsAre("pci-dvsec"));
  EXPECT_EQ(check(scene, "pci-dvsec").seen, "no such DVSEC");
}

TEST(PciChecks, ShowDefectsOfTheCapabilityLists) {
  auto scene = gh200();
  scene.gpu().pci.config->warnings = {"capability list loops at 0x40"};
  EXPECT_THAT(failed(scene), ElementsAre("pci-capabilities"));
}

TEST(PciChecks, WantTheClassOfA3dController) {
  auto scene = gh200();
  scene.gpu().pci.class_code = 0x030000;
  EXPECT_THAT(failed(scene), ElementsAre("pci-class"));
  EXPECT_EQ(check(scene, "pci-class").seen, "0x030000");
}

TEST(PciChecks, WantThreeWideBars) {
  auto scene = gh200();
  scene.gpu().pci.bars.erase(scene.gpu().pci.bars.begin() + 1);
  EXPECT_EQ(check(scene, "pci-bars").seen,
            "BAR 0: 16 MiB, BAR 2: absent, BAR 4: 32 MiB");
  EXPECT_THAT(failed(scene), ElementsAre("pci-bars"));
  scene = gh200();
  scene.gpu().pci.bars[0].flags = 0x40200;
  EXPECT_EQ(check(scene, "pci-bars").seen,
            "BAR 0: 16 MiB with flags 0x40200, BAR 2: 128 GiB, BAR 4: 32 MiB");
}

// pci_enable_resources() would refuse them.
TEST(PciChecks, WantAnAddressForEveryBar) {
  for (const std::uint64_t flags : {0x2014220CU, 0x1014220CU}) {
    auto scene = gh200();
    scene.gpu().pci.bars[1].flags = flags;
    EXPECT_THAT(failed(scene), ElementsAre("pci-bars"));
    EXPECT_EQ(check(scene, "pci-bars").reason, "NVG-E009");
  }
  auto scene = gh200();
  scene.gpu().pci.bars[1].start = 0;
  EXPECT_EQ(check(scene, "pci-bars").seen,
            "BAR 0: 16 MiB, BAR 2: 128 GiB without an address with flags "
            "0x14220c, BAR 4: 32 MiB");
}

TEST(PciChecks, TellPrivilegeFromAKernelWithoutEcam) {
  auto scene = gh200();
  scene.gpu().pci.config->extended_readable = false;
  EXPECT_THAT(check(scene, "pci-config").seen, HasSubstr("run as root"));
  scene.gpu().pci.config->bytes_read = 256;
  EXPECT_THAT(check(scene, "pci-config").seen, HasSubstr("no ECAM"));
  EXPECT_THAT(check(scene, "pci-dvsec").seen, HasSubstr("no ECAM"));
  scene.gpu().pci.config.reset();
  scene.gpu().pci.config_problem = "Input/output error";
  EXPECT_EQ(check(scene, "pci-present").seen,
            "configuration space cannot be read: Input/output error");
}

TEST(NumaChecks, CountTheNodes) {
  auto scene = gh200();
  scene.gpu().gi_nodes->nodes.pop_back();
  EXPECT_THAT(failed(scene), ElementsAre("gi-count"));
  EXPECT_EQ(check(scene, "gi-count").reason, "NVG-E018");
  EXPECT_EQ(check(scene, "gi-count").seen, "7 nodes: 1-7");
}

TEST(NumaChecks, SayThatThereAreNone) {
  auto scene = gh200();
  scene.gpu().gi_nodes.reset();
  EXPECT_THAT(failed(scene), ElementsAre("gi-count"));
  EXPECT_EQ(check(scene, "gi-count").seen, "none");
}

TEST(NumaChecks, TakeOlderFirmwareForNormal) {
  auto scene = gh200();
  scene.host.acpi.srat->generic_initiators.clear();
  scene.gpu().gi_nodes->source = Source::dsd;
  EXPECT_THAT(failed(scene), IsEmpty());
  EXPECT_THAT(check(scene, "gi-source").seen, HasSubstr("December 2024"));
}

TEST(NumaChecks, DoNotVouchForWhatIsInferred) {
  auto scene = gh200();
  scene.gpu().gi_nodes->source = Source::sysfs;
  for (const auto* id : {"gi-count", "gi-source", "gi-nodes-sysfs"}) {
    EXPECT_EQ(check(scene, id).verdict, Verdict::skipped) << id;
    EXPECT_THAT(check(scene, id).seen, HasSubstr("inferred")) << id;
  }
}

TEST(NumaChecks, DoNotCompareDomainsOfALinkThatIsDown) {
  auto scene = gh200();
  auto& properties = scene.dsd().properties;
  properties.push_back({"nvidia,gpu-mem-pxm-start", std::uint64_t{8}});
  properties.push_back({"nvidia,gpu-mem-pxm-count", std::uint64_t{0}});
  EXPECT_EQ(check(scene, "dsd-srat-agree").verdict, Verdict::skipped);
}

TEST(NumaChecks, CompareDsdAndSrat) {
  auto scene = gh200();
  auto& properties = scene.dsd().properties;
  properties.push_back({"nvidia,gpu-mem-pxm-start", std::uint64_t{8}});
  properties.push_back({"nvidia,gpu-mem-pxm-count", std::uint64_t{8}});
  EXPECT_EQ(check(scene, "dsd-srat-agree").verdict, Verdict::pass);
  EXPECT_EQ(check(scene, "dsd-srat-agree").seen, "SRAT: 8-15");
  properties.back().value = ~std::uint64_t{0};
  EXPECT_THAT(failed(scene), ElementsAre("dsd-srat-agree"));
  EXPECT_EQ(check(scene, "dsd-srat-agree").reason, "NVG-E017");
}

TEST(NumaChecks, SeeNodesThatAreOffline) {
  auto scene = gh200();
  scene.host.numa.online = {0, 1, 2, 3, 4};
  EXPECT_THAT(failed(scene), ElementsAre("gi-nodes-online"));
  EXPECT_EQ(check(scene, "gi-nodes-online").seen, "not online: 5-8");
}

TEST(NumaChecks, SeeNodesThatSysfsDoesNotKnow) {
  auto scene = gh200();
  scene.host.numa.generic_initiators = {{2, 3, 4, 5, 6, 7, 8}};
  EXPECT_THAT(failed(scene), ElementsAre("gi-nodes-sysfs"));
  scene.host.numa.generic_initiators.reset();
  EXPECT_THAT(failed(scene), IsEmpty());
}

TEST(NumaChecks, SeeNodesThatAreScattered) {
  auto scene = gh200();
  scene.gpu().gi_nodes->nodes = {1, 2, 3, 4, 5, 6, 7, 9};
  scene.host.numa.online.push_back(9);
  scene.host.numa.generic_initiators->push_back(9);
  EXPECT_THAT(failed(scene), ElementsAre("gi-consecutive"));
}

}  // namespace
}  // namespace nvgpuctl
