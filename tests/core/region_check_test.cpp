// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/region_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "support/find_check.hpp"
#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kOnes = ~std::uint64_t{0};

ObservedRegion region(unsigned index, std::uint64_t size,
                      std::optional<std::uint64_t> backed = std::nullopt) {
  ObservedRegion one;
  one.index = index;
  one.argsz = backed ? 64 : 32;
  one.flags = backed ? 0xF : 0x7;
  one.size = size;
  one.offset = std::uint64_t{index} << 40U;
  if (backed) {
    one.sparse = {{0, *backed}};
    one.sparse_version = 1;
  }
  return one;
}

// What a region of memory does that is as it should be.
RegionBehaviour good(std::uint64_t mask) {
  RegionBehaviour behaviour;
  behaviour.without_capabilities = {0, 64, 0xF, 0};
  behaviour.too_short = {EINVAL, 0, 0, 0};
  behaviour.bar = {0xC, mask, 0xC};
  behaviour.tail_first = kOnes;
  behaviour.tail_last = kOnes;
  behaviour.read_outside = EINVAL;
  behaviour.ioeventfd = ENOTTY;
  behaviour.map_first = {0, "rd sh mr mw me ms pf io de dd"};
  behaviour.map_last = behaviour.map_first;
  behaviour.map_behind = {EINVAL, ""};
  behaviour.map_across = {EINVAL, ""};
  behaviour.map_private = {EINVAL, ""};
  return behaviour;
}

DeviceObservation bare() {
  DeviceObservation seen;
  seen.path = "/dev/vfio/19";
  seen.device = {3, 9, {}};
  seen.ids = 0x234210DE;
  seen.command_before = 0;
  seen.command_during = 2;
  seen.command_after = 0;
  seen.c2c_ready = 0xFF;
  seen.hbm_ready = 0xFF;
  seen.dma_buf = 0;
  return seen;
}

// A GH200 as mainline's driver and ours show it.
DeviceObservation gh200() {
  auto seen = bare();
  seen.regions = {region(0, 16 * kMiB), region(2, 2 * kGiB, 0x44F00000),
                  region(4, 128 * kGiB, 0x17A0000000), region(7, 4096)};
  seen.region2 = good(0xFFFFFFFF8000000C);
  seen.region4 = good(0xFFFFFFE00000000C);
  return seen;
}

DeviceObservation single_layout() {
  auto seen = bare();
  seen.regions = {region(2, 128 * kGiB, 0x17E4F00000), region(4, 32 * kMiB)};
  seen.region2 = good(0xFFFFFFE00000000C);
  return seen;
}

DeviceObservation as_posted_in_2023() {
  auto seen = bare();
  seen.regions = {region(2, 0x17E4F00000), region(4, 32 * kMiB)};
  return seen;
}

DeviceObservation fallback() {
  auto seen = bare();
  seen.regions = {region(2, 128 * kGiB), region(4, 32 * kMiB)};
  return seen;
}

// A bound GH200, and what its driver tells in sysfs.
struct Subject {
  HostSnapshot host = gh200_host();
  Gpu gpu;
  std::optional<DriverAttributes> attributes;

  Subject() {
    host.gpus[0].driver = "nvgrace_gpu_vfio_pci";
    gpu = only_gpu(host);
  }
  Subject& erratum_fixed() {
    gpu.erratum.value = MigErratum::fixed;
    return *this;
  }
  Subject& tells(std::string layout, std::uint64_t usable,
                 std::uint64_t reserved, std::string reason = "none") {
    attributes = DriverAttributes{};
    if (layout != "plain") {
      attributes->coherent_base = 0x420000000000;
      attributes->coherent_size = 0x17E4F00000;
    }
    attributes->layout = std::move(layout);
    attributes->usable_size = usable;
    attributes->reserved_size = reserved;
    attributes->fallback_reason = std::move(reason);
    return *this;
  }
  CheckSection check(const DeviceObservation& seen) const {
    return check_regions({host, gpu, attributes}, seen);
  }
};

Subject single_subject() {
  return Subject().tells("single", 0x17E4F00000, 0);
}

Check check(const DeviceObservation& seen, std::string_view id,
            const Subject& subject = Subject()) {
  return nvgpuctl::check({subject.check(seen)}, id);
}

// Ids of the checks that neither passed nor were skipped.
std::vector<std::string> bad(const DeviceObservation& seen,
                             const Subject& subject = Subject()) {
  std::vector<std::string> ids;
  for (const auto& one : subject.check(seen).checks) {
    if (one.verdict != Verdict::pass && one.verdict != Verdict::skipped) {
      ids.push_back(one.id);
      EXPECT_FALSE(one.remedy.empty()) << one.id;
    }
  }
  return ids;
}

TEST(LayoutRecognition, KnowsTheFourThatExist) {
  EXPECT_EQ(recognise_layout(gh200()), Layout::split);
  EXPECT_EQ(recognise_layout(single_layout()), Layout::single);
  EXPECT_EQ(recognise_layout(as_posted_in_2023()), Layout::single);
  EXPECT_EQ(recognise_layout(fallback()), Layout::plain);
}

TEST(LayoutRecognition, SaysNothingWithoutTheRegions) {
  EXPECT_EQ(recognise_layout(DeviceObservation()), std::nullopt);
  auto empty = bare();
  empty.regions = {region(2, 0), region(4, 0)};
  EXPECT_EQ(recognise_layout(empty), std::nullopt);
}

TEST(RegionChecks, PassForAGh200) {
  EXPECT_THAT(bad(gh200()), IsEmpty());
  EXPECT_EQ(check(gh200(), "vfio-usable-size").seen, "0x2000000000 (128 GiB)");
  EXPECT_EQ(check(gh200(), "vfio-reserved-sparse").seen,
            "one area, offset 0x0, size 0x44f00000, version 1");
  EXPECT_EQ(check(gh200(), "vfio-total").seen, "0x17e4f00000 (95.58 GiB)");
}

TEST(RegionChecks, RemarkThatTheSafeSingleLayoutIsForTests) {
  EXPECT_THAT(bad(single_layout(), single_subject()),
              ElementsAre("vfio-layout"));
  const auto layout = check(single_layout(), "vfio-layout", single_subject());
  EXPECT_EQ(layout.verdict, Verdict::remark);
  EXPECT_THAT(layout.remedy, HasSubstr("load the driver with layout=split"));
}

TEST(RegionChecks, PassForABlackwellWithoutReservedPart) {
  auto seen = bare();
  seen.regions = {region(2, 128 * kGiB), region(4, 128 * kGiB, 0x17E4F00000)};
  seen.region2.bar = {0xC, 0xFFFFFFE00000000C, 0xC};
  seen.region4 = good(0xFFFFFFE00000000C);
  EXPECT_THAT(bad(seen, Subject().erratum_fixed()), IsEmpty());
  EXPECT_EQ(check(seen, "vfio-other-bar", Subject().erratum_fixed()).expected,
            "region 2 is the physical BAR of 128 GiB");
}

TEST(RegionChecks, CallTheFallbackDegraded) {
  EXPECT_THAT(bad(fallback()), ElementsAre("vfio-layout"));
  const auto layout = check(fallback(), "vfio-layout");
  EXPECT_EQ(layout.verdict, Verdict::degraded);
  EXPECT_EQ(layout.expected, "split");
  EXPECT_EQ(layout.seen, "plain");
  EXPECT_EQ(check(fallback(), "vfio-usable-size").verdict, Verdict::skipped);
}

TEST(RegionChecks, SayThatQemuAbortsOnTheDriverOf2023) {
  EXPECT_THAT(bad(as_posted_in_2023()),
              ElementsAre("vfio-layout", "vfio-power-of-two"));
  EXPECT_EQ(check(as_posted_in_2023(), "vfio-power-of-two").remedy,
            "QEMU aborts on such a BAR; replace the driver");
  EXPECT_THAT(check(as_posted_in_2023(), "vfio-layout").remedy,
              HasSubstr("as posted in 2023"));
  // Against its own layout the size and the missing capability show too.
  EXPECT_THAT(
      bad(as_posted_in_2023(), single_subject()),
      ElementsAre("vfio-layout", "vfio-power-of-two", "vfio-usable-region",
                  "vfio-usable-size", "vfio-usable-sparse", "vfio-total",
                  "vfio-driver-parts"));
}

TEST(RegionChecks, FailForAnotherLayoutThanPlanned) {
  EXPECT_THAT(bad(single_layout()), ElementsAre("vfio-layout"));
  EXPECT_EQ(check(single_layout(), "vfio-layout").remedy,
            "load the driver with layout=split");
}

TEST(RegionChecks, FailForAPartOfTheWrongSize) {
  auto seen = gh200();
  seen.regions[2].sparse = {{0, 0x17A0000000 - 512 * kMiB}};
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-sparse", "vfio-total"));
}

TEST(RegionChecks, FailForSparseAreasOfAnyOtherShape) {
  auto shifted = gh200();
  shifted.regions[2].sparse->front().offset = 4096;
  EXPECT_THAT(bad(shifted), ElementsAre("vfio-usable-sparse"));
  auto version = gh200();
  version.regions[1].sparse_version = 2;
  EXPECT_THAT(bad(version), ElementsAre("vfio-reserved-sparse"));
  auto two = gh200();
  two.regions[2].sparse = {{0, 0x17A0000000}, {0x17A0000000, 4096}};
  EXPECT_EQ(check(two, "vfio-usable-sparse").seen, "2 areas");
}

TEST(RegionChecks, DoNotAddUpForgedSizesToTheRightSum) {
  auto seen = gh200();
  seen.regions[2].sparse = {{0, 0xFFFFFFFFFFFFFFFF}, {0, 0x17A0000001}};
  EXPECT_EQ(check(seen, "vfio-total").verdict, Verdict::fail);
}

TEST(RegionChecks, FailForARegionThatCannotBeMapped) {
  auto seen = gh200();
  seen.regions[2].flags = 0xB;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-region"));
  EXPECT_EQ(check(seen, "vfio-usable-region").seen,
            "flags 0xb, offset 0x40000000000");
}

TEST(RegionChecks, FailForARegionAtAnotherOffset) {
  auto seen = gh200();
  seen.regions[1].offset = 0;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-reserved-region"));
}

TEST(RegionChecks, FailForABarThatSizesDifferently) {
  auto seen = gh200();
  seen.region4.bar->mask = 0xFFFFFFF00000000C;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-bar"));
  seen = gh200();
  seen.region2.bar->mask = 0xFFFFFFFF80000004;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-reserved-bar"));
}

TEST(RegionChecks, FailForATailThatShowsMemory) {
  auto seen = gh200();
  seen.region4.tail_first = 0;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-tail"));
  EXPECT_EQ(check(seen, "vfio-usable-tail").seen, "0x0 and 0xffffffffffffffff");
  seen = gh200();
  seen.region2.tail_last = 0xFFFFFFFFFFFFFF00;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-reserved-tail"));
}

TEST(RegionChecks, SkipWhatWasNotRead) {
  auto seen = gh200();
  seen.region2 = {};
  seen.region4.bar.reset();
  seen.c2c_ready.reset();
  seen.ids.reset();
  seen.dma_buf.reset();
  seen.command_after.reset();
  EXPECT_THAT(bad(seen), IsEmpty());
  EXPECT_EQ(check(seen, "vfio-reserved-tail").seen, "the tail was not read");
  EXPECT_EQ(check(seen, "vfio-usable-bar").seen, "the BAR was not sized");
  EXPECT_EQ(check(seen, "vfio-c2c-ready").verdict, Verdict::skipped);
}

TEST(RegionChecks, FailForAReservedPartWhereTheErratumIsFixed) {
  auto seen = gh200();
  seen.regions[2] = region(4, 128 * kGiB, 0x17E4F00000);
  EXPECT_THAT(bad(seen, Subject().erratum_fixed()),
              ElementsAre("vfio-other-bar"));
}

TEST(RegionChecks, FailWhenTheHardwareIsNotReady) {
  auto seen = gh200();
  seen.c2c_ready = 0;
  seen.hbm_ready = 0x0F;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-c2c-ready", "vfio-hbm-ready"));
  EXPECT_EQ(check(seen, "vfio-c2c-ready").reason, "NVG-E012");
}

TEST(RegionChecks, FailForADeviceThatIsNoPciDevice) {
  auto seen = gh200();
  seen.device.flags = 0;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-device", "vfio-reset"));
}

TEST(RegionChecks, NameTheReadsThatFailed) {
  auto seen = gh200();
  seen.problems = {"region 4 at 0x17a0000000: Invalid argument"};
  EXPECT_THAT(bad(seen), ElementsAre("vfio-access"));
  EXPECT_EQ(check(seen, "vfio-access").seen, seen.problems.front());
}

TEST(LayoutRecognition, SeesThePostingOf2023ByASizeThatIsNotTheHardwares) {
  auto seen = bare();
  seen.regions = {region(2, 64 * kGiB), region(4, 32 * kMiB)};
  EXPECT_EQ(recognise_layout(seen), Layout::plain);
  EXPECT_EQ(recognise_layout(seen, 64 * kGiB), Layout::plain);
  EXPECT_EQ(recognise_layout(seen, 128 * kGiB), Layout::single);
}

TEST(RegionChecks, NameWhereTheDeviceWasOpened) {
  EXPECT_EQ(check(gh200(), "vfio-open").seen, "/dev/vfio/19");
}

TEST(RegionChecks, FailForConfigurationSpaceOfAnotherDevice) {
  auto seen = gh200();
  seen.ids = 0x294110DE;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-ids"));
  EXPECT_EQ(check(seen, "vfio-ids").expected, "10de:2342");
  EXPECT_EQ(check(seen, "vfio-ids").seen, "10de:2941");
  EXPECT_EQ(check(seen, "vfio-ids").reason, "");
  seen.ids = 0xFFFFFFFF;
  EXPECT_EQ(check(seen, "vfio-ids").reason, "NVG-E006");
}

TEST(RegionChecks, FailForCapabilityChainsThatAreNotSound) {
  auto seen = gh200();
  seen.device.problems = {"the capability chain comes back to 0x18"};
  seen.regions[2].problems = {"capabilities at 0x20 and 0x28 overlap"};
  EXPECT_THAT(bad(seen), ElementsAre("vfio-capabilities"));
  EXPECT_EQ(check(seen, "vfio-capabilities").seen,
            "device: the capability chain comes back to 0x18; "
            "region 4: capabilities at 0x20 and 0x28 overlap");
}

TEST(RegionChecks, ListOnlyTheFirstOfManyProblems) {
  auto seen = gh200();
  seen.problems.assign(100, "no");
  EXPECT_EQ(check(seen, "vfio-access").seen, "no; no; no; no; and 96 more");
}

TEST(RegionChecks, WantATypeOfEachDeviceSpecificRegion) {
  auto seen = gh200();
  EXPECT_EQ(check(seen, "vfio-types").verdict, Verdict::skipped);
  auto own = region(9, 4096);
  own.type = {0x800010DE, 1};
  seen.regions.push_back(own);
  EXPECT_THAT(bad(seen), IsEmpty());
  EXPECT_EQ(check(seen, "vfio-types").seen,
            "region 9 is type 0x800010de, subtype 0x1");
  seen.regions.push_back(region(10, 4096));
  EXPECT_THAT(bad(seen), ElementsAre("vfio-types"));
}

TEST(RegionChecks, FailForAShortAnswerThatIsRefused) {
  auto seen = gh200();
  seen.region4.without_capabilities = {EINVAL, 0, 0, 0};
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-argsz"));
  const auto argsz = check(seen, "vfio-usable-argsz");
  EXPECT_EQ(argsz.expected,
            "32: flags 0xf, argsz 64, cap_offset 0; 24: Invalid argument");
  EXPECT_EQ(argsz.seen, "32: Invalid argument; 24: Invalid argument");
}

TEST(RegionChecks, FailForAShortAnswerThatPointsBehindItself) {
  auto seen = gh200();
  seen.region2.without_capabilities->cap_offset = 32;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-reserved-argsz"));
  seen = gh200();
  seen.region4.too_short = {0, 64, 0xF, 0};
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-argsz"));
}

TEST(RegionChecks, FailForABarThatWasNotPutBack) {
  auto seen = gh200();
  seen.region4.bar->after = 0xFFFFFFE00000000C;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-restore"));
}

TEST(RegionChecks, FailForReadsBehindTheBar) {
  auto seen = gh200();
  seen.region4.read_outside = 0;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-outside"));
  EXPECT_EQ(check(seen, "vfio-usable-outside").seen, "done");
}

TEST(RegionChecks, FailForMemoryThatCannotBeMapped) {
  auto seen = gh200();
  seen.region4.map_last = {EAGAIN, ""};
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-mmap"));
  EXPECT_EQ(check(seen, "vfio-usable-mmap").seen,
            "first page: mapped, last page: refused: Resource temporarily "
            "unavailable");
}

TEST(RegionChecks, FailForMappingsThatReachBehindTheMemory) {
  auto seen = gh200();
  seen.region2.map_across = {0, "pf"};
  EXPECT_THAT(bad(seen), ElementsAre("vfio-reserved-mmap-end"));
  seen = gh200();
  seen.region4.map_behind = {0, "pf"};
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-mmap-end"));
}

TEST(RegionChecks, FailForAMappingOfOrdinaryPages) {
  auto seen = gh200();
  seen.region4.map_first->vm_flags = "rd sh mr mw me ms pf io dd";
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-mmap-flags"));
  EXPECT_EQ(check(seen, "vfio-usable-mmap-flags").seen, "pf io dd");
  seen.region4.map_first->vm_flags.clear();
  EXPECT_EQ(check(seen, "vfio-usable-mmap-flags").verdict, Verdict::skipped);
}

TEST(RegionChecks, LeaveOutOfAMappingsKindWhatItsMountDecides) {
  auto seen = gh200();
  seen.region4.map_first->vm_flags = "rd sh mr mw ms pf io de dd ??";
  EXPECT_EQ(check(seen, "vfio-usable-mmap-flags").seen, "pf io de dd");
}

TEST(RegionChecks, RemarkThatPrivateMappingsAreGranted) {
  auto seen = gh200();
  seen.region4.map_private = {0, "pf"};
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-mmap-private"));
  EXPECT_EQ(check(seen, "vfio-usable-mmap-private").verdict, Verdict::remark);
  EXPECT_EQ(overall({Subject().check(seen)}), Verdict::pass);
}

TEST(RegionChecks, FailForAnIoeventfdThatCouldBe) {
  auto seen = gh200();
  seen.region4.ioeventfd = ENODEV;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-ioeventfd"));
}

TEST(RegionChecks, FailForAnotherBarThanThePhysicalOne) {
  auto seen = single_layout();
  seen.regions[1].size = 64 * kMiB;
  EXPECT_THAT(bad(seen, single_subject()),
              ElementsAre("vfio-layout", "vfio-other-bar"));
  EXPECT_EQ(check(seen, "vfio-other-bar", single_subject()).seen,
            "64 MiB, no sparse-mmap capability, not sized");
  seen = single_layout();
  seen.region4.bar = {0xC, 0xFFFFFFFFFC00000C, 0xC};
  EXPECT_THAT(bad(seen, single_subject()),
              ElementsAre("vfio-layout", "vfio-other-bar"));
}

TEST(RegionChecks, FailForACommandRegisterThatIsNotAsBefore) {
  auto seen = gh200();
  seen.command_after = 2;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-command"));
  EXPECT_EQ(check(seen, "vfio-command").seen, "0x0, then 0x2, then 0x2");
}

TEST(RegionChecks, FailWithoutMemoryDecode) {
  auto seen = gh200();
  seen.command_during = 0;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-command"));
}

TEST(RegionChecks, LookAtTheDvsecOfAGpuThatPresentsCxlMemory) {
  Subject subject;
  subject.gpu.pci.config->dvsecs = {{0x1E98, 0, 0x10C, 60}};
  auto seen = gh200();
  seen.c2c_ready.reset();
  seen.cxl_range = 0xA003;
  EXPECT_THAT(bad(seen, subject), IsEmpty());
  EXPECT_EQ(check(seen, "vfio-c2c-ready", subject).verdict, Verdict::skipped);
  seen.cxl_range = 0xA001;
  EXPECT_THAT(bad(seen, subject), ElementsAre("vfio-cxl-ready"));
}

TEST(RegionChecks, SkipDmaBufsOnKernelsThatHaveNone) {
  auto seen = gh200();
  seen.dma_buf = ENOTTY;
  EXPECT_EQ(check(seen, "vfio-dma-buf").verdict, Verdict::skipped);
  seen.dma_buf = EOPNOTSUPP;
  EXPECT_EQ(check(seen, "vfio-dma-buf").verdict, Verdict::remark);
  EXPECT_EQ(check(seen, "vfio-dma-buf").seen, "Operation not supported");
}

TEST(RegionChecks, SayWhenKvmCannotMapTheMemoryCacheable) {
  Subject subject;
  subject.host.virtualization.kvm_cacheable_pfnmap =
      Fact{false, Source::kernel};
  EXPECT_THAT(bad(gh200(), subject), ElementsAre("vfio-kvm"));
  EXPECT_EQ(check(gh200(), "vfio-kvm", subject).verdict, Verdict::remark);
  EXPECT_EQ(check(gh200(), "vfio-kvm", subject).reason, "NVG-W052");
  subject.host.virtualization.kvm_cacheable_pfnmap.reset();
  EXPECT_EQ(check(gh200(), "vfio-kvm", subject).verdict, Verdict::skipped);
}

TEST(DriverChecks, PassWhereTheDriverTellsWhatItShows) {
  const auto subject = Subject().tells("split", 0x17A0000000, 0x44F00000);
  EXPECT_THAT(bad(gh200(), subject), IsEmpty());
  EXPECT_EQ(check(gh200(), "vfio-driver-memory", subject).seen,
            "0x17e4f00000 (95.58 GiB) from 0x420000000000");
  EXPECT_EQ(check(gh200(), "vfio-driver-reason", subject).seen, "none");
}

TEST(DriverChecks, AreSkippedForTheKernelsOwnDriver) {
  const auto layout = check(gh200(), "vfio-driver-layout");
  EXPECT_EQ(layout.verdict, Verdict::skipped);
  EXPECT_EQ(layout.seen, "the bound driver has no nvgpu/ attributes in sysfs");
}

TEST(DriverChecks, FailWhereTheDriverTellsOtherNumbers) {
  auto subject = Subject().tells("split", 0x17A0000000, 0x45000000);
  EXPECT_THAT(bad(gh200(), subject), ElementsAre("vfio-driver-parts"));
  subject.tells("split", 0x17A0000000, 0x44F00000);
  subject.attributes->coherent_base = 0x430000000000;
  EXPECT_THAT(bad(gh200(), subject), ElementsAre("vfio-driver-memory"));
}

TEST(DriverChecks, FailWhereTheDriverTellsAnotherLayout) {
  const auto subject = Subject().tells("plain", 0, 0, "no-dsd");
  EXPECT_THAT(bad(gh200(), subject),
              ElementsAre("vfio-driver-layout", "vfio-driver-parts",
                          "vfio-driver-reason"));
}

// A bound GPU whose firmware describes no memory.
Subject without_dsd() {
  Subject subject;
  subject.host.acpi.dsds.clear();
  subject.gpu = only_gpu(subject.host);
  return subject;
}

TEST(DriverChecks, PassWhereItFellBackForTheReasonThatWeFind) {
  const auto subject = without_dsd().tells("plain", 0, 0, "no-dsd");
  EXPECT_THAT(bad(fallback(), subject), ElementsAre("vfio-layout"));
  EXPECT_EQ(check(fallback(), "vfio-layout", subject).verdict,
            Verdict::degraded);
  EXPECT_EQ(check(fallback(), "vfio-layout", subject).reason, "NVG-E010");
  EXPECT_EQ(check(fallback(), "vfio-driver-reason", subject).expected,
            "no-dsd (NVG-E010)");
}

TEST(DriverChecks, FailWhereItFellBackForAnotherReason) {
  const auto subject = without_dsd().tells("plain", 0, 0, "c2c-down");
  EXPECT_THAT(bad(fallback(), subject),
              ElementsAre("vfio-layout", "vfio-driver-reason"));
  EXPECT_EQ(check(fallback(), "vfio-driver-reason", subject).seen, "c2c-down");
}

TEST(DriverChecks, TakeTheDriversWordForMemoryThatOnlyItCanRead) {
  const auto subject = without_dsd().tells("split", 0x17A0000000, 0x44F00000);
  EXPECT_THAT(bad(gh200(), subject), IsEmpty());
  EXPECT_EQ(check(gh200(), "vfio-driver-memory", subject).verdict,
            Verdict::skipped);
}

TEST(RegionChecks, SayThatPlainVfioPciKnowsNoMemory) {
  Subject subject;
  subject.host.gpus[0].driver = "vfio-pci";
  subject.gpu = only_gpu(subject.host);
  const auto layout = check(fallback(), "vfio-layout", subject);
  EXPECT_EQ(layout.verdict, Verdict::degraded);
  EXPECT_EQ(layout.reason, "NVG-E045");
  EXPECT_THAT(layout.remedy, HasSubstr("nvgpuctl bind"));
}

TEST(RegionChecks, SkipThePartsWhereNobodyNamesTheMemory) {
  EXPECT_EQ(check(gh200(), "vfio-total", without_dsd()).seen,
            "nobody says where the memory is");
}

}  // namespace
}  // namespace nvgpuctl
