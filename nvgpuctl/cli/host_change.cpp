// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/host_change.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/layout.hpp"
#include "ops/recovery.hpp"

namespace nvgpuctl::cli {
namespace {

constexpr unsigned kMaxWait = 3600;

// A change of eight GPUs, one after the other, may well take a minute.
constexpr unsigned kDefaultWait = 120;

Result<std::chrono::seconds> wanted_wait(const Arguments& arguments,
                                         const std::string& option,
                                         std::chrono::seconds otherwise) {
  const auto text = arguments.value(option);
  if (!text) {
    return otherwise;
  }
  const auto seconds = parse_unsigned(*text);
  if (!seconds || *seconds > kMaxWait) {
    return fail(Errc::usage, option,
                "'" + *text + "' is not a number of seconds up to 3600");
  }
  return std::chrono::seconds(*seconds);
}

// How long the kernel may take for a write, as the command line wants it.
Result<> be_patient(const Arguments& arguments, RootDir& root) {
  const auto bound = wanted_wait(
      arguments, "--write-timeout",
      std::chrono::duration_cast<std::chrono::seconds>(kKernelPatience));
  if (!bound) {
    return forward_error(bound);
  }
  root.be_patient({*bound, true});
  return {};
}

}  // namespace

Result<> check_live(const Context& context, const RootDir& root) {
  if (!root.live()) {
    return fail(Errc::usage, context.root,
                "is a recorded host, which cannot be changed",
                "on the host itself, leave --root out");
  }
  return {};
}

Result<HostLock> take_lock(const Context& context, const Arguments& arguments,
                           RootDir& root) {
  auto ready = be_patient(arguments, root);
  if (ready) {
    ready = check_live(context, root);
  }
  if (!ready) {
    return forward_error(ready);
  }
  const auto wait = wanted_wait(arguments, "--lock-timeout",
                                std::chrono::seconds(kDefaultWait));
  if (!wait) {
    return forward_error(wait);
  }
  return HostLock::take(root, *wait);
}

Result<HostLock> begin_change(Context& context, const Arguments& arguments,
                              RootDir& root, ModuleLoader& modules) {
  auto lock = take_lock(context, arguments, root);
  if (!lock) {
    return lock;
  }
  const auto recovery = recover(root, modules);
  for (const auto& line : recovery.lines) {
    print_prose(context.err, context.width, "recovered: ", line);
  }
  if (recovery.failure) {
    return tl::unexpected<Error>(*recovery.failure);
  }
  return lock;
}

WaitProgress waiting_for_gpus(Context& context) {
  if (!context.progress) {
    return {};
  }
  return [&context](std::size_t left, std::size_t all) {
    context.err << fmt::format(
        "waiting for {} of {} GPUs: their drivers may take 30 s for the "
        "memory\n",
        left, all);
  };
}

}  // namespace nvgpuctl::cli
