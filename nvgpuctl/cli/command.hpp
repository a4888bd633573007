// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/exit_code.hpp"

namespace nvgpuctl::cli {

enum class Format { table, wide, json, jsonl, yaml, svg };

// How an option takes its value.
enum class OptionKind {
  flag,      // --dry-run
  value,     // --vcpus 16
  choice,    // --profile native, one of `choices`
  repeated,  // --gpu A --gpu B
};

struct OptionSpec {
  std::string_view name;  // "--gpu"; a short form after a comma: "-o,--output"
  OptionKind kind = OptionKind::flag;
  std::string_view metavar = {};  // "GPU"; empty for flags
  std::string_view help = {};
  std::span<const std::string_view> choices = {};  // for kind `choice`
};

// What may stand after the verb.
enum class Operands {
  none,
  optional_gpus,  // explain [GPU…]
  required_gpus,  // bind GPU… or --all
  one_choice,     // completion SHELL: one of `choices`
  hook_words,     // hook qemu GUEST OPERATION SUBOPERATION EXTRA
  one_domain,     // xml lint NAME|FILE, or --all
  optional_file,  // xml merge [FILE]; GPUs are named by --gpu
};

// Parsed arguments of one verb. Options are found by their long name.
struct Arguments {
  std::map<std::string, std::vector<std::string>, std::less<>> options;
  std::vector<std::string> operands;

  bool has(std::string_view option) const;
  std::optional<std::string> value(std::string_view option) const;
  const std::vector<std::string>& values(std::string_view option) const;
};

// Whether somebody still reads standard output.
enum class Reader { there, gone };

// Everything a verb may touch. Tests fill it with a capture and strings.
struct Context {
  std::string root = "/";  // --root
  Format format = Format::table;
  bool color = false;      // already decided: TTY, NO_COLOR, TERM
  std::ostream& out;       // data
  std::ostream& err;       // prose
  std::size_t width = 80;  // columns that prose is wrapped to
  bool progress = false;   // somebody watches `err` on a terminal
  bool utf8 = true;        // `out` may have more than ASCII
  std::span<const std::string_view> words = {};  // the command line, unparsed
  // Prints what `out` holds by now. For verbs that print while they wait; of
  // all others everything comes at the end.
  std::function<Result<Reader>()> hand_on = [] { return Reader::there; };
};

// One row per verb: feeds dispatch, --help, completion and the man page check.
// A verb with a second word ("xml generate") has it in its name.
struct Command {
  std::string_view name;
  std::string_view summary = {};  // one line
  std::string_view details = {};  // paragraphs for `VERB --help`; may be empty
  Operands operands = Operands::none;
  std::span<const std::string_view> choices = {};  // for Operands::one_choice
  std::span<const OptionSpec> options = {};        // beside the common ones
  // What stands behind the verb, where it is no GPU and none of `choices`.
  std::string_view synopsis = {};
  Result<ExitCode> (*run)(Context&, const Arguments&) = nullptr;
  bool draws = false;     // knows -o svg
  bool documents = true;  // knows -o json, jsonl and yaml
};

std::span<const Command> commands();

// Whether GPUs may stand behind the verb.
bool takes_gpus(const Command& command);
// Whether the name of a file may.
bool takes_file(const Command& command);

// The row of a verb, "xml generate"; nothing when there is no such verb.
const Command* find_command(std::string_view name);

// Options that every verb has: --root, -o/--output, --color, --help, …
std::span<const OptionSpec> common_options();

// Whether the value of an option is the name of a file, or of anything that has
// one.
bool takes_path(const OptionSpec& option);

// "--output" of "-o,--output".
std::string_view long_name(const OptionSpec& option);

}  // namespace nvgpuctl::cli
