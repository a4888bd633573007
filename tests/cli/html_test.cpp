// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/main_cli.hpp"
#include "cli/markup.hpp"
#include "cli/output_html.hpp"
#include "cli/samples.hpp"
#include "support/fake_root.hpp"

namespace nvgpuctl::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Escaped, LetsNothingBeginAnElementOrEndAnAttribute) {
  EXPECT_EQ(escaped(R"(<b a="1" c='2'>&amp;</b>)"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;");
}

TEST(Escaped, KeepsWhatIsText) {
  EXPECT_EQ(escaped("94.50 GiB — ü \xF0\x9F\x90\xA7"),
            "94.50 GiB — ü \xF0\x9F\x90\xA7");
}

TEST(Escaped, IsWellFormedWhateverTheBytesAre) {
  EXPECT_EQ(escaped(std::string_view("a\0b\x1b\x7f", 5)), "a?b??");
  // Latin-1, an overlong '<', a surrogate, a number beyond Unicode, U+FFFF.
  EXPECT_EQ(escaped("\xFC"), "?");
  EXPECT_EQ(escaped("\xC0\xBC \xE0\x80\xBC"), "?? ???");
  EXPECT_EQ(escaped("\xED\xA0\x80"), "???");
  EXPECT_EQ(escaped("\xF4\x90\x80\x80"), "????");
  EXPECT_EQ(escaped("\xEF\xBF\xBF"), "???");
}

std::string page_of(const std::vector<Gpu>& gpus, const Report& evidence) {
  const auto host = samples::host();
  const auto topology = make_topology(host, gpus, {});
  std::vector<std::vector<CheckSection>> validation;
  validation.assign(gpus.size(), samples::sections(Verdict::fail));
  return html_page({host, gpus, topology, samples::sections(Verdict::pass),
                    validation, evidence});
}

TEST(HtmlPage, SaysWhereEachFactWasRead) {
  const auto page = page_of({samples::gpu()}, {});
  EXPECT_THAT(page, HasSubstr("<td class=\"fixed\">base</td>"
                              "<td class=\"mono\">0x420000000000</td>"
                              "<td class=\"fixed\">dsd</td>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"fixed\">GPU nodes</td>"
                              "<td class=\"mono\">1-8</td>"
                              "<td class=\"fixed\">srat</td>"));
}

TEST(HtmlPage, SaysOfAFindingWhatToDo) {
  const auto page = page_of({samples::bare_gpu()}, {});
  EXPECT_THAT(page, HasSubstr("NVG-E999 sample-error"));
  EXPECT_THAT(page, HasSubstr("<dt>what to do</dt><dd>Mend the sample</dd>"));
}

TEST(HtmlPage, OpensTheChecksOfWhichOneFailed) {
  const auto page = page_of({samples::gpu()}, {});
  EXPECT_THAT(page, HasSubstr("<details open><summary>Checks: 1 passed, "
                              "1 failed, 0 skipped</summary>"));
  EXPECT_THAT(page, HasSubstr("<details><summary>Readiness: 2 passed, "
                              "0 failed, 0 skipped</summary>"));
}

TEST(HtmlPage, ListsWhatWasReadAndWhatCouldNotBe) {
  Report evidence;
  evidence.entries = {{"proc/cmdline", TarEntry::Kind::file, "quiet\n"},
                      {"sys/a", TarEntry::Kind::link, "../b"}};
  evidence.unreadable = {"/sys/firmware/acpi/tables/SRAT"};
  const auto page = page_of({}, evidence);
  EXPECT_THAT(page, HasSubstr("<td class=\"mono\">/proc/cmdline</td>"
                              "<td class=\"mono\">file</td>"
                              "<td class=\"number\">6</td>"));
  EXPECT_THAT(page, HasSubstr("link to ../b"));
  EXPECT_THAT(page, HasSubstr("left out: /sys/firmware/acpi/tables/SRAT"));
  EXPECT_THAT(page, Not(HasSubstr("quiet"))) << "sizes, and no content";
}

// What a host can be called, in a file and as the name of one.
#define MARKUP "</td></style><script>1</script>\"'><img onerror=x>&\x1b"
#define NAME "<img onerror=x>\"'&\xfc"

TEST(HtmlPage, ShowsMarkupOfTheHostAsText) {
  FakeRoot fake;
  const std::string gpu = "0009:01:00.0";
  fake.pci_function(gpu, "0x10de", "0x2342");
  fake.iommu_group(gpu, 19);
  fake.driver(gpu, NAME);
  for (const auto* attribute :
       {"driver_override", "firmware_node/path", "reset_method", "power_state",
        "vfio-dev/" NAME}) {
    fake.attribute(gpu, attribute, MARKUP "\n");
  }
  fake.link("/sys/bus/pci/devices/" + gpu + "/iommu", "../../" NAME);
  fake.file("/sys/kernel/iommu_groups/19/type", MARKUP "\n");
  fake.file("/sys/firmware/acpi/tables/SSDT" NAME, MARKUP);
  fake.file("/proc/sys/kernel/osrelease", NAME "\n");
  // Goes into the report's own YAML, which takes no control character.
  fake.file("/proc/sys/kernel/arch", "\"\\<script>1</script>\n");
  const std::string root = fake.path().string();
  std::ostringstream out;
  std::ostringstream err;
  const std::vector<std::string_view> args{"--root", root, "report", "--html",
                                           "-"};
  EXPECT_EQ(run(args, {.out = out, .err = err}), 0) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("&lt;script&gt;1&lt;/script&gt;"));
  EXPECT_THAT(out.str(), HasSubstr("&lt;img onerror=x&gt;"));
  EXPECT_THAT(out.str(), Not(HasSubstr("<script")));
  EXPECT_THAT(out.str(), Not(HasSubstr("<img")));
  EXPECT_THAT(out.str(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(out.str(), Not(HasSubstr("\xfc")));
}

}  // namespace
}  // namespace nvgpuctl::cli
