// SPDX-License-Identifier: GPL-2.0-or-later
//
// Prints the domains that the tests give to real libvirt.
//
//   emit_domain            lists: name, then the Debian suites it must work in
//   emit_domain NAME       prints that domain
//   emit_domain NAME RNG   prints what our own schema check says of it

#include <array>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "core/domain_xml.hpp"
#include "host/domain_schema.hpp"

namespace nvgpuctl {
namespace {

struct Hardware {
  std::string_view model;
  std::vector<PciAddress> addresses;
  std::uint64_t aperture;
  std::uint64_t largest_bar;
  unsigned sockets;
};

Hardware gh200() {
  return {.model = "GH200 120GB",
          .addresses = {{.domain = 9, .bus = 1}},
          .aperture = 130 * kGiB + 16 * kMiB,
          .largest_bar = 128 * kGiB,
          .sockets = 1};
}

Hardware gb200() {
  return {.model = "GB200",
          .addresses = {{.domain = 8, .bus = 1},
                        {.domain = 9, .bus = 1},
                        {.domain = 0x18, .bus = 1},
                        {.domain = 0x19, .bus = 1}},
          .aperture = 512 * kGiB + 64 * kMiB,
          .largest_bar = 256 * kGiB,
          .sockets = 2};
}

struct Target {
  Version libvirt;
  Version qemu;
};

struct Case {
  std::string_view name;
  Hardware (*hardware)();
  Target target;
  Viommu viommu = Viommu::none;
  bool iommufd = false;
  std::string_view suites;
};

constexpr Target kNative{{12, 8, 0}, {11, 1, 0}};
constexpr Target kHybrid{{12, 1, 0}, {11, 0, 0}};
constexpr Target kHybridNoIommufd{{11, 10, 0}, {11, 0, 0}};
constexpr Target kHybridOldest{{11, 8, 0}, {10, 0, 0}};
constexpr Target kLegacy{{11, 3, 0}, {10, 0, 0}};
constexpr Target kLegacyOldest{{9, 7, 0}, {10, 0, 0}};

// A suite's libvirt takes what an older one takes, so the profiles between
// two suites are tried on the newer.
constexpr std::array kCases{
    Case{"native-1gpu", gh200, kNative, Viommu::none, false, "forky"},
    Case{"native-1gpu-iommufd", gh200, kNative, Viommu::none, true, "forky"},
    Case{"native-1gpu-smmuv3", gh200, kNative, Viommu::smmuv3, false, "forky"},
    Case{"native-1gpu-accel", gh200, kNative, Viommu::accel, true, "forky"},
    Case{"native-4gpu", gb200, kNative, Viommu::none, false, "forky"},
    Case{"native-4gpu-smmuv3", gb200, kNative, Viommu::smmuv3, false, "forky"},
    Case{"native-4gpu-accel", gb200, kNative, Viommu::accel, true, "forky"},
    Case{"hybrid-1gpu", gh200, kHybrid, Viommu::none, false, "forky"},
    Case{"hybrid-1gpu-oldest", gh200, kHybridOldest, Viommu::none, true,
         "forky"},
    Case{"hybrid-1gpu-accel", gh200, kHybrid, Viommu::accel, true, "forky"},
    Case{"hybrid-4gpu-accel", gb200, kHybridNoIommufd, Viommu::accel, true,
         "forky"},
    Case{"legacy-1gpu", gh200, kLegacy, Viommu::none, false, "trixie forky"},
    Case{"legacy-1gpu-iommufd", gh200, kLegacy, Viommu::none, true,
         "trixie forky"},
    Case{"legacy-4gpu", gb200, kLegacy, Viommu::none, false, "trixie forky"},
    Case{"legacy-1gpu-oldest", gh200, kLegacyOldest, Viommu::none, false,
         "bookworm trixie forky"},
    Case{"legacy-4gpu-oldest", gb200, kLegacyOldest, Viommu::none, false,
         "bookworm trixie forky"},
};

GuestGpu guest_gpu(const Hardware& hardware, std::size_t index) {
  const auto per_socket = hardware.addresses.size() / hardware.sockets;
  const auto socket = static_cast<unsigned>(index / per_socket);
  return {.address = hardware.addresses[index],
          .model = std::string(hardware.model),
          .aperture_bytes = {hardware.aperture, Source::kernel},
          .largest_bar = {hardware.largest_bar, Source::kernel},
          .smmu = "smmu3.0x" + std::to_string(socket) + "00005000000",
          .socket = socket,
          .distance_to_local_cpu = Fact<unsigned>{80, Source::slit},
          .distance_to_remote_cpu = Fact<unsigned>{120, Source::slit},
          .distance_within = Fact<unsigned>{11, Source::slit},
          .distance_to_peers = Fact<unsigned>{40, Source::slit}};
}

int print_verdict(const std::string& xml, const std::string& file) {
  const auto schema = find_domain_schema(file);
  if (!schema) {
    std::cerr << schema.error().subject << ": " << schema.error().problem
              << '\n';
    return EXIT_FAILURE;
  }
  const auto verdict = validate_domain(xml, *schema);
  if (!verdict) {
    std::cerr << verdict.error().subject << ": " << verdict.error().problem
              << '\n';
    return EXIT_FAILURE;
  }
  constexpr std::array kOutcomes{"valid", "invalid", "too old"};
  std::cout << kOutcomes.at(static_cast<std::size_t>(verdict->outcome)) << '\n';
  for (const std::string& message : verdict->messages) {
    std::cout << message << '\n';
  }
  return EXIT_SUCCESS;
}

int print(const Case& test, const std::string& schema) {
  const Hardware hardware = test.hardware();
  DomainRequest request;
  for (std::size_t i = 0; i < hardware.addresses.size(); ++i) {
    request.gpus.push_back(guest_gpu(hardware, i));
  }
  for (unsigned node = 0; node < hardware.sockets; ++node) {
    request.cpu_cells.push_back({.host_node = node});
  }
  request.distance_between_cpus = Fact<unsigned>{40, Source::slit};
  request.name = test.name;
  request.vcpus = 16;
  request.memory_bytes = 64 * kGiB;
  request.viommu = test.viommu;
  request.iommufd = test.iommufd;
  request.whole_domain = true;
  request.libvirt = {test.target.libvirt, Source::option};
  request.qemu = {test.target.qemu, Source::option};
  const auto profile = choose_profile(test.target.libvirt, test.target.qemu);
  if (!profile) {
    std::cerr << test.name << ": " << profile.error().problem << '\n';
    return EXIT_FAILURE;
  }
  request.profile = *profile;
  const auto domain = generate_domain(request);
  if (!domain) {
    std::cerr << test.name << ": " << domain.error().subject << ' '
              << domain.error().problem << '\n';
    return EXIT_FAILURE;
  }
  if (!schema.empty()) {
    return print_verdict(domain->xml, schema);
  }
  std::cout << domain->xml;
  return EXIT_SUCCESS;
}

int run(std::string_view wanted, const std::string& schema) {
  for (const Case& test : kCases) {
    if (wanted.empty()) {
      std::cout << test.name << ' ' << test.suites << '\n';
    } else if (wanted == test.name) {
      return print(test, schema);
    }
  }
  return wanted.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace nvgpuctl

int main(int argc, char** argv) {
  return nvgpuctl::run(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "");
}
