// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/acpi_dsd.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace nvgpuctl {
namespace {

// The value of one property. The first of several counts, as in Linux.
std::optional<std::uint64_t> integer_property(const DeviceDsd& dsd,
                                              std::string_view name,
                                              CoherentMemoryDsd& result) {
  const DsdProperty* property = dsd.find(name);
  if (property == nullptr) {
    return std::nullopt;
  }
  const auto given =
      std::ranges::count(dsd.properties, name, &DsdProperty::name);
  if (given > 1) {
    result.left_out.push_back(
        fmt::format("{} is given {} times; the first counts", name, given));
  }
  const auto* number = std::get_if<std::uint64_t>(&property->value);
  if (number == nullptr && property->named) {
    result.at_run_time.push_back(fmt::format(
        "{} is the value of another object, which is not followed", name));
    return std::nullopt;
  }
  if (number == nullptr) {
    result.problems.push_back(fmt::format("{} is not an integer", name));
    return std::nullopt;
  }
  return *number;
}

}  // namespace

const DsdProperty* DeviceDsd::find(std::string_view name) const {
  const auto found = std::ranges::find(properties, name, &DsdProperty::name);
  return found == properties.end() ? nullptr : &*found;
}

CoherentMemoryDsd interpret_coherent_memory(const DeviceDsd& dsd) {
  CoherentMemoryDsd result;
  const auto read = [&](std::string_view name) {
    return integer_property(dsd, name, result);
  };
  result.base_pa = read("nvidia,gpu-mem-base-pa");
  result.size = read("nvidia,gpu-mem-size");
  result.pxm_start = read("nvidia,gpu-mem-pxm-start");
  result.pxm_count = read("nvidia,gpu-mem-pxm-count");
  result.egm_base_pa = read("nvidia,egm-base-pa");
  result.egm_size = read("nvidia,egm-size");
  result.egm_pxm = read("nvidia,egm-pxm");
  result.egm_retired_pages_data_base =
      read("nvidia,egm-retired-pages-data-base");
  return result;
}

}  // namespace nvgpuctl
