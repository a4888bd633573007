// SPDX-License-Identifier: GPL-2.0-or-later
// Prints a document of every kind, made from hand-built values, in the format
// named by the only argument. schemas_test.py holds them against schemas/.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/boot_samples.hpp"
#include "cli/output_json.hpp"
#include "cli/output_monitor.hpp"
#include "cli/output_policy.hpp"
#include "cli/output_topology.hpp"
#include "cli/samples.hpp"

namespace {

using namespace nvgpuctl;       // NOLINT(google-build-using-namespace)
using namespace nvgpuctl::cli;  // NOLINT(google-build-using-namespace)

void separate(const Context& context) {
  if (context.format == Format::yaml) {
    context.out << "---\n";
  }
}

void print_lists(Context& context) {
  const auto host = samples::host();
  const auto gpu = samples::gpu();
  const auto bare = samples::bare_gpu();
  separate(context);
  print_list(context, "Gpu", {gpu_json(host, gpu), gpu_json(host, bare)});
  separate(context);
  print_list(context, "Gpu", {});
  separate(context);
  print_list(context, "Explanation",
             {explanation_json(HostSnapshot{}, gpu),
              explanation_json(HostSnapshot{}, bare)});
  separate(context);
  print_list(
      context, "Validation",
      {validation_json(gpu, {samples::sections(Verdict::pass), gpu.plan}),
       validation_json(bare, {samples::sections(Verdict::fail), bare.plan}),
       validation_json(bare,
                       {samples::sections(Verdict::skipped), bare.plan})});
  separate(context);
  print_list(context, "BindPlan",
             {bind_plan_json(samples::bind_plan()), bind_plan_json({})});
  separate(context);
  print_list(context, "BindReport",
             {bind_report_json(samples::failed_change(), GpuState::ready),
              bind_report_json({}, {})});
  separate(context);
  print_list(context, "DomainLint",
             {lint_json(samples::linted()), lint_json(samples::fixed()),
              lint_json(samples::without_gpu())});
}

void print_documents(Context& context) {
  separate(context);
  print_document(context, "Topology",
                 topology_json(make_topology(
                     samples::host(), {samples::gpu(), samples::bare_gpu()},
                     {{samples::gpu().pci.address, "grace"}})));
  separate(context);
  print_document(context, "DomainFragment",
                 domain_json({{9, 1, 0, 0}}, {}, samples::generated()));
  separate(context);
  print_document(context, "DomainChange",
                 domain_change_json(samples::domain_change(), true));
  separate(context);
  print_document(context, "DomainChange", domain_change_json({}, false));
  separate(context);
  print_document(context, "HostReport",
                 host_report_json(samples::host(), {samples::gpu()},
                                  samples::sections(Verdict::degraded)));
  separate(context);
  print_document(
      context, "BootReport",
      boot_report_json(samples::host(), {samples::gpu()}, samples::boot(),
                       samples::sections(Verdict::remark)));
  separate(context);
  print_document(context, "BootReport",
                 boot_report_json(HostSnapshot{}, {}, BootFacts{}, {}));
  separate(context);
  print_document(context, "MonitorEvent",
                 monitor_json(samples::monitor_record()));
  separate(context);
  MonitorRecord bare;
  bare.time = "2026-01-31T12:00:00Z";
  bare.event.subsystem = "drivers";
  print_document(context, "MonitorEvent", monitor_json(bare));
  separate(context);
  print_document(context, "RecoveryReport", recovery_json({}));
  separate(context);
  PolicyRule rule;
  rule.place = "policy.yaml:4:5";
  PolicyState absent;
  absent.rule = &rule;
  absent.differences = {{"gpu", "0029:01:00.0", "not there"}};
  absent.obstacle = Error{Errc::no_such_gpu, rule.place, "is not there", ""};
  print_list(context, "PolicyState", {});
  separate(context);
  print_list(context, "PolicyState", {policy_state_json(absent)});
  separate(context);
  print_document(context, "RecoveryReport", recovery_json(samples::recovery()));
  separate(context);
  print_document(context, "Emission",
                 emission_json(kEmitTargets.front(), samples::emission()));
  separate(context);
  print_document(context, "VersionInfo", version_json());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view format = argc == 2 ? argv[1] : "";
  Context context{.out = std::cout, .err = std::cerr};
  context.format = format == "yaml" ? Format::yaml : Format::jsonl;
  print_lists(context);
  print_documents(context);
}
