// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

// How libvirt spells values in a domain. Each gives nothing for a text that
// libvirt would refuse, too.

namespace nvgpuctl {

// "12", "0x1f", and as libvirt has it from strtoul(), "017" for 15: parts of
// addresses, bus and chassis numbers.
std::optional<std::uint64_t> parse_libvirt_number(std::string_view text);

// "12" and "012" for 12: ids, indices and counts, which libvirt reads in base
// 10.
std::optional<std::uint64_t> parse_libvirt_decimal(std::string_view text);

// A set of CPUs, cells or nodes: "0-3,8,^2" is 0, 1, 3, 8. Sorted. A '^' takes
// away what stands before it; a comma may end it. Numbers above 16383
// (libvirt's VIR_DOMAIN_CPUMASK_LEN) are refused.
std::optional<std::vector<unsigned>> parse_libvirt_set(std::string_view text);

// A size in bytes: unit "KiB", "k", "KB" and so on to "EiB", any case, of
// which "KB" and its like are powers of 1000; an empty unit is `unit_without`.
std::optional<std::uint64_t> parse_libvirt_size(
    std::string_view number, std::string_view unit,
    std::string_view unit_without = "KiB");

}  // namespace nvgpuctl
