// SPDX-License-Identifier: GPL-2.0-or-later
#include <nlohmann/json.hpp>

#include "cli/generate_options.hpp"
#include "cli/layout.hpp"
#include "cli/output_json.hpp"
#include "cli/select.hpp"
#include "cli/split_files.hpp"
#include "cli/verbs.hpp"

namespace nvgpuctl::cli {
namespace {

void print_remarks(Context& context, const Generated& generated) {
  for (const auto& warning : generated.domain.warnings) {
    print_prose(context.err, context.width, "warning: ", warning);
  }
  for (const auto& note : generated.notes) {
    print_prose(context.err, context.width, "note: ", note);
  }
  print_prose(
      context.err, context.width,
      generated.validated ? "note: " : "warning: ", generated.schema_note);
}

void print_xml(Context& context, const std::string& xml) {
  context.out << xml << (xml.ends_with('\n') ? "" : "\n");
}

void print_domain(Context& context, const Selection& selection,
                  const GenerateOptions& options, const Generated& generated) {
  std::vector<PciAddress> gpus;
  for (const auto index : selection.gpus) {
    gpus.push_back(selection.inventory.gpus[index].pci.address);
  }
  print_document(context, "DomainFragment",
                 domain_json(gpus, options, generated));
}

Result<> split_domain(Context& context, const std::string& directory,
                      const Generated& generated) {
  auto paths = write_split_files(directory, generated.domain.parts);
  if (!paths) {
    return forward_error(paths);
  }
  if (!wants_document(context)) {
    for (const auto& path : *paths) {
      context.out << path << '\n';
    }
  }
  return {};
}

}  // namespace

Result<ExitCode> run_xml_generate(Context& context,
                                  const Arguments& arguments) {
  auto options = generate_options(arguments);
  if (!options) {
    return forward_error(options);
  }
  const auto directory = arguments.value("--split");
  if (directory && options->whole_domain) {
    return fail(Errc::usage, "--split", "cannot stand beside --whole-domain",
                "a whole domain is one file; write it with '> FILE'");
  }
  if (!options->name.empty() && !options->whole_domain) {
    return fail(Errc::usage, "--name", "names a whole domain",
                "--whole-domain goes with it");
  }
  HostNeeds needs = kToJudge;
  // libvirt is slow to load, and not asked when both answers are given.
  needs.libvirt = !options->libvirt || !options->qemu;
  auto selection = select(context, arguments, needs, Operands::required_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  auto generated = generate(selection->root, selection->inventory,
                            selection->gpus, *options);
  if (!generated) {
    return forward_error(generated);
  }
  print_remarks(context, *generated);
  if (directory) {
    auto split = split_domain(context, *directory, *generated);
    if (!split) {
      return forward_error(split);
    }
  }
  if (wants_document(context)) {
    print_domain(context, *selection, *options, *generated);
  } else if (!directory) {
    print_xml(context, generated->domain.xml);
  }
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
