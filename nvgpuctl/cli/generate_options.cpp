// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/generate_options.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"
#include "cli/layout.hpp"
#include "cli/size.hpp"

namespace nvgpuctl::cli {
namespace {

// QEMU's "virt" machine has no more CPUs (mc->max_cpus in hw/arm/virt.c).
constexpr std::uint64_t kMaxVcpus = 512;

// The enumerator that is spelled like the option's value; nothing for "auto"
// and for an option that was not given.
template <class Enum, std::size_t N>
std::optional<Enum> chosen(const Arguments& arguments, std::string_view option,
                           const std::array<Enum, N>& all) {
  const auto name = arguments.value(option);
  for (const auto candidate : all) {
    if (name && *name == to_string(candidate)) {
      return candidate;
    }
  }
  return std::nullopt;
}

Result<> read_sizes(const Arguments& arguments, GenerateOptions& options) {
  if (const auto text = arguments.value("--vcpus")) {
    const auto number = parse_unsigned(*text);
    if (!number || *number == 0 || *number > kMaxVcpus) {
      return fail(
          Errc::usage, "--vcpus",
          fmt::format("'{}' is not a number from 1 to {}", *text, kMaxVcpus));
    }
    options.vcpus = static_cast<unsigned>(*number);
  }
  if (const auto text = arguments.value("--memory")) {
    auto size = parse_size("--memory", *text);
    if (!size) {
      return forward_error(size);
    }
    options.memory_bytes = *size;
  }
  return {};
}

// libvirt refuses slashes and line breaks in a domain's name, and XML is UTF-8.
Result<> read_name(const Arguments& arguments, GenerateOptions& options) {
  const auto name = arguments.value("--name");
  if (!name) {
    return {};
  }
  if (trim(*name).empty() || name->find('/') != std::string::npos ||
      printable(*name) != *name) {
    return fail(Errc::usage, "--name",
                fmt::format("'{}' cannot be the name of a domain", *name),
                "it is UTF-8, without slashes and control characters");
  }
  options.name = *name;
  return {};
}

}  // namespace

Result<> read_version(const Arguments& arguments, std::string_view option,
                      std::optional<Version>& version) {
  const auto text = arguments.value(option);
  if (!text) {
    return {};
  }
  version = parse_version(*text);
  if (!version) {
    return fail(Errc::usage, std::string(option),
                fmt::format("'{}' is not a version", *text),
                "write it as 12.8 or 12.8.0");
  }
  return {};
}

Result<GenerateOptions> generate_options(const Arguments& arguments) {
  GenerateOptions options;
  auto read = read_sizes(arguments, options);
  if (read) {
    read = read_name(arguments, options);
  }
  if (read) {
    read = read_version(arguments, "--libvirt", options.libvirt);
  }
  if (read) {
    read = read_version(arguments, "--qemu", options.qemu);
  }
  if (!read) {
    return forward_error(read);
  }
  options.profile =
      chosen(arguments, "--profile",
             std::array{Profile::native, Profile::hybrid, Profile::legacy});
  options.viommu =
      chosen(arguments, "--viommu",
             std::array{Viommu::none, Viommu::smmuv3, Viommu::accel});
  options.stack =
      chosen(arguments, "--for", std::array{Stack::kubevirt, Stack::nova});
  if (const auto managed = arguments.value("--managed")) {
    options.managed = *managed == "yes";
  }
  options.whole_domain = arguments.has("--whole-domain");
  options.schema = arguments.value("--schema").value_or("");
  return options;
}

}  // namespace nvgpuctl::cli
