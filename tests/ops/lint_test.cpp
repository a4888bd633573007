// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/lint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "support/fake_root.hpp"
#include "support/lint_host.hpp"
#include "support/tiny_schemas.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kSchema = "/usr/share/libvirt/schemas/domain.rng";

std::string domain_of(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(std::string(TEST_DATA_DIR) + "/lint/" + name + ".xml")
              .rdbuf();
  return text.str();
}

class LintedDomains : public testing::Test {
 protected:
  Result<LintedDomain> lint(const std::string& xml) {
    LintHost host = lint_host("one");
    const Inventory inventory{
        std::move(host.host), std::move(host.gpus), {}, {}};
    return nvgpuctl::lint(fake_.open(), inventory, {"guest.xml", xml},
                          options_);
  }
  // Of what must succeed.
  LintedDomain linted(const std::string& name) {
    auto result = lint(domain_of(name));
    EXPECT_TRUE(result) << result.error().problem;
    return result ? std::move(*result) : LintedDomain{};
  }
  static std::vector<std::string> ids(const std::vector<LintFinding>& of) {
    std::vector<std::string> out;
    for (const auto& finding : of) {
      out.emplace_back(finding.rule->id);
    }
    return out;
  }

  FakeRoot fake_;
  LintOptions options_;
};

TEST_F(LintedDomains, AreJudgedForTheHostsVersions) {
  const auto domain = linted("good-native");
  EXPECT_EQ(domain.source, "guest.xml");
  EXPECT_EQ(domain.name, "grace");
  EXPECT_THAT(domain.lint.gpus, ElementsAre(PciAddress{9, 1, 0, 0}));
  EXPECT_THAT(ids(domain.lint.findings), IsEmpty());
}

TEST_F(LintedDomains, AreJudgedForVersionsOfOptionsInstead) {
  options_.libvirt = Version{11, 3, 0};
  options_.qemu = Version{10, 0, 0};
  EXPECT_THAT(ids(linted("good-native").lint.findings),
              testing::Contains("window-refused"));
  EXPECT_THAT(ids(linted("good-legacy").lint.findings), IsEmpty());
}

TEST_F(LintedDomains, SayThatThereIsNoSchema) {
  EXPECT_EQ(linted("good-native").schema_note,
            "not checked against a schema: there is no libvirt schema on this "
            "host; --schema FILE names one");
}

TEST_F(LintedDomains, AreHeldAgainstTheHostsSchema) {
  fake_.file(kSchema, kAnything);
  const auto domain = linted("good-native");
  EXPECT_EQ(domain.schema_note,
            "checked against /usr/share/libvirt/schemas/domain.rng");
  EXPECT_THAT(ids(domain.lint.findings), IsEmpty());
}

TEST_F(LintedDomains, AreNotHeldAgainstTheHostsSchemaForAnotherLibvirt) {
  fake_.file(kSchema, kNothing);
  options_.libvirt = Version{12, 7, 0};
  const auto domain = linted("good-native");
  EXPECT_THAT(
      domain.schema_note,
      StartsWith("not checked against a schema: the installed one is not "
                 "that of --libvirt"));
  EXPECT_THAT(ids(domain.lint.findings), IsEmpty());
}

TEST_F(LintedDomains, HaveAFindingForWhatTheSchemaDoesNotKnow) {
  fake_.file(kSchema, kNothing);
  // Without what would be newer than such a schema.
  std::string xml = domain_of("good-legacy");
  const std::string model = " model='nvgrace_gpu_vfio_pci'";
  xml.erase(xml.find(model), model.size());
  const auto result = lint(xml);
  ASSERT_TRUE(result);
  const auto& domain = *result;
  ASSERT_FALSE(domain.lint.findings.empty());
  const auto& finding = domain.lint.findings.front();
  ASSERT_EQ(finding.rule->id, "schema");
  EXPECT_GT(finding.place.line, 0);
  EXPECT_THAT(finding.seen, HasSubstr("the schema knows no "));
  EXPECT_EQ(finding.expected,
            "what is in /usr/share/libvirt/schemas/domain.rng");
}

TEST_F(LintedDomains, SayWhatASchemaIsTooOldFor) {
  fake_.file(kSchema, kNothing);
  const auto domain = linted("good-native");
  EXPECT_THAT(domain.schema_note,
              HasSubstr("not checked against /usr/share/libvirt/schemas/"
                        "domain.rng: schema too old for this domain: it has "
                        "no "));
  EXPECT_THAT(domain.lint.findings, IsEmpty());
}

TEST_F(LintedDomains, NeedTheSchemaThatWasAskedFor) {
  options_.schema = fake_.path("/nowhere/domain.rng").string();
  const auto result = lint(domain_of("good-native"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::not_found);
}

TEST_F(LintedDomains, OfOthersAreNotHeldAgainstASchema) {
  fake_.file(kSchema, kNothing);
  const auto domain = linted("no-gpu");
  EXPECT_THAT(domain.lint.gpus, IsEmpty());
  EXPECT_THAT(domain.lint.findings, IsEmpty());
  EXPECT_EQ(domain.schema_note, "");
}

TEST_F(LintedDomains, AreNotFixedUnlessAskedTo) {
  EXPECT_EQ(linted("kubevirt").fixed, std::nullopt);
}

TEST_F(LintedDomains, AreFixedWhereThatIsSafeAndSayWhatIsLeft) {
  options_.fix = true;
  const auto domain = linted("kubevirt");
  ASSERT_TRUE(domain.fixed);
  EXPECT_THAT(*domain.fixed, HasSubstr(" ssidsize='20'"));
  EXPECT_THAT(*domain.fixed, HasSubstr("model='nvgrace_gpu_vfio_pci'"));
  EXPECT_THAT(ids(domain.left), ElementsAre("rom-bar"));
}

TEST_F(LintedDomains, StayByteForByteWhenNothingIsToBeFixed) {
  options_.fix = true;
  EXPECT_EQ(linted("gi-count").fixed, domain_of("gi-count"));
  EXPECT_EQ(linted("no-gpu").fixed, domain_of("no-gpu"));
}

TEST_F(LintedDomains, AreRefusedWhenTheyAreNone) {
  const auto result = lint("<network/>");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::malformed);
  EXPECT_EQ(result.error().subject, "guest.xml");
  EXPECT_EQ(result.error().problem, "its root is <network>, not <domain>");
}

}  // namespace
}  // namespace nvgpuctl
