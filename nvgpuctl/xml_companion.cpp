// SPDX-License-Identifier: GPL-2.0-or-later
//
// Linked into nvgpuctl in place of cli/cmd_xml.cpp and cmd_xml_merge.cpp: the
// verbs that need libxml2 are carried out by nvgpuctl-xml, so that the others
// start without it (docs/adr/0009).
#include "cli/verbs.hpp"
#include "host/companion.hpp"

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

}  // namespace nvgpuctl::cli
