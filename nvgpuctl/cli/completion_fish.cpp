// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/completion.hpp"

namespace nvgpuctl::cli {
namespace {

constexpr std::string_view kGpus = "'(__nvgpuctl_gpus)'";

// fish's own __fish_seen_subcommand_from takes the value of an option for a
// verb, and knows no verb of two words.
constexpr std::string_view kHead = R"fish(# fish completion for nvgpuctl
# The words before the cursor, without options and their values.
function __nvgpuctl_words
    set -l is_value 0
    for word in (commandline -opc)[2..-1]
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch $word
            case @VALUES@
                set is_value 1
            case '-*'
            case '*'
                printf '%s\n' $word
        end
    end
end
# Whether they are exactly these, so that the next one comes behind them.
function __nvgpuctl_is
    set -l words (__nvgpuctl_words)
    test "$words" = "$argv"
end
# Whether the verb is this one, whatever has come behind it.
function __nvgpuctl_verb
    set -l words (__nvgpuctl_words)
    set -l length (count $argv)
    test "$words[1..$length]" = "$argv"
end
# Of the host that --root names.
function __nvgpuctl_gpus
    set -l words (commandline -opc)
    set -l root
    for i in (seq (count $words))
        switch $words[$i]
            case --root
                set root $words[(math $i + 1)]
            case '--root=*'
                set root (string sub -s 8 -- $words[$i])
        end
    end
    if test -z "$root"
        set root /
    else if string match -q '~/*' -- $root
        set root $HOME(string sub -s 2 -- $root)
    end
    nvgpuctl list --addresses --root=$root 2>/dev/null
end
complete -c nvgpuctl -f
)fish";

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

// Where a word is offered: behind `before`, and in `help` about it.
std::string behind(std::string_view before) {
  const std::string_view blank = before.empty() ? "" : " ";
  return fmt::format(" -n '__nvgpuctl_is{0}{1}; or __nvgpuctl_is help{0}{1}'",
                     blank, before);
}

std::string verb_lines(const Command& command, std::set<std::string>& groups) {
  const auto words = split(command.name, ' ');
  const auto first = behind("");
  if (words.size() == 1) {
    return fmt::format("complete -c nvgpuctl{} -a {} -d {}\n", first, words[0],
                       in_quotes(command.summary));
  }
  std::string text;
  if (groups.insert(std::string(words[0])).second) {
    text = fmt::format("complete -c nvgpuctl{} -a {}\n", first, words[0]);
  }
  return text + fmt::format("complete -c nvgpuctl{} -a {} -d {}\n",
                            behind(words[0]), words[1],
                            in_quotes(command.summary));
}

std::string operand_lines(const Command& command, std::string_view condition) {
  if (command.operands == Operands::one_choice) {
    return fmt::format("complete -c nvgpuctl -n '__nvgpuctl_is {}' -a '{}'\n",
                       command.name, fmt::join(command.choices, " "));
  }
  if (takes_file(command)) {
    return fmt::format("complete -c nvgpuctl{} -F\n", condition);
  }
  if (!takes_gpus(command)) {
    return "";
  }
  return fmt::format("complete -c nvgpuctl{} -a {} -d GPU\n", condition, kGpus);
}

// Of all verbs: what follows one of them is no word.
std::string options_with_values() {
  std::set<std::string_view> names;
  const auto add = [&](std::span<const OptionSpec> options) {
    for (const auto& option : options) {
      const auto all = split(option.name, ',');
      if (option.kind != OptionKind::flag) {
        names.insert(all.begin(), all.end());
      }
    }
  };
  add(common_options());
  for (const auto& command : commands()) {
    add(command.options);
  }
  return fmt::format("{}", fmt::join(names, " "));
}

}  // namespace

std::string fish_completion() {
  constexpr std::string_view kMark = "@VALUES@";
  std::string text(kHead);
  text.replace(text.find(kMark), kMark.size(), options_with_values());
  std::set<std::string> groups;
  for (const auto& command : commands()) {
    const std::string condition =
        fmt::format(" -n '__nvgpuctl_verb {}'", command.name);
    text += verb_lines(command, groups) + operand_lines(command, condition);
    for (const auto& option : command.options) {
      text += option_line(condition, option);
    }
  }
  text +=
      "complete -c nvgpuctl -n __nvgpuctl_is -a help -d "
      "'Explain nvgpuctl or a verb'\n";
  for (const auto& option : common_options()) {
    text += option_line("", option);
  }
  return text;
}

}  // namespace nvgpuctl::cli
