// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Aliases for what names a machine. The same value has the same alias all over
// one report, so that what belonged together still does.

namespace nvgpuctl {

// What the first name of kind "host" gets.
constexpr std::string_view kHostAlias = "host-1";

class Redactor {
 public:
  // A name to replace wherever it stands: as a word of its own, or anywhere if
  // it is of several words. Returns what stands for it: kHostAlias. One of kind
  // "host" is also replaced, in whatever case, where others are made of it:
  // "grace01-vg", "rhel_grace01".
  std::string name(std::string_view value, std::string_view kind);

  // UUIDs, machine ids, MAC and IPv4 addresses, and the names.
  std::string text(std::string_view text);

  // Configuration space: the serial number of the device (extended capability
  // 3, <linux/pci_regs.h>) becomes a number of ours.
  std::string config_space(std::string bytes);

  // How many different values have an alias.
  std::size_t count() const { return aliases_.size(); }

 private:
  std::string word(std::string_view word);
  std::string parts(std::string_view word);
  std::optional<std::string> around_id(std::string_view word);
  std::string with_hosts_named(std::string_view word) const;
  const std::string& alias(const std::string& value, std::string_view kind);

  std::map<std::string, std::string, std::less<>> aliases_;
  std::vector<std::string> hosts_;
  std::vector<std::string> phrases_;  // names that are no single word
  std::map<std::string, unsigned, std::less<>> used_;  // per kind
};

}  // namespace nvgpuctl
