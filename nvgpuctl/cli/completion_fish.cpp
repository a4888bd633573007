// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/completion.hpp"

namespace nvgpuctl::cli {
namespace {

constexpr std::string_view kGpus = "'(nvgpuctl list --addresses 2>/dev/null)'";

std::string in_quotes(std::string_view text) {
  std::string result = "'";
  for (const char character : text) {
    if (character == '\'' || character == '\\') {
      result += '\\';
    }
    result += character;
  }
  return result + "'";
}

std::string argument_of(const OptionSpec& option) {
  if (option.kind == OptionKind::flag) {
    return "";
  }
  if (option.kind == OptionKind::choice) {
    return fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
  }
  if (option.metavar == "GPU") {
    return fmt::format(" -x -a {}", kGpus);
  }
  if (option.metavar == "DIR") {
    return " -x -a '(__fish_complete_directories)'";
  }
  return takes_path(option) ? " -r -F" : " -x";
}

std::string option_line(std::string_view condition, const OptionSpec& option) {
  std::string names;
  for (const auto name : split(option.name, ',')) {
    names += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2))
                                    : fmt::format(" -s {}", name.substr(1));
  }
  return fmt::format("complete -c nvgpuctl{}{}{} -d {}\n", condition, names,
                     argument_of(option), in_quotes(option.help));
}

// The verb's first word is offered where there is none yet, its second behind
// the first.
std::string verb_lines(const Command& command, std::set<std::string>& groups) {
  const auto words = split(command.name, ' ');
  if (words.size() == 1) {
    return fmt::format(
        "complete -c nvgpuctl -n __fish_use_subcommand -a {} -d {}\n", words[0],
        in_quotes(command.summary));
  }
  std::string text;
  if (groups.insert(std::string(words[0])).second) {
    text = fmt::format("complete -c nvgpuctl -n __fish_use_subcommand -a {}\n",
                       words[0]);
  }
  return text +
         fmt::format(
             "complete -c nvgpuctl -n '__fish_seen_subcommand_from {0}; and "
             "not __fish_seen_subcommand_from {1}' -a {1} -d {2}\n",
             words[0], words[1], in_quotes(command.summary));
}

std::string operand_lines(const Command& command, std::string_view condition) {
  if (command.operands == Operands::one_choice) {
    return fmt::format("complete -c nvgpuctl{} -a '{}'\n", condition,
                       fmt::join(command.choices, " "));
  }
  if (takes_file(command)) {
    return fmt::format("complete -c nvgpuctl{} -F\n", condition);
  }
  if (!takes_gpus(command)) {
    return "";
  }
  return fmt::format("complete -c nvgpuctl{} -a {} -d GPU\n", condition, kGpus);
}

}  // namespace

std::string fish_completion() {
  std::string text =
      "# fish completion for nvgpuctl\ncomplete -c nvgpuctl -f\n";
  std::set<std::string> groups;
  for (const auto& command : commands()) {
    const auto last_word = split(command.name, ' ').back();
    const std::string condition =
        fmt::format(" -n '__fish_seen_subcommand_from {}'", last_word);
    text += verb_lines(command, groups) + operand_lines(command, condition);
    for (const auto& option : command.options) {
      text += option_line(condition, option);
    }
  }
  text +=
      "complete -c nvgpuctl -n __fish_use_subcommand -a help -d "
      "'Explain nvgpuctl or a verb'\n";
  for (const auto& option : common_options()) {
    text += option_line("", option);
  }
  return text;
}

}  // namespace nvgpuctl::cli
