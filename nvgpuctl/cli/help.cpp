// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/help.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.hpp"
#include "cli/layout.hpp"

namespace nvgpuctl::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

// Two columns, the second one wrapped.
void print_rows(Context& context, std::string_view title, const Rows& rows) {
  std::size_t width = 0;
  for (const auto& [left, right] : rows) {
    width = std::max(width, left.size());
  }
  context.out << '\n' << paint(context, title, Style::strong) << '\n';
  for (const auto& [left, right] : rows) {
    print_prose(context.out, context.width,
                fmt::format("  {:<{}}  ", left, width), right);
  }
}

void print_options(Context& context, std::string_view title,
                   std::span<const OptionSpec> options) {
  Rows rows;
  for (const auto& option : options) {
    rows.emplace_back(option_usage(option), option.help);
    if (!option.choices.empty()) {
      rows.back().second +=
          fmt::format(": {}", fmt::join(option.choices, ", "));
    }
  }
  if (!rows.empty()) {
    print_rows(context, title, rows);
  }
}

void print_exit_codes(Context& context) {
  Rows rows;
  for (const auto code : all_exit_codes()) {
    rows.emplace_back(fmt::format("{}", static_cast<int>(code)), meaning(code));
  }
  print_rows(context, "Exit codes:", rows);
}

void print_selectors(Context& context) {
  print_rows(context, "A GPU is named by:",
             {{"0009:01:00.0", "its PCI address"},
              {"9:1:0.0, 01:00.0", "a short form, where it is unambiguous"},
              {"pci_0009_01_00_0", "libvirt's name for it"},
              {"'0009:*'", "a pattern over the address"}});
}

void print_verb_help(Context& context, const Command& command) {
  print_prose(context.out, context.width, "usage: ", synopsis(command));
  context.out << '\n';
  print_prose(context.out, context.width, "",
              fmt::format("{}.", command.summary));
  if (!command.details.empty()) {
    context.out << '\n';
    print_prose(context.out, context.width, "", command.details);
  }
  if (command.operands == Operands::optional_gpus ||
      command.operands == Operands::required_gpus) {
    print_selectors(context);
  }
  print_options(context, "Options:", command.options);
  print_options(context, "Options of every verb:", common_options());
}

void print_overview(Context& context, std::string_view group) {
  Rows rows;
  for (const auto& command : commands()) {
    if (group.empty() || command.name.starts_with(group)) {
      rows.emplace_back(command.name, command.summary);
    }
  }
  if (group.empty()) {
    rows.emplace_back("help", "Explain nvgpuctl or a verb");
  }
  context.out << "usage: nvgpuctl [OPTION...] [VERB] [GPU...]\n";
  print_rows(context, "Verbs:", rows);
  print_options(context, "Options of every verb:", common_options());
  if (group.empty()) {
    print_selectors(context);
    print_exit_codes(context);
  }
}

}  // namespace

std::string synopsis(const Command& command) {
  std::string text = fmt::format("nvgpuctl {} [OPTION...]", command.name);
  if (!command.synopsis.empty()) {
    return fmt::format("{} {}", text, command.synopsis);
  }
  switch (command.operands) {
    case Operands::optional_gpus:
      text += " [GPU...]";
      break;
    case Operands::required_gpus:
      text += " GPU...|--all";
      break;
    case Operands::one_choice:
      text += fmt::format(" {}", fmt::join(command.choices, "|"));
      break;
    case Operands::none:
    case Operands::hook_words:
    case Operands::one_domain:
    case Operands::optional_file:
      break;
  }
  return text;
}

std::string option_usage(const OptionSpec& option) {
  std::string text =
      fmt::format("{}", fmt::join(split(option.name, ','), ", "));
  if (option.kind != OptionKind::flag) {
    text += fmt::format(" {}", option.metavar);
  }
  return text;
}

void print_help(Context& context, std::string_view topic) {
  if (const auto* command = find_command(topic)) {
    print_verb_help(context, *command);
    return;
  }
  print_overview(context, topic);
}

}  // namespace nvgpuctl::cli
