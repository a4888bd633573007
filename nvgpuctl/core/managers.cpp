// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/managers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "core/hostdev_scan.hpp"
#include "core/module_name.hpp"

namespace nvgpuctl {
namespace {

using std::string_view;

constexpr std::size_t kMaxClaims = 256;

// "10de:2342[:subvendor[:…]]", as vfio-pci reads it. Its wildcards are no ids
// of ours.
void add_ids(string_view list, const std::string& place,
             std::vector<VfioIdClaim>& claims) {
  if (list.size() > 1 && list.front() == '"' && list.back() == '"') {
    list = list.substr(1, list.size() - 2);
  }
  for (const auto item : split(list, ',')) {
    const auto parts = split(item, ':');
    if (parts.size() < 2 || claims.size() >= kMaxClaims) {
      continue;
    }
    const auto vendor = parse_unsigned(parts[0], 16);
    const auto device = parse_unsigned(parts[1], 16);
    if (vendor && device && *vendor <= 0xFFFF && *device <= 0xFFFF) {
      claims.push_back({static_cast<std::uint16_t>(*vendor),
                        static_cast<std::uint16_t>(*device), place});
    }
  }
}

bool is_vfio_pci(string_view module) {
  return same_module(module, "vfio-pci");
}

bool has_yes(string_view tag) {
  return tag.find("managed='yes'") != string_view::npos ||
         tag.find("managed=\"yes\"") != string_view::npos;
}

}  // namespace

std::vector<VfioIdClaim> vfio_ids_of_command_line(string_view text) {
  std::vector<VfioIdClaim> claims;
  for (const auto word : split_words(text)) {
    const auto equals = word.find('=');
    const auto key = word.substr(0, equals);
    const auto dot = key.find('.');
    if (equals != string_view::npos && dot != string_view::npos &&
        is_vfio_pci(key.substr(0, dot)) && key.substr(dot + 1) == "ids") {
      add_ids(word.substr(equals + 1), "/proc/cmdline", claims);
    }
  }
  return claims;
}

std::vector<VfioIdClaim> vfio_ids_of_modprobe(string_view text,
                                              const std::string& path) {
  std::vector<VfioIdClaim> claims;
  unsigned number = 0;
  for (const auto line : split(text, '\n')) {
    ++number;
    const auto words = split_words(line);
    if (words.size() < 3 || words[0] != "options" || !is_vfio_pci(words[1])) {
      continue;
    }
    for (const auto word : words) {
      constexpr string_view kKey = "ids=";
      if (word.starts_with(kKey)) {
        add_ids(word.substr(kKey.size()), fmt::format("{}:{}", path, number),
                claims);
      }
    }
  }
  return claims;
}

std::vector<PciAddress> managed_functions(string_view xml) {
  constexpr string_view kStart = "<hostdev";
  constexpr string_view kEnd = "</source>";
  std::vector<PciAddress> functions;
  for (auto at = xml.find(kStart); at != string_view::npos;
       at = xml.find(kStart, at + kStart.size())) {
    const auto tag_end = xml.find('>', at);
    const auto source_end = xml.find(kEnd, at);
    if (tag_end == string_view::npos || source_end == string_view::npos) {
      break;
    }
    if (!has_yes(xml.substr(at, tag_end - at))) {
      continue;
    }
    const auto found = addresses_in(xml.substr(at, source_end - at));
    for (const auto& address : found.value_or(std::vector<PciAddress>{})) {
      functions.push_back(address);
    }
  }
  return functions;
}

bool may_be_agent(string_view command) {
  constexpr std::array<string_view, 6> kNames{
      "sh", "bash", "dash", "vfio-manage", "vfio-manage.sh", "gpu-kubelet-plu"};
  return std::find(kNames.begin(), kNames.end(), command) != kNames.end();
}

string_view agent_name(const ProcessFacts& process) {
  if (process.command == "gpu-kubelet-plu") {
    return "NVIDIA's DRA driver";
  }
  const bool container =
      !process.owner.container.empty() || !process.owner.pod.empty();
  const bool runs_it =
      std::any_of(process.arguments.begin(), process.arguments.end(),
                  [](const std::string& word) {
                    return word.find("vfio-manage") != std::string::npos;
                  });
  return container && runs_it ? "NVIDIA's vfio-manager" : "";
}

}  // namespace nvgpuctl
