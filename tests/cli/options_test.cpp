// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/generate_options.hpp"
#include "cli/size.hpp"
#include "cli/split_files.hpp"

namespace nvgpuctl::cli {
namespace {

std::string refusal(std::string_view size) {
  const auto result = parse_size("--memory", size);
  return result ? "accepted"
                : result.error().subject + ": " + result.error().problem;
}

TEST(Size, TakesBinaryUnits) {
  EXPECT_EQ(parse_size("--memory", "64GiB").value_or(0), 68719476736U);
  EXPECT_EQ(parse_size("--memory", "64 GiB").value_or(0), 68719476736U);
  EXPECT_EQ(parse_size("--memory", "64G").value_or(0), 68719476736U);
  EXPECT_EQ(parse_size("--memory", "2TiB").value_or(0), 2199023255552U);
  EXPECT_EQ(parse_size("--memory", "4K").value_or(0), 4096U);
}

TEST(Size, RefusesWhatCouldMeanSomethingElse) {
  for (const auto* text : {"64", "64GB", "1.5GiB", "-1G", "G", "", "0G",
                           "64GiBytes", "0x10G", "64 G B"}) {
    EXPECT_EQ(refusal(text),
              "--memory: '" + std::string(text) + "' is not a size");
  }
  EXPECT_EQ(refusal("99999999T"), "--memory: '99999999T' is too large");
}

Arguments with(std::string option, std::string value) {
  Arguments arguments;
  arguments.options[std::move(option)] = {std::move(value)};
  return arguments;
}

std::string problem(const Arguments& arguments) {
  const auto options = generate_options(arguments);
  return options ? "accepted"
                 : options.error().subject + ": " + options.error().problem;
}

TEST(GenerateOptions, AreTheHostsOwnWhereNothingIsSaid) {
  const auto options = generate_options({});
  ASSERT_TRUE(options);
  EXPECT_FALSE(options->vcpus);
  EXPECT_FALSE(options->memory_bytes);
  EXPECT_FALSE(options->libvirt);
  EXPECT_FALSE(options->profile);
  EXPECT_FALSE(options->viommu);
  EXPECT_FALSE(options->managed);
}

TEST(GenerateOptions, AreReadFromTheCommandLine) {
  Arguments arguments;
  arguments.options["--vcpus"] = {"16"};
  arguments.options["--memory"] = {"64GiB"};
  arguments.options["--qemu"] = {"10.1"};
  arguments.options["--profile"] = {"hybrid"};
  arguments.options["--viommu"] = {"accel"};
  arguments.options["--managed"] = {"yes"};
  arguments.options["--whole-domain"] = {};
  const auto options = generate_options(arguments);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->vcpus, 16U);
  EXPECT_EQ(options->memory_bytes, 68719476736U);
  EXPECT_EQ(options->qemu, (Version{10, 1, 0}));
  EXPECT_EQ(options->profile, Profile::hybrid);
  EXPECT_EQ(options->viommu, Viommu::accel);
  EXPECT_TRUE(options->managed);
  EXPECT_TRUE(options->whole_domain);
}

TEST(GenerateOptions, LeaveAutoToTheGenerator) {
  EXPECT_FALSE(generate_options(with("--profile", "auto"))->profile);
  EXPECT_FALSE(generate_options(with("--viommu", "auto"))->viommu);
}

TEST(GenerateOptions, SayWhatIsWrong) {
  EXPECT_EQ(problem(with("--vcpus", "0")),
            "--vcpus: '0' is not a number from 1 to 512");
  EXPECT_EQ(problem(with("--vcpus", "513")),
            "--vcpus: '513' is not a number from 1 to 512");
  EXPECT_EQ(problem(with("--libvirt", "new")),
            "--libvirt: 'new' is not a version");
  EXPECT_EQ(problem(with("--name", "a/b")),
            "--name: 'a/b' cannot be the name of a domain");
  EXPECT_EQ(problem(with("--name", "gr\xfc\xdf")),
            "--name: 'gr\xfc\xdf' cannot be the name of a domain");
  EXPECT_TRUE(generate_options(with("--name", "grüß")));
}

class SplitFiles : public testing::Test {
 protected:
  SplitFiles() {
    std::string name = testing::TempDir() + "splitXXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  ~SplitFiles() override { std::filesystem::remove_all(directory_); }

  std::string read(const std::string& name) const {
    std::ifstream file(directory_ / name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::filesystem::path directory_;
};

TEST_F(SplitFiles, AreOnePerPlaceInANewDirectory) {
  const auto paths = write_split_files(
      directory_ / "new", {{"numa", "<numa/>\n"}, {"qemu:override", "<q/>\n"}});
  ASSERT_TRUE(paths);
  EXPECT_EQ(*paths,
            (std::vector<std::string>{directory_ / "new/numa.xml",
                                      directory_ / "new/qemu-override.xml"}));
  EXPECT_EQ(read("new/numa.xml"), "<numa/>\n");
  EXPECT_EQ(read("new/qemu-override.xml"), "<q/>\n");
}

TEST_F(SplitFiles, WriteNothingWhenOneExists) {
  std::ofstream(directory_ / "devices.xml") << "mine";
  const auto paths =
      write_split_files(directory_, {{"numa", "a"}, {"devices", "b"}});
  ASSERT_FALSE(paths);
  EXPECT_EQ(paths.error().code, Errc::io);
  EXPECT_EQ(paths.error().problem, "exists already");
  EXPECT_EQ(paths.error().subject, directory_ / "devices.xml");
  EXPECT_EQ(read("devices.xml"), "mine");
  EXPECT_FALSE(std::filesystem::exists(directory_ / "numa.xml"));
}

TEST_F(SplitFiles, DoNotFollowALink) {
  std::filesystem::create_symlink(directory_ / "elsewhere",
                                  directory_ / "numa.xml");
  EXPECT_FALSE(write_split_files(directory_, {{"numa", "a"}}));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "elsewhere"));
}

}  // namespace
}  // namespace nvgpuctl::cli
