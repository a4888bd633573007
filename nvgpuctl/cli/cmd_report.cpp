// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/layout.hpp"
#include "cli/select.hpp"
#include "cli/split_files.hpp"
#include "cli/verbs.hpp"
#include "host/report_archive.hpp"
#include "ops/report.hpp"

namespace nvgpuctl::cli {
namespace {

constexpr std::string_view kDefaultFile = "nvgpuctl-report.tar.gz";

void print_paths(Context& context, const Report& report) {
  for (const auto& entry : report.entries) {
    context.out << '/' << printable(entry.path) << '\n';
  }
}

// What a reader of the report will see of this machine, and what not.
void print_summary(Context& context, const Report& report, bool redacted) {
  for (const auto& path : report.unreadable) {
    print_prose(context.err, context.width,
                "  left out: ", path + ", which this user may not read");
  }
  print_prose(
      context.err, context.width, "  ",
      redacted
          ? fmt::format(
                "{} host names, domains, UUIDs, machine ids, MAC and IPv4 "
                "addresses and serial numbers have aliases. ACPI tables and "
                "the rest of the kernel's command line are as they are.",
                report.aliases)
          : "Nothing has an alias: host and domain names, UUIDs, machine ids, "
            "addresses and serial numbers are in it.");
}

}  // namespace

Result<ExitCode> run_report(Context& context, const Arguments& arguments) {
  constexpr HostNeeds kNeeds{
      .virtualization = true, .libvirt = true, .host_facts = true};
  const auto selection = select(context, {}, kNeeds, Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  const bool redacted = !arguments.has("--no-redact");
  const auto report =
      make_report(selection->root, selection->inventory,
                  redacted ? Redaction::aliases : Redaction::none);
  if (!report) {
    return forward_error(report);
  }
  if (arguments.has("--dry-run")) {
    print_paths(context, *report);
    print_summary(context, *report, redacted);
    return ExitCode::done;
  }
  const auto packed = pack_report(report->entries);
  if (!packed) {
    return forward_error(packed);
  }
  const std::string file = arguments.operands.empty()
                               ? std::string(kDefaultFile)
                               : arguments.operands.front();
  if (file == "-") {
    context.out << *packed;
  } else {
    auto written = write_new_file(file, *packed);
    if (!written) {
      return forward_error(written);
    }
    context.err << fmt::format("{}: {} files, {}\n", printable(file),
                               report->entries.size(),
                               human_size(packed->size()));
  }
  print_summary(context, *report, redacted);
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
