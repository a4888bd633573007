// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "core/domain_model.hpp"
#include "core/domain_request.hpp"
#include "core/merge_record.hpp"

// Merges GPUs into a libvirt domain that somebody else has written, and takes
// them out again (docs/adr/0011-merge.md). A merge is done on the domain as it
// was before any earlier one, so the GPUs that are named are all that it has
// afterwards. `name` stands in messages; errors are refusals with their place
// (merge_refusal.hpp) or those of generate_domain().

namespace nvgpuctl {

// A domain without anything of ours.
struct MergeBase {
  std::string name;
  std::string source;  // the text that was given
  std::string plain;   // the same as text
  std::shared_ptr<XmlDocument> document;
  Domain domain;
  GuestRoom room;
  // Of the domain as it was given, when it had been merged into.
  std::optional<MergeRecord> record;
};
Result<MergeBase> open_for_merge(std::string_view text,
                                 const std::string& name);

// Host nodes that the domain's own cells are bound to.
std::vector<unsigned> host_nodes_of(const GuestRoom& room);

struct MergedDomain {
  std::string xml;
  bool changed = false;  // else `xml` is what was given, to the byte
  std::vector<DomainValue> values;
  std::vector<std::string> warnings;
  // The devices one by one, as `virsh attach-device --config` takes them, in
  // the order in which it must be given them: "01-controller" and its XML.
  std::vector<std::pair<std::string, std::string>> pieces;
};
// vCPUs, memory, name and room of the request are the domain's.
Result<MergedDomain> merge_domain(MergeBase base, DomainRequest request);

struct UnmergedDomain {
  std::string xml;
  bool changed = false;
  std::vector<PciAddress> gpus;  // that were taken out
};
Result<UnmergedDomain> unmerge_domain(std::string_view text,
                                      const std::string& name);

// What a merge has added to `merged` and `has`, the same domain read back from
// libvirt, lacks: one phrase each.
std::vector<std::string> missing_parts(const Domain& merged, const Domain& has,
                                       const MergeRecord& record);
Result<std::vector<std::string>> missing_parts(std::string_view merged,
                                               std::string_view has);

// The domain's text without any merge: as serialised again, for comparing and
// for differences without noise.
Result<std::string> normalised_domain(std::string_view text,
                                      const std::string& name);

}  // namespace nvgpuctl
