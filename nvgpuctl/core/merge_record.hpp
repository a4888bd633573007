// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/pci_address.hpp"

// What a merge has added to a domain, kept in the domain's own <metadata>:
//
//   <nvgpuctl:merged xmlns:nvgpuctl='urn:nvgpuctl:domain:1' profile='native'
//                    viommu='none' managed='no' cells='1-8' controllers='1-2'
//                    window='1099511627776' made='metadata numa acpi'
//                    empty='cpu'>
//     <nvgpuctl:gpu address='0009:01:00.0'/>
//     <nvgpuctl:pcihole64 unit='KiB' value='1048576'/>
//   </nvgpuctl:merged>
//
// It names by what libvirt keeps (indices, ids, aliases), not by position:
// libvirt rewrites a domain when it defines it.

namespace nvgpuctl {

class XmlDocument;
class XmlElement;

constexpr std::string_view kMergeNamespace = "urn:nvgpuctl:domain:1";

struct MergeRecord {
  // What a raised <pcihole64> was before.
  struct Window {
    std::optional<std::string> unit;
    std::string value;
  };
  std::vector<PciAddress> gpus;
  std::string profile;
  std::string viommu;
  std::string managed;  // "yes", "no", or one for each GPU: "yes no"
  std::set<unsigned> cells;
  std::set<unsigned> controllers;
  std::set<std::string, std::less<>> smmus;  // aliases in <qemu:override>
  // Elements that were not there: "numa", "acpi", "distances-0".
  std::set<std::string, std::less<>> made;
  // Elements that were there and had no child: "cpu", "cell-0".
  std::set<std::string, std::less<>> empty;
  // Something in the domain named cells that it did not have.
  bool loose = false;
  std::optional<Window> window;
  // What <pcihole64> was set to, in bytes. Older records have none.
  std::optional<std::uint64_t> window_bytes;
};

// Whether the same was added, whatever was there before: libvirt fills in what
// it finds empty.
bool adds_the_same(const MergeRecord& a, const MergeRecord& b);

// The record of a domain, if it has one. Error: it is damaged.
Result<std::optional<MergeRecord>> read_record(XmlElement root,
                                               const std::string& name);

// The element of a record, if there is one.
std::optional<XmlElement> find_record(XmlElement root);

// As an element to be grafted.
XmlDocument write_record(const MergeRecord& record);

}  // namespace nvgpuctl
