// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/generate_options.hpp"
#include "cli/layout.hpp"
#include "cli/output_json.hpp"
#include "cli/output_text.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"
#include "core/xml_limits.hpp"
#include "host/input_text.hpp"
#include "host/libvirt_domains.hpp"
#include "ops/lint.hpp"

namespace nvgpuctl::cli {
namespace {

// More than Linux can have anywhere (CONFIG_NODES_SHIFT is at most 10).
constexpr std::uint64_t kMostNodes = 1024;

Result<> read_guest_nodes(const Arguments& arguments, LintOptions& options) {
  const auto nodes = arguments.value("--guest-nodes");
  const auto shift = arguments.value("--guest-nodes-shift");
  if (nodes && shift) {
    return fail(Errc::usage, "--guest-nodes",
                "cannot stand beside --guest-nodes-shift", "give one of them");
  }
  if (nodes) {
    const auto number = parse_unsigned(*nodes);
    if (!number || *number == 0 || *number > kMostNodes) {
      return fail(
          Errc::usage, "--guest-nodes",
          fmt::format("'{}' is not a number from 1 to {}", *nodes, kMostNodes));
    }
    options.guest_nodes = static_cast<unsigned>(*number);
  }
  if (shift) {
    const auto number = parse_unsigned(*shift);
    if (!number || *number > 10) {
      return fail(Errc::usage, "--guest-nodes-shift",
                  fmt::format("'{}' is not a number from 0 to 10", *shift));
    }
    options.guest_nodes = 1U << static_cast<unsigned>(*number);
  }
  return {};
}

Result<LintOptions> lint_options(const Arguments& arguments) {
  LintOptions options;
  auto read = read_guest_nodes(arguments, options);
  if (read) {
    read = read_version(arguments, "--libvirt", options.libvirt);
  }
  if (read) {
    read = read_version(arguments, "--qemu", options.qemu);
  }
  if (!read) {
    return forward_error(read);
  }
  options.schema = arguments.value("--schema").value_or("");
  options.fix = arguments.has("--fix");
  return options;
}

bool is_file(std::string_view word) {
  return word == "-" || word.find('/') != std::string_view::npos ||
         word.ends_with(".xml");
}

// Who gives a domain back to libvirt must give its passwords back, too.
Result<DomainText> read_operand(const Context& context,
                                const Arguments& arguments) {
  const std::string& word = arguments.operands.front();
  const Secrets secrets =
      arguments.has("--fix") ? Secrets::include : Secrets::leave_out;
  if (!is_file(word) && context.root != "/") {
    return fail(Errc::usage, word,
                "is a domain's name, and a recorded host has no libvirt to ask",
                "name a file: ./NAME.xml");
  }
  auto xml = is_file(word) ? read_input(word, kMaxXmlBytes)
                           : inactive_xml(word, secrets);
  if (!xml) {
    return forward_error(xml);
  }
  return DomainText{word == "-" ? "standard input" : word, std::move(*xml)};
}

Result<std::vector<DomainText>> read_all(const Context& context) {
  if (context.root != "/") {
    return fail(Errc::usage, "--all",
                "asks libvirt, and a recorded host has none");
  }
  const auto names = list_domains();
  if (!names) {
    return forward_error(names);
  }
  std::vector<DomainText> texts;
  for (const auto& name : *names) {
    auto xml = inactive_xml(name, Secrets::leave_out);
    if (!xml) {
      return forward_error(xml);
    }
    texts.push_back({name, std::move(*xml)});
  }
  return texts;
}

Result<std::vector<DomainText>> read_domains(const Context& context,
                                             const Arguments& arguments) {
  const bool all = arguments.has("--all");
  if (all && (arguments.has("--fix") || !arguments.operands.empty())) {
    return fail(Errc::usage, "--all",
                arguments.has("--fix") ? "cannot stand beside --fix"
                                       : "cannot stand beside a named domain");
  }
  if (all) {
    return read_all(context);
  }
  if (arguments.operands.empty()) {
    return fail(Errc::usage, "command line", "no domain given",
                "name one of libvirt's, a file, - for standard input, or "
                "--all");
  }
  auto text = read_operand(context, arguments);
  if (!text) {
    return forward_error(text);
  }
  return std::vector<DomainText>{std::move(*text)};
}

bool is_clean(const LintedDomain& domain) {
  const auto worst =
      worst_of(domain.fixed ? domain.left : domain.lint.findings);
  return !worst || *worst == LintSeverity::remark;
}

void print_text(Context& context, const LintedDomain& domain) {
  if (!domain.fixed) {
    print_lint(context, domain);
    return;
  }
  print_fixes(context, domain);
  context.out << *domain.fixed << (domain.fixed->ends_with('\n') ? "" : "\n");
}

}  // namespace

Result<ExitCode> run_xml_lint(Context& context, const Arguments& arguments) {
  const auto options = lint_options(arguments);
  if (!options) {
    return forward_error(options);
  }
  const auto texts = read_domains(context, arguments);
  if (!texts) {
    return forward_error(texts);
  }
  HostNeeds needs = kToJudge;
  needs.libvirt = !options->libvirt || !options->qemu;
  const auto selection = select(context, {}, needs, Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  bool clean = true;
  std::vector<Json> items;
  for (const auto& text : *texts) {
    const auto domain =
        lint(selection->root, selection->inventory, text, *options);
    if (!domain) {
      return forward_error(domain);
    }
    clean = clean && is_clean(*domain);
    if (wants_document(context)) {
      items.push_back(lint_json(*domain));
      continue;
    }
    context.out << (&text == &texts->front() ? "" : "\n");
    print_text(context, *domain);
  }
  if (wants_document(context)) {
    print_list(context, "DomainLint", items);
  }
  return clean ? ExitCode::done : ExitCode::differs;
}

}  // namespace nvgpuctl::cli
