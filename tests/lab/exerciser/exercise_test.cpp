// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "fake_device.hpp"

namespace exerciser {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Outcome {
  int code = 0;
  std::string out;
  std::string log;
};

// Rare things are cheap here.
Options options(std::uint64_t operations, std::uint64_t seed) {
  Options options;
  options.operations = operations;
  options.seed = seed;
  options.threads = 3;
  for (const auto kind : {Kind::power, Kind::low_power, Kind::reset, Kind::open,
                          Kind::close, Kind::storm_with_reset}) {
    options.weights.at(static_cast<std::size_t>(kind)) = 500;
  }
  options.unbinds = 3;
  return options;
}

Outcome exercise_fake(Flaw flaw, const Options& options) {
  FakeDevice device(flaw);
  std::ostringstream out;
  std::ostringstream log;
  Outcome outcome;
  outcome.code = exercise(device, options, out, log);
  outcome.out = out.str();
  outcome.log = log.str();
  return outcome;
}

// The driver's own code for reads, writes and configuration space, and a fake
// for the rest, agree with the model.
class Agreement : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Agreement, HoldsForTheDriver) {
  const auto outcome = exercise_fake(Flaw::none, options(15000, GetParam()));
  EXPECT_EQ(outcome.code, 0) << outcome.log;
  EXPECT_THAT(outcome.out, HasSubstr("\"agreed\": true"));
  EXPECT_THAT(outcome.out, HasSubstr("\"operations\": 15000,"));
}

INSTANTIATE_TEST_SUITE_P(Seeds, Agreement, testing::Values(1, 2, 3, 4));

TEST(Exercise, DoesEveryKindOfOperation) {
  const auto outcome = exercise_fake(Flaw::none, options(15000, 1));
  for (const auto* name : kKindNames) {
    EXPECT_THAT(outcome.out, HasSubstr('"' + std::string(name) + "\": "));
    EXPECT_THAT(outcome.out, Not(HasSubstr('"' + std::string(name) + "\": 0")));
  }
}

TEST(Exercise, PrintsEveryOperationOfAReplay) {
  auto replay = options(3, 5);
  replay.replay = true;
  const auto outcome = exercise_fake(Flaw::none, replay);
  EXPECT_THAT(outcome.log, HasSubstr("seed 5, threads 3, 3 operations\n1: "));
  EXPECT_THAT(outcome.log, HasSubstr("\n3: "));
}

TEST(Exercise, SaysHowToSeeADisagreementAgain) {
  const auto outcome =
      exercise_fake(Flaw::ioeventfd_accepted, options(5000, 1));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.log,
              HasSubstr("disagreement: seed 1 threads 3 operation "));
  EXPECT_THAT(outcome.log, HasSubstr(": ioeventfd file="));
  EXPECT_THAT(outcome.log, HasSubstr("expected: ENOTTY\n  seen:     0\n"));
  EXPECT_THAT(outcome.log, HasSubstr("again:    --replay --seed 1 --threads 3 "
                                     "--operations 5000 --unbinds 3\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\"agreed\": false"));
}

struct Mutation {
  Flaw flaw;
  const char* name;
  const char* found;  // in what is printed
};

class Mutations : public testing::TestWithParam<Mutation> {};

TEST_P(Mutations, AreFound) {
  const auto outcome = exercise_fake(GetParam().flaw, options(8000, 1));
  EXPECT_EQ(outcome.code, 1) << "not found";
  EXPECT_THAT(outcome.log, HasSubstr(GetParam().found));
}

INSTANTIATE_TEST_SUITE_P(
    Driver, Mutations,
    testing::Values(
        Mutation{Flaw::tail_reads_zero, "TailReadsZero", "expected: 0xff at"},
        Mutation{Flaw::tail_aliases_last_page, "TailAliasesLastPage",
                 "expected: 0xff at"},
        Mutation{Flaw::tail_write_fails, "TailWriteFails", ": write"},
        Mutation{Flaw::read_short_at_end_of_memory, "ReadShortAtEndOfMemory",
                 ": read"},
        Mutation{Flaw::failed_read_touches_buffer, "FailedReadTouchesBuffer",
                 "nothing written but"},
        Mutation{Flaw::position_not_advanced, "PositionNotAdvanced", ": read"},
        Mutation{Flaw::write_loses_last_byte_of_page,
                 "WriteLosesLastByteOfPage", "expected: 0x"},
        Mutation{Flaw::bad_buffer_counts_all, "BadBufferCountsAll",
                 "-bad-buffer"},
        Mutation{Flaw::decode_off_reads, "DecodeOffReads", "expected: EIO"},
        Mutation{Flaw::decode_off_touches, "DecodeOffTouches",
                 "expected: SIGBUS"},
        Mutation{Flaw::reset_keeps_bars, "ResetKeepsBars", "config-read"},
        Mutation{Flaw::reset_clears_memory, "ResetClearsMemory",
                 "seen:     0x0"},
        Mutation{Flaw::open_keeps_bars, "OpenKeepsBars", ": open"},
        Mutation{Flaw::config_read_patches_first_bar_only,
                 "ConfigReadPatchesFirstBarOnly", "at offset 0x2"},
        Mutation{Flaw::config_write_short_between_bars,
                 "ConfigWriteShortBetweenBars", "config-write"},
        Mutation{Flaw::bar_keeps_low_bits, "BarKeepsLowBits", "seen:     0x1"},
        Mutation{Flaw::maps_private, "MapsPrivate", "no-shared"},
        Mutation{Flaw::maps_tail, "MapsTail", ": map "},
        Mutation{Flaw::mapping_grows, "MappingGrows", ": resize"},
        Mutation{Flaw::moved_mapping_is_off_by_a_page,
                 "MovedMappingIsOffByAPage", "expected: 0x"},
        Mutation{Flaw::low_power_touches, "LowPowerTouches",
                 "expected: SIGBUS"},
        Mutation{Flaw::ioeventfd_accepted, "IoeventfdAccepted", "ENOTTY"},
        Mutation{Flaw::dma_buf_of_tail, "DmaBufOfTail", ": dma-buf"},
        Mutation{Flaw::short_argsz_fails, "ShortArgszFails", ": region-info"},
        Mutation{Flaw::sparse_area_is_whole_bar, "SparseAreaIsWholeBar",
                 "area.size"}),
    [](const auto& mutation) { return std::string(mutation.param.name); });

}  // namespace
}  // namespace exerciser
