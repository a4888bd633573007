// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/managers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "core/host_snapshot.hpp"
#include "core/hostdev_scan.hpp"
#include "core/modprobe_rules.hpp"
#include "core/module_name.hpp"

namespace nvgpuctl {
namespace {

using std::string_view;

constexpr std::size_t kMaxClaims = 256;

// "10de:2342[:subvendor[:subdevice[:class[:mask]]]]", hexadecimal. As the
// kernel does it, what comes behind something unreadable does not count.
bool read_numbers(string_view item, VfioIdClaim& claim) {
  const std::array<std::uint32_t*, 6> fields{
      &claim.vendor,           &claim.device,     &claim.subsystem_vendor,
      &claim.subsystem_device, &claim.class_code, &claim.class_mask};
  const auto parts = split(item, ':');
  std::size_t read = 0;
  while (read < std::min(parts.size(), fields.size())) {
    const auto word =
        parts[read].starts_with("0x") ? parts[read].substr(2) : parts[read];
    const auto number = parse_unsigned(word, 16);
    if (!number || *number > VfioIdClaim::kAny) {
      break;
    }
    *fields[read++] = static_cast<std::uint32_t>(*number);
  }
  return read >= 2;
}

void add_ids(string_view list, const std::string& place,
             std::vector<VfioIdClaim>& claims) {
  if (list.size() > 1 && list.front() == '"' && list.back() == '"') {
    list = list.substr(1, list.size() - 2);
  }
  for (const auto item : split(list, ',')) {
    VfioIdClaim claim;
    if (claims.size() < kMaxClaims && read_numbers(item, claim)) {
      claim.text = item;
      claim.place = place;
      claims.push_back(std::move(claim));
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

// As pci_match_one_device() in Linux's pci.h.
bool VfioIdClaim::fits(const PciFunction& function) const {
  const auto same = [](std::uint32_t wanted, std::uint32_t has) {
    return wanted == kAny || wanted == has;
  };
  return same(vendor, function.vendor) && same(device, function.device) &&
         same(subsystem_vendor, function.subsystem_vendor) &&
         same(subsystem_device, function.subsystem_device) &&
         ((class_code ^ function.class_code) & class_mask) == 0;
}

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
  for_each_modprobe_line(text, [&](const std::vector<string_view>& words,
                                   unsigned number) {
    if (words.size() < 3 || words[0] != "options" || !is_vfio_pci(words[1])) {
      return;
    }
    for (const auto word : words) {
      constexpr string_view kKey = "ids=";
      if (word.starts_with(kKey)) {
        add_ids(word.substr(kKey.size()), fmt::format("{}:{}", path, number),
                claims);
      }
    }
  });
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
