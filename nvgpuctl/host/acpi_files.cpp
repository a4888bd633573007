// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/acpi_files.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kTables = "/sys/firmware/acpi/tables/";

// The largest DSDTs of servers are below 1 MiB.
constexpr std::size_t kMaxTableSize = 16UL << 20U;
constexpr std::size_t kMaxTotalSize = 64UL << 20U;

bool wanted(std::string_view name) {
  return name.starts_with("DSDT") || name.starts_with("SSDT") ||
         name.starts_with("SRAT") || name.starts_with("SLIT");
}

// "SSDT10" → {"SSDT", 10}.
std::pair<std::string_view, std::uint64_t> by_number(std::string_view name) {
  constexpr std::size_t kSignature = 4;
  return {name.substr(0, kSignature),
          parse_unsigned(name.substr(std::min(kSignature, name.size())))
              .value_or(0)};
}

void read_directory(const RootDir& root, const std::string& below,
                    std::size_t& total, AcpiFiles& into) {
  auto names = root.list(std::string(kTables) + below);
  if (!names) {
    if (names.error().code == Errc::permission) {
      into.unreadable.push_back(names.error().subject);
    }
    return;  // no ACPI, or no dynamic tables: both normal
  }
  std::ranges::stable_sort(*names, {}, by_number);
  for (const auto& name : *names) {
    if (!wanted(name)) {
      continue;
    }
    std::string path(kTables);
    path.append(below).append(name);
    if (total >= kMaxTotalSize) {
      into.problems.push_back(path + ": left out: all tables are longer than " +
                              std::to_string(kMaxTotalSize) + " bytes");
      return;
    }
    auto bytes = root.read_file(path, kMaxTableSize);
    if (bytes) {
      total += bytes->size();
      into.files.push_back({below + name, std::move(*bytes)});
    } else if (bytes.error().code == Errc::permission) {
      into.unreadable.push_back(path);
    } else {
      into.problems.push_back(path + ": " + bytes.error().problem);
    }
  }
}

}  // namespace

AcpiFiles read_acpi_files(const RootDir& root) {
  AcpiFiles result;
  std::size_t total = 0;
  read_directory(root, "", total, result);
  read_directory(root, "dynamic/", total, result);
  return result;
}

}  // namespace nvgpuctl
