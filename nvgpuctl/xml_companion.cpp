// SPDX-License-Identifier: GPL-2.0-or-later
//
// Linked into nvgpuctl in place of cli/cmd_xml*.cpp: the verbs that need
// libxml2 are carried out by nvgpuctl-xml, so that the others start without it
// (docs/adr/0009).
#include "cli/hook_domain.hpp"
#include "cli/verbs.hpp"
#include "host/companion.hpp"
#include "host/standard_input.hpp"
#include "ops/hook_session.hpp"

namespace nvgpuctl::cli {

Result<ExitCode> run_xml_generate(Context& context, const Arguments&) {
  return tl::unexpected(become_companion("nvgpuctl-xml", context.words));
}

Result<ExitCode> run_xml_merge(Context& context, const Arguments& arguments) {
  return run_xml_generate(context, arguments);
}

Result<ExitCode> run_xml_unmerge(Context& context, const Arguments& arguments) {
  return run_xml_generate(context, arguments);
}

Result<ExitCode> run_xml_lint(Context& context, const Arguments& arguments) {
  return run_xml_generate(context, arguments);
}

// The companion reads the domain once more, from where this has put it.
Result<> prepare_from_xml(Context& context, const HookTools& /*tools*/,
                          const std::string& /*guest*/, std::string_view xml) {
  auto handed_on = replace_standard_input(xml);
  if (!handed_on) {
    return handed_on;
  }
  const auto error = become_companion("nvgpuctl-xml", context.words);
  return refuse("NVG-E079", error.code, error.subject, error.problem);
}

}  // namespace nvgpuctl::cli
