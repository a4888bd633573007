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
                                         unsigned shortest,
                                         std::chrono::seconds otherwise) {
  const auto text = arguments.value(option);
  if (!text) {
    return otherwise;
  }
  const auto seconds = parse_unsigned(*text);
  if (!seconds || *seconds < shortest || *seconds > kMaxWait) {
    return fail(Errc::usage, option,
                fmt::format("'{}' is not a number of seconds from {} to {}",
                            *text, shortest, kMaxWait));
  }
  return std::chrono::seconds(*seconds);
}

// How long the kernel may take for a write. In no time it does nothing.
Result<std::chrono::seconds> kernel_wait(const Arguments& arguments) {
  return wanted_wait(
      arguments, "--write-timeout", 1,
      std::chrono::duration_cast<std::chrono::seconds>(kKernelPatience));
}

// Not waiting at all is a wish, too.
Result<std::chrono::seconds> lock_wait(const Arguments& arguments) {
  return wanted_wait(arguments, "--lock-timeout", 0,
                     std::chrono::seconds(kDefaultWait));
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

Result<> check_waits(const Arguments& arguments) {
  if (const auto patience = kernel_wait(arguments); !patience) {
    return forward_error(patience);
  }
  if (const auto wait = lock_wait(arguments); !wait) {
    return forward_error(wait);
  }
  return {};
}

Result<HostLock> take_lock(const Context& context, const Arguments& arguments,
                           RootDir& root) {
  const auto patience = kernel_wait(arguments);
  if (!patience) {
    return forward_error(patience);
  }
  const auto wait = lock_wait(arguments);
  if (!wait) {
    return forward_error(wait);
  }
  const auto live = check_live(context, root);
  if (!live) {
    return forward_error(live);
  }
  root.be_patient({*patience, true});
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
