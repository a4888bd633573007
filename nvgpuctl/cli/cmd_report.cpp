// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/layout.hpp"
#include "cli/output_html.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"
#include "cli/waiting.hpp"
#include "core/doctor.hpp"
#include "host/new_file.hpp"
#include "host/report_archive.hpp"
#include "ops/report.hpp"
#include "ops/validate.hpp"

namespace nvgpuctl::cli {
namespace {

constexpr std::string_view kDefaultFile = "nvgpuctl-report.tar.gz";
constexpr std::string_view kDefaultPage = "nvgpuctl-report.html";

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
                "Aliases ({}) stand for host names, domains, UUIDs, machine "
                "ids, MAC and IPv4 addresses and serial numbers. ACPI tables "
                "and the rest of the kernel's command line are as they are.",
                report.aliases)
          : "Nothing is redacted: host and domain names, UUIDs, machine ids, "
            "addresses and serial numbers are in it.");
}

// All that a page is made of is taken from the report's own files, so that it
// can show nothing that the archive would hide.
Result<std::string> page_of(Context& context, const Report& report,
                            bool redacted) {
  constexpr HostNeeds kNeeds{.virtualization = true,
                             .libvirt = true,
                             .use = true,
                             .host_facts = true,
                             .despite_device_files = true};
  const auto root = open_report(report);
  if (!root) {
    return forward_error(root);
  }
  const auto inventory = take_inventory(*root, kNeeds);
  if (!inventory) {
    return forward_error(inventory);
  }
  const auto& host = inventory->host;
  const auto& gpus = inventory->gpus;
  const auto topology = make_topology(host, gpus, domains_of(*root, gpus));
  HtmlPage page{host, gpus,   topology, check_host(host, gpus),
                {},   report, redacted};
  KernelVfio vfio(*root);
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    const auto validation =
        validate(*root, *inventory, i, vfio, {waiting(context, "")});
    if (!validation) {
      return forward_error(validation);
    }
    page.validation.push_back(validation->sections);
  }
  return html_page(page);
}

Result<> write_out(Context& context, const std::string& file,
                   const std::string& bytes, std::size_t count) {
  if (file == "-") {
    context.out << bytes;
    return {};
  }
  // As root it holds what only root may read.
  auto written = write_new_file(file, bytes, Readers::root);
  if (written) {
    context.err << fmt::format("{}: {} files, {}\n", printable(file), count,
                               human_size(bytes.size()));
  }
  return written;
}

}  // namespace

Result<ExitCode> run_report(Context& context, const Arguments& arguments) {
  constexpr HostNeeds kNeeds{.virtualization = true,
                             .libvirt = true,
                             .use = true,
                             .running_domains = true,
                             .host_facts = true,
                             .despite_device_files = true};
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
  const bool html = arguments.has("--html");
  const auto bytes =
      html ? page_of(context, *report, redacted) : pack_report(report->entries);
  if (!bytes) {
    return forward_error(bytes);
  }
  const std::string file =
      !arguments.operands.empty()
          ? arguments.operands.front()
          : std::string(html ? kDefaultPage : kDefaultFile);
  auto written = write_out(context, file, *bytes, report->entries.size());
  if (!written) {
    return forward_error(written);
  }
  print_summary(context, *report, redacted);
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
