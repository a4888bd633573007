// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include "core/acpi_numa.hpp"
#include "support/aml_builder.hpp"

namespace nvgpuctl {
namespace {

using test::Aml;
using test::join;
using test::little_endian;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr std::uint32_t kEnabled = 1;
constexpr std::uint32_t kHotPluggable = 2;

Aml gicc(std::uint32_t pxm, std::uint32_t flags = kEnabled) {
  return join({{3, 18},
               little_endian(pxm, 4),
               little_endian(0, 4),
               little_endian(flags, 4),
               little_endian(0, 4)});
}

Aml gic_its(std::uint32_t pxm) {
  return join({{4, 12}, little_endian(pxm, 4), {0, 0}, little_endian(0, 4)});
}

Aml memory(std::uint32_t pxm, std::uint64_t base, std::uint64_t length,
           std::uint32_t flags) {
  return join({{1, 40},
               little_endian(pxm, 4),
               {0, 0},
               little_endian(base, 8),
               little_endian(length, 8),
               little_endian(0, 4),
               little_endian(flags, 4),
               little_endian(0, 8)});
}

// `third` and `fourth` are the bytes of the handle behind the segment.
Aml initiator(std::uint32_t pxm, std::uint16_t segment, std::uint8_t third,
              std::uint8_t fourth, std::uint32_t flags = kEnabled) {
  return join({{5, 32, 0, 1},
               little_endian(pxm, 4),
               little_endian(segment, 2),
               {third, fourth},
               little_endian(0, 8),
               little_endian(0, 4),
               little_endian(flags, 4),
               little_endian(0, 4)});
}

Aml body(std::initializer_list<Aml> structures) {
  return join({little_endian(1, 4), little_endian(0, 8), join(structures)});
}

Srat parse(std::initializer_list<Aml> structures, std::uint8_t revision = 3) {
  const Aml bytes = body(structures);
  auto srat = parse_srat(test::table_with(bytes, "SRAT", revision));
  EXPECT_TRUE(srat) << (srat ? "" : srat.error().problem);
  return srat ? *srat : Srat{};
}

TEST(Srat, ReadsTheGenericInitiatorOfAGraceHopper) {
  // As TH500 firmware writes it for domain 8 and 0009:01:00.0.
  const Aml bytes = {0x05, 0x20, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00,
                     0x09, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
                     0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                     0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
  const Srat srat = parse({bytes});
  ASSERT_THAT(srat.generic_initiators, SizeIs(1));
  const SratGenericInitiator& initiator = srat.generic_initiators[0];
  EXPECT_EQ(initiator.pxm, 8U);
  EXPECT_EQ(to_string(initiator.address), "0009:01:00.0");
  EXPECT_TRUE(initiator.enabled);
  EXPECT_FALSE(initiator.old_byte_order);
  EXPECT_THAT(srat.warnings, IsEmpty());
}

TEST(Srat, ReadsTheMemoryPlaceholderOfAGraceHopper) {
  const Aml bytes = {0x01, 0x28, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,
                     0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                     0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                     0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00,
                     0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
  const Srat srat = parse({bytes});
  ASSERT_THAT(srat.memory, SizeIs(1));
  EXPECT_EQ(srat.memory[0].pxm, 8U);
  EXPECT_EQ(srat.memory[0].length, 0U);
  EXPECT_TRUE(srat.memory[0].enabled);
  EXPECT_TRUE(srat.memory[0].hot_pluggable);
  EXPECT_THAT(srat.pxm_order, ElementsAre(8));
}

TEST(Srat, ReadsBaseAndLengthOfMemory) {
  const Srat srat = parse({memory(0, 0x8000'0000, 0x78'0000'0000, kEnabled)});
  ASSERT_THAT(srat.memory, SizeIs(1));
  EXPECT_EQ(srat.memory[0].base, 0x8000'0000U);
  EXPECT_EQ(srat.memory[0].length, 0x78'0000'0000U);
  EXPECT_FALSE(srat.memory[0].hot_pluggable);
}

TEST(Srat, GivesNodesToMemoryAfterEverythingElse) {
  const Srat srat = parse({gicc(0), memory(4, 0, 0, kEnabled | kHotPluggable),
                           memory(8, 0, 0, kEnabled | kHotPluggable),
                           memory(0, 0x8000'0000, 0x1000, kEnabled),
                           initiator(8, 9, 1, 0), initiator(9, 9, 1, 0)});
  EXPECT_THAT(srat.pxm_order, ElementsAre(0, 8, 9, 4));
  EXPECT_THAT(replay_pxm_to_node(srat),
              ElementsAre(Pair(0, 0), Pair(4, 3), Pair(8, 1), Pair(9, 2)));
}

TEST(Srat, GivesNodesInTableOrderAcrossTypes) {
  const Srat srat =
      parse({initiator(16, 9, 1, 0), gicc(1), initiator(8, 8, 1, 0), gicc(0)});
  EXPECT_THAT(srat.pxm_order, ElementsAre(16, 1, 8, 0));
  EXPECT_THAT(srat.cpu_pxms, ElementsAre(0, 1));
}

TEST(Srat, GivesNodesOneToEightToTheGpuOfOlderFirmware) {
  // Generation A has no initiators, only the eight placeholders.
  const Srat srat =
      parse({gicc(0), memory(0, 0x8000'0000, 0x1000, kEnabled),
             memory(8, 0, 0, 3), memory(9, 0, 0, 3), memory(10, 0, 0, 3),
             memory(11, 0, 0, 3), memory(12, 0, 0, 3), memory(13, 0, 0, 3),
             memory(14, 0, 0, 3), memory(15, 0, 0, 3)});
  const auto nodes = replay_pxm_to_node(srat);
  EXPECT_EQ(nodes.at(8), 1U);
  EXPECT_EQ(nodes.at(15), 8U);
}

TEST(Srat, ReadsProcessorsOfEveryArchitecture) {
  const Aml local_apic = join({{0, 16, 0x01, 0x00},
                               little_endian(kEnabled, 4),
                               {0x00, 0x02, 0x00, 0x00},
                               little_endian(0, 4)});
  const Aml x2apic = join({{2, 24, 0, 0},
                           little_endian(3, 4),
                           little_endian(0, 4),
                           little_endian(kEnabled, 4),
                           little_endian(0, 8)});
  const Aml rintc = join({{7, 20, 0, 0},
                          little_endian(5, 4),
                          little_endian(0, 4),
                          little_endian(kEnabled, 4),
                          little_endian(0, 4)});
  const Srat srat = parse({local_apic, x2apic, gicc(4), rintc});
  EXPECT_THAT(srat.pxm_order, ElementsAre(0x201, 3, 4, 5));
  EXPECT_THAT(srat.cpu_pxms, ElementsAre(3, 4, 5, 0x201));
}

TEST(Srat, IgnoresTheHighBytesOfDomainsInRevisionOne) {
  const Aml local_apic = join({{0, 16, 0x01, 0x00},
                               little_endian(kEnabled, 4),
                               {0x00, 0xAA, 0xBB, 0xCC},
                               little_endian(0, 4)});
  const Srat srat =
      parse({local_apic, memory(0xDDEE'FF02, 0, 0x1000, kEnabled)}, 1);
  EXPECT_THAT(srat.pxm_order, ElementsAre(1, 2));
}

TEST(Srat, GivesNoNodeForDisabledEntries) {
  const Srat srat = parse({gicc(1, 0), memory(2, 0, 0x1000, kHotPluggable),
                           gicc(0), initiator(8, 9, 1, 0, 0)});
  EXPECT_THAT(srat.pxm_order, ElementsAre(0));
  EXPECT_THAT(srat.cpu_pxms, ElementsAre(0));
  ASSERT_THAT(srat.generic_initiators, SizeIs(1));
  EXPECT_FALSE(srat.generic_initiators[0].enabled);
  ASSERT_THAT(srat.memory, SizeIs(1));
  EXPECT_FALSE(srat.memory[0].enabled);
}

// acpi_parse_gi_affinity() returns an error, and acpi_parse_entries_array()
// then calls no handler any more: the rest is numbered as memory, or never.
TEST(Srat, GivesNodesOnlyToMemoryBehindADisabledInitiator) {
  const Srat srat =
      parse({gicc(0), initiator(8, 9, 1, 0, 0), initiator(9, 9, 1, 0), gicc(1),
             gicc(2), memory(9, 0, 0, kEnabled | kHotPluggable),
             memory(1, 0, 0x1000, kEnabled)});
  EXPECT_THAT(srat.pxm_order, ElementsAre(0, 9, 1));
  EXPECT_THAT(srat.cpu_pxms, ElementsAre(0, 1, 2));
}

TEST(Srat, SkipsTypesItDoesNotKnow) {
  const Srat srat = parse({gic_its(7), {0xC0, 3, 0xFF}, gicc(0)});
  EXPECT_THAT(srat.pxm_order, ElementsAre(0));
}

TEST(Srat, CountsTheDomainOfAnInitiatorThatIsNoPciDevice) {
  Aml acpi_device = initiator(6, 9, 1, 0);
  acpi_device[3] = 0;
  const Srat srat = parse({gicc(0), acpi_device});
  EXPECT_THAT(srat.generic_initiators, IsEmpty());
  EXPECT_THAT(srat.pxm_order, ElementsAre(0, 6));
}

TEST(Srat, RecognisesTheOldByteOrderAndWarns) {
  const Srat srat = parse({initiator(1, 0, 0, 9), initiator(2, 0, 0, 9)});
  ASSERT_THAT(srat.generic_initiators, SizeIs(2));
  EXPECT_EQ(to_string(srat.generic_initiators[1].address), "0000:09:00.0");
  EXPECT_TRUE(srat.generic_initiators[1].old_byte_order);
  ASSERT_THAT(srat.warnings, SizeIs(1));
  EXPECT_THAT(srat.warnings[0], HasSubstr("bus number in the wrong byte"));
}

TEST(Srat, ReadsAllHandlesOfATableInTheSameOrder) {
  // Bus 8 alone could be device 1 on bus 0; bus 9 beside it settles the order.
  const Srat srat = parse({initiator(1, 0, 0, 8), initiator(2, 0, 0, 9)});
  ASSERT_THAT(srat.generic_initiators, SizeIs(2));
  EXPECT_EQ(to_string(srat.generic_initiators[0].address), "0000:08:00.0");
  EXPECT_TRUE(srat.generic_initiators[0].old_byte_order);
}

TEST(Srat, BelievesTheSpecificationWhenTheOrderCannotBeTold) {
  const Srat srat = parse({initiator(1, 0, 0, 8)});
  ASSERT_THAT(srat.generic_initiators, SizeIs(1));
  EXPECT_EQ(to_string(srat.generic_initiators[0].address), "0000:00:01.0");
  EXPECT_FALSE(srat.generic_initiators[0].old_byte_order);
  EXPECT_THAT(srat.warnings, IsEmpty());
}

TEST(Srat, BelievesTheSpecificationWhenAnyHandleHasABus) {
  const Srat srat = parse({initiator(1, 0, 0, 9), initiator(2, 0, 3, 0)});
  ASSERT_THAT(srat.generic_initiators, SizeIs(2));
  EXPECT_EQ(to_string(srat.generic_initiators[0].address), "0000:00:01.1");
  EXPECT_EQ(to_string(srat.generic_initiators[1].address), "0000:03:00.0");
}

TEST(Srat, ReadsASegmentOfSixteenBits) {
  const Srat srat = parse({initiator(24, 0x1018, 6, 0)});
  ASSERT_THAT(srat.generic_initiators, SizeIs(1));
  EXPECT_EQ(to_string(srat.generic_initiators[0].address), "1018:06:00.0");
}

void expect_truncated(const Aml& bytes, const std::string& problem) {
  const auto srat = parse_srat(test::table_with(bytes, "SRAT", 3));
  ASSERT_FALSE(srat);
  EXPECT_EQ(srat.error().code, Errc::malformed);
  EXPECT_EQ(srat.error().subject, "SRAT");
  EXPECT_EQ(srat.error().problem, problem);
}

TEST(Srat, RefusesAStructureThatReachesPastTheEnd) {
  Aml bytes = body({gicc(0), gicc(1)});
  bytes.pop_back();
  expect_truncated(bytes, "structure of type 3 at byte 0x42 is truncated");
}

TEST(Srat, RefusesAStructureTooShortForItsType) {
  expect_truncated(body({{5, 31, 0, 1}, Aml(27)}),
                   "structure of type 5 at byte 0x30 is truncated");
}

TEST(Srat, RefusesALengthThatWouldNotAdvance) {
  expect_truncated(body({{9, 0, 0}}),
                   "structure of type 9 at byte 0x30 is truncated");
  expect_truncated(body({{9, 1, 0}}),
                   "structure of type 9 at byte 0x30 is truncated");
}

TEST(Srat, RefusesABodyWithoutTheFixedPart) {
  expect_truncated(Aml(11), "too short for the fixed part of an SRAT");
}

TEST(Srat, AcceptsOnlyPrefixesThatEndBetweenStructures) {
  const Aml bytes =
      body({gicc(0), memory(0, 0, 0x1000, kEnabled), initiator(8, 9, 1, 0)});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto srat =
        parse_srat(test::table_with(Bytes(bytes).first(size), "SRAT", 3));
    // Up to two bytes more are padding.
    const bool whole = (size >= 12 && size <= 14) ||
                       (size >= 30 && size <= 32) || (size >= 70 && size <= 72);
    EXPECT_EQ(srat.has_value(), whole) << size;
  }
}

}  // namespace
}  // namespace nvgpuctl
