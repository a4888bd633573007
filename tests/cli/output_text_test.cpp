// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "cli/output_topology.hpp"
#include "cli/samples.hpp"
#include "cli/select.hpp"
#include "cli/wording.hpp"
#include "core/driver_change.hpp"

namespace nvgpuctl::cli {
namespace {

class OutputText : public testing::Test {
 protected:
  // What was printed, after a look at what holds for every text.
  std::string printed() const {
    EXPECT_EQ(err_.str(), "") << "data on standard output only";
    EXPECT_EQ(out_.str().find(" \n"), std::string::npos)
        << "no blanks at the end of a line";
    return out_.str();
  }

  std::ostringstream out_;
  std::ostringstream err_;
  Context context_{.out = out_, .err = err_};
};

TEST_F(OutputText, ListsGpusInATable) {
  print_gpu_table(context_, {samples::gpu(), samples::bare_gpu()});
  EXPECT_EQ(
      printed(),
      "ADDRESS       MODEL        STATE    DRIVER  MEMORY     NODES  GROUP\n"
      "0009:01:00.0  GH200 120GB  ready    nvidia  95.58 GiB  1-8    19\n"
      "0019:01:00.0  GH200 120GB  blocked  -       -          -      -\n");
}

TEST_F(OutputText, DrawsInAsciiWhereATerminalHasNoMore) {
  context_.utf8 = false;
  const std::vector gpus{samples::gpu()};
  print_topology(context_, make_topology(samples::host(), gpus, {}));
  const std::string text = printed();
  EXPECT_NE(text.find("`- 0009:01:00.0  GH200 120GB  ready\n"),
            std::string::npos)
      << text;
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80;
  })) << text;
}

TEST_F(OutputText, ListsMoreInAWideTable) {
  context_.format = Format::wide;
  print_gpu_table(context_, {samples::gpu()});
  EXPECT_NE(printed().find("GROUP  BASE            USABLE          RESERVED"
                           "       SMMU                      SOURCES"
                           "                 OVERRIDE  USED BY\n"),
            std::string::npos)
      << printed();
  EXPECT_NE(printed().find("19     0x420000000000  94.50 GiB BAR4  1.08 GiB "
                           "BAR2  smmu3.0x0000000005000000  memory dsd, nodes "
                           "srat  -         -\n"),
            std::string::npos)
      << printed();
}

TEST_F(OutputText, ShowsFactsWithTheirSources) {
  print_gpu(context_, samples::host(), samples::gpu());
  const std::string text = printed();
  EXPECT_EQ(text.find("0009:01:00.0  GH200 120GB  ready\n\n  PCI\n"), 0U);
  for (const auto* line :
       {"    device         10de:2342, subsystem 10de:16eb\n",
        "    base         0x420000000000 (dsd)\n",
        "    size         0x17e4f00000, 95.58 GiB (dsd)\n",
        "    MIG erratum  present (pci-config)\n",
        "    usable       0x17a0000000 (94.50 GiB) at 0x420000000000, BAR4 of "
        "128 GiB\n",
        "    GPU nodes          1-8 (srat)\n", "    type   DMA-FQ\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST_F(OutputText, ShowsWhatIsNotKnownAsADash) {
  print_gpu(context_, {}, samples::bare_gpu());
  EXPECT_NE(printed().find("    base         -\n"), std::string::npos);
  EXPECT_NE(printed().find("    NVG-E999  sample-error (error)\n"),
            std::string::npos);
}

TEST_F(OutputText, NamesTheOtherMembersOfTheGroup) {
  auto host = samples::host();
  PciFunction other;
  other.address = {9, 2, 0, 0};
  other.vendor = 0x8086;
  other.device = 0x1533;
  host.iommu_groups[19].members.push_back(other);
  print_gpu(context_, host, samples::gpu());
  EXPECT_NE(printed().find("0009:02:00.0 8086:1533, driver none\n"),
            std::string::npos);
}

TEST_F(OutputText, ExplainsWithSeenEvidenceAndRemedy) {
  print_explanation(context_, HostSnapshot{}, samples::bare_gpu());
  EXPECT_EQ(printed(),
            "0019:01:00.0 cannot be passed through: 1 error.\n"
            "  + 10de:2342 is GH200 120GB, a Grace Hopper GPU\n"
            "\n"
            "  NVG-E999 sample-error (error)\n"
            "    what      The sample is broken\n"
            "    seen      nothing could be read\n"
            "    evidence  /sys/bus/pci/devices/0019:01:00.0\n"
            "    remedy    Mend the sample\n"
            "\n"
            "  NVG-I999 sample-remark (info)\n"
            "    what      The sample says something\n"
            "    seen      a remark\n");
}

TEST_F(OutputText, ValidatesWithChecksRemediesAndRegions) {
  print_validation(context_, samples::gpu(),
                   {samples::sections(Verdict::fail), samples::gpu().plan});
  EXPECT_EQ(
      printed(),
      "0009:01:00.0  GH200 120GB  FAIL  (1 failed, 1 passed)\n"
      "\n"
      "  firmware\n"
      "    RESULT  CHECK                EXPECTED      SEEN\n"
      "    PASS    size firmware gives  0x17e4f00000  0x17e4f00000\n"
      "\n"
      "  vfio\n"
      "    RESULT  CHECK                 EXPECTED       SEEN\n"
      "    FAIL    device can be opened  a VFIO device  -\n"
      "    vfio-open: bind the GPU\n"
      "\n"
      "  regions (split layout)\n"
      "    PART      HOST ADDRESS    SIZE                      BAR   BAR SIZE\n"
      "    usable    0x420000000000  0x17a0000000 (94.50 GiB)  BAR4  "
      "0x2000000000 (128 GiB)\n"
      "    reserved  0x4217a0000000  0x44f00000 (1.08 GiB)     BAR2  "
      "0x80000000 (2 GiB)\n");
}

// Checks that were all skipped for one reason.
CheckSection skips(std::size_t count) {
  CheckSection section;
  section.name = "vfio";
  for (std::size_t i = 0; i < count; ++i) {
    section.checks.push_back({"vfio-" + std::to_string(i),
                              "check " + std::to_string(i), Verdict::skipped,
                              "", "another layout", "", ""});
  }
  return section;
}

TEST_F(OutputText, JoinsManyChecksThatOneReasonSkips) {
  print_check_sections(context_, {skips(30)});
  EXPECT_EQ(printed(),
            "  vfio\n"
            "    RESULT  CHECK                 EXPECTED  SEEN\n"
            "    SKIP    check 0, and 29 more  -         another layout\n");
}

TEST_F(OutputText, ListsAFewSkippedChecks) {
  print_check_sections(context_, {skips(3)});
  EXPECT_NE(printed().find("    SKIP    check 2  -         another layout\n"),
            std::string::npos);
}

TEST_F(OutputText, ShowsRemarksWithTheirRemedy) {
  auto section = skips(1);
  section.checks[0].verdict = Verdict::remark;
  section.checks[0].remedy = "boot a newer kernel";
  print_validation(context_, samples::gpu(), {{section}, std::nullopt});
  EXPECT_NE(printed().find("PASS  (1 passed with a remark)"),
            std::string::npos);
  EXPECT_NE(printed().find("    vfio-0: boot a newer kernel\n"),
            std::string::npos);
}

TEST_F(OutputText, PrintsThePlanWordForWord) {
  print_bind_plan(context_, samples::bind_plan());
  EXPECT_EQ(printed(),
            "0009:01:00.0  nvidia -> nvgrace_gpu_vfio_pci\n"
            "  1. load module nvgrace_gpu_vfio_pci\n"
            "     the driver must be there\n"
            "  2. write '\\n' to "
            "/sys/bus/pci/devices/0009:01:00.0/driver_override\n"
            "     clear what stood there\n"
            "  3. expect driver nvgrace_gpu_vfio_pci at "
            "/sys/bus/pci/devices/0009:01:00.0/driver\n"
            "     see that it is bound\n"
            "  note: the host loses this GPU\n");
}

TEST_F(OutputText, TellsNoDriverFromOneThatTheKernelChooses) {
  const PciAddress gpu{9, 1, 0, 0};
  const auto heading = [&](const BindPlan& plan) {
    print_bind_plan(context_, plan);
    const std::string text = printed();
    out_.str("");
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(heading(plan_change(gpu, {"", {}}, {"", "none"},
                                DriverPresence::not_loaded)),
            "0009:01:00.0  no driver -> no driver, and none may take it");
  EXPECT_EQ(heading(plan_change(gpu, {"nvidia", {}}, {"", {}},
                                DriverPresence::not_loaded)),
            "0009:01:00.0  nvidia -> no driver");
  auto released = samples::bind_plan();
  released.to.clear();
  released.steps = {{StepKind::expect_released, "/x", "nvidia", ""}};
  EXPECT_EQ(heading(released),
            "0009:01:00.0  nvidia -> what the kernel chooses");
}

TEST_F(OutputText, SaysThatThereIsNothingToDo) {
  BindPlan plan;
  plan.gpu = {9, 1, 0, 0};
  plan.from = "a";
  plan.to = "a";
  print_bind_plan(context_, plan);
  EXPECT_EQ(printed(), "0009:01:00.0  a -> a\n  nothing to do\n");
}

TEST_F(OutputText, ReportsTheStepThatFailedAndTheWayBack) {
  print_bind_report(context_, samples::failed_change());
  EXPECT_EQ(printed(),
            "0009:01:00.0  nvidia -> nvgrace_gpu_vfio_pci\n"
            "  done    load module nvgrace_gpu_vfio_pci\n"
            "  FAILED  write '\\n' to "
            "/sys/bus/pci/devices/0009:01:00.0/driver_override\n"
            "          Permission denied\n"
            "  FAILED  validate it through VFIO\n"
            "          vfio-open: expected a VFIO device, seen\n"
            "  back to what it was:\n"
            "  done    write '\\n' to "
            "/sys/bus/pci/devices/0009:01:00.0/driver_override\n"
            "  problem: not as it was to be\n"
            "  note: the host loses this GPU\n");
}

TEST_F(OutputText, DoesNotCallADegradedProofAFailure) {
  auto report = samples::failed_change();
  report.proof = samples::sections(Verdict::degraded);
  print_bind_report(context_, report);
  const std::string text = printed();
  EXPECT_NE(text.find("\n  DEGRADED validate it through VFIO\n"),
            std::string::npos)
      << text;
}

TEST_F(OutputText, PrintsFindingsWithTheirPlaceAndAdvice) {
  auto domain = samples::linted();
  domain.schema_note.clear();
  print_lint(context_, domain);
  EXPECT_EQ(
      printed(),
      "guest.xml  grace  ERROR  (2 errors)\n"
      "\n"
      "  RESULT  RULE         LINE  PLACE                 EXPECTED        "
      "  SEEN\n"
      "  ERROR   gpu-blocked  36    devices/hostdev[2]    a GPU that works"
      "  it does not\n"
      "  ERROR   misspelt     43    devices/iommu/driver  ssidsize        "
      "  ssidSize\n"
      "\n"
      "  gpu-blocked: the GPU cannot be passed through on this host "
      "(NVG-E999): Mend\n"
      "               the sample\n"
      "  misspelt: libvirt drops an attribute, whose name is misspelt: "
      "ssidsize='20'\n"
      "            (--fix does it)\n");
}

TEST_F(OutputText, SaysThatADomainHasNoGraceGpu) {
  print_lint(context_, samples::without_gpu());
  EXPECT_EQ(printed(), "standard input  has no Grace GPU\n");
}

TEST_F(OutputText, CallsADomainWithoutErrorsAndWarningsClean) {
  auto domain = samples::linted();
  domain.lint.findings = {lint_finding("rom-bar", {}, "a", "b", "c")};
  domain.schema_note.clear();
  print_lint(context_, domain);
  EXPECT_TRUE(printed().starts_with("guest.xml  grace  CLEAN  (1 remark)\n"))
      << printed();
}

TEST_F(OutputText, SaysHowManyFindingsAreLeftOut) {
  auto domain = samples::linted();
  domain.lint.left_out = 7;
  domain.schema_note.clear();
  print_lint(context_, domain);
  EXPECT_EQ(err_.str(),
            "note: 7 more, none of them worse, are left out; mend these and "
            "lint again\n");
}

TEST_F(OutputText, SaysWhatWasFixedAndWhatIsLeftApartFromTheDomain) {
  print_fixes(context_, samples::fixed());
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(
      err_.str(),
      "fixed: misspelt in line 43: ssidsize='20', was ssidSize\n"
      "error: gpu-blocked in line 36: the GPU cannot be passed through on "
      "this host;\n"
      "       seen: it does not; Mend the sample\n"
      "note: checked against domain.rng\n");
}

TEST_F(OutputText, SaysThatDomainsWereNotAskedForFromLibvirt) {
  HostSnapshot host;
  host.census.emplace().libvirt_problem = "did not answer within 5 s";
  print_reading_problems(context_, host);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(err_.str(),
            "note: libvirt could not be asked which domains run: did not "
            "answer within 5 s;\n"
            "      those that have a GPU are known only where their QEMU is "
            "seen as a\n"
            "      process; virsh list has them\n");
}

TEST(Wording, CountsErrorsAndWarnings) {
  static const Reason warning{"NVG-W999", "sample", Severity::warning, "", ""};
  Gpu gpu = samples::bare_gpu();
  gpu.findings.push_back(gpu.findings.front());
  gpu.findings.push_back({&warning, "", "", ""});
  EXPECT_EQ(verdict_sentence(gpu),
            "0019:01:00.0 cannot be passed through: 2 errors and 1 warning.");
  EXPECT_EQ(verdict_sentence(samples::gpu()),
            "0009:01:00.0 can be passed through.");
}

TEST(Wording, NamesTheGpusThatAreNoGraceGpus) {
  SelectorTargets targets;
  targets.others = {{{0, 1, 0, 0}, "10de:2330 is no Grace GPU"}};
  const auto lines = no_gpu_text(targets);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[1], "0000:01:00.0: 10de:2330 is no Grace GPU");
  EXPECT_NE(lines[2].find("/etc/nvgpuctl/devices.d/"), std::string::npos);
}

}  // namespace
}  // namespace nvgpuctl::cli
