// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/text.hpp"
#include "core/domain_lint_rules.hpp"
#include "core/domain_profile.hpp"

namespace nvgpuctl {
namespace {

constexpr std::array<std::string_view, 7> kSmmuAttributes{
    "pciBus", "accel", "ats", "ril", "cmdqv", "ssidsize", "oas"};

bool knows(std::string_view name) {
  return std::ranges::find(kSmmuAttributes, name) != kSmmuAttributes.end();
}

void drop(const LintInput& input, LintWriter& out, const XmlPlace& place,
          std::string_view what, const Version& since, std::string_view fix) {
  if (input.libvirt_before(since)) {
    out.add("dropped", place,
            {fmt::format("libvirt {}.{}", since.major, since.minor),
             fmt::format("{}, and libvirt {}", what,
                         to_string(input.target.libvirt->value)),
             std::string(fix)});
  }
}

constexpr std::string_view kOtherProfile =
    "take the GPU out, and let nvgpuctl xml merge put it in for this libvirt";

void judge_hostdev(const LintInput& input, const DomainHostdev& hostdev,
                   LintWriter& out) {
  const XmlPlace driver = hostdev.driver_place.value_or(hostdev.place);
  if (!hostdev.driver_model.empty()) {
    drop(input, out, driver, "<driver model=>", kLibvirtDriverModel,
         "bind the GPU with nvgpuctl and take managed='no'");
  }
  if (!hostdev.iommufd.empty()) {
    drop(input, out, driver, "<driver iommufd=>", kLibvirtIommufd,
         kOtherProfile);
  }
  if (hostdev.nodeset) {
    drop(input, out, hostdev.place, "<acpi nodeset=>", kLibvirtGenericInitiator,
         kOtherProfile);
  }
}

void judge_spelling(const DomainIommu& iommu, LintWriter& out) {
  // Two spellings of one may have two values, and which is meant is not ours
  // to say.
  std::map<std::string, unsigned> spellings;
  for (const auto& [name, value] : iommu.driver) {
    ++spellings[to_lower(name)];
  }
  for (const auto& [name, value] : iommu.driver) {
    const std::string said = to_lower(name);
    const auto meant = std::ranges::find_if(
        kSmmuAttributes,
        [&](std::string_view known) { return to_lower(known) == said; });
    if (knows(name) || meant == kSmmuAttributes.end()) {
      continue;
    }
    LintFinding& finding = out.add(
        "misspelt", iommu.driver_place,
        {std::string(*meant), name, fmt::format("{}='{}'", *meant, value)});
    if (spellings[said] == 1) {
      finding.safe = DomainEdit{.kind = DomainEdit::Kind::rename_attribute,
                                .xpath = iommu.driver_place.xpath,
                                .name = name,
                                .value = std::string(*meant),
                                .unit = {}};
    }
  }
}

void judge_smmu_attributes(const LintInput& input, const DomainIommu& iommu,
                           LintWriter& out) {
  std::string newer;
  for (const auto& [name, value] : iommu.driver) {
    if (knows(name) && name != "pciBus") {
      newer += fmt::format("{}{}=", newer.empty() ? "" : " ", name);
    }
  }
  if (iommu.pci_bus) {
    drop(input, out, iommu.driver_place, "<driver pciBus=>", kLibvirtSmmuPerBus,
         kOtherProfile);
  }
  if (!newer.empty()) {
    drop(input, out, iommu.driver_place, fmt::format("<driver {}>", newer),
         kLibvirtSmmuAccel, kOtherProfile);
  }
}

void judge_releases(const LintInput& input, LintWriter& out) {
  const auto& libvirt = input.target.libvirt;
  const auto& qemu = input.target.qemu;
  if (!libvirt || !qemu) {
    out.add("libvirt-unknown", input.domain.place,
            {"both versions",
             fmt::format("{} not known", !libvirt && !qemu ? "neither is"
                                         : libvirt         ? "QEMU's is"
                                                           : "libvirt's is"),
             "--libvirt X.Y --qemu X.Y; what depends on them is not judged"})
        .reason = "NVG-W060";
  }
  if (input.libvirt_before(kLibvirtVariantDriver)) {
    out.add("libvirt-too-old", input.domain.place,
            {"libvirt 9.7", to_string(libvirt->value),
             "update libvirt; no domain can have the GPU's memory before"})
        .reason = "NVG-W061";
  }
  if (input.qemu_before(kQemuHighmemMmioSize)) {
    out.add("qemu-too-old", input.domain.place,
            {"QEMU 10.0", to_string(qemu->value), "update QEMU"})
        .reason = "NVG-W061";
  }
}

void judge_cells(const LintInput& input, LintWriter& out) {
  constexpr Version kMemorylessCells{11, 8, 0};
  const auto& cells = input.view.cells;
  const auto bad = std::ranges::find_if(cells, [](const GuestViewCell& cell) {
    return cell.said == GuestViewCell::Said::libvirt && !cell.memory;
  });
  if (bad != cells.end() && input.libvirt_before(kMemorylessCells)) {
    out.add("cell-memoryless", bad->place,
            {"libvirt 11.8",
             fmt::format("a cell without memory, and libvirt {}",
                         to_string(input.target.libvirt->value)),
             "pass these cells to QEMU: nvgpuctl xml generate --profile "
             "legacy"});
  }
}

void judge_window(const LintInput& input, LintWriter& out) {
  constexpr Version kHoleOnArm{11, 4, 0};
  for (const DomainController& controller : input.domain.controllers) {
    if (controller.pcihole64_bytes && input.libvirt_before(kHoleOnArm)) {
      out.add("window-refused", controller.place,
              {"libvirt 11.4",
               fmt::format("<pcihole64>, and libvirt {}",
                           to_string(input.target.libvirt->value)),
               "pass -machine highmem-mmio-size= to QEMU: nvgpuctl xml "
               "generate --profile legacy"});
    }
  }
}

void judge_smmus(const LintInput& input, LintWriter& out) {
  for (const GuestViewSmmu& smmu : input.view.smmus) {
    const Version& needed = smmu.accel ? kQemuSmmuAccel : kQemuSmmuPerBus;
    if ((smmu.bus || smmu.accel) && input.qemu_before(needed)) {
      out.add(
          "smmu-qemu", smmu.place,
          {fmt::format("QEMU {}.{} for {}", needed.major, needed.minor,
                       smmu.accel ? "an accelerated SMMU" : "an SMMU per bus"),
           to_string(input.target.qemu->value),
           "update QEMU, or do without the SMMU"});
    }
  }
}

bool is_made(const LintInput& input, const std::string& object) {
  const auto& made = input.view.iommufd_objects;
  const bool by_libvirt =
      object == "iommufd0" && !input.libvirt_before(kLibvirtIommufd) &&
      std::ranges::any_of(input.domain.hostdevs, [](const auto& hostdev) {
        return hostdev.iommufd == "yes";
      });
  return by_libvirt || std::ranges::find(made, object) != made.end();
}

void judge_iommufd(const LintInput& input, LintWriter& out) {
  for (const GuestViewGpu& gpu : input.view.gpus) {
    if (!gpu.iommufd) {
      continue;
    }
    // Which files a capture has is known; whether a module would load is not.
    if (!input.host().virtualization.dev_iommu) {
      out.add("iommufd-no-device", gpu.iommufd_place,
              {"/dev/iommu", "absent", std::string(reason("NVG-W055").remedy)})
          .reason = "NVG-W055";
    }
    if (!gpu.iommufd_object.empty() && !is_made(input, gpu.iommufd_object)) {
      out.add("iommufd-object", gpu.iommufd_place,
              {fmt::format("-object iommufd,id={}", gpu.iommufd_object),
               "no such object", "add it to <qemu:commandline>"});
    }
  }
}

}  // namespace

void lint_versions(const LintInput& input, LintWriter& out) {
  judge_releases(input, out);
  for (const GuestViewGpu& gpu : input.view.gpus) {
    judge_hostdev(input, *gpu.hostdev, out);
  }
  for (const DomainIommu& iommu : input.domain.iommus) {
    judge_spelling(iommu, out);
    judge_smmu_attributes(input, iommu, out);
  }
  if (input.domain.iommufd_place) {
    drop(input, out, *input.domain.iommufd_place, "<iommufd>",
         kLibvirtIommufdDomain, "take it out; each hostdev says it itself");
  }
  judge_cells(input, out);
  judge_window(input, out);
  judge_smmus(input, out);
  judge_iommufd(input, out);
}

}  // namespace nvgpuctl
