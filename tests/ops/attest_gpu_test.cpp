// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/attest_gpu.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_root.hpp"
#include "support/fake_vfio.hpp"
#include "support/find_check.hpp"
#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const VfioPath kGroup{VfioInterface::group, "/dev/vfio/19"};
const VfioPath kCdev{VfioInterface::cdev, "/dev/vfio/devices/vfio0"};

// A bound GH200 and the kernel that opens its device.
struct Bench {
  FakeRoot root;
  HostSnapshot host = gh200_host();
  FakeVfio vfio;
  LiveOptions options;

  Bench() { host.gpus[0].driver = "nvgrace_gpu_vfio_pci"; }

  Result<LiveReport> attest() {
    return attest_gpu(root.open(), host, only_gpu(host), vfio, options);
  }
  Bench& tells(std::string_view name, std::string_view value) {
    root.file("/sys/bus/pci/devices/0009:01:00.0/nvgpu/" + std::string(name),
              value);
    return *this;
  }
  Bench& tells_everything() {
    return tells("layout", "split\n")
        .tells("coherent_base", "0x420000000000\n")
        .tells("coherent_size", "0x17e4f00000\n")
        .tells("usable_size", "0x17a0000000\n")
        .tells("reserved_size", "0x44f00000\n")
        .tells("ready", "0\n")
        .tells("fallback_reason", "none\n");
  }
};

std::vector<std::string> bad(const std::vector<CheckSection>& sections) {
  std::vector<std::string> ids;
  for (const auto& section : sections) {
    for (const auto& one : section.checks) {
      if (one.verdict != Verdict::pass && one.verdict != Verdict::skipped) {
        ids.push_back(one.id);
      }
    }
  }
  return ids;
}

TEST(AttestGpu, PassesByTheOneWayThatThereIs) {
  Bench bench;
  bench.tells_everything().vfio.offers(kGroup);
  const auto report = bench.attest();
  ASSERT_TRUE(report);
  EXPECT_THAT(bad(report->sections), IsEmpty());
  EXPECT_EQ(check(report->sections, "vfio-open").seen, "/dev/vfio/19");
  EXPECT_EQ(check(report->sections, "vfio-driver-memory").verdict,
            Verdict::pass);
  EXPECT_EQ(check(report->sections, "vfio-same").seen,
            "there is only one way to open it");
}

TEST(AttestGpu, TakesBothWaysOneAfterTheOther) {
  Bench bench;
  bench.vfio.offers(kCdev).offers(kGroup);
  const auto report = bench.attest();
  ASSERT_TRUE(report);
  EXPECT_THAT(bench.vfio.opened,
              ElementsAre("/dev/vfio/devices/vfio0", "/dev/vfio/19"));
  EXPECT_EQ(check(report->sections, "vfio-open").seen,
            "/dev/vfio/devices/vfio0");
  EXPECT_EQ(check(report->sections, "vfio-same").verdict, Verdict::pass);
  EXPECT_EQ(check(report->sections, "vfio-same").expected,
            "the same by way of /dev/vfio/19");
}

TEST(AttestGpu, FailsWhereTheTwoWaysShowDifferentThings) {
  Bench bench;
  bench.vfio.offers(kCdev).offers(kGroup);
  bench.vfio.change_by_path["/dev/vfio/19"] = [](ModelVfio& model) {
    model.tail = 0;
  };
  const auto report = bench.attest();
  ASSERT_TRUE(report);
  EXPECT_THAT(bad(report->sections), ElementsAre("vfio-same"));
  EXPECT_EQ(check(report->sections, "vfio-same").seen,
            "vfio-usable-tail: 0x0 and 0x0; vfio-reserved-tail: 0x0 and 0x0");
}

TEST(AttestGpu, TellsTheRegionsOfTheLayoutThatTheDriverUses) {
  Bench bench;
  bench.tells_everything()
      .tells("layout", "single\n")
      .tells("usable_size", "0x17e4f00000\n")
      .tells("reserved_size", "0x0\n")
      .vfio.offers(kGroup);
  bench.vfio.change = [](ModelVfio& model) {
    model.memory = {{2, {0x17E4F00000, 128 * kGiB}}};
  };
  const auto report = bench.attest();
  ASSERT_TRUE(report);
  EXPECT_THAT(bad(report->sections), ElementsAre("vfio-layout"));
  ASSERT_TRUE(report->regions);
  EXPECT_EQ(report->regions->layout, Layout::single);
  EXPECT_EQ(report->regions->usable->bar, 2U);
}

TEST(AttestGpu, IsRefusedWhenTheSecondWayIsBusy) {
  Bench bench;
  bench.vfio.offers(kCdev).offers(kGroup).refuses("/dev/vfio/19", Errc::busy,
                                                  "somebody has it open");
  const auto report = bench.attest();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::busy);
}

TEST(AttestGpu, SkipsADeviceThatOnlyRootMayOpen) {
  Bench bench;
  bench.vfio.offers(kGroup).refuses("/dev/vfio/19", Errc::permission,
                                    "Permission denied");
  const auto report = bench.attest();
  ASSERT_TRUE(report);
  EXPECT_EQ(check(report->sections, "vfio-open").verdict, Verdict::skipped);
  EXPECT_EQ(check(report->sections, "vfio-open").seen,
            "only root may open /dev/vfio/19");
}

TEST(AttestGpu, FailsForAGroupThatIsNotViable) {
  Bench bench;
  bench.vfio.offers(kGroup).refuses("/dev/vfio/19", Errc::not_viable,
                                    "another device");
  const auto report = bench.attest();
  ASSERT_TRUE(report);
  EXPECT_THAT(bad(report->sections), ElementsAre("vfio-open"));
  EXPECT_EQ(check(report->sections, "vfio-open").seen,
            "/dev/vfio/19: another device");
  EXPECT_EQ(check(report->sections, "vfio-open").reason, "NVG-E031");
  EXPECT_EQ(check(report->sections, "vfio-open").remedy, "stop it");
  EXPECT_EQ(check(report->sections, "vfio-usable-size").verdict,
            Verdict::skipped);
}

TEST(AttestGpu, FailsForADeviceThatDoesNotDescribeItself) {
  Bench bench;
  bench.vfio.offers(kGroup);
  bench.vfio.change = [](ModelVfio& model) {
    model.fail_on("region_info 4", "Input/output error");
  };
  const auto report = bench.attest();
  ASSERT_TRUE(report);
  EXPECT_THAT(bad(report->sections), ElementsAre("vfio-access"));
  EXPECT_EQ(check(report->sections, "vfio-access").seen,
            "model: Input/output error");
}

TEST(AttestGpu, FailsWhereARegisterCouldNotBePutBack) {
  Bench bench;
  bench.vfio.offers(kGroup);
  bench.vfio.change = [](ModelVfio& model) {
    model.fail_on("config 0x20 = 0xc", "No such device");
  };
  const auto report = bench.attest();
  ASSERT_TRUE(report);
  EXPECT_THAT(bad(report->sections), ElementsAre("vfio-access"));
  EXPECT_THAT(check(report->sections, "vfio-access").seen,
              HasSubstr("could not be put back"));
  EXPECT_THAT(check(report->sections, "vfio-access").remedy,
              HasSubstr("unbind"));
}

TEST(AttestGpu, NamesADriverAttributeThatCannotBeUsed) {
  Bench bench;
  bench.tells_everything().tells("usable_size", "much\n").vfio.offers(kGroup);
  const auto report = bench.attest();
  ASSERT_TRUE(report);
  EXPECT_THAT(bad(report->sections), ElementsAre("vfio-access"));
  EXPECT_EQ(check(report->sections, "vfio-access").seen,
            "/sys/bus/pci/devices/0009:01:00.0/nvgpu/usable_size: holds no "
            "number");
}

TEST(AttestGpu, MapsByThePageOfTheHost) {
  Bench bench;
  bench.host.kernel.page_size =
      Fact<std::uint64_t>{0x44F0'0000, Source::kernel};
  bench.vfio.offers(kGroup);
  const auto report = bench.attest();
  ASSERT_TRUE(report);
  EXPECT_THAT(check(report->sections, "vfio-access").seen,
              HasSubstr("not made of pages of 0x44f00000"));
}

TEST(AttestGpu, WritesToNoMemoryUnlessAskedTo) {
  Bench bench;
  bench.vfio.offers(kGroup);
  ASSERT_TRUE(bench.attest());
  EXPECT_THAT(bench.vfio.writes, Not(Contains(HasSubstr("region"))));
}

TEST(AttestGpu, WritesOnceWhenAskedTo) {
  Bench bench;
  bench.options.write_test = WriteTest::yes;
  bench.vfio.offers(kCdev).offers(kGroup);
  const auto report = bench.attest();
  ASSERT_TRUE(report);
  ASSERT_THAT(report->sections, SizeIs(2));
  EXPECT_EQ(report->sections.back().name, "write");
  EXPECT_EQ(overall({report->sections.back()}), Verdict::pass);
  EXPECT_EQ(std::count(bench.vfio.writes.begin(), bench.vfio.writes.end(),
                       "region 4 0x0"),
            3)
      << "a pattern, its inverse, what was there";
}

TEST(AttestGpu, DoesNotWriteToADeviceThatFailedItsChecks) {
  Bench bench;
  bench.options.write_test = WriteTest::yes;
  bench.vfio.offers(kGroup);
  bench.vfio.change = [](ModelVfio& model) { model.tail = 0; };
  const auto report = bench.attest();
  ASSERT_TRUE(report);
  EXPECT_EQ(check(report->sections, "write-first").verdict, Verdict::skipped);
  EXPECT_THAT(bench.vfio.writes, Not(Contains(HasSubstr("region"))));
}

TEST(DeviceCheck, IsFreeWithoutAVfioDriver) {
  const FakeRoot root;
  EXPECT_TRUE(check_device_free(root.open(), only_gpu(gh200_host())));
}

}  // namespace
}  // namespace nvgpuctl
