// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_lint.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "support/lint_host.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::SizeIs;
namespace fs = std::filesystem;

// A domain of tests/data/lint and what its head comment says about it.
struct Case {
  std::string xml;
  std::map<std::string, std::string> settings;  // "host", "libvirt", …
  std::vector<std::string> expected;            // "gi-count 36", sorted
};

// "key: value" lines up to the end of the comment.
Case read_case(const fs::path& path) {
  Case out;
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  out.xml = text.str();
  std::istringstream lines(out.xml.substr(0, out.xml.find("-->")));
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("<!--") || colon == std::string::npos) {
      continue;
    }
    const std::string key(trim(line.substr(0, colon)));
    const std::string value(trim(line.substr(colon + 2)));
    if (key == "expect") {
      out.expected.push_back(value);
    } else {
      out.settings[key] = value;
    }
  }
  std::ranges::sort(out.expected);
  return out;
}

std::vector<fs::path> case_files() {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(std::string(TEST_DATA_DIR) + "/lint")) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::optional<Fact<Version>> version_of(const Case& of, const std::string& key,
                                        Version usual) {
  const auto said = of.settings.find(key);
  if (said == of.settings.end()) {
    return Fact{usual, Source::option};
  }
  const auto version = parse_version(said->second);
  return version ? std::optional(Fact{*version, Source::option}) : std::nullopt;
}

DomainLint lint_text(const Case& of, const std::string& xml) {
  const auto domain = read_domain(xml, "case.xml");
  EXPECT_TRUE(domain) << domain.error().problem;
  if (!domain) {
    return {};
  }
  const LintHost host = lint_host(of.settings.at("host"));
  LintTarget target{
      .host = &host.host, .gpus = &host.gpus, .others = host.others};
  target.libvirt = version_of(of, "libvirt", {12, 8, 0});
  target.qemu = version_of(of, "qemu", {11, 1, 0});
  if (of.settings.contains("guest-nodes")) {
    target.guest_nodes =
        static_cast<unsigned>(std::stoul(of.settings.at("guest-nodes")));
  }
  if (of.settings.contains("managed")) {
    target.managed = of.settings.at("managed") == "yes";
  }
  Policy policy;
  if (of.settings.contains("domains")) {
    policy.rules.emplace_back().all = true;
    policy.rules.back().domains = {of.settings.at("domains")};
    target.policy = &policy;
  }
  return lint_domain(*domain, target);
}

std::vector<std::string> found(const DomainLint& lint) {
  std::vector<std::string> out;
  for (const auto& finding : lint.findings) {
    out.push_back(std::string(finding.rule->id) + " " +
                  std::to_string(finding.place.line));
  }
  std::ranges::sort(out);
  return out;
}

std::vector<DomainEdit> safe_edits(const DomainLint& lint) {
  std::vector<DomainEdit> edits;
  for (const auto& finding : lint.findings) {
    if (finding.safe) {
      edits.push_back(*finding.safe);
    }
  }
  return edits;
}

std::vector<std::string> ids_of(const DomainLint& lint, bool also_safe) {
  std::vector<std::string> out;
  for (const auto& finding : lint.findings) {
    if (also_safe || !finding.safe) {
      out.emplace_back(finding.rule->id);
    }
  }
  std::ranges::sort(out);
  return out;
}

class LintCase : public testing::TestWithParam<fs::path> {};

TEST_P(LintCase, HasTheFindingsOfItsHeadCommentAndNoOthers) {
  const Case of = read_case(GetParam());
  EXPECT_THAT(found(lint_text(of, of.xml)), ElementsAreArray(of.expected));
}

TEST_P(LintCase, NamesPlaceExpectationSightAndFixOfEachFinding) {
  const Case of = read_case(GetParam());
  for (const auto& finding : lint_text(of, of.xml).findings) {
    EXPECT_TRUE(finding.place.xpath.starts_with("/domain"));
    EXPECT_NE(finding.expected, "") << finding.rule->id;
    EXPECT_NE(finding.seen, "") << finding.rule->id;
    EXPECT_NE(finding.fix, "") << finding.rule->id;
  }
}

TEST_P(LintCase, IsRidOfWhatHasASafeFixAndOfNothingElseByTheFixes) {
  const Case of = read_case(GetParam());
  const DomainLint before = lint_text(of, of.xml);
  const auto fixed = edit_domain(of.xml, "case.xml", safe_edits(before));
  ASSERT_TRUE(fixed) << fixed.error().problem;
  const DomainLint after = lint_text(of, *fixed);
  EXPECT_THAT(safe_edits(after), IsEmpty());
  EXPECT_EQ(ids_of(after, true), ids_of(before, false));
}

std::string name_of_case(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Domains, LintCase, testing::ValuesIn(case_files()),
                         name_of_case);

TEST(LintRules, HaveEachACaseThatBreaksThem) {
  std::set<std::string> broken{"schema"};  // which needs libvirt's files
  for (const auto& path : case_files()) {
    for (const auto& line : read_case(path).expected) {
      broken.insert(line.substr(0, line.find(' ')));
    }
  }
  for (const auto& rule : lint_rules()) {
    EXPECT_TRUE(broken.contains(std::string(rule.id))) << rule.id;
  }
}

TEST(LintRules, HaveEachIdOnceInKebabCase) {
  std::set<std::string_view> ids;
  for (const auto& rule : lint_rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_EQ(rule.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"),
              std::string_view::npos)
        << rule.id;
    EXPECT_FALSE(rule.title.empty() || rule.title.ends_with('.')) << rule.id;
  }
}

Case case_named(const std::string& name) {
  return read_case(std::string(TEST_DATA_DIR) + "/lint/" + name + ".xml");
}

TEST(Lint, SaysNothingAboutADomainWithoutAGraceGpu) {
  const Case of = case_named("no-gpu");
  EXPECT_THAT(lint_text(of, of.xml).gpus, IsEmpty());
}

TEST(Lint, ListsTheGpusOfADomainByAddress) {
  const Case of = case_named("good-two");
  EXPECT_THAT(
      lint_text(of, of.xml).gpus,
      testing::ElementsAre(PciAddress{9, 1, 0, 0}, PciAddress{0x19, 1, 0, 0}));
}

TEST(Lint, SaysHowManyCellsTheGpuNeedsAndWhichItHas) {
  const Case of = case_named("gi-count");
  const auto lint = lint_text(of, of.xml);
  const auto finding = std::ranges::find_if(
      lint.findings, [](const auto& at) { return at.rule->id == "gi-count"; });
  ASSERT_NE(finding, lint.findings.end());
  EXPECT_EQ(finding->rule->severity, LintSeverity::error);
  EXPECT_EQ(finding->place.xpath, "/domain/devices/hostdev");
  EXPECT_EQ(finding->expected, "8 cells for 0009:01:00.0");
  EXPECT_EQ(finding->seen, "7: 1-7");
}

TEST(Lint, GivesTheHostsReasonForAGpuThatIsBlocked) {
  const Case of = case_named("gpu-blocked");
  const auto lint = lint_text(of, of.xml);
  ASSERT_THAT(lint.findings, SizeIs(2));
  EXPECT_EQ(lint.findings[0].reason, "NVG-E030");
  EXPECT_EQ(lint.findings[0].seen,
            "NVG-E030 no-iommu-group: no iommu_group link");
  EXPECT_EQ(lint.findings[1].reason, "NVG-W052");
}

TEST(Lint, ComputesTheWindowFromTheGpus) {
  const Case of = case_named("window-small");
  const auto lint = lint_text(of, of.xml);
  ASSERT_THAT(lint.findings, SizeIs(1));
  EXPECT_EQ(lint.findings[0].expected, "at least 1 TiB");
  EXPECT_EQ(lint.findings[0].seen, "512 GiB");
}

TEST(Lint, RaisesTheWindowThatIsSaidToQemuAndKeepsTheRest) {
  const Case of = case_named("window-legacy");
  const auto edits = safe_edits(lint_text(of, of.xml));
  ASSERT_THAT(edits, SizeIs(1));
  EXPECT_EQ(edits[0].value, "highmem-mmio-size=1024G,gic-version=3");
}

TEST(Lint, AddsNoWindowForALibvirtThatMayRefuseIt) {
  const Case none = case_named("window-none-unknown");
  EXPECT_THAT(safe_edits(lint_text(none, none.xml)), IsEmpty());
  Case small = case_named("window-small");
  small.settings["libvirt"] = "unknown";
  EXPECT_THAT(safe_edits(lint_text(small, small.xml)), SizeIs(1));
}

TEST(Lint, DoesNotGuessAValueThatIsTooSmall) {
  const Case of = case_named("smmu-oas-small");
  EXPECT_THAT(safe_edits(lint_text(of, of.xml)), IsEmpty());
}

TEST(Lint, HasAnEndToWhatItFinds) {
  Case of = case_named("gpu-absent");
  std::string many;
  for (int i = 0; i < 2000; ++i) {
    many += "<controller type='pci' index='none'/>";
  }
  of.xml.insert(of.xml.find("<memballoon"), many);
  const DomainLint lint = lint_text(of, of.xml);
  EXPECT_THAT(lint.findings, SizeIs(500));
  EXPECT_EQ(lint.left_out, 1501U);
}

std::string with_each(std::string text, const std::string& from,
                      const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// The GPU without an alias of its own, behind `before` in <devices>, and cells
// for `device`.
std::vector<std::string> ids_with_alias(const std::string& device,
                                        const std::string& before) {
  const Case of = case_named("good-legacy");
  std::string xml = with_each(of.xml, "<alias name='ua-gpu0'/>", "");
  xml = with_each(xml, "pci-dev=ua-gpu0", "pci-dev=" + device);
  xml.insert(xml.find("<devices>") + 9, before);
  return ids_of(lint_text(of, xml), true);
}

TEST(Lint, NumbersAliasesAsLibvirtDoes) {
  EXPECT_THAT(ids_with_alias("hostdev0", ""), IsEmpty());
  const std::string nic =
      "<interface type='hostdev'><source><address type='pci' domain='0x0002' "
      "bus='0x01' slot='0' function='0'/></source></interface>";
  EXPECT_THAT(ids_with_alias("hostdev1", nic), IsEmpty());
  EXPECT_THAT(ids_with_alias("hostdev0", nic), testing::Contains("gi-missing"));
  // An alias of one's own takes no number.
  const std::string named =
      "<hostdev mode='subsystem' type='usb'><alias name='ua-usb'/></hostdev>";
  EXPECT_THAT(ids_with_alias("hostdev0", named), IsEmpty());
  EXPECT_THAT(ids_with_alias("hostdev1", named + nic), IsEmpty());
}

// 64 GiB need 128 pages of 512 MiB, and the host has 64 of them.
TEST(Lint, CountsThePagesOfNamedCells) {
  const Case of = case_named("hugepage-few");
  const std::string gpu = with_each(of.xml, "<page ", "<page nodeset='1' ");
  EXPECT_THAT(ids_of(lint_text(of, gpu), true), IsEmpty());
  const std::string cpu = with_each(of.xml, "<page ", "<page nodeset='0' ");
  EXPECT_THAT(ids_of(lint_text(of, cpu), true),
              testing::ElementsAre("hugepage-few"));
}

TEST(Lint, CountsThePagesOfTheCellsThatNoOtherPageNames) {
  Case of = case_named("good-two");
  of.xml.insert(of.xml.find("<vcpu"),
                "<memoryBacking><hugepages><page size='512' unit='MiB'/>"
                "<page size='64' unit='KiB' nodeset='1'/></hugepages>"
                "</memoryBacking>");
  EXPECT_THAT(ids_of(lint_text(of, of.xml), true), IsEmpty());
  const std::string more =
      with_each(of.xml, "nodeset='1'/></huge", "nodeset='9'/></huge");
  EXPECT_THAT(ids_of(lint_text(of, more), true),
              testing::ElementsAre("hugepage-few"));
}

TEST(Lint, HoldsTheUsualPageAgainstACellWhereNoneIsNamed) {
  const Case of = case_named("hugepage-part");
  const std::string usual =
      with_each(of.xml, "<page size='512' unit='MiB'/>", "");
  ASSERT_NE(usual, of.xml);
  EXPECT_THAT(ids_of(lint_text(of, usual), true),
              testing::ElementsAre("hugepage-part"));
}

TEST(Lint, AddsUpTheMemoryOfCellsWhateverMemorySays) {
  const Case over = case_named("memory-over-host");
  const std::string unsaid = with_each(
      over.xml, "<memory unit='TiB'>2</memory>", "<memory>1</memory>");
  EXPECT_THAT(ids_of(lint_text(over, unsaid), true),
              testing::ElementsAre("memory-over-host"));
  const Case low = case_named("memlock-low");
  const std::string less = with_each(low.xml, "<memory unit='GiB'>64</memory>",
                                     "<memory>1</memory>");
  ASSERT_NE(less, low.xml);
  EXPECT_THAT(ids_of(lint_text(low, less), true),
              testing::ElementsAre("memlock-low"));
}

TEST(Lint, JudgesADistanceThatItsWayBackHides) {
  const Case of = case_named("good-native");
  const std::string hidden = with_each(
      with_each(of.xml,
                "<cell id='0' cpus='0-15' memory='64' unit='GiB'>"
                "<distances><sibling id='1' value='80'/>",
                "<cell id='0' cpus='0-15' memory='64' unit='GiB'><distances>"
                "<sibling id='1' value='9'/>"),
      "<cell id='1' memory='0' unit='KiB'><distances>",
      "<cell id='1' memory='0' unit='KiB'><distances>"
      "<sibling id='0' value='80'/>");
  EXPECT_THAT(ids_of(lint_text(of, hidden), true),
              testing::ElementsAre("distance-value"));
}

TEST(Lint, ReadsWhereVcpusWithoutAPinOfTheirOwnRun) {
  const Case of = case_named("good-two");
  const auto ids = [&](const std::string& cpus) {
    return ids_of(lint_text(of, with_each(of.xml, "placement='static'",
                                          "cpuset='" + cpus + "'")),
                  true);
  };
  // Each socket has a GPU.
  EXPECT_THAT(ids("0-71"), testing::ElementsAre("pin-socket"));
  EXPECT_THAT(ids("200"),
              testing::ElementsAre("pin-absent", "pin-socket", "pin-socket"));
  const std::string pinned =
      with_each(with_each(of.xml, "placement='static'", "cpuset='0-71'"),
                "<numatune>", "<cputune>@</cputune><numatune>");
  std::string pins;
  for (int vcpu = 8; vcpu < 16; ++vcpu) {
    pins += "<vcpupin vcpu='" + std::to_string(vcpu) + "' cpuset='72-143'/>";
  }
  EXPECT_THAT(ids_of(lint_text(of, with_each(pinned, "@", pins)), true),
              IsEmpty());
}

TEST(Lint, AddsNoWindowBesideOneThatCannotBeRead) {
  const Case of = case_named("window-none");
  const std::string bad =
      with_each(of.xml, "model='pcie-root'>",
                "model='pcie-root'><pcihole64 unit='TiB'>one</pcihole64>");
  ASSERT_NE(bad, of.xml);
  const auto lint = lint_text(of, bad);
  EXPECT_THAT(ids_of(lint, true), testing::Contains("value-unreadable"));
  EXPECT_THAT(ids_of(lint, false), testing::Contains("window-small"));
}

TEST(Lint, LeavesMemoryOfEgmToTheFork) {
  Case of = case_named("memory-over-host");
  of.xml.insert(of.xml.find("<memballoon"), "<memory model='egm'/>");
  EXPECT_THAT(ids_of(lint_text(of, of.xml), true),
              testing::Not(testing::Contains("memory-over-host")));
}

TEST(Lint, FindsCellsBoundToNodesOfGpus) {
  const Case of = case_named("memory-over-node");
  const std::string gpu = with_each(of.xml, "nodeset='0'", "nodeset='8'");
  EXPECT_THAT(found(lint_text(of, gpu)),
              testing::Contains("memory-over-host 10"));
}

TEST(Lint, KeepsTheErrorsWhereItFindsTooMuch) {
  Case of = case_named("gpu-absent");
  std::string many;
  for (int i = 0; i < 2000; ++i) {
    many += "<memory model='egm'/>";
  }
  of.xml.insert(of.xml.find("<memballoon"), many);
  EXPECT_THAT(ids_of(lint_text(of, of.xml), true),
              testing::Contains("gpu-absent"));
}

TEST(WorstFinding, IsTheGravest) {
  const auto remark = lint_finding("rom-bar", {}, "", "", "");
  const auto warning = lint_finding("cell-order", {}, "", "", "");
  const auto error = lint_finding("gi-missing", {}, "", "", "");
  EXPECT_EQ(worst_of(std::vector{remark, error, warning}), LintSeverity::error);
  EXPECT_EQ(worst_of(std::vector{remark, warning}), LintSeverity::warning);
  EXPECT_EQ(worst_of({}), std::nullopt);
}

}  // namespace
}  // namespace nvgpuctl
