// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "cli/layout.hpp"
#include "cli/output_text.hpp"
#include "cli/wording.hpp"

namespace nvgpuctl::cli {
namespace {

Cell verdict_cell(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return {"PASS", Style::good};
    case Verdict::fail:
      return {"FAIL", Style::bad};
    case Verdict::degraded:
      return {"DEGRADED", Style::warn};
    case Verdict::remark:
      return {"REMARK", Style::warn};
    case Verdict::skipped:
      break;
  }
  return {"SKIP", Style::plain};
}

// "22 passed, 1 skipped": a verdict alone would hide how much was not looked
// at.
std::string tally(const std::vector<CheckSection>& sections) {
  constexpr std::array<std::pair<Verdict, std::string_view>, 5> kWords{{
      {Verdict::fail, "failed"},
      {Verdict::degraded, "degraded"},
      {Verdict::remark, "passed with a remark"},
      {Verdict::pass, "passed"},
      {Verdict::skipped, "skipped"},
  }};
  std::string text;
  for (const auto& [verdict, word] : kWords) {
    std::ptrdiff_t count = 0;
    for (const auto& section : sections) {
      count += std::count_if(section.checks.begin(), section.checks.end(),
                             [wanted = verdict](const Check& check) {
                               return check.verdict == wanted;
                             });
    }
    if (count > 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, word);
    }
  }
  return text;
}

// What to do about the checks that did not pass, below their table.
void print_remedies(Context& context, const CheckSection& section) {
  for (const auto& check : section.checks) {
    if (check.remedy.empty()) {
      continue;
    }
    const std::string reason =
        check.reason.empty() ? "" : fmt::format("{}: ", check.reason);
    print_prose(context.out, context.width,
                fmt::format("    {}: ", printable(check.id)),
                reason + check.remedy);
  }
}

// How many checks from `first` on were skipped for the same reason.
std::size_t run_of_skips(const std::vector<Check>& checks, std::size_t first) {
  std::size_t end = first;
  while (end < checks.size() && checks[end].verdict == Verdict::skipped &&
         checks[end].seen == checks[first].seen) {
    ++end;
  }
  return end - first;
}

void add_checks(Table& table, const std::vector<Check>& checks) {
  // One cause can skip everything about a region; a screen full of it hides
  // what was found.
  constexpr std::size_t kTooMany = 12;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const std::size_t skips = run_of_skips(checks, i);
    const bool joined = skips >= kTooMany;
    table.add(
        {verdict_cell(checks[i].verdict),
         {joined ? fmt::format("{}, and {} more", checks[i].title, skips - 1)
                 : checks[i].title},
         {checks[i].expected},
         {checks[i].seen}});
    i += joined ? skips - 1 : 0;
  }
}

void add_region(Table& table, std::string_view name,
                const std::optional<MemoryRegion>& region) {
  if (region) {
    table.add({{std::string(name)},
               {hex(region->base)},
               {size_text(region->size)},
               {fmt::format("BAR{}", region->bar)},
               {size_text(region->bar_size)}});
  }
}

void print_regions(Context& context, const RegionPlan& plan) {
  context.out << "\n  " << paint(context, "regions", Style::strong) << " ("
              << to_string(plan.layout) << " layout)\n";
  Table table({"PART", "HOST ADDRESS", "SIZE", "BAR", "BAR SIZE"});
  add_region(table, "usable", plan.usable);
  add_region(table, "reserved", plan.reserved);
  table.print(context, 4);
}

}  // namespace

void print_check_sections(Context& context,
                          const std::vector<CheckSection>& sections) {
  // One blank line between sections, none before the first.
  bool first = true;
  for (const auto& section : sections) {
    context.out << (first ? "  " : "\n  ")
                << paint(context, section.name, Style::strong) << '\n';
    first = false;
    Table table({"RESULT", "CHECK", "EXPECTED", "SEEN"});
    add_checks(table, section.checks);
    table.print(context, 4);
    print_remedies(context, section);
  }
}

void print_validation(Context& context, const Gpu& gpu,
                      const Validation& validation) {
  const auto& [sections, regions] = validation;
  const Cell verdict = verdict_cell(overall(sections));
  context.out << paint(context, to_string(gpu.pci.address), Style::strong)
              << "  " << printable(gpu.model.name) << "  "
              << paint(context, verdict.text, verdict.style) << "  ("
              << tally(sections) << ")\n\n";
  print_check_sections(context, sections);
  if (regions && (regions->usable || regions->reserved)) {
    print_regions(context, *regions);
  }
}

}  // namespace nvgpuctl::cli
