// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <vector>

#include "cli/command.hpp"
#include "host/root_dir.hpp"
#include "ops/inventory.hpp"

namespace nvgpuctl::cli {

// What judging a GPU takes. Every verb that prints a GPU's state reads the
// same, so that no two verbs disagree about it.
constexpr HostNeeds kToJudge{.virtualization = true};

// The same, and who uses the GPUs: for verbs that show it, and for those that
// change drivers or are asked about one GPU, which also ask libvirt.
constexpr HostNeeds kToShow{.virtualization = true, .use = true};
constexpr HostNeeds kToChange{.virtualization = true,
                              .use = true,
                              .running_domains = true,
                              .untagged = true};

// A host and the GPUs of it that a command line means.
struct Selection {
  RootDir root;
  Inventory inventory;
  std::vector<std::size_t> gpus;  // indices into inventory.gpus
  bool every = false;             // none was named
};

// From operands, --gpu and --all. Naming none means all of them only where the
// verb's operands are optional; elsewhere it is a usage error.
Result<Selection> select(Context& context, const Arguments& arguments,
                         const HostNeeds& needs, Operands operands);

// Reads the host once more; the same GPUs stay selected. Error: no_such_gpu
// when one of them has gone.
Result<> reread(Selection& selection, const HostNeeds& needs = kToJudge);

// The same, but those that have gone are no longer selected, and are told.
Result<std::vector<PciAddress>> reread_those_left(Selection& selection,
                                                  const HostNeeds& needs);

// Says on `err` what could not be read and so is missing from every answer.
void print_reading_problems(Context& context, const HostSnapshot& host);
// Only the part about who uses the GPUs.
void print_use_problems(Context& context, const HostSnapshot& host);

// Where this host has no Grace GPU, says so on `err`, calmly.
void print_no_gpu(Context& context, const Selection& selection);

}  // namespace nvgpuctl::cli
