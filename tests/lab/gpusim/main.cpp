// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <string>

#include "gpusim/scenario.hpp"
#include "gpusim/server.hpp"

namespace nvgpuctl::gpusim {
namespace {

constexpr const char* kUsage =
    "usage: gpusim --scenario FILE --gpu N --socket PATH --control PATH "
    "[--log FILE] [--keep]";

struct Arguments {
  std::string scenario;
  std::size_t gpu = 0;
  std::string log = "/dev/null";
  ServerOptions server;
};

Result<Arguments> parse_arguments(std::span<const char* const> words) {
  Arguments arguments;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string word = words[i];
    if (word == "--keep") {
      arguments.server.keep = true;
      continue;
    }
    const std::string value = i + 1 < words.size() ? words[++i] : "";
    const auto number = parse_unsigned(value);
    if (word == "--scenario") {
      arguments.scenario = value;
    } else if (word == "--gpu" && number) {
      arguments.gpu = *number;
    } else if (word == "--socket") {
      arguments.server.socket = value;
    } else if (word == "--control") {
      arguments.server.control = value;
    } else if (word == "--log" && !value.empty()) {
      arguments.log = value;
    } else {
      return fail(Errc::usage, word, "cannot be here, or lacks its value",
                  kUsage);
    }
  }
  if (arguments.scenario.empty() || arguments.server.socket.empty() ||
      arguments.server.control.empty()) {
    return fail(Errc::usage, "gpusim", "is not told enough", kUsage);
  }
  return arguments;
}

Result<GpuOptions> read_scenario(const Arguments& arguments) {
  std::ifstream file(arguments.scenario);
  if (!file) {
    return fail(Errc::not_found, arguments.scenario, "cannot be read");
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return parse_scenario(text, arguments.scenario, arguments.gpu);
}

// Becomes readable when somebody wants this program to end, so that it takes
// its sockets away.
Fd watch_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  // A client may pass a pipe where an eventfd belongs.
  signal(SIGPIPE, SIG_IGN);
  return Fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

Result<> serve(std::span<const char* const> words) {
  auto arguments = parse_arguments(words);
  if (!arguments) {
    return forward_error(arguments);
  }
  const auto options = read_scenario(*arguments);
  if (!options) {
    return forward_error(options);
  }
  std::ofstream log_file(arguments->log);
  if (!log_file) {
    return fail(Errc::io, arguments->log, "cannot be written");
  }
  const Fd signals = watch_signals();
  arguments->server.stop_fd = signals.get();
  Log log(log_file, Clock::now());
  Gpu gpu(*options, Clock::now());
  auto server = Server::open(arguments->server, gpu, log);
  return server ? server->run() : forward_error(server);
}

int run(std::span<const char* const> words) {
  const auto done = serve(words);
  if (done) {
    return 0;
  }
  const auto& error = done.error();
  fmt::print(stderr, "gpusim: {}: {}\n", error.subject, error.problem);
  if (!error.hint.empty()) {
    fmt::print(stderr, "{}\n", error.hint);
  }
  return error.code == Errc::usage ? 2 : 1;
}

}  // namespace
}  // namespace nvgpuctl::gpusim

int main(int argc, char** argv) {
  try {
    return nvgpuctl::gpusim::run({argv, static_cast<std::size_t>(argc)});
  } catch (const std::exception& error) {
    fmt::print(stderr, "gpusim: bug: {}\n", error.what());
    return 70;
  }
}
