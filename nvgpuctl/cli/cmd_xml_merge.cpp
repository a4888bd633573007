// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/generate_options.hpp"
#include "cli/layout.hpp"
#include "cli/output_json.hpp"
#include "cli/select.hpp"
#include "cli/split_files.hpp"
#include "cli/verbs.hpp"
#include "core/xml_limits.hpp"
#include "host/input_text.hpp"
#include "host/libvirt_domains.hpp"
#include "ops/merge.hpp"

namespace nvgpuctl::cli {
namespace {

// Which domain a command line means.
struct Target {
  std::string domain;  // of libvirt
  std::string file;
  bool define = false;
};

Result<Target> find_target(const Context& context, const Arguments& arguments) {
  const auto domain = arguments.value("--domain");
  Target target{
      .domain = domain.value_or(""),
      .file = arguments.operands.empty() ? "" : arguments.operands.front(),
      .define = arguments.has("--define")};
  if (!domain && arguments.operands.empty()) {
    return fail(Errc::usage, "command line", "no domain given",
                "--domain NAME is one of libvirt's, FILE is one in a file, and "
                "- stands for standard input");
  }
  if (domain && !arguments.operands.empty()) {
    return fail(Errc::usage, "--domain", "cannot stand beside a file");
  }
  if (target.define && !domain) {
    return fail(Errc::usage, "--define", "is for a domain of libvirt's",
                "name it with --domain, or give the printed domain to virsh "
                "define");
  }
  if (arguments.has("--pieces") &&
      (target.define || arguments.has("--diff") || wants_document(context))) {
    return fail(Errc::usage, "--pieces",
                "cannot stand beside --define, --diff and documents");
  }
  if (domain && context.root != "/") {
    return fail(Errc::usage, "--domain",
                "a recorded host has no libvirt to ask",
                "virsh dumpxml --inactive writes the domain to a file");
  }
  return target;
}

// `xml lint` takes such a word for one.
bool could_be_name(std::string_view word) {
  return word.find('/') == std::string_view::npos && !word.ends_with(".xml");
}

Result<DomainText> read_target(const Target& target, Secrets secrets) {
  const bool named = !target.domain.empty();
  auto text = named ? inactive_xml(target.domain, secrets)
                    : read_input(target.file, kMaxXmlBytes);
  if (!text) {
    auto error = text.error();
    if (!named && error.code == Errc::not_found && could_be_name(target.file)) {
      error.hint = fmt::format("a domain of libvirt's is named by --domain {}",
                               target.file);
    }
    return tl::unexpected<Error>(std::move(error));
  }
  const std::string name = named                ? "domain " + target.domain
                           : target.file == "-" ? "standard input"
                                                : target.file;
  return DomainText{name, std::move(*text)};
}

void print_change(Context& context, const DomainChange& change, bool diff,
                  bool defined) {
  if (wants_document(context)) {
    print_document(context, "DomainChange",
                   domain_change_json(change, defined));
  } else if (diff) {
    context.out << change.diff;
  } else if (!defined) {
    context.out << change.after << (change.after.ends_with('\n') ? "" : "\n");
  }
}

void print_remarks(Context& context, const DomainChange& change, bool defined) {
  for (const auto& warning : change.warnings) {
    print_prose(context.err, context.width, "warning: ", warning);
  }
  if (!change.schema_note.empty()) {
    print_prose(context.err, context.width,
                change.validated ? "note: " : "warning: ", change.schema_note);
  }
  if (!change.changed) {
    print_prose(context.err, context.width,
                "note: ", change.domain + ": nothing to change");
  } else if (defined) {
    print_prose(context.err, context.width, "note: ",
                change.domain +
                    ": defined; what is running stays as it is "
                    "until it is started again");
  }
}

// `make` turns a domain into its change. What is shown and what is defined are
// read apart: the latter has the passwords.
template <class Make>
Result<ExitCode> carry_out(Context& context, const Arguments& arguments,
                           const Target& target, const Make& make) {
  const auto change_of = [&](Secrets secrets) -> Result<DomainChange> {
    const auto source = read_target(target, secrets);
    if (!source) {
      return forward_error(source);
    }
    return make(*source);
  };
  const auto shown = change_of(Secrets::leave_out);
  if (!shown) {
    return forward_error(shown);
  }
  if (target.define && shown->changed) {
    const auto change = change_of(Secrets::include);
    if (!change) {
      return forward_error(change);
    }
    if (auto ok = define_change(*change); !ok) {
      return forward_error(ok);
    }
  }
  print_remarks(context, *shown, target.define);
  print_change(context, *shown, arguments.has("--diff"), target.define);
  return ExitCode::done;
}

// The devices as files, and what they cannot say.
Result<ExitCode> write_pieces(Context& context, const std::string& directory,
                              const DomainChange& change) {
  const auto paths = write_split_files(directory, change.pieces);
  if (!paths) {
    return forward_error(paths);
  }
  print_remarks(context, change, false);
  print_prose(context.err, context.width, "warning: ",
              "virsh attach-device --config takes these one by one, in this "
              "order; it cannot add NUMA cells, distances, <numatune>, "
              "<pcihole64>, features and QEMU arguments, without which the "
              "guest does not find the GPU's memory");
  for (const auto& path : *paths) {
    context.out << path << '\n';
  }
  return ExitCode::done;
}

}  // namespace

Result<ExitCode> run_xml_merge(Context& context, const Arguments& arguments) {
  const auto target = find_target(context, arguments);
  if (!target) {
    return forward_error(target);
  }
  const auto options = generate_options(arguments);
  if (!options) {
    return forward_error(options);
  }
  HostNeeds needs = kToJudge;
  needs.libvirt = !options->libvirt || !options->qemu;
  const auto selection =
      select(context, arguments, needs, Operands::optional_file);
  if (!selection) {
    return forward_error(selection);
  }
  const auto make = [&](const DomainText& source) {
    return merge(selection->root, selection->inventory, selection->gpus,
                 *options, source);
  };
  if (const auto directory = arguments.value("--pieces")) {
    const auto source = read_target(*target, Secrets::leave_out);
    const auto change =
        source ? make(*source) : Result<DomainChange>(forward_error(source));
    return change ? write_pieces(context, *directory, *change)
                  : Result<ExitCode>(forward_error(change));
  }
  return carry_out(context, arguments, *target, make);
}

Result<ExitCode> run_xml_unmerge(Context& context, const Arguments& arguments) {
  const auto target = find_target(context, arguments);
  if (!target) {
    return forward_error(target);
  }
  // Nothing of the host is needed; a name that is no host is a slip all the
  // same.
  if (const auto root = RootDir::open(context.root); !root) {
    return forward_error(root);
  }
  return carry_out(context, arguments, *target, unmerge);
}

}  // namespace nvgpuctl::cli
