// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/journal.hpp"
#include "host/root_dir.hpp"

// The program's records: the journal of the change that is going on, one for
// each GPU that could not be brought back because the kernel holds it, and one
// origin for each GPU that was bound.

namespace nvgpuctl {

constexpr std::string_view kJournalPath = "/var/lib/nvgpuctl/journal";
constexpr std::string_view kOriginFolder = "/var/lib/nvgpuctl/origin";
constexpr std::string_view kStuckFolder = "/var/lib/nvgpuctl/stuck";

std::string origin_path(const PciAddress& gpu);
std::string stuck_journal_path(const PciAddress& gpu);

// Nothing when there is none. `malformed` when it is there and cannot be used.
Result<std::optional<Journal>> read_journal(
    const RootDir& root, std::string_view path = kJournalPath);
Result<> store_journal(const RootDir& root, const Journal& journal,
                       std::string_view path = kJournalPath);
Result<> drop_journal(const RootDir& root,
                      std::string_view path = kJournalPath);

Result<std::optional<OriginRecord>> read_origin(const RootDir& root,
                                                const PciAddress& gpu);
Result<> store_origin(const RootDir& root, const OriginRecord& origin);
Result<> drop_origin(const RootDir& root, const PciAddress& gpu);
// The domain that a GPU is on record for; nothing where none is, or where the
// record cannot be read.
std::optional<std::string> recorded_domain(const RootDir& root,
                                           const PciAddress& gpu);
// The GPUs that have a record, readable or not.
std::vector<PciAddress> list_origins(const RootDir& root);
// Those that have a journal of their own.
std::vector<PciAddress> list_stuck_journals(const RootDir& root);

// Renames a record that cannot be used to PATH.corrupt-TIME, and tells that
// name: somebody may still learn from it what was.
Result<std::string> set_aside(const RootDir& root, std::string_view path,
                              std::string_view when);

// Of this boot, this process, and now.
Signature sign(const RootDir& root, std::string_view verb);

}  // namespace nvgpuctl
