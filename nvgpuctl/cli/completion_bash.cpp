// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <vector>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/completion.hpp"

namespace nvgpuctl::cli {
namespace {

// Bash splits words at colons, and PCI addresses are full of them, so the line
// is split here at blanks, and what Bash will insert is cut at the last colon.
// Elsewhere Bash's own idea of the word is the better one: it knows quotes.
constexpr std::string_view kHead = R"(# bash completion for nvgpuctl
# Names that somebody else chose. They never go through compgen -W, which
# expands its words and would run a command that stands in one.
_nvgpuctl_names() {
  case $names in
    files) compgen -f -- "$word" ;;
    directories) compgen -d -- "$word" ;;
    gpus)
      nvgpuctl "${root[@]}" list --addresses 2>/dev/null |
        while read -r gpu; do
          [[ $gpu != "$word"* ]] || printf '%s\n' "$gpu"
        done
      ;;
  esac
}
_nvgpuctl() {
  local line=${COMP_LINE:0:COMP_POINT}
  local -a words root=()
  read -r -a words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  local current=${words[-1]} previous=${words[-2]-} verb="" i
  local candidates="" names="" word=${2-${words[-1]}}
  [[ $current == *:* ]] && word=$current
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    case ${words[i]} in
)";

constexpr std::string_view kVerb = R"(      -*) ;;
      *)
        case $verb in
          "") verb=${words[i]} ;;
          @GROUPS@) verb="$verb ${words[i]}" ;;
        esac
        ;;
    esac
  done
  case $previous in
)";

constexpr std::string_view kTail = R"(          *) ;;
      esac
      ;;
  esac
  case $names in
    files | directories)
      # So that Bash quotes what it inserts.
      compopt -o filenames 2>/dev/null
      ;;
  esac
  mapfile -t COMPREPLY < <(
    compgen -W "$candidates" -- "$word"
    _nvgpuctl_names
  )
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    local typed=${current%"${current##*:}"}
    COMPREPLY=("${COMPREPLY[@]#"$typed"}")
  fi
}
complete -F _nvgpuctl nvgpuctl
)";

std::vector<const OptionSpec*> all_options() {
  std::vector<const OptionSpec*> options;
  std::set<std::string_view> seen;
  const auto add = [&](std::span<const OptionSpec> table) {
    for (const auto& option : table) {
      if (seen.insert(option.name).second) {
        options.push_back(&option);
      }
    }
  };
  add(common_options());
  for (const auto& command : commands()) {
    add(command.options);
  }
  return options;
}

std::string pattern(const OptionSpec& option) {
  return fmt::format("{}", fmt::join(split(option.name, ','), "|"));
}

std::string skip_values() {
  std::string text;
  for (const auto* option : all_options()) {
    if (option->kind == OptionKind::flag) {
      continue;
    }
    if (long_name(*option) == "--root") {
      text += "      --root) root=(--root \"${words[++i]}\") ;;\n";
    } else {
      text += fmt::format("      {}) ((i++)) ;;\n", pattern(*option));
    }
  }
  return text;
}

// What may stand behind an option.
std::string value_of(const OptionSpec& option) {
  if (option.kind == OptionKind::choice) {
    return fmt::format("candidates=\"{}\"", fmt::join(option.choices, " "));
  }
  if (option.metavar == "GPU") {
    return "names=gpus";
  }
  if (option.metavar == "DIR") {
    return "names=directories";
  }
  return takes_path(option) ? "names=files" : "return";
}

// What may stand behind an option, in verbs that do not agree about it.
std::string value_by_verb(std::string_view name) {
  std::string text = "case $verb in ";
  for (const auto& command : commands()) {
    for (const auto& option : command.options) {
      if (option.name == name) {
        text += fmt::format("\"{}\") {} ;; ", command.name, value_of(option));
      }
    }
  }
  return text + "esac";
}

bool verbs_agree(const OptionSpec& meant) {
  for (const auto& command : commands()) {
    for (const auto& option : command.options) {
      if (option.name == meant.name && value_of(option) != value_of(meant)) {
        return false;
      }
    }
  }
  return true;
}

std::string option_values() {
  std::string text;
  for (const auto* option : all_options()) {
    if (option->kind != OptionKind::flag) {
      text += fmt::format("    {}) {} ;;\n", pattern(*option),
                          verbs_agree(*option) ? value_of(*option)
                                               : value_by_verb(option->name));
    }
  }
  return text;
}

std::string names(std::span<const OptionSpec> options) {
  std::string text;
  for (const auto& option : options) {
    text += fmt::format(" {}", long_name(option));
  }
  return text;
}

// "list show … xml help": first words, each once; and for each group ("xml")
// its second words.
struct VerbWords {
  std::vector<std::string_view> first;
  std::vector<std::pair<std::string_view, std::string>> groups;
};

VerbWords verb_words() {
  VerbWords words;
  for (const auto& command : commands()) {
    const auto pieces = split(command.name, ' ');
    if (pieces.size() == 1) {
      words.first.push_back(pieces[0]);
    } else if (words.groups.empty() || words.groups.back().first != pieces[0]) {
      words.first.push_back(pieces[0]);
      words.groups.emplace_back(pieces[0], pieces[1]);
    } else {
      words.groups.back().second += fmt::format(" {}", pieces[1]);
    }
  }
  words.first.emplace_back("help");
  return words;
}

std::string verb_cases() {
  const auto words = verb_words();
  std::string text = "    *)\n      case $verb in\n";
  const auto row = [&](std::string_view verb, const std::string& candidates,
                       std::string_view more = "") {
    text += fmt::format("        \"{}\") candidates=\"{}\"{} ;;\n", verb,
                        candidates, more);
  };
  row("", fmt::format("{}{}", fmt::join(words.first, " "),
                      names(common_options())));
  row("help", fmt::format("{}", fmt::join(words.first, " ")));
  for (const auto& [group, seconds] : words.groups) {
    row(group, seconds);
    row(fmt::format("help {}", group), seconds);
  }
  for (const auto& command : commands()) {
    std::string candidates = names(command.options) + names(common_options());
    candidates.erase(0, 1);
    if (command.operands == Operands::one_choice) {
      candidates =
          fmt::format("{} {}", fmt::join(command.choices, " "), candidates);
    }
    row(command.name, candidates,
        takes_file(command)   ? " names=files"
        : takes_gpus(command) ? " names=gpus"
                              : "");
  }
  return text;
}

std::string groups_pattern() {
  std::vector<std::string_view> names{"help"};
  for (const auto& [group, seconds] : verb_words().groups) {
    names.push_back(group);
  }
  return fmt::format("{}", fmt::join(names, "|"));
}

}  // namespace

std::string bash_completion() {
  std::string verb(kVerb);
  constexpr std::string_view kMark = "@GROUPS@";
  verb.replace(verb.find(kMark), kMark.size(), groups_pattern());
  return fmt::format("{}{}{}{}{}{}", kHead, skip_values(), verb,
                     option_values(), verb_cases(), kTail);
}

}  // namespace nvgpuctl::cli
