// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/module_loader.hpp"

#include <vector>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr std::chrono::minutes kPatience{10};
// systemd gives a service 90 s to stop before it kills it, and a little more.
constexpr std::chrono::seconds kUnitPatience{120};
constexpr const char* kSystemctl = "/usr/bin/systemctl";

}  // namespace

Result<> Modprobe::load(const std::string& module) {
  const std::string subject = "module " + module;
  const std::string program = "/sbin/modprobe";
  std::vector<std::string> arguments{"--"};
  for (const auto word : split(module, ' ')) {
    arguments.emplace_back(word);
  }
  const auto status = run_program(program, arguments, output_, kPatience);
  if (!status) {
    return fail(Errc::io, subject, program + ": " + status.error().problem,
                "install kmod");
  }
  if (*status != 0) {
    return fail(Errc::io, subject, "modprobe could not load it",
                output_ == ProgramOutput::shown
                    ? "its message is above; see also the kernel log"
                    : "see the kernel log");
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
