// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/hung_write.hpp"
#include "core/pci_address.hpp"
#include "host/root_dir.hpp"

// Calls that the kernel may never return from, each in a process of its own:
// a driver's remove() waits for whoever has the device open, a probe() for
// memory that trains, a module's init for either. Nothing can end a process
// that waits so; it can only be left behind and told about.

namespace nvgpuctl {

struct KernelCall {
  std::string subject;  // the GPU, or the module
  // What the record says it does.
  std::string path;
  std::string value;
  // Runs in the child, which has no descriptor but 0, 1, 2 (all /dev/null)
  // and `keep`. What it returns is its exit code.
  std::function<int()> work;
  int keep = -1;
};

struct CallAnswer {
  std::optional<Error> failure;   // it was not begun
  std::optional<int> code;        // it ended by itself
  std::optional<HungWrite> hung;  // it has not ended, and was left behind
  // None of these: it was killed, by us or by somebody else.
};

// Told, from the second second on, whenever it changes how many of all the
// calls have not ended yet.
using WaitProgress = std::function<void(std::size_t left, std::size_t all)>;

// Begins all, then waits for all, up to root.patience().bound. Each is written
// down in /run/nvgpuctl/hung before it begins, so that it is known of even
// when this process is killed meanwhile.
std::vector<CallAnswer> run_kernel_calls(const RootDir& root,
                                         const std::vector<KernelCall>& calls,
                                         const WaitProgress& progress);

// A write to a file of the kernel.
struct KernelWrite {
  PciAddress gpu;
  std::string path;
  std::string value;
};

struct WriteAnswer {
  Result<> written;  // `needs_operator` when it is hung
  std::optional<HungWrite> hung;
};

// Like RootDir::write(), but all at the same time and with bounded patience.
std::vector<WriteAnswer> write_together(const RootDir& root,
                                        const std::vector<KernelWrite>& writes,
                                        const WaitProgress& progress);

}  // namespace nvgpuctl
