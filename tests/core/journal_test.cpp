// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/journal.hpp"

#include <gtest/gtest.h>

#include "core/recovery_plan.hpp"
#include "support/sample_journal.hpp"

namespace nvgpuctl {
namespace {

Error refusal(const std::string& text) {
  const auto journal = parse_journal(text, "journal");
  EXPECT_FALSE(journal) << text;
  return journal ? Error{} : journal.error();
}

// The sample with one piece of its text exchanged.
std::string changed(const std::string& what, const std::string& into) {
  std::string text = write_journal_text(sample_journal());
  const auto place = text.find(what);
  EXPECT_NE(place, std::string::npos) << what;
  return text.replace(place, what.size(), into);
}

TEST(Journal, IsReadAsItWasWritten) {
  const auto journal = sample_journal();
  const auto read = parse_journal(write_journal_text(journal), "journal");
  ASSERT_TRUE(read) << read.error().subject << read.error().problem;
  EXPECT_EQ(*read, journal);
}

TEST(Journal, KeepsEveryKindOfValue) {
  Journal journal = sample_journal();
  journal.phase = JournalPhase::undo;
  journal.gpus.push_back({{0x19, 1, 0, 0}, {{}, false, {}}, {{}, true, {}}});
  auto& origin = *journal.gpus[0].after.origin;
  origin.domain = "a \"quoted\\\" nämé: {}, #";
  origin.bound_for_domain = true;
  origin.quiet = {{"nvidia-dcgm.service", "nvidia-persistenced.service"},
                  {{32, 33, 40}, {41}}};
  const auto read = parse_journal(write_journal_text(journal), "journal");
  ASSERT_TRUE(read) << read.error().subject << read.error().problem;
  EXPECT_EQ(*read, journal);
}

TEST(Journal, IsJson) {
  EXPECT_EQ(write_origin_text(sample_origin()),
            "{\"apiVersion\": \"nvgpuctl/v1\", \"kind\": \"Origin\",\n"
            " \"origin\": {\"address\": \"0009:01:00.0\", \"driver\": "
            "\"nvidia\", \"driver_override\": null, \"boot_id\": \"boot-1\", "
            "\"who\": \"uid 0, pid 7, nvgpuctl bind\", \"when\": "
            "\"2026-01-31T09:30:00Z\", \"domain\": null, "
            "\"bound_for_domain\": false}}\n");
}

TEST(Journal, IsRefusedWhereWhatWasStoppedCouldNotBeStarted) {
  Journal journal = sample_journal();
  journal.gpus[0].after.origin->quiet = {{"a.service"}, {{32}, {}}};
  const std::string text = write_journal_text(journal);
  const auto with = [&](const std::string& what, const std::string& into) {
    std::string changed = text;
    return refusal(changed.replace(changed.find(what), what.size(), into));
  };
  EXPECT_EQ(with("a.service", "../a.service").problem,
            "must be the name of a service, and one of 16 at most");
  EXPECT_EQ(with("\"32\"", "\"0-4294967295\"").problem,
            "\"movable_blocks\" is not a list of numbers");
  EXPECT_EQ(with("\"32\"", "32").problem,
            "\"movable_blocks\" is not a list of numbers");
  EXPECT_EQ(with("\"units\"", "\"unit\"").code, Errc::malformed);
}

TEST(Journal, IsRefusedWhenItIsCutAnywhere) {
  const std::string text = write_journal_text(sample_journal());
  for (std::size_t length = 0; length + 2 < text.size(); ++length) {
    EXPECT_FALSE(parse_journal(text.substr(0, length), "journal")) << length;
  }
}

TEST(Journal, IsRefusedWithThePlaceOfWhatIsWrong) {
  const auto driver = refusal(changed("\"nvgrace_gpu_vfio_pci\"", "\"../x\""));
  EXPECT_EQ(driver.code, Errc::malformed);
  EXPECT_EQ(driver.subject, "journal:7:24");
  EXPECT_EQ(driver.problem, "\"driver\" is not the name of a driver");
  EXPECT_EQ(refusal(changed("0009:01:00.0", "9:1:0.0")).problem,
            "\"address\" is not a PCI address");
  EXPECT_EQ(refusal(changed("\"phase\"", "\"phrase\"")).problem,
            "unknown key \"phrase\" in a journal");
  EXPECT_EQ(refusal(changed("\"when\": \"2026-01-31T09:30:00Z\",", "")).problem,
            "a journal lacks \"when\"");
  EXPECT_EQ(refusal(changed("nvgpuctl/v1", "nvgpuctl/v2")).problem,
            "apiVersion must be one of: nvgpuctl/v1");
  EXPECT_EQ(refusal(changed("\"apply\"", "\"maybe\"")).problem,
            "phase must be one of: apply, undo");
}

TEST(Journal, IsRefusedWhenItContradictsItself) {
  auto twice = sample_journal();
  twice.gpus.push_back(twice.gpus[0]);
  EXPECT_EQ(refusal(write_journal_text(twice)).problem,
            "this GPU is there twice");
  auto foreign = sample_journal();
  foreign.gpus[0].after.origin->gpu = {0x19, 1, 0, 0};
  EXPECT_EQ(refusal(write_journal_text(foreign)).problem,
            "is the origin of another GPU");
  auto chosen = sample_journal();
  chosen.gpus[0].before.kernel_chooses = true;
  EXPECT_EQ(refusal(write_journal_text(chosen)).problem,
            "nobody chooses what was before");
  auto none = sample_journal();
  none.gpus.clear();
  EXPECT_EQ(refusal(write_journal_text(none)).problem,
            "there must be 1 to 32 GPUs");
}

TEST(Journal, HoldsAsManyGpusAsItMay) {
  Journal journal = sample_journal();
  journal.gpus.clear();
  for (std::uint32_t domain = 0; domain < 32; ++domain) {
    journal.gpus.push_back(sample_journal({domain, 1, 0, 0}).gpus[0]);
    auto& gpu = journal.gpus.back();
    gpu.before.origin = gpu.after.origin;
    gpu.after.origin->domain = std::string(255, 'x');
  }
  EXPECT_TRUE(parse_journal(write_journal_text(journal), "journal"));
}

TEST(RecoveryPlan, FinishesWhenEveryGpuHasArrived) {
  EXPECT_EQ(choose_course(sample_journal(), "boot-1", {kVariantState}),
            RecoveryCourse::finish);
}

TEST(RecoveryPlan, TakesBackWhatHasNotArrived) {
  const auto journal = sample_journal();
  EXPECT_EQ(choose_course(journal, "boot-1", {kNvidiaState}),
            RecoveryCourse::undo);
  EXPECT_EQ(choose_course(journal, "boot-1",
                          {DriverState{"", "nvgrace_gpu_vfio_pci"}}),
            RecoveryCourse::undo);
}

TEST(RecoveryPlan, TakesBackAnArrivedGpuThatWasOnTheWayBack) {
  auto journal = sample_journal();
  journal.phase = JournalPhase::undo;
  EXPECT_EQ(choose_course(journal, "boot-1", {kVariantState}),
            RecoveryCourse::undo);
}

TEST(RecoveryPlan, TakesBackAllWhenOneHasNotArrived) {
  auto journal = sample_journal();
  journal.gpus.push_back(sample_journal({0x19, 1, 0, 0}).gpus[0]);
  EXPECT_EQ(choose_course(journal, "boot-1", {kVariantState, kNvidiaState}),
            RecoveryCourse::undo);
}

TEST(RecoveryPlan, ForgetsAnotherBoot) {
  EXPECT_EQ(choose_course(sample_journal(), "boot-2", {kVariantState}),
            RecoveryCourse::forget);
}

TEST(RecoveryPlan, AsksNothingOfAGpuThatIsGone) {
  EXPECT_EQ(choose_course(sample_journal(), "boot-1", {std::nullopt}),
            RecoveryCourse::finish);
}

TEST(RecoveryPlan, TakesAnyOtherDriverForTheKernelsChoice) {
  const JournalGpu gpu{
      {9, 1, 0, 0}, {kVariantState, false, {}}, {{"", std::nullopt}, true, {}}};
  EXPECT_TRUE(has_arrived(kNvidiaState, gpu, JournalPhase::apply));
  EXPECT_FALSE(has_arrived({"nvgrace_gpu_vfio_pci", std::nullopt}, gpu,
                           JournalPhase::apply));
  EXPECT_TRUE(has_arrived(kVariantState, gpu, JournalPhase::undo));
}

}  // namespace
}  // namespace nvgpuctl
