// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/validate_outcome.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "samples.hpp"

namespace nvgpuctl::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Three GPUs, of which the second one is taken while the first is looked at.
class ValidateOutcome : public testing::Test {
 protected:
  ValidateOutcome() {
    for (const unsigned short segment :
         std::array<unsigned short, 3>{9, 0x19, 0x29}) {
      inventory_.gpus.push_back(samples::gpu());
      inventory_.gpus.back().pci.address.domain = segment;
    }
  }
  ExitCode printed(Verdict first, const std::vector<std::size_t>& gpus,
                   Errc why = Errc::busy) {
    return print_validations(
        context_, inventory_, gpus, [&](std::size_t gpu) -> Result<Validation> {
          if (gpu == 1) {
            return fail(why, "0019:01:00.0", "qemu (pid 7) has it open");
          }
          return Validation{samples::sections(gpu == 0 ? first : Verdict::pass),
                            {}};
        });
  }

  Inventory inventory_;
  std::ostringstream out_;
  std::ostringstream err_;
  Context context_{.out = out_, .err = err_};
};

TEST_F(ValidateOutcome, KeepsWhatIsKnownOfTheOthers) {
  EXPECT_EQ(printed(Verdict::pass, {0, 1, 2}), ExitCode::in_use);
  EXPECT_THAT(out_.str(), HasSubstr("0009:01:00.0"));
  EXPECT_THAT(out_.str(), HasSubstr("0029:01:00.0"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("0019:01:00.0")));
  EXPECT_EQ(err_.str(), "nvgpuctl: 0019:01:00.0: qemu (pid 7) has it open\n");
}

TEST_F(ValidateOutcome, KeepsTheListOfADocument) {
  context_.format = Format::json;
  EXPECT_EQ(printed(Verdict::pass, {0, 1, 2}), ExitCode::in_use);
  const auto list = nlohmann::json::parse(out_.str());
  ASSERT_EQ(list["items"].size(), 2U);
  EXPECT_EQ(list["items"][1]["address"], "0029:01:00.0");
}

TEST_F(ValidateOutcome, IsGraverWhereACheckFailsThanWhereAGpuIsInUse) {
  EXPECT_EQ(printed(Verdict::fail, {0, 1}), ExitCode::differs);
  EXPECT_EQ(printed(Verdict::degraded, {0, 1}), ExitCode::in_use);
  EXPECT_EQ(printed(Verdict::fail, {0, 1}, Errc::needs_operator),
            ExitCode::needs_operator);
}

TEST_F(ValidateOutcome, PrintsNothingWhereNothingIsKnown) {
  context_.format = Format::json;
  EXPECT_EQ(printed(Verdict::pass, {1}), ExitCode::in_use);
  EXPECT_THAT(out_.str(), IsEmpty());
}

}  // namespace
}  // namespace nvgpuctl::cli
