// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/domain_schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "core/domain_xml.hpp"
#include "support/domain_requests.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Outcome = SchemaVerdict::Outcome;

// Debian 12's own: libvirt 9.0. The tests in tests/libvirt ask newer ones.
DomainSchema installed_schema() {
  auto root = RootDir::open("/");
  auto schema = find_domain_schema(root.value());
  EXPECT_TRUE(schema) << schema.error().problem;
  return schema.value();
}

std::string domain_for(Version libvirt, Version qemu) {
  DomainRequest request = hopper_request();
  request.libvirt.value = libvirt;
  request.qemu.value = qemu;
  request.profile = choose_profile(libvirt, qemu).value();
  request.whole_domain = true;
  return generate_domain(request).value().xml;
}

std::string legacy_domain() {
  return domain_for({9, 7, 0}, {10, 0, 0});
}

std::string replaced(std::string text, const std::string& what,
                     const std::string& with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

SchemaVerdict verdict_on(const std::string& xml) {
  auto verdict = validate_domain(xml, installed_schema());
  EXPECT_TRUE(verdict) << verdict.error().problem;
  return verdict ? *verdict : SchemaVerdict{};
}

TEST(DomainSchema, AcceptsALegacyDomain) {
  const auto verdict = verdict_on(legacy_domain());
  EXPECT_EQ(verdict.outcome, Outcome::valid);
  EXPECT_THAT(verdict.messages, IsEmpty());
}

TEST(DomainSchema, IsTooOldForANativeDomain) {
  const auto verdict = verdict_on(domain_for({12, 8, 0}, {11, 1, 0}));
  EXPECT_EQ(verdict.outcome, Outcome::too_old);
  EXPECT_THAT(verdict.messages,
              ElementsAre("schema too old for this domain: it has no <driver "
                          "model=> in <hostdev> (libvirt 10.0)",
                          "schema too old for this domain: it has no <acpi "
                          "nodeset=> in <hostdev> (libvirt 11.8)"));
}

TEST(DomainSchema, NamesAnUnknownAttributeAndWhatWasMeant) {
  const auto verdict =
      verdict_on(replaced(legacy_domain(), "managed=", "managd="));
  EXPECT_EQ(verdict.outcome, Outcome::invalid);
  EXPECT_THAT(verdict.messages,
              ElementsAre("line 40: <hostdev>: the schema knows no attribute "
                          "'managd'; did you mean 'managed'?"));
}

TEST(DomainSchema, NamesAnUnknownElement) {
  const auto verdict =
      verdict_on(replaced(legacy_domain(), "<acpi/>", "<apci/>"));
  EXPECT_EQ(verdict.outcome, Outcome::invalid);
  ASSERT_EQ(verdict.messages.size(), 1U);
  EXPECT_THAT(verdict.messages[0],
              HasSubstr("the schema knows no element <apci>; did you mean"));
}

TEST(DomainSchema, TellsTheBadDeviceFromTheGoodOnes) {
  const auto verdict = verdict_on(
      replaced(legacy_domain(), "managed=\"no\"", "managed=\"perhaps\""));
  EXPECT_EQ(verdict.outcome, Outcome::invalid);
  ASSERT_EQ(verdict.messages.size(), 1U);
  EXPECT_THAT(verdict.messages[0],
              StartsWith("line 40: <hostdev> does not match the schema: "));
}

TEST(DomainSchema, SaysAtLeastThatSomethingIsWrong) {
  const auto verdict = verdict_on("<domain type='kvm'/>");
  EXPECT_EQ(verdict.outcome, Outcome::invalid);
  EXPECT_THAT(verdict.messages, Not(IsEmpty()));
}

TEST(DomainSchema, GivesTheLineOfWhatIsNoXml) {
  const auto verdict =
      validate_domain("<domain>\n<name>x\n</domain>", installed_schema());
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Errc::malformed);
  EXPECT_EQ(verdict.error().subject, "domain XML");
  EXPECT_THAT(verdict.error().problem,
              StartsWith("line 3: Opening and ending"));
  EXPECT_FALSE(validate_domain("", installed_schema()));
}

TEST(DomainSchema, ReadsNoFileThatADomainNames) {
  const auto verdict = validate_domain(
      "<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
      "<domain type='kvm'><name>&x;</name></domain>",
      installed_schema());
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->outcome, Outcome::invalid);
  for (const std::string& message : verdict->messages) {
    EXPECT_THAT(message, Not(HasSubstr("root:")));
  }
}

TEST(DomainSchema, DoesNotExpandEntitiesWithoutEnd) {
  std::string xml = "<!DOCTYPE domain [<!ENTITY e0 'aaaaaaaaaa'>";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "&e" + std::to_string(i - 1) + ";";
    xml += "<!ENTITY e" + std::to_string(i) + " '";
    for (int n = 0; n < 10; ++n) {
      xml += last;
    }
    xml += "'>";
  }
  xml += "]><domain type='kvm'><name>&e11;</name></domain>";
  const auto start = std::chrono::steady_clock::now();
  const auto verdict = validate_domain(xml, installed_schema());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_TRUE(!verdict || verdict->outcome == Outcome::invalid);
}

TEST(DomainSchema, SurvivesDeepNesting) {
  std::string xml = "<domain type='kvm'>";
  for (int i = 0; i < 100; ++i) {
    xml += "<devices>";
  }
  for (int i = 0; i < 100; ++i) {
    xml += "</devices>";
  }
  EXPECT_EQ(verdict_on(xml + "</domain>").outcome, Outcome::invalid);
}

// A directory with a domain.rng of the test's own.
class OwnSchema : public testing::Test {
 public:
  OwnSchema(const OwnSchema&) = delete;
  OwnSchema& operator=(const OwnSchema&) = delete;

 protected:
  OwnSchema()
      : directory_(testing::TempDir() + "/nvgpuctl-schema-" +
                   std::to_string(::getpid())) {
    std::filesystem::create_directories(directory_);
  }
  ~OwnSchema() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ + "/" + name) << text;
    return directory_ + "/" + name;
  }

  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
};

constexpr auto kGrammar =
    "<grammar xmlns='http://relaxng.org/ns/structure/1.0'>";

TEST_F(OwnSchema, IncludesTheFilesBesideIt) {
  write("a.rng", std::string(kGrammar) +
                     "<define name='d'><element name='domain'><empty/>"
                     "</element></define></grammar>");
  const auto file = write(
      "domain.rng", std::string(kGrammar) +
                        "<include href='a.rng'/><start><ref name='d'/></start>"
                        "</grammar>");
  const auto schema = find_domain_schema(file);
  ASSERT_TRUE(schema);
  EXPECT_EQ(validate_domain("<domain/>", *schema)->outcome, Outcome::valid);
  EXPECT_EQ(validate_domain("<domain><x/></domain>", *schema)->outcome,
            Outcome::invalid);
}

TEST_F(OwnSchema, CannotIncludeFilesFromElsewhere) {
  const auto file = write(
      "domain.rng",
      std::string(kGrammar) +
          "<include href='/usr/share/libvirt/schemas/basictypes.rng'/>"
          "<start><element name='domain'><empty/></element></start></grammar>");
  const auto schema = find_domain_schema(file);
  ASSERT_TRUE(schema);
  const auto verdict = validate_domain("<domain/>", *schema);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Errc::malformed);
  EXPECT_EQ(verdict.error().subject, file);
}

TEST_F(OwnSchema, ThatIncludesItselfIsRefused) {
  const auto file =
      write("domain.rng",
            std::string(kGrammar) + "<include href='domain.rng'/></grammar>");
  const auto schema = find_domain_schema(file);
  ASSERT_TRUE(schema);
  EXPECT_FALSE(validate_domain("<domain/>", *schema));
}

TEST_F(OwnSchema, ThatIsNoXmlIsRefusedWithItsPlace) {
  const auto file = write("domain.rng", "<grammar>\n<oops");
  const auto schema = find_domain_schema(file);
  ASSERT_TRUE(schema);
  const auto verdict = validate_domain("<domain/>", *schema);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().subject, file);
  EXPECT_THAT(verdict.error().problem, StartsWith("line 2: "));
}

TEST_F(OwnSchema, ThatIsMissingIsSaidWithThePackageThatHasIt) {
  const auto schema = find_domain_schema(directory() + "/domain.rng");
  ASSERT_FALSE(schema);
  EXPECT_EQ(schema.error().code, Errc::not_found);
  EXPECT_EQ(schema.error().problem, "there is no such schema");
  EXPECT_THAT(schema.error().hint, HasSubstr("libvirt-common"));
  const auto root = RootDir::open(directory());
  const auto captured = find_domain_schema(root.value());
  ASSERT_FALSE(captured);
  EXPECT_EQ(captured.error().code, Errc::not_found);
  EXPECT_EQ(captured.error().subject, "/usr/share/libvirt/schemas/domain.rng");
}

TEST_F(OwnSchema, MustBeNamedDomainRng) {
  const auto schema = find_domain_schema(directory() + "/network.rng");
  ASSERT_FALSE(schema);
  EXPECT_EQ(schema.error().code, Errc::usage);
}

}  // namespace
}  // namespace nvgpuctl
