// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/main_cli.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>

#include "cli/arguments.hpp"
#include "cli/help.hpp"
#include "cli/layout.hpp"

namespace nvgpuctl::cli {
namespace {

Format to_format(std::string_view name) {
  if (name == "wide") {
    return Format::wide;
  }
  if (name == "json") {
    return Format::json;
  }
  if (name == "jsonl") {
    return Format::jsonl;
  }
  if (name == "svg") {
    return Format::svg;
  }
  return name == "yaml" ? Format::yaml : Format::table;
}

// "/" under whatever name: verbs ask by it whether the host is a recorded one.
std::string plain_root(const std::string& given) {
  std::error_code ignored;
  return std::filesystem::canonical(given, ignored) == "/" ? "/" : given;
}

Context make_context(const Arguments& arguments, const Streams& streams,
                     std::ostream& out) {
  Context context{.out = out, .err = streams.err};
  if (const auto root = arguments.value("--root")) {
    context.root = plain_root(*root);
  }
  context.format = to_format(arguments.value("--output").value_or("table"));
  const std::string color = arguments.value("--color").value_or("auto");
  context.color = color == "auto" ? streams.color : color == "always";
  context.width = streams.width;
  context.progress = streams.progress;
  context.utf8 = streams.utf8;
  return context;
}

Result<ExitCode> carry_out(const Invocation& invocation, Context& context) {
  switch (invocation.wish) {
    case Wish::help:
      print_help(context, invocation.topic);
      return ExitCode::done;
    case Wish::version:
      context.out << "nvgpuctl " NVGPUCTL_VERSION "\n";
      return ExitCode::done;
    case Wish::run:
      break;
  }
  return invocation.command->run(context, invocation.arguments);
}

// A reader that has seen enough (EPIPE) knows why the rest is missing; anybody
// else is told.
Result<Reader> write_data(const std::string& data, const Streams& streams) {
  errno = 0;
  streams.out << data << std::flush;
  if (streams.out) {
    return Reader::there;
  }
  if (errno == EPIPE) {
    return Reader::gone;
  }
  return fail(Errc::io, "standard output",
              "cannot be written: " + std::generic_category().message(errno));
}

ExitCode finish(const std::string& data, ExitCode code,
                const Streams& streams) {
  if (data.empty()) {
    return code;
  }
  const auto reader = write_data(data, streams);
  if (!reader) {
    print_error(streams.err, reader.error());
  }
  const bool complete = reader && *reader == Reader::there;
  return !complete && code == ExitCode::done ? ExitCode::failed : code;
}

}  // namespace

void print_error(std::ostream& err, const Error& error) {
  err << "nvgpuctl: " << printable(error.subject) << ": "
      << printable(error.problem) << '\n';
  const bool bare = error.code == Errc::permission && error.hint.empty();
  if (bare || !error.hint.empty()) {
    err << "hint: " << (bare ? "try as root" : printable(error.hint)) << '\n';
  }
}

int run(std::span<const std::string_view> args, const Streams& streams) {
  const auto invocation = parse_arguments(args);
  if (!invocation) {
    print_error(streams.err, invocation.error());
    return static_cast<int>(exit_code(invocation.error().code));
  }
  std::ostringstream data;
  Context context = make_context(invocation->arguments, streams, data);
  context.words = args;
  context.hand_on = [&data, &streams] {
    const std::string ready = data.str();
    data.str("");
    return write_data(ready, streams);
  };
  const auto code = carry_out(*invocation, context);
  if (!code) {
    print_error(streams.err, code.error());
    return static_cast<int>(exit_code(code.error().code));
  }
  return static_cast<int>(finish(data.str(), *code, streams));
}

}  // namespace nvgpuctl::cli
