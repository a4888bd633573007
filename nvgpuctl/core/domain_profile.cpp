// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/domain_xml.hpp"

namespace nvgpuctl {
namespace {

std::string short_version(const Version& version) {
  return fmt::format("{}.{}", version.major, version.minor);
}

Result<> need(std::string_view program, const Version& has,
              const Version& wanted, std::string_view what,
              std::string_view hint = {}) {
  if (has >= wanted) {
    return {};
  }
  const std::string brought =
      fmt::format("{} {} brings it", program, short_version(wanted));
  return fail(Errc::unsupported, fmt::format("{} {}", program, to_string(has)),
              std::string(what),
              hint.empty() ? brought : fmt::format("{}; {}", brought, hint));
}

Result<> check_versions(const Version& libvirt, const Version& qemu) {
  if (libvirt == Version{} || qemu == Version{}) {
    return fail(Errc::unsupported, libvirt == Version{} ? "libvirt" : "QEMU",
                "its version is not known, and the domain depends on it",
                "name the target's versions: --libvirt X.Y --qemu X.Y");
  }
  if (auto ok = need("libvirt", libvirt, kLibvirtVariantDriver,
                     "cannot use a VFIO variant driver, which the GPU needs");
      !ok) {
    return ok;
  }
  return need("QEMU", qemu, kQemuHighmemMmioSize,
              "has no highmem-mmio-size, so a guest has no room for the "
              "GPU's memory");
}

Result<> check_profile(Profile profile, const Version& libvirt) {
  switch (profile) {
    case Profile::native:
      return need("libvirt", libvirt, kLibvirtSmmuAccel,
                  "does not know all of the native profile",
                  "until then take the profile that fits (auto)");
    case Profile::hybrid:
      return need("libvirt", libvirt, kLibvirtGenericInitiator,
                  "does not know generic initiators, which the hybrid "
                  "profile uses",
                  "until then there is the legacy profile");
    case Profile::legacy:
      break;
  }
  return {};
}

Result<> check_viommu(const DomainRequest& request) {
  if (request.viommu == Viommu::none) {
    return {};
  }
  const Version& libvirt = request.libvirt.value;
  const Version& qemu = request.qemu.value;
  if (request.profile == Profile::legacy) {
    return fail(Errc::unsupported, "profile legacy",
                "cannot give a GPU's bus an SMMU of its own: what "
                "qemu:commandline adds comes after the GPU",
                fmt::format("libvirt {} brings it; or --viommu none",
                            short_version(kLibvirtSmmuPerBus)));
  }
  if (auto ok = need("libvirt", libvirt, kLibvirtSmmuPerBus,
                     "has no SMMU per PCI bus", "or --viommu none");
      !ok) {
    return ok;
  }
  if (request.viommu == Viommu::smmuv3) {
    return need("QEMU", qemu, kQemuSmmuPerBus, "has no SMMU per PCI bus",
                "or --viommu none");
  }
  if (!request.iommufd) {
    return fail(Errc::usage, "vIOMMU accel",
                "needs IOMMUFD, and the request does without it",
                "let the GPUs use IOMMUFD, or --viommu none");
  }
  return need("QEMU", qemu, kQemuSmmuAccel, "has no accelerated SMMU",
              "or --viommu none");
}

}  // namespace

std::string_view to_string(Profile profile) {
  switch (profile) {
    case Profile::native:
      return "native";
    case Profile::hybrid:
      return "hybrid";
    case Profile::legacy:
      break;
  }
  return "legacy";
}

std::string_view to_string(Viommu viommu) {
  switch (viommu) {
    case Viommu::none:
      return "none";
    case Viommu::smmuv3:
      return "smmuv3";
    case Viommu::accel:
      break;
  }
  return "accel";
}

Result<Profile> choose_profile(const Version& libvirt, const Version& qemu) {
  if (auto ok = check_versions(libvirt, qemu); !ok) {
    return forward_error(ok);
  }
  if (libvirt >= kLibvirtSmmuAccel) {
    return Profile::native;
  }
  return libvirt >= kLibvirtGenericInitiator ? Profile::hybrid
                                             : Profile::legacy;
}

DomainFeatures features_of(const DomainRequest& request) {
  const Version& libvirt = request.libvirt.value;
  return {.generic_initiators = request.profile != Profile::legacy,
          .driver_model = libvirt >= kLibvirtDriverModel,
          .iommufd_attribute = libvirt >= kLibvirtIommufd,
          .iommufd_element = libvirt >= kLibvirtIommufdDomain,
          .smmu_attributes = request.profile == Profile::native};
}

Result<> check_target(const DomainRequest& request) {
  if (auto ok = check_versions(request.libvirt.value, request.qemu.value);
      !ok) {
    return ok;
  }
  if (auto ok = check_profile(request.profile, request.libvirt.value); !ok) {
    return ok;
  }
  if (std::ranges::any_of(request.gpus, &GuestGpu::managed)) {
    if (auto ok = need("libvirt", request.libvirt.value, kLibvirtDriverModel,
                       "would bind a managed GPU to plain vfio-pci",
                       "bind it with nvgpuctl and take managed='no'");
        !ok) {
      return ok;
    }
  }
  return check_viommu(request);
}

}  // namespace nvgpuctl
