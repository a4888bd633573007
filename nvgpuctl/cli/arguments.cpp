// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/arguments.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.hpp"

// The only file that knows CLI11. It is given one verb's options at a time and
// no subcommands: that costs less at start-up, and lets options stand anywhere.

namespace nvgpuctl::cli {
namespace {

constexpr std::string_view kSeeHelp = "try: nvgpuctl help";

bool looks_like_option(std::string_view word) {
  return word.size() > 1 && word.front() == '-';
}

bool has_name(const OptionSpec& option, std::string_view name) {
  const auto names = split(option.name, ',');
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Looks through every verb's table. An option name takes a value either in all
// of them or in none, so the verb need not be known yet.
const OptionSpec* find_option_anywhere(std::string_view name) {
  const auto search = [&](std::span<const OptionSpec> options) {
    const auto found = std::find_if(
        options.begin(), options.end(),
        [&](const auto& option) { return has_name(option, name); });
    return found == options.end() ? nullptr : &*found;
  };
  if (const auto* option = search(common_options())) {
    return option;
  }
  for (const auto& command : commands()) {
    if (const auto* option = search(command.options)) {
      return option;
    }
  }
  return nullptr;
}

bool takes_next_word(std::string_view word) {
  const auto* option = find_option_anywhere(word);
  return option != nullptr && option->kind != OptionKind::flag;
}

// The command line with its verb taken out.
struct Words {
  std::vector<std::string> verb;
  std::vector<std::string> others;    // options, their values, operands
  std::vector<std::string> literals;  // behind "--": operands, whatever they
                                      // look like
};

bool starts_group(std::string_view word) {
  const std::string prefix = fmt::format("{} ", word);
  return std::any_of(
      commands().begin(), commands().end(),
      [&](const auto& row) { return row.name.starts_with(prefix); });
}

// Whether the next plain word still belongs to the verb.
bool verb_continues(const std::vector<std::string>& verb) {
  if (verb.empty() || verb.front() == "help") {
    return true;
  }
  return verb.size() == 1 && starts_group(verb.front());
}

Words take_words(std::span<const std::string_view> args) {
  Words words;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--") {
      for (const auto word : args.subspan(i + 1)) {
        words.literals.emplace_back(word);
      }
      return words;
    }
    if (looks_like_option(args[i])) {
      words.others.emplace_back(args[i]);
      if (takes_next_word(args[i]) && i + 1 < args.size()) {
        words.others.emplace_back(args[++i]);
      }
    } else if (verb_continues(words.verb)) {
      words.verb.emplace_back(args[i]);
    } else {
      words.others.emplace_back(args[i]);
    }
  }
  return words;
}

std::string join(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

tl::unexpected<Error> unknown_verb(const Words& words) {
  const std::string verb = join(words.verb);
  for (const auto& word : words.others) {
    if (find_command(word) != nullptr) {
      return fail(
          Errc::usage, fmt::format("'{}'", verb), "is not a verb",
          fmt::format("the verb comes first: nvgpuctl {} {}", word, verb));
    }
  }
  std::vector<std::string_view> names{"help"};
  for (const auto& command : commands()) {
    names.push_back(command.name);
  }
  if (const auto meant = closest(verb, names)) {
    return fail(Errc::usage, fmt::format("'{}'", verb), "is not a verb",
                fmt::format("did you mean '{}'?", *meant));
  }
  return fail(Errc::usage, fmt::format("'{}'", verb), "is not a verb",
              std::string(kSeeHelp));
}

tl::unexpected<Error> incomplete_verb(const std::string& group) {
  std::vector<std::string_view> names;
  for (const auto& command : commands()) {
    if (command.name.starts_with(group + " ")) {
      names.push_back(command.name);
    }
  }
  return fail(Errc::usage, fmt::format("'{}'", group), "needs a second word",
              fmt::format("there is: {}", fmt::join(names, ", ")));
}

std::vector<const OptionSpec*> options_of(const Command& command) {
  std::vector<const OptionSpec*> options;
  for (const auto& option : command.options) {
    options.push_back(&option);
  }
  for (const auto& option : common_options()) {
    options.push_back(&option);
  }
  return options;
}

std::string help_hint(const Command& command) {
  return fmt::format("try: nvgpuctl help {}", command.name);
}

tl::unexpected<Error> unknown_option(const Command& command,
                                     std::string_view word) {
  const std::string_view name = word.substr(0, word.find('='));
  const std::string problem =
      fmt::format("is not an option of 'nvgpuctl {}'", command.name);
  std::vector<std::string_view> names;
  for (const auto* option : options_of(command)) {
    names.push_back(long_name(*option));
  }
  const auto meant = closest(name, names);
  return fail(
      Errc::usage, std::string(name), problem,
      meant ? fmt::format("did you mean {}?", *meant) : help_hint(command));
}

Result<> check_choice(std::string_view subject, const std::string& value,
                      std::span<const std::string_view> choices) {
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) {
    return {};
  }
  const auto meant = closest(value, choices);
  return fail(
      Errc::usage, std::string(subject),
      fmt::format("'{}' is none of {}", value, fmt::join(choices, ", ")),
      meant ? fmt::format("did you mean {}?", *meant) : "");
}

// What CLI11 collected for one option, into `arguments`.
Result<> take_values(const OptionSpec& option, const CLI::Option& parsed,
                     Arguments& arguments) {
  if (parsed.count() == 0) {
    return {};
  }
  const std::string name(long_name(option));
  auto& values = arguments.options[name];
  if (option.kind == OptionKind::flag) {
    return {};
  }
  values = parsed.results();
  if (option.kind != OptionKind::repeated && values.size() > 1) {
    return fail(Errc::usage, name, "is given more than once");
  }
  for (const auto& value : values) {
    if (value.empty()) {  // most often a variable of the shell that is not set
      return fail(Errc::usage, name,
                  "needs a value, and is given an empty one");
    }
    if (option.kind == OptionKind::choice) {
      auto checked = check_choice(name, value, option.choices);
      if (!checked) {
        return forward_error(checked);
      }
    }
  }
  return {};
}

Result<> take_operands(const Command& command, std::vector<std::string> words,
                       std::vector<std::string> literals,
                       Arguments& arguments) {
  for (const auto& word : words) {
    if (looks_like_option(word)) {
      return unknown_option(command, word);
    }
  }
  auto& operands = arguments.operands;
  operands = std::move(words);
  operands.insert(operands.end(), literals.begin(), literals.end());
  if (command.operands != Operands::hook_words &&
      std::ranges::find(operands, "") != operands.end()) {
    return fail(Errc::usage, "''", "is an empty word", help_hint(command));
  }
  const bool one = command.operands == Operands::one_choice ||
                   command.operands == Operands::one_domain ||
                   command.operands == Operands::optional_file;
  const std::size_t allowed =
      command.operands == Operands::none ? 0 : (one ? 1 : SIZE_MAX);
  if (operands.size() > allowed) {
    return fail(
        Errc::usage, fmt::format("'{}'", operands[allowed]),
        fmt::format("is one word too many for 'nvgpuctl {}'", command.name),
        help_hint(command));
  }
  if (command.operands == Operands::one_choice && operands.size() == 1) {
    return check_choice(command.name, operands.front(), command.choices);
  }
  return {};
}

// CLI11 names the option first: "--root: 1 required TEXT missing", and flags
// without their dashes: "dry-run was given a disallowed flag override".
tl::unexpected<Error> mismatch(const Command& command,
                               std::string_view message) {
  std::string name(message.substr(0, message.find_first_of(": ")));
  if (!name.starts_with('-')) {
    name.insert(0, "--");
  }
  const auto* option = find_option_anywhere(name);
  if (option == nullptr) {
    return fail(Errc::usage, "command line", std::string(message),
                help_hint(command));
  }
  if (option->kind == OptionKind::flag) {
    return fail(Errc::usage, name, "takes no value");
  }
  return fail(Errc::usage, name,
              fmt::format("needs a value: {} {}", name, option->metavar));
}

Result<Arguments> parse_with(const Command& command, Words words) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<std::pair<const OptionSpec*, CLI::Option*>> declared;
  for (const auto* option : options_of(command)) {
    const std::string name(option->name);
    auto* added =
        option->kind == OptionKind::flag
            ? app.add_flag(name)->disable_flag_override()
            : app.add_option(name,
                             CLI::callback_t([](const auto&) { return true; }))
                  ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    declared.emplace_back(option, added);
  }
  try {
    std::reverse(words.others.begin(), words.others.end());
    app.parse(words.others);
  } catch (const CLI::ArgumentMismatch& error) {
    return mismatch(command, error.what());
  } catch (const CLI::ParseError& error) {
    return fail(Errc::usage, "command line", error.what(), help_hint(command));
  }
  Arguments arguments;
  for (const auto& [option, parsed] : declared) {
    auto taken = take_values(*option, *parsed, arguments);
    if (!taken) {
      return forward_error(taken);
    }
  }
  if (arguments.value("--output") == "svg" && !command.draws) {
    return fail(Errc::usage, "--output",
                fmt::format("'nvgpuctl {}' draws no picture", command.name),
                "svg is for: nvgpuctl topology");
  }
  const auto format = arguments.value("--output").value_or("table");
  if (!command.documents && format != "table" && format != "wide") {
    return fail(Errc::usage, "--output",
                fmt::format("'nvgpuctl {}' prints no {}", command.name, format),
                help_hint(command));
  }
  auto taken = take_operands(command, app.remaining(),
                             std::move(words.literals), arguments);
  if (!taken) {
    return forward_error(taken);
  }
  return arguments;
}

// "help", "help show", "help xml", "help xml generate".
Result<Invocation> parse_help(Words words) {
  words.verb.erase(words.verb.begin());
  words.verb.insert(words.verb.end(), words.literals.begin(),
                    words.literals.end());
  words.literals.clear();
  const std::string topic = join(words.verb);
  const bool known = words.verb.empty() || topic == "help" ||
                     find_command(topic) != nullptr || starts_group(topic);
  if (!known) {
    return unknown_verb(words);
  }
  constexpr Command kHelp{.name = "help", .documents = false};
  auto arguments = parse_with(kHelp, std::move(words));
  if (!arguments) {
    return forward_error(arguments);
  }
  return Invocation{.wish = Wish::help,
                    .topic = topic == "help" ? std::string() : topic,
                    .arguments = std::move(*arguments)};
}

}  // namespace

Result<Invocation> parse_arguments(std::span<const std::string_view> args) {
  Words words = take_words(args);
  if (!words.verb.empty() && words.verb.front() == "help") {
    return parse_help(std::move(words));
  }
  const bool implied = words.verb.empty();
  const std::string verb = implied ? "list" : join(words.verb);
  const auto* command = find_command(verb);
  if (command == nullptr && starts_group(verb)) {
    const auto& others = words.others;
    const bool help = std::any_of(others.begin(), others.end(), [](auto& word) {
      return word == "--help" || word == "-h";
    });
    if (help) {
      return Invocation{.wish = Wish::help, .topic = verb};
    }
    return incomplete_verb(verb);
  }
  if (command == nullptr) {
    return unknown_verb(words);
  }
  auto arguments = parse_with(*command, std::move(words));
  if (!arguments) {
    return forward_error(arguments);
  }
  Invocation invocation{.command = command};
  if (arguments->has("--version")) {
    invocation.wish = Wish::version;
  } else if (arguments->has("--help")) {
    invocation.wish = Wish::help;
    invocation.topic = implied ? std::string() : verb;
  }
  invocation.arguments = std::move(*arguments);
  return invocation;
}

}  // namespace nvgpuctl::cli
