// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/output_json.hpp"
#include "cli/samples.hpp"

namespace nvgpuctl::cli {
namespace {

class Output : public testing::Test {
 protected:
  std::string list(Format format, const std::vector<Json>& items) {
    context_.format = format;
    print_list(context_, "Gpu", items);
    return out_.str();
  }

  std::ostringstream out_;
  std::ostringstream err_;
  Context context_{.out = out_, .err = err_};
};

TEST_F(Output, HasTheSameShapeForNoneAndForOne) {
  EXPECT_EQ(list(Format::json, {}),
            "{\n"
            "  \"apiVersion\": \"nvgpuctl/v1\",\n"
            "  \"kind\": \"GpuList\",\n"
            "  \"items\": []\n"
            "}\n");
  out_.str("");
  EXPECT_EQ(list(Format::json, {{{"address", "0009:01:00.0"}}}),
            "{\n"
            "  \"apiVersion\": \"nvgpuctl/v1\",\n"
            "  \"kind\": \"GpuList\",\n"
            "  \"items\": [\n"
            "    {\n"
            "      \"address\": \"0009:01:00.0\"\n"
            "    }\n"
            "  ]\n"
            "}\n");
}

TEST_F(Output, GivesEachItemALineOfItsOwn) {
  EXPECT_EQ(list(Format::jsonl, {{{"a", 1}}, {{"a", 2}}}),
            R"({"apiVersion":"nvgpuctl/v1","kind":"Gpu","a":1})"
            "\n"
            R"({"apiVersion":"nvgpuctl/v1","kind":"Gpu","a":2})"
            "\n");
}

TEST_F(Output, QuotesStringsInYaml) {
  EXPECT_EQ(
      list(Format::yaml,
           {{{"address", "1:0.0"}, {"none", nullptr}, {"xml", "<a>\n</a>\n"}}}),
      "apiVersion: \"nvgpuctl/v1\"\n"
      "kind: \"GpuList\"\n"
      "items:\n"
      "  - address: \"1:0.0\"\n"
      "    none: ~\n"
      "    xml: |\n"
      "      <a>\n"
      "      </a>\n");
}

TEST_F(Output, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(list(Format::jsonl, {{{"a", "\xFF"}}}),
            "{\"apiVersion\":\"nvgpuctl/v1\",\"kind\":\"Gpu\",\"a\":"
            "\"\xEF\xBF\xBD\"}\n");
  out_.str("");
  EXPECT_NE(list(Format::yaml, {{{"a", "\xFF"}}}).find("a: \"\xEF\xBF\xBD\""),
            std::string::npos);
}

TEST(GpuJson, GivesNumbersRawAndFactsWithTheirSource) {
  const auto json = gpu_json(samples::host(), samples::gpu());
  EXPECT_EQ(json["memory_size_bytes"].dump(),
            R"({"value":102625181696,"source":"dsd"})");
  EXPECT_EQ(json["regions"]["usable"].dump(),
            R"({"bar":4,"base":72567767433216,"size_bytes":101468602368,)"
            R"("bar_size_bytes":137438953472})");
  EXPECT_EQ(json["regions"]["reserved"]["size_bytes"], 1156579328U);
  EXPECT_EQ(json["iommu"]["group"]["members"][0]["address"], "0009:01:00.0");
}

TEST(GpuJson, GivesNullForWhatIsNotKnown) {
  const auto json = gpu_json(samples::host(), samples::bare_gpu());
  for (const auto* name :
       {"memory_base", "memory_size_bytes", "regions", "egm"}) {
    ASSERT_TRUE(json.contains(name)) << name;
    EXPECT_TRUE(json[name].is_null()) << name;
  }
  EXPECT_TRUE(json["iommu"]["group"].is_null());
  EXPECT_TRUE(json["driver"]["name"].is_null());
}

}  // namespace
}  // namespace nvgpuctl::cli
