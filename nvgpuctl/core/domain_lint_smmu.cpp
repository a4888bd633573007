// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "core/domain_lint_rules.hpp"
#include "core/domain_profile.hpp"
#include "core/libvirt_values.hpp"

namespace nvgpuctl {
namespace {

// As pciBus= names the bus of what is below an expander, or below none.
unsigned bus_below(const DomainController* expander) {
  return expander == nullptr ? 0 : expander->index.value_or(0);
}

// The SMMU that a GPU is behind: that of its bus, or the machine's.
const GuestViewSmmu* smmu_of(const GuestView& view, const GuestViewGpu& gpu) {
  const auto found =
      std::ranges::find_if(view.smmus, [&](const GuestViewSmmu& smmu) {
        return smmu.bus ? smmu.bus == bus_below(gpu.expander) : !smmu.accel;
      });
  return found == view.smmus.end() ? nullptr : &*found;
}

void judge_bus(const GuestView& view, const GuestViewSmmu& smmu,
               LintWriter& out) {
  if (!smmu.bus) {
    if (smmu.accel) {
      out.add("smmu-accel-no-bus", smmu.place,
              {"<driver pciBus=>", "no bus",
               "pciBus= the index of the GPU's pcie-expander-bus"});
    }
    return;
  }
  const DomainController* controller = view.controller(*smmu.bus);
  // libvirt adds pcie-root where nobody writes it.
  if (controller == nullptr && *smmu.bus != 0) {
    out.add("smmu-bus-absent", smmu.place,
            {"the index of a PCI controller",
             fmt::format("pciBus {}, and no such controller", *smmu.bus),
             "pciBus= the index of the GPU's pcie-expander-bus"});
  } else if (controller != nullptr &&
             controller->model != "pcie-expander-bus" &&
             controller->model != "pcie-root") {
    out.add("smmu-bus-kind", smmu.place,
            {"a pcie-expander-bus, or pcie-root",
             fmt::format("controller {} is a {}", *smmu.bus, controller->model),
             "pciBus= the index of the pcie-expander-bus above it"});
  }
}

void judge_uniqueness(const GuestView& view, LintWriter& out) {
  std::set<unsigned> buses;
  const GuestViewSmmu* machine_wide = nullptr;
  for (const GuestViewSmmu& smmu : view.smmus) {
    if (!smmu.bus) {
      machine_wide = smmu.accel ? machine_wide : &smmu;
    } else if (!buses.insert(*smmu.bus).second) {
      out.add("smmu-bus-twice", smmu.place,
              {"one SMMU for each bus", fmt::format("bus {} again", *smmu.bus),
               "take one out, or give it another bus"});
    }
  }
  if (machine_wide != nullptr && !buses.empty()) {
    out.add("smmu-machine-and-bus", machine_wide->place,
            {"SMMUs for buses only", "one without pciBus= beside them",
             "take it out, or give it a bus"});
  }
}

void judge_acceleration(const GuestView& view, const GuestViewGpu& gpu,
                        LintWriter& out) {
  const GuestViewSmmu* smmu = smmu_of(view, gpu);
  if (smmu == nullptr) {
    return;
  }
  if (!smmu->accel) {
    out.add(
        "smmu-emulated", smmu->place,
        {"accel='on'", fmt::format("none, and {} is behind it", name_of(gpu)),
         "accel='on', or no SMMU: an emulated one cannot translate a "
         "GPU's DMA"});
  } else if (!gpu.iommufd) {
    out.add("smmu-iommufd", gpu.hostdev->place,
            {fmt::format("IOMMUFD for {}", name_of(gpu)), "none",
             "<driver iommufd='yes'/>, from libvirt 12.1 on"});
  }
}

void judge_endpoints(const LintInput& input, LintWriter& out) {
  const GuestView& view = input.view;
  std::set<unsigned> accelerated;
  for (const GuestViewSmmu& smmu : view.smmus) {
    if (smmu.accel && smmu.bus) {
      accelerated.insert(*smmu.bus);
    }
  }
  if (accelerated.empty()) {
    return;
  }
  for (const DomainPciUse& use : input.domain.pci_uses) {
    const unsigned bus = bus_below(view.expander_above(use.address.bus));
    if (use.emulated && accelerated.contains(bus)) {
      out.add("smmu-emulated-device", use.place,
              {"only devices that are passed through",
               fmt::format("it is on the bus of controller {}", bus),
               "put it on another bus"});
    }
  }
}

// Which of the guest's SMMUs each physical one is shown as, and the reverse.
void judge_sharing(const GuestView& view, LintWriter& out) {
  std::map<std::string, std::pair<const GuestViewSmmu*, const GuestViewGpu*>>
      physical;
  std::map<const GuestViewSmmu*, const GuestViewGpu*> shown;
  for (const GuestViewGpu& gpu : view.gpus) {
    const GuestViewSmmu* smmu = smmu_of(view, gpu);
    if (gpu.gpu == nullptr || !gpu.gpu->pci.smmu || smmu == nullptr ||
        !smmu->accel) {
      continue;
    }
    const std::string& name = *gpu.gpu->pci.smmu;
    const auto [of, first] = physical.emplace(name, std::pair(smmu, &gpu));
    if (!first && of->second.first != smmu &&
        of->second.second->gpu != gpu.gpu) {
      out.add("smmu-split", smmu->place,
              {fmt::format("one SMMU for {} and {}, which share the host's {}",
                           name_of(*of->second.second), name_of(gpu), name),
               "two", "put both GPUs on one pcie-expander-bus with one SMMU"});
    }
    const auto [other, alone] = shown.emplace(smmu, &gpu);
    if (!alone && other->second->gpu->pci.smmu != gpu.gpu->pci.smmu) {
      out.add(
          "smmu-mixed", smmu->place,
          {"GPUs behind one physical SMMU",
           fmt::format("{} is behind {}, {} behind {}", name_of(*other->second),
                       *other->second->gpu->pci.smmu, name_of(gpu), name),
           "give each physical SMMU a bus and an SMMU of its own"});
    }
  }
}

struct NumberRule {
  std::string_view id;
  std::string_view name;  // of the property, spelled as libvirt does
  std::string_view expected;
  unsigned most = 0;
};

// A value that is too large becomes the largest. `misspelt` has corrected the
// name by then.
void judge_number(const GuestViewProperty& property, const GuestViewSmmu& smmu,
                  const NumberRule& rule, LintWriter& out) {
  LintFinding& finding =
      out.add(rule.id, property.place,
              {std::string(rule.expected),
               fmt::format("{}='{}'", property.name, property.value),
               fmt::format("{}='{}'", rule.name, rule.most)});
  const auto number = parse_libvirt_number(property.value);
  const bool attribute = smmu.said == GuestViewSmmu::Said::libvirt &&
                         property.place.xpath.ends_with("/driver");
  // The fix would change another attribute.
  const bool taken =
      property.name != rule.name &&
      std::ranges::find(smmu.properties, rule.name, &GuestViewProperty::name) !=
          smmu.properties.end();
  if (number && *number > rule.most && attribute && !taken) {
    finding.safe = DomainEdit{.kind = DomainEdit::Kind::set_attribute,
                              .xpath = property.place.xpath,
                              .name = std::string(rule.name),
                              .value = std::to_string(rule.most),
                              .unit = {}};
  }
}

void judge_property(const GuestView& view, const GuestViewSmmu& smmu,
                    const GuestViewProperty& property, LintWriter& out) {
  const auto number = parse_libvirt_number(property.value);
  const bool is_auto = property.value == "auto";
  if (property.name == "oas" && !is_auto && number != 44 && number != 48) {
    judge_number(property, smmu, {"smmu-oas", "oas", "44 or 48", 48}, out);
  }
  // KubeVirt and NVIDIA's fork spell it in the second way.
  if ((property.name == "ssidsize" || property.name == "ssidSize") &&
      !is_auto && number.value_or(99) > 20) {
    judge_number(property, smmu, {"smmu-ssidsize", "ssidsize", "0 to 20", 20},
                 out);
  }
  if (property.name == "cmdqv" &&
      (property.value == "on" || property.value == "true") &&
      !view.domain->has_huge_pages && view.egm.empty()) {
    out.add("smmu-cmdqv", property.place,
            {"<memoryBacking><hugepages>", "ordinary pages",
             "back the guest with huge pages: its queues must be contiguous"});
  }
}

}  // namespace

void lint_smmus(const LintInput& input, LintWriter& out) {
  const GuestView& view = input.view;
  for (const GuestViewSmmu& smmu : view.smmus) {
    judge_bus(view, smmu, out);
    if (smmu.accel && smmu.said == GuestViewSmmu::Said::qemu) {
      out.add(
          "smmu-argument", smmu.place,
          {"an SMMU before the devices behind it",
           "one in <qemu:commandline>, which comes after them",
           fmt::format("<iommu model='smmuv3'>, from libvirt {}.{} on",
                       kLibvirtSmmuPerBus.major, kLibvirtSmmuPerBus.minor)});
    }
  }
  judge_uniqueness(view, out);
  for (const GuestViewGpu& gpu : view.gpus) {
    judge_acceleration(view, gpu, out);
  }
  judge_endpoints(input, out);
  judge_sharing(view, out);
}

void lint_smmu_values(const LintInput& input, LintWriter& out) {
  for (const GuestViewSmmu& smmu : input.view.smmus) {
    for (const GuestViewProperty& property : smmu.properties) {
      judge_property(input.view, smmu, property, out);
    }
  }
}

}  // namespace nvgpuctl
