// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/completion.hpp"

namespace nvgpuctl::cli {
namespace {

constexpr std::string_view kHead = R"zsh(#compdef nvgpuctl
_nvgpuctl_gpus() {
  local -a gpus
  gpus=(${(f)"$(nvgpuctl list --addresses --root=$root 2>/dev/null)"})
  compadd -- $gpus
}
_nvgpuctl() {
  local -a common
  common=(
)zsh";

// For a description inside single quotes and _arguments' own brackets.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char character : text) {
    if (character == '\'') {
      result += "'\\''";
    } else if (character == '[' || character == ']' || character == ':') {
      result += std::string("\\") + character;
    } else {
      result += character;
    }
  }
  return result;
}

std::string action(const OptionSpec& option) {
  if (option.kind == OptionKind::choice) {
    return fmt::format("({})", fmt::join(option.choices, " "));
  }
  if (option.metavar == "GPU") {
    return "_nvgpuctl_gpus";
  }
  if (option.metavar == "DIR") {
    return "_files -/";
  }
  return takes_path(option) ? "_files" : " ";
}

std::string option_specs(std::span<const OptionSpec> options,
                         std::string_view indent) {
  std::string text;
  for (const auto& option : options) {
    for (const auto name : split(option.name, ',')) {
      text += fmt::format(
          "{}'{}{}[{}]{}'\n", indent,
          option.kind == OptionKind::repeated ? "*" : "", name,
          escaped(option.help),
          option.kind == OptionKind::flag
              ? ""
              : fmt::format(":{}:{}", option.metavar, action(option)));
    }
  }
  return text;
}

// The verb's own words are positional arguments to _arguments.
std::string operand_specs(const Command& command) {
  std::string text;
  std::size_t place = 0;
  for (const auto word : split(command.name, ' ')) {
    text += fmt::format("        '{}:verb:({})'\n", ++place, word);
  }
  if (command.operands == Operands::one_choice) {
    text += fmt::format("        '{}:word:({})'\n", ++place,
                        fmt::join(command.choices, " "));
  } else if (takes_file(command)) {
    text += fmt::format("        '{}:file:_files'\n", ++place);
  } else if (takes_gpus(command)) {
    text += "        '*:GPU:_nvgpuctl_gpus'\n";
  }
  return text;
}

std::string verb_cases() {
  std::string text;
  for (const auto& command : commands()) {
    text += fmt::format("    ('{}')\n      _arguments \"${{common[@]}}\" \\\n",
                        command.name);
    std::string specs =
        operand_specs(command) + option_specs(command.options, "        ");
    // Each line but the last is continued.
    specs.pop_back();
    for (std::size_t at = 0; (at = specs.find('\n', at)) != std::string::npos;
         at += 3) {
      specs.insert(at, " \\");
    }
    text += specs + "\n      ;;\n";
  }
  return text;
}

// "xml", the first word of verbs of two, each once.
std::vector<std::string_view> groups() {
  std::vector<std::string_view> names;
  for (const auto& command : commands()) {
    const auto words = split(command.name, ' ');
    if (words.size() == 2 &&
        std::find(names.begin(), names.end(), words[0]) == names.end()) {
      names.push_back(words[0]);
    }
  }
  return names;
}

std::string verb_descriptions() {
  std::string text;
  for (const auto& command : commands()) {
    if (command.name.find(' ') == std::string_view::npos) {
      text += fmt::format("        '{}:{}'\n", command.name,
                          escaped(command.summary));
    }
  }
  for (const auto group : groups()) {
    text += fmt::format("        '{0}:nvgpuctl help {0}'\n", group);
  }
  return text + "        'help:Explain nvgpuctl or a verb'\n";
}

// The words that may follow "xml".
std::string group_cases() {
  std::string text;
  for (const auto group : groups()) {
    text += fmt::format("    ({0}|\"help {0}\") compadd --", group);
    for (const auto& command : commands()) {
      if (command.name.starts_with(fmt::format("{} ", group))) {
        text += command.name.substr(group.size());
      }
    }
    text += " ;;\n";
  }
  return text;
}

std::string value_options() {
  std::vector<std::string_view> names;
  const auto add = [&](std::span<const OptionSpec> options) {
    for (const auto& option : options) {
      if (option.kind == OptionKind::flag) {
        continue;
      }
      for (const auto name : split(option.name, ',')) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
          names.push_back(name);
        }
      }
    }
  };
  add(common_options());
  for (const auto& command : commands()) {
    add(command.options);
  }
  return fmt::format("{}", fmt::join(names, "|"));
}

// Finds the verb, and the host that GPUs are of, among the words before the
// cursor.
constexpr std::string_view kFindVerb = R"zsh(  )
  local verb="" root=/ i
  for ((i = 2; i < CURRENT; i++)); do
    case ${words[i]} in
      (--root) ((i++)); root=${(Q)words[i]} ;;
      (--root=*) root=${(Q)words[i]#--root=} ;;
      (@VALUES@) ((i++)) ;;
      (-*) ;;
      (*)
        if [[ -z $verb ]]; then
          verb=${words[i]}
        elif [[ ${verb#help } == (@GROUPS@|help) ]]; then
          verb="$verb ${words[i]}"
        fi
        ;;
    esac
  done
  root=${root/#\~\//$HOME/}
  case $verb in
    (""|help)
      local -a verbs
      verbs=(
)zsh";

// zsh runs the file on first use when it found it in its function path;
// otherwise the file was sourced.
constexpr std::string_view kTail = R"zsh(  esac
}
if [[ ${funcstack[1]} == _nvgpuctl ]]; then
  _nvgpuctl "$@"
else
  compdef _nvgpuctl nvgpuctl
fi
)zsh";

std::string replaced(std::string text, std::string_view mark,
                     std::string_view by) {
  return text.replace(text.find(mark), mark.size(), by);
}

}  // namespace

std::string zsh_completion() {
  std::string text(kHead);
  text += option_specs(common_options(), "    ");
  text +=
      replaced(replaced(std::string(kFindVerb), "@VALUES@", value_options()),
               "@GROUPS@", fmt::format("{}", fmt::join(groups(), "|")));
  text += verb_descriptions();
  text += "      )\n      _describe verb verbs\n      ;;\n";
  text += group_cases() + verb_cases();
  text += kTail;
  return text;
}

}  // namespace nvgpuctl::cli
