// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "cli/hook_domain.hpp"
#include "cli/host_change.hpp"
#include "cli/layout.hpp"
#include "cli/verbs.hpp"
#include "cli/waiting.hpp"
#include "core/xml_limits.hpp"
#include "host/standard_input.hpp"
#include "host/system_log.hpp"
#include "ops/hook_filter.hpp"
#include "ops/refusal.hpp"

// What libvirt's qemu hook calls at each step of each domain's life. Its rules:
// standard input is read to its end, nothing goes to standard output, libvirt
// is never called, and whatever is not ours succeeds at once.

namespace nvgpuctl::cli {
namespace {

// The longest that a domain's start may wait: eight GPUs whose memory trains
// for its 30 s, twice.
constexpr std::chrono::seconds kMostTime{600};
constexpr std::chrono::seconds kMostInputTime{10};
constexpr std::size_t kMaxName = 255;

enum class Operation { other, prepare, release };

Operation operation_of(const std::vector<std::string>& words) {
  const auto is = [&](std::size_t index, std::string_view word) {
    return words.size() > index && words[index] == word;
  };
  if (is(1, "prepare") && is(2, "begin")) {
    return Operation::prepare;
  }
  return is(1, "release") && is(2, "end") ? Operation::release
                                          : Operation::other;
}

// A name that can stand in a record.
bool is_domain_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return static_cast<unsigned char>(c) >= ' ' && c != 0x7F;
         });
}

// One sentence, which libvirt hands on to whoever starts the domain.
ExitCode say(Context& context, const RootDir& root, const Error& error) {
  const std::string hint = error.hint.empty() ? "" : "; " + error.hint;
  const std::string text =
      printable(error.subject + ": " + error.problem + hint);
  context.err << "nvgpuctl: " << text << '\n';
  log_warning(root, text);
  return exit_code(error.code);
}

Result<> carry_out(Context& context, const RootDir& root, Operation operation,
                   const std::string& guest, std::string_view xml) {
  if (!is_domain_name(guest)) {
    return fail(Errc::usage, "the domain's name",
                "is empty, too long, or not printable");
  }
  end_after(kMostTime);
  Modprobe modules(root, ProgramOutput::dropped);
  KernelVfio vfio(root);
  HookTools tools{root, modules, vfio};
  tools.attest = waiting(context, "");
  tools.warn = [&root](std::string_view text) { log_warning(root, text); };
  if (operation == Operation::prepare) {
    return prepare_from_xml(context, tools, guest, xml);
  }
  auto live = check_live(context, root);
  return live ? release_domain(tools, guest) : live;
}

}  // namespace

Result<ExitCode> run_hook_qemu(Context& context, const Arguments& arguments) {
  const auto& words = arguments.operands;
  if (words.empty()) {
    return fail(Errc::usage, "command line", "no domain and no operation given",
                "libvirt calls this; see: nvgpuctl help hook qemu");
  }
  const auto xml = read_standard_input(kMaxXmlBytes, kMostInputTime);
  const auto operation = operation_of(words);
  if (operation == Operation::other) {
    return ExitCode::done;
  }
  auto root = RootDir::open(context.root);
  if (!root) {
    return forward_error(root);
  }
  const std::string& guest = words.front();
  const bool prepares = operation == Operation::prepare;
  if (!xml) {
    const auto& error = xml.error();
    if (prepares && has_nvidia_gpu(*root)) {
      return say(
          context, *root,
          refuse("NVG-E078", error.code, error.subject, error.problem).value());
    }
    log_warning(*root, error.subject + ": " + error.problem);
  }
  // What has ended gives back what it had, whatever it was.
  const bool needed = prepares ? xml && may_need_prepare(*root, *xml)
                               : may_need_release(*root, guest);
  if (!needed) {
    return ExitCode::done;
  }
  const auto done =
      carry_out(context, *root, operation, guest, xml.value_or(""));
  return done ? ExitCode::done : say(context, *root, done.error());
}

}  // namespace nvgpuctl::cli
