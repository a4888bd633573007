// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "core/domain_merge.hpp"
#include "host/libvirt_domains.hpp"
#include "ops/domain_text.hpp"
#include "ops/generate.hpp"

namespace nvgpuctl {

// A domain before and after, as `xml merge` and `xml unmerge` print it.
struct DomainChange {
  std::string domain;  // its name, or the file's
  std::string before;  // as it was given
  std::string after;
  std::string diff;  // unified; "" when nothing changes
  bool changed = false;
  std::vector<PciAddress> gpus;  // that it has afterwards, or had before
  std::vector<DomainValue> values;
  std::vector<std::string> warnings;
  std::string schema_note;
  bool validated = false;
  std::string profile;                                      // "" for unmerge
  std::vector<std::pair<std::string, std::string>> pieces;  // MergedDomain
};

// Merges GPUs of a host into a domain. A result that violates the schema is an
// error, unless the domain did so before.
Result<DomainChange> merge(const RootDir& root, const Inventory& inventory,
                           const std::vector<std::size_t>& gpus,
                           const GenerateOptions& options,
                           const DomainText& source);

Result<DomainChange> unmerge(const DomainText& source);

// Gives a changed domain to libvirt and reads it back. When libvirt has dropped
// something that was added, the old definition is put back and the error says
// what was dropped.
Result<> define_change(const DomainChange& change,
                       const LibvirtService& service = {});

}  // namespace nvgpuctl
