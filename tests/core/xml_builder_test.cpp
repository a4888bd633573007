// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/xml_builder.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

TEST(XmlDocument, IndentsByTwoSpaces) {
  const XmlDocument document("a");
  document.root().child("b").attribute("n", 1).child("c", "text");
  EXPECT_EQ(document.text(),
            "<a>\n  <b n=\"1\">\n    <c>text</c>\n  </b>\n</a>\n");
}

TEST(XmlDocument, EscapesTextFromOutside) {
  const XmlDocument document("a");
  document.root().attribute("n", "<\"&'>").child("b", "</b>&amp;");
  EXPECT_EQ(document.text(),
            "<a n=\"&lt;&quot;&amp;'&gt;\">\n"
            "  <b>&lt;/b&gt;&amp;amp;</b>\n</a>\n");
}

TEST(XmlDocument, ReplacesWhatXmlCannotCarry) {
  const XmlDocument document("a");
  document.root().child("b", std::string_view("x\0\x1b[1m", 6));
  document.root().child("c", "\xff\xfe");
  document.root().child("d", "GH200 \xc2\xb5");
  EXPECT_EQ(document.text(),
            "<a>\n  <b>x??[1m</b>\n  <c>?\?</c>\n  <d>GH200 \xc2\xb5</d>\n"
            "</a>\n");
}

TEST(XmlDocument, NeverEndsACommentEarly) {
  const XmlDocument document("a");
  document.root().comment("--> <evil/> <!-- --- -");
  EXPECT_EQ(document.text(),
            "<a>\n  <!-- - -> <evil/> <!- - - - - - -->\n</a>\n");
}

TEST(XmlDocument, KeepsChildrenOfAPrefixedRootPlain) {
  const XmlDocument document("p:a", "urn:p");
  document.root().declare_namespace("q", "urn:q");
  document.root().child("b");
  document.root().child("q:c").child("d");
  EXPECT_EQ(document.text(),
            "<p:a xmlns:p=\"urn:p\" xmlns:q=\"urn:q\">\n  <b/>\n"
            "  <q:c>\n    <d/>\n  </q:c>\n</p:a>\n");
}

TEST(StandaloneText, DeclaresWhatTheDocumentDeclared) {
  const XmlDocument document("a");
  document.root().declare_namespace("q", "urn:q");
  const XmlElement part = document.root().child("q:c");
  part.child("q:d");
  EXPECT_EQ(standalone_text(part),
            "<q:c xmlns:q=\"urn:q\">\n  <q:d/>\n</q:c>\n");
}

TEST(XmlElement, MakesANeededChildOnlyOnce) {
  const XmlDocument document("a");
  document.root().need("b").attribute("n", 1);
  document.root().need("b").attribute("m", 2);
  EXPECT_EQ(document.text(), "<a>\n  <b n=\"1\" m=\"2\"/>\n</a>\n");
}

}  // namespace
}  // namespace nvgpuctl
