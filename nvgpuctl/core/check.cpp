// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/check.hpp"

namespace nvgpuctl {
namespace {

int badness(Verdict verdict) {
  switch (verdict) {
    case Verdict::skipped:
      return 0;
    case Verdict::pass:
    case Verdict::remark:
      return 1;
    case Verdict::degraded:
      return 2;
    case Verdict::fail:
      break;
  }
  return 3;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::fail:
      return "fail";
    case Verdict::degraded:
      return "degraded";
    case Verdict::remark:
      return "remark";
    case Verdict::skipped:
      break;
  }
  return "skipped";
}

Verdict overall(const std::vector<CheckSection>& sections) {
  Verdict worst = Verdict::skipped;
  for (const auto& section : sections) {
    for (const auto& check : section.checks) {
      if (badness(check.verdict) > badness(worst)) {
        worst = check.verdict;
      }
    }
  }
  return worst == Verdict::remark ? Verdict::pass : worst;
}

std::string worst_check(const std::vector<CheckSection>& sections) {
  const Verdict worst = overall(sections);
  for (const auto& section : sections) {
    for (const auto& check : section.checks) {
      if (worst == Verdict::pass || check.verdict != worst) {
        continue;
      }
      return worst == Verdict::skipped
                 ? check.id + ": " + check.seen
                 : check.id + ": expected " + check.expected + ", seen " +
                       check.seen;
    }
  }
  return "";
}

}  // namespace nvgpuctl
