// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/selector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

// An address of which the domain or the function may have been left out.
struct PartialAddress {
  PciAddress address;
  bool any_domain = false;
  bool any_function = false;

  bool matches(const PciAddress& other) const {
    return (any_domain || address.domain == other.domain) &&
           address.bus == other.bus && address.device == other.device &&
           (any_function || address.function == other.function);
  }
};

std::optional<PartialAddress> parse_partial(const std::string& text) {
  const bool node_device = text.starts_with("pci_");
  PartialAddress partial;
  partial.any_function = !node_device && text.find('.') == std::string::npos;
  partial.any_domain =
      !node_device && std::count(text.begin(), text.end(), ':') == 1;
  const auto address =
      parse_pci_address(partial.any_function ? text + ".0" : text);
  if (!address) {
    return std::nullopt;
  }
  partial.address = *address;
  return partial;
}

bool is_glob(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

// Names a few and counts the rest: a host may have thousands of functions.
std::string list_of(const std::vector<PciAddress>& addresses) {
  constexpr std::size_t kNamed = 16;
  std::string text;
  for (std::size_t i = 0; i < addresses.size() && i < kNamed; ++i) {
    text += (i == 0 ? "" : ", ") + to_string(addresses[i]);
  }
  if (addresses.size() > kNamed) {
    text += fmt::format(" and {} more", addresses.size() - kNamed);
  }
  return text;
}

std::string what_there_is(const SelectorTargets& targets) {
  return targets.gpus.empty() ? "this host has no Grace GPU"
                              : "Grace GPUs here: " + list_of(targets.gpus);
}

template <class Matches>
std::vector<std::size_t> matching(const SelectorTargets& targets,
                                  Matches matches) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < targets.gpus.size(); ++i) {
    if (matches(targets.gpus[i])) {
      indices.push_back(i);
    }
  }
  return indices;
}

Result<std::vector<std::size_t>> select_by_glob(const SelectorTargets& targets,
                                                const std::string& selector) {
  std::string pattern = selector;
  std::transform(pattern.begin(), pattern.end(), pattern.begin(), [](char c) {
    return 'A' <= c && c <= 'F' ? static_cast<char>(c + 32) : c;
  });
  auto indices = matching(targets, [&](const PciAddress& gpu) {
    return glob_match(pattern, to_string(gpu));
  });
  if (indices.empty()) {
    return fail(Errc::no_such_gpu, selector, "matches no Grace GPU",
                what_there_is(targets));
  }
  return indices;
}

Result<std::vector<std::size_t>> select_by_address(
    const SelectorTargets& targets, const std::string& selector,
    const PartialAddress& wanted) {
  auto indices = matching(
      targets, [&](const PciAddress& gpu) { return wanted.matches(gpu); });
  if (indices.size() > 1) {
    std::vector<PciAddress> candidates;
    candidates.reserve(indices.size());
    for (const auto index : indices) {
      candidates.push_back(targets.gpus[index]);
    }
    return fail(Errc::usage, selector, "is ambiguous: " + list_of(candidates),
                "give the full address");
  }
  if (!indices.empty()) {
    return indices;
  }
  for (const auto& [address, why] : targets.others) {
    if (wanted.matches(address)) {
      return fail(Errc::no_such_gpu, to_string(address), why,
                  what_there_is(targets));
    }
  }
  return fail(Errc::no_such_gpu, selector, "no such GPU",
              what_there_is(targets));
}

Result<std::vector<std::size_t>> select_one(const SelectorTargets& targets,
                                            const std::string& selector) {
  if (is_glob(selector)) {
    return select_by_glob(targets, selector);
  }
  const auto wanted = parse_partial(selector);
  if (!wanted) {
    return fail(Errc::usage, selector, "is no PCI address",
                "write 0009:01:00.0, 9:1:0.0, pci_0009_01_00_0 or a glob such "
                "as '0009:*'");
  }
  return select_by_address(targets, selector, *wanted);
}

}  // namespace

Result<std::vector<std::size_t>> select_gpus(
    const SelectorTargets& targets, std::span<const std::string> selectors) {
  std::vector<std::size_t> selected;
  for (const auto& selector : selectors) {
    auto indices = select_one(targets, selector);
    if (!indices) {
      return forward_error(indices);
    }
    selected.insert(selected.end(), indices->begin(), indices->end());
  }
  std::sort(selected.begin(), selected.end());
  selected.erase(std::unique(selected.begin(), selected.end()), selected.end());
  return selected;
}

}  // namespace nvgpuctl
