// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/libvirt_domains.hpp"

#include <gmock/gmock.h>

#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// libvirt's test driver: one domain, "test", anew for each connection.
LibvirtService test_driver() {
  return {.uri = "test:///default"};
}

std::string with(std::string text, std::string_view old,
                 std::string_view replacement) {
  const auto at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return text.replace(at, old.size(), replacement);
}

TEST(LibvirtDomains, ListsAllDomains) {
  EXPECT_THAT(*list_domains(test_driver()), ElementsAre("test"));
}

TEST(LibvirtDomains, ReadsADefinitionByNameAndByUuid) {
  const auto by_name = inactive_xml("test", Secrets::leave_out, test_driver());
  ASSERT_TRUE(by_name) << by_name.error().problem;
  EXPECT_THAT(*by_name, HasSubstr("<name>test</name>"));
  EXPECT_EQ(*inactive_xml("6695eb01-f6a4-8304-79aa-97f2502e193f",
                          Secrets::leave_out, test_driver()),
            *by_name);
}

TEST(LibvirtDomains, SaysThatThereIsNoSuchDomain) {
  const auto xml = inactive_xml("absent", Secrets::leave_out, test_driver());
  ASSERT_FALSE(xml);
  EXPECT_EQ(xml.error().code, Errc::not_found);
  EXPECT_EQ(xml.error().subject, "domain absent");
  EXPECT_EQ(xml.error().problem, "Domain not found");
}

TEST(LibvirtDomains, DefinesADomainAndReadsItBack) {
  const std::string old =
      *inactive_xml("test", Secrets::include, test_driver());
  const auto defined = define_domain(
      {.old_xml = old,
       .new_xml = with(old, "<name>", "<title>anew</title><unknown/><name>"),
       .validate = false},
      test_driver());
  ASSERT_TRUE(defined) << defined.error().problem;
  EXPECT_THAT(*defined, HasSubstr("<title>anew</title>"));
  EXPECT_THAT(*defined, Not(HasSubstr("unknown")));
}

TEST(LibvirtDomains, DefinesNothingThatTheSchemaRefuses) {
  const std::string old =
      *inactive_xml("test", Secrets::include, test_driver());
  const auto defined = define_domain(
      {.old_xml = old, .new_xml = with(old, "<name>", "<unknown/><name>")},
      test_driver());
  ASSERT_FALSE(defined);
  EXPECT_EQ(defined.error().code, Errc::io);
  EXPECT_THAT(defined.error().problem, HasSubstr("XML document failed to"));
}

TEST(LibvirtDomains, DefinesNothingThatSomebodyHasChangedMeanwhile) {
  const std::string old =
      *inactive_xml("test", Secrets::include, test_driver());
  const auto defined =
      define_domain({.old_xml = old + " ", .new_xml = old}, test_driver());
  ASSERT_FALSE(defined);
  EXPECT_EQ(defined.error().code, Errc::busy);
  EXPECT_EQ(defined.error().problem,
            "somebody has changed it since it was read");
}

// libvirt's test driver with a domain of ours.
Result<std::string> define_again(const std::string& name,
                                 const std::string& state) {
  FakeRoot root;
  root.file("/node.xml",
            "<node><domain type='test' xmlns:test='http://libvirt.org/schemas/"
            "domain/test/1.0'><name>" +
                name +
                "</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e1931</uuid>"
                "<memory>8192</memory><os><type>hvm</type></os>" +
                state + "</domain></node>");
  const LibvirtService service{.uri =
                                   "test://" + root.path("/node.xml").string()};
  const auto old = inactive_xml(name, Secrets::include, service);
  EXPECT_TRUE(old) << old.error().problem;
  return old ? define_domain({.old_xml = *old, .new_xml = *old}, service) : old;
}

TEST(LibvirtDomains, DoesNotKeepADomainThatIsTransient) {
  const auto defined = define_again("passing", "<test:transient/>");
  ASSERT_FALSE(defined);
  EXPECT_EQ(defined.error().code, Errc::unsupported);
  EXPECT_EQ(defined.error().problem,
            "is transient, and defining it would keep it for ever");
}

TEST(LibvirtDomains, DoesNotDefineWhatASavedStateHides) {
  const auto defined = define_again(
      "saved", "<test:hasmanagedsave/><test:runstate>5</test:runstate>");
  ASSERT_FALSE(defined);
  EXPECT_EQ(defined.error().code, Errc::busy);
  EXPECT_EQ(defined.error().problem,
            "has a saved state, from which it starts as it was before");
}

TEST(LibvirtDomains, SaysThatLibvirtIsNotInstalled) {
  const auto names = list_domains({.library = "libvirt-is-absent.so.0"});
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().problem, "libvirt is not installed");
}

TEST(LibvirtDomains, GivesUpOnADaemonThatNeverAnswers) {
  const auto xml = inactive_xml(
      "guest", Secrets::include,
      {.library = HANGING_LIBVIRT, .deadline = std::chrono::milliseconds(200)});
  ASSERT_FALSE(xml);
  EXPECT_EQ(xml.error().problem, "qemu:///system did not answer within 200 ms");
}

TEST(LibvirtDomains, SaysThatThereIsNoDaemon) {
  const auto xml = inactive_xml(
      "guest", Secrets::leave_out,
      {.uri = "qemu+unix:///system?socket=/nonexistent/libvirt-sock"});
  ASSERT_FALSE(xml);
  EXPECT_EQ(xml.error().code, Errc::io);
  EXPECT_THAT(xml.error().problem, HasSubstr("/nonexistent/libvirt-sock"));
}

}  // namespace
}  // namespace nvgpuctl
