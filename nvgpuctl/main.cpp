// SPDX-License-Identifier: GPL-2.0-or-later
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "cli/exit_code.hpp"
#include "cli/main_cli.hpp"
#include "host/terminal.hpp"

namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

std::string_view environment(const char* variable) {
  return is_set(variable) ? std::getenv(variable) : "";
}

// As locale(7) has it: the first of the three that is set decides.
bool locale_is_utf8() {
  for (const auto* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto name = environment(variable);
    if (!name.empty()) {
      return nvgpuctl::glob_match("*.[uU][tT][fF]8*", name) ||
             nvgpuctl::glob_match("*.[uU][tT][fF]-8*", name);
    }
  }
  return false;
}

nvgpuctl::cli::Streams standard_streams() {
  nvgpuctl::cli::Streams streams{.out = std::cout, .err = std::cerr};
  if (const auto columns = nvgpuctl::terminal_columns(1)) {
    streams.color = !is_set("NO_COLOR") && environment("TERM") != "dumb";
    const auto wanted =
        nvgpuctl::parse_unsigned(environment("COLUMNS")).value_or(0);
    streams.utf8 = locale_is_utf8();
    // Nothing has no columns: 0 is what nobody knows.
    streams.width = wanted > 0 ? wanted : (*columns > 0 ? *columns : 80);
  }
  streams.progress = nvgpuctl::terminal_columns(2).has_value();
  return streams;
}

}  // namespace

int main(int argc, char** argv) {
  nvgpuctl::occupy_standard_descriptors();
  // A reader that goes away must not end us in the middle of a change.
  (void)std::signal(SIGPIPE, SIG_IGN);
  try {
    const std::vector<std::string_view> args(argv + 1, argv + argc);
    return nvgpuctl::cli::run(args, standard_streams());
  } catch (const std::exception& error) {
    std::cerr << "nvgpuctl: bug: " << error.what()
              << "\nhint: please report this with the command line\n";
  } catch (...) {
    std::cerr << "nvgpuctl: bug: unknown exception\n";
  }
  return static_cast<int>(nvgpuctl::cli::ExitCode::bug);
}
