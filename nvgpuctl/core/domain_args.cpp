// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_args.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/domain_values.hpp"

namespace nvgpuctl {
namespace {

bool override_iommufd(const DomainRequest& request) {
  return request.iommufd && !features_of(request).iommufd_attribute;
}

bool override_smmu(const DomainRequest& request) {
  return request.viommu == Viommu::accel &&
         !features_of(request).smmu_attributes;
}

constexpr std::string_view kIommufdObject = "iommufd,id=iommufd0";
constexpr std::string_view kInitiatorObject =
    "acpi-generic-initiator,id=nvgpu-gi";

void add_argument(XmlElement commandline, std::string_view option,
                  std::string_view value) {
  commandline.child("qemu:arg").attribute("value", option);
  commandline.child("qemu:arg").attribute("value", value);
}

// Those that libvirt says are not said again.
void add_distances(const std::optional<DistanceMatrix>& of_libvirt,
                   const GuestTopology& guest, XmlElement commandline) {
  const std::size_t said = of_libvirt ? guest.kept_cells : 0;
  const bool both = of_libvirt && is_asymmetric(*of_libvirt);
  const auto add = [&](std::size_t from, std::size_t to) {
    add_argument(commandline, "-numa",
                 fmt::format("dist,src={},dst={},val={}", from, to,
                             guest.distances[from][to]));
  };
  for (std::size_t a = 0; a < guest.distances.size(); ++a) {
    for (std::size_t b = std::max(a + 1, said); b < guest.distances.size();
         ++b) {
      add(a, b);
      if (both) {
        add(b, a);
      }
    }
  }
}

void add_cells(const DomainRequest& request, const GuestTopology& guest,
               XmlElement commandline) {
  for (std::size_t gpu = 0; gpu < guest.gpu_cells.size(); ++gpu) {
    const CellRange& cells = guest.gpu_cells[gpu];
    commandline.comment(
        fmt::format("memory of GPU {}", describe_gpu(request.gpus[gpu])));
    commandline.comment("distances: " + describe_distances(guest, gpu));
    for (unsigned id = cells.first; id <= cells.last(); ++id) {
      add_argument(commandline, "-numa", fmt::format("node,nodeid={}", id));
    }
  }
  add_distances(request.room.distances, guest, commandline);
  for (std::size_t gpu = 0; gpu < guest.gpu_cells.size(); ++gpu) {
    const CellRange& cells = guest.gpu_cells[gpu];
    for (unsigned id = cells.first; id <= cells.last(); ++id) {
      add_argument(commandline, "-object",
                   fmt::format("{}{},pci-dev={},node={}", kInitiatorObject, id,
                               gpu_alias(gpu), id));
    }
  }
}

void add_commandline(const DomainRequest& request, const GuestTopology& guest,
                     XmlElement domain) {
  const XmlElement commandline = domain.child("qemu:commandline");
  if (!features_of(request).generic_initiators) {
    commandline.comment(fmt::format(
        "libvirt {} has no elements for the window of 64-bit BARs, cells "
        "without memory and generic initiators ({} brings them)",
        to_string(request.libvirt.value), to_string(kLibvirtGenericInitiator)));
    commandline.comment(describe_window(request));
    add_argument(
        commandline, "-machine",
        fmt::format("{}={}G", kWindowProperty, guest.window_bytes / kGiB));
    add_cells(request, guest, commandline);
  }
  if (override_iommufd(request)) {
    commandline.comment(fmt::format(
        "libvirt {} does not know IOMMUFD ({} does)",
        to_string(request.libvirt.value), to_string(kLibvirtIommufd)));
    add_argument(commandline, "-object", kIommufdObject);
  }
}

XmlElement add_override(XmlElement overrides, std::string_view alias) {
  return overrides.child("qemu:device")
      .attribute("alias", alias)
      .child("qemu:frontend");
}

void add_property(XmlElement frontend, std::string_view name,
                  std::string_view type, std::string_view value) {
  frontend.child("qemu:property")
      .attribute("name", name)
      .attribute("type", type)
      .attribute("value", value);
}

void add_overrides(const DomainRequest& request, const GuestTopology& guest,
                   XmlElement domain) {
  const XmlElement overrides = domain.child("qemu:override");
  if (override_smmu(request)) {
    for (std::size_t i = 0; i < guest.buses.size(); ++i) {
      const XmlElement frontend =
          add_override(overrides, smmu_alias(request, i));
      add_property(frontend, "accel", "bool", "true");
      for (const auto& [name, value] : kSmmuProperties) {
        add_property(frontend, name, "string", value);
      }
    }
  }
  if (override_iommufd(request)) {
    for (std::size_t i = 0; i < request.gpus.size(); ++i) {
      add_property(add_override(overrides, gpu_alias(i)), "iommufd", "string",
                   "iommufd0");
    }
  }
}

}  // namespace

std::string gpu_alias(std::size_t gpu) {
  return fmt::format("{}gpu{}", kAliasPrefix, gpu);
}

std::string smmu_alias(const DomainRequest& request, std::size_t bus) {
  return fmt::format("iommu{}", request.room.iommus + bus);
}

bool is_own_argument(std::string_view option, std::string_view value) {
  if (option == "-machine") {
    return value.starts_with(kWindowProperty);
  }
  if (option == "-object") {
    return value == kIommufdObject || value.starts_with(kInitiatorObject);
  }
  return option == "-numa" &&
         (value.starts_with("node,nodeid=") || value.starts_with("dist,src="));
}

bool needs_qemu_namespace(const DomainRequest& request) {
  return !features_of(request).generic_initiators ||
         override_iommufd(request) || override_smmu(request);
}

void add_qemu_arguments(const DomainRequest& request,
                        const GuestTopology& guest, XmlElement domain) {
  if (!features_of(request).generic_initiators || override_iommufd(request)) {
    add_commandline(request, guest, domain);
  }
  if (override_iommufd(request) || override_smmu(request)) {
    add_overrides(request, guest, domain);
  }
}

}  // namespace nvgpuctl
