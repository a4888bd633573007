// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/module_loader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "base/text.hpp"
#include "host/argument_list.hpp"
#include "host/hung_records.hpp"
#include "host/kernel_call.hpp"
#include "host/system_error.hpp"

namespace nvgpuctl {
namespace {

// systemd gives a service 90 s to stop before it kills it, and a little more.
constexpr std::chrono::seconds kUnitPatience{120};
constexpr const char* kSystemctl = "/usr/bin/systemctl";

// As a shell has it for a program that cannot be run; modprobe ends with 1.
constexpr int kNotRun = 127;

// `module`: its name and parameters, with a space between.
int run_modprobe(const std::string& program, std::string_view module,
                 int messages) {
  ::dup2(messages, STDERR_FILENO);
  (void)::signal(SIGPIPE, SIG_DFL);  // that we ignore it would be inherited
  std::vector<std::string> words{program, "--"};
  for (const auto word : split(module, ' ')) {
    words.emplace_back(word);
  }
  const ArgumentList arguments(std::move(words));
  const ArgumentList environment({kSafePath});
  ::execve(program.c_str(), arguments.data(), environment.data());
  return kNotRun;
}

// What it has said by now, in one line.
std::string said(const Fd& messages) {
  std::array<char, 512> text{};
  const ssize_t count = ::read(messages.get(), text.data(), text.size());
  std::string line(text.data(),
                   count > 0 ? static_cast<std::size_t>(count) : 0);
  for (char& character : line) {
    character = character == '\n' ? ' ' : character;
  }
  return std::string(trim(line));
}

}  // namespace

Result<> Modprobe::load(const std::string& module) {
  const std::string name = module.substr(0, module.find(' '));
  const std::string subject = "module-" + name;
  if (const auto hung = find_hung(root_, subject)) {
    return tl::unexpected<Error>(hung_error(*hung));
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return call_failure(program_, errno);
  }
  const Fd out(ends[0]);
  const Fd messages(ends[1]);
  const auto answer = run_kernel_calls(
      root_,
      {{subject, program_, module,
        [&] { return run_modprobe(program_, module, messages.get()); },
        messages.get()}},
      {})[0];
  if (answer.failure) {
    return tl::unexpected<Error>(*answer.failure);
  }
  if (answer.hung) {
    return tl::unexpected<Error>(hung_error(*answer.hung));
  }
  if (answer.code == kNotRun) {
    return fail(Errc::io, "module " + name, "cannot run " + program_,
                "install kmod");
  }
  if (!answer.code) {
    return fail(Errc::io, "module " + name,
                fmt::format("modprobe took longer than {} s, and was killed",
                            root_.patience().bound.count() / 1000),
                "see the kernel log");
  }
  if (answer.code != 0) {
    const std::string why = said(out);
    return fail(Errc::io, "module " + name,
                "modprobe could not load it" + (why.empty() ? "" : ": " + why),
                "see the kernel log");
  }
  return {};
}

Result<> Modprobe::control(const UnitOrder& order) {
  const std::string hint = "systemctl status " + order.unit + " says why";
  const auto done = run_program(
      kSystemctl, {"--no-ask-password", order.verb, "--", order.unit}, output_,
      kUnitPatience);
  if (!done) {
    return fail(Errc::io, order.unit, done.error().problem, hint);
  }
  if (*done != 0) {
    return fail(Errc::io, order.unit,
                "systemctl could not " + order.verb + " it", hint);
  }
  const auto active =
      run_program(kSystemctl, {"is-active", "--quiet", "--", order.unit},
                  ProgramOutput::dropped, kUnitPatience);
  if (!active) {
    return fail(Errc::io, order.unit, active.error().problem, hint);
  }
  if ((*active == 0) != (order.verb == "start")) {
    return fail(Errc::io, order.unit,
                *active == 0 ? "is active again at once" : "is not active",
                hint);
  }
  return {};
}

}  // namespace nvgpuctl
