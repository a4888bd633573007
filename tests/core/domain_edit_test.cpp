// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_edit.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace nvgpuctl {
namespace {

using Kind = DomainEdit::Kind;

constexpr std::string_view kDomain = R"(<!-- mine -->
<domain xmlns:x='urn:x' type='kvm'>
  <x:own>kept &amp; <b/></x:own>
  <devices>
    <controller index='0'/>
    <controller index='1'>
      <pcihole64 unit='TiB'>3</pcihole64>
    </controller>
    <iommu><driver ssidSize='20' oas='48'/></iommu>
  </devices>
</domain>
)";

std::string edited(const std::vector<DomainEdit>& edits) {
  const auto text = edit_domain(kDomain, "guest.xml", edits);
  EXPECT_TRUE(text) << text.error().problem;
  return text.value_or("");
}

// The domain with one piece of text in place of another.
std::string with(std::string_view before, std::string_view after) {
  std::string text(kDomain);
  return text.replace(text.find(before), before.size(), after);
}

TEST(EditedDomain, IsTheSameByteForByteWithoutEdits) {
  EXPECT_EQ(edited({}), kDomain);
}

TEST(EditedDomain, HasTheAttributeChangedAndNothingElse) {
  EXPECT_EQ(edited({{Kind::set_attribute, "/domain/devices/iommu/driver", "oas",
                     "44", ""}}),
            with("oas='48'", "oas='44'"));
}

TEST(EditedDomain, HasARenamedAttributeInItsPlace) {
  EXPECT_EQ(edited({{Kind::rename_attribute, "/domain/devices/iommu/driver",
                     "ssidSize", "ssidsize", ""}}),
            with("ssidSize", "ssidsize"));
}

TEST(EditedDomain, KeepsAnAttributeThatHasTheNewNameAlready) {
  EXPECT_EQ(edited({{Kind::rename_attribute, "/domain/devices/iommu/driver",
                     "ssidSize", "oas", ""}}),
            kDomain);
}

TEST(EditedDomain, HasANewTextWithItsUnit) {
  EXPECT_EQ(edited({{Kind::set_text, "/domain/devices/controller[2]/pcihole64",
                     "", "4096", "GiB"}}),
            with("<pcihole64 unit='TiB'>3<", "<pcihole64 unit='GiB'>4096<"));
}

TEST(EditedDomain, HasANewChildIndentedLikeTheRest) {
  EXPECT_EQ(edited({{Kind::add_first_child, "/domain/devices/controller[1]",
                     "pcihole64", "1024", "GiB"}}),
            with("<controller index='0'/>",
                 "<controller index='0'>\n"
                 "      <pcihole64 unit='GiB'>1024</pcihole64>\n"
                 "    </controller>"));
}

TEST(EditedDomain, IsRefusedWhenTheElementIsNotThere) {
  for (const auto* path :
       {"/domain/devices/controller[3]", "/domain/devices/controller[0]",
        "/domain/x", "/other", "", "/domain/devices/controller[x"}) {
    const auto text = edit_domain(
        kDomain, "guest.xml",
        std::vector<DomainEdit>{{Kind::set_attribute, path, "a", "b", ""}});
    ASSERT_FALSE(text) << path;
    EXPECT_EQ(text.error().code, Errc::malformed);
    EXPECT_EQ(text.error().problem, std::string("has no element ") + path);
  }
}

TEST(EditedDomain, IsRefusedWhenItIsNoXml) {
  const auto text = edit_domain("<domain", "guest.xml", {});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, Errc::malformed);
  EXPECT_EQ(text.error().subject, "guest.xml");
}

}  // namespace
}  // namespace nvgpuctl
