// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/command.hpp"
#include "cli/select.hpp"
#include "host/host_lock.hpp"
#include "host/kernel_call.hpp"
#include "host/module_loader.hpp"

namespace nvgpuctl::cli {

// For verbs that change drivers.

// Error `usage` on a recorded host.
Result<> check_live(const Context& context, const RootDir& root);

// Error `usage` for a wait that makes no sense. For a dry run, which waits for
// nothing.
Result<> check_waits(const Arguments& arguments);

// Says what a change waits for; nothing where nobody looks at the output.
WaitProgress waiting_for_gpus(Context& context);

// The lock, after the wait that the command line asks for; from then on the
// root is as patient with the kernel as that wants it. Error: `usage` on a
// recorded host, or `locked`.
Result<HostLock> take_lock(const Context& context, const Arguments& arguments,
                           RootDir& root);

// Takes the lock and ends what an earlier change has left, which is said on
// `err`. Error also: `needs_operator` when that cannot be ended.
Result<HostLock> begin_change(Context& context, const Arguments& arguments,
                              RootDir& root, ModuleLoader& modules);

}  // namespace nvgpuctl::cli
