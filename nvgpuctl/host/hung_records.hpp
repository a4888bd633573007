// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hung_write.hpp"
#include "host/root_dir.hpp"

// The records of writes that somebody waits for, or has given up waiting for,
// in /run/nvgpuctl/hung: one for each GPU or module.

namespace nvgpuctl {

constexpr std::string_view kHungFolder = "/run/nvgpuctl/hung";

std::string hung_path(std::string_view subject);

Result<> store_hung(const RootDir& root, const HungWrite& hung);
// Nobody believes a record whose process has ended, so one that cannot be
// removed does no harm.
void drop_hung(const RootDir& root, std::string_view subject);

// The write that holds a GPU or a module now: its process still lives.
std::optional<HungWrite> find_hung(const RootDir& root,
                                   std::string_view subject);

// Waits until nothing holds it, or what does is overdue.
std::optional<HungWrite> wait_for_hung(const RootDir& root,
                                       std::string_view subject);

// Of a process: its stack in the kernel; and what the kernel has said last
// about the subject. For people; as much as may be read.
std::vector<std::string> hung_evidence(const RootDir& root,
                                       const HungWrite& hung);

constexpr std::string_view kHungHint =
    "the kernel waits, most likely for whoever has the device open: end that, "
    "then run: nvgpuctl recover; see NVG-E049";

// An error that says all this in one sentence.
Error hung_error(const HungWrite& hung);

Result<ProcessStat> read_process_stat(const RootDir& root, std::uint64_t pid);

}  // namespace nvgpuctl
