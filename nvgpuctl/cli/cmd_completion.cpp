// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/completion.hpp"
#include "cli/verbs.hpp"

namespace nvgpuctl::cli {

Result<ExitCode> run_completion(Context& context, const Arguments& arguments) {
  if (arguments.operands.empty()) {
    return fail(Errc::usage, "command line", "no shell given",
                "there is: bash, zsh, fish");
  }
  const std::string& shell = arguments.operands.front();
  if (shell == "bash") {
    context.out << bash_completion();
  } else if (shell == "zsh") {
    context.out << zsh_completion();
  } else {
    context.out << fish_completion();
  }
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
