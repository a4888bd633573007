// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/domain_lint_rules.hpp"
#include "core/domain_profile.hpp"
#include "core/module_name.hpp"

namespace nvgpuctl {
namespace {

void judge_machine_type(const Domain& domain, LintWriter& out) {
  const bool arm = domain.arch.empty() || domain.arch == "aarch64";
  const bool virt = domain.machine.empty() || domain.machine == "virt" ||
                    domain.machine.starts_with("virt-");
  if (!arm || !virt) {
    out.add(
        "machine", domain.place,
        {"aarch64, virt", fmt::format("{}, {}", domain.arch, domain.machine),
         "<type arch='aarch64' machine='virt'>"});
  }
}

bool is_absent(const GuestViewGpu& gpu, const LintTarget& target) {
  return gpu.gpu == nullptr &&
         !(gpu.hostdev->source && target.others.contains(*gpu.hostdev->source));
}

// What its findings say now would still be so when the guest starts. Of plain
// vfio-pci a managed GPU is taken away by libvirt itself.
void judge_findings(const LintInput& input, const GuestViewGpu& gpu,
                    LintWriter& out) {
  const bool managed = gpu.hostdev->managed == "yes";
  for (const Finding& found : gpu.gpu->findings) {
    const Reason& why = *found.reason;
    if (why.severity == Severity::error &&
        !(managed && why.id == "NVG-E045" &&
          !input.libvirt_before(kLibvirtDriverModel))) {
      out.add("gpu-blocked", gpu.hostdev->place,
              {fmt::format("{} can be passed through", name_of(gpu)),
               fmt::format("{} {}: {}", why.id, why.name, found.detail),
               std::string(why.remedy)})
          .reason = why.id;
    }
    if (why.id == "NVG-W052") {
      out.add("kvm-device-memory", gpu.hostdev->place,
              {"a kernel whose KVM maps it cacheable", found.detail,
               std::string(why.remedy)})
          .reason = why.id;
    }
  }
}

void judge_binding(const GuestViewGpu& gpu, LintWriter& out) {
  const auto& pci = gpu.gpu->pci;
  if (gpu.hostdev->managed != "yes" &&
      (gpu.gpu->driver_role == DriverRole::none ||
       gpu.gpu->driver_role == DriverRole::host)) {
    out.add("gpu-not-bound", gpu.hostdev->place,
            {"bound to its variant driver before the guest starts",
             fmt::format("{} has {}", name_of(gpu),
                         pci.driver ? "driver " + *pci.driver : "no driver"),
             fmt::format("nvgpuctl bind {}", name_of(gpu))});
  }
}

// The driver that the domain should name: the one that claims the GPU here.
std::string wanted_driver(const Gpu& gpu) {
  if (gpu.driver_role == DriverRole::variant && gpu.pci.driver) {
    return kernel_module_name(*gpu.pci.driver);
  }
  return kernel_module_name(variant_driver(gpu));
}

void judge_driver(const LintInput& input, const GuestViewGpu& gpu,
                  LintWriter& out) {
  const DomainHostdev& hostdev = *gpu.hostdev;
  const XmlPlace place = hostdev.driver_place.value_or(hostdev.place);
  if (!hostdev.driver_name.empty() && hostdev.driver_name != "vfio") {
    out.add(
        "driver-name", place,
        {"name='vfio', or none", fmt::format("name='{}'", hostdev.driver_name),
         "take the attribute out"});
  }
  const std::string wanted = wanted_driver(*gpu.gpu);
  const std::string& said = hostdev.driver_model;
  // Below 10.0 libvirt knows no models; `dropped` speaks of that.
  if (input.libvirt_before(kLibvirtDriverModel) ||
      kernel_module_name(said) == wanted) {
    return;
  }
  LintFinding& finding =
      out.add(said.empty() ? "driver-model-unsaid" : "driver-model", place,
              {fmt::format("model='{}'", wanted),
               said.empty() ? "no model; libvirt chooses by modules.alias"
                            : fmt::format("model='{}'", said),
               fmt::format("<driver model='{}'/>", wanted)});
  if (hostdev.driver_place) {
    finding.safe = DomainEdit{.kind = DomainEdit::Kind::set_attribute,
                              .xpath = place.xpath,
                              .name = "model",
                              .value = wanted,
                              .unit = {}};
  }
}

// The hook would not let it start.
void judge_allowed(const LintInput& input, const GuestViewGpu& gpu,
                   LintWriter& out) {
  const auto rule = rule_of(input, gpu);
  if (!allows(rule, input.domain.name)) {
    out.add("domain-policy", gpu.hostdev->place,
            {"a domain that " + rule.place + " allows",
             fmt::format("'{}'", input.domain.name),
             "add it to the GPU's domains there, or take the GPU out of it"});
  }
}

void judge_managed(const LintInput& input, const GuestViewGpu& gpu,
                   LintWriter& out) {
  const DomainHostdev& hostdev = *gpu.hostdev;
  const bool managed = hostdev.managed == "yes";
  const auto wanted =
      input.target.managed ? input.target.managed : rule_of(input, gpu).managed;
  const std::string seen = fmt::format("managed='{}'", managed ? "yes" : "no");
  if (managed && input.libvirt_before(kLibvirtDriverModel)) {
    out.add("managed-plain", hostdev.place,
            {"managed='no', and bound before", seen,
             fmt::format("managed='no', and nvgpuctl bind {}", name_of(gpu))});
  }
  if (wanted && *wanted != managed) {
    const std::string should =
        fmt::format("managed='{}'", *wanted ? "yes" : "no");
    out.add("managed-policy", hostdev.place, {should, seen, should});
  } else if (managed && !wanted) {
    out.add("managed-yes", hostdev.place,
            {"managed='no' keeps the GPU bound between guests", seen,
             "none needed; when the guest stops the host's own driver may take "
             "the GPU"});
  }
}

}  // namespace

void lint_machine(const LintInput& input, LintWriter& out) {
  const Domain& domain = input.domain;
  for (const DomainProblem& problem : domain.problems) {
    out.add("value-unreadable", problem.place,
            {"a value that libvirt takes", problem.text, "correct it"});
  }
  judge_machine_type(domain, out);
  if (!domain.acpi) {
    out.add("no-acpi", domain.place,
            {"<features><acpi/>", "no <acpi/>: no NUMA nodes in the guest",
             "add <acpi/> to <features>"});
  }
  if (!domain.firmware) {
    out.add("no-uefi", domain.place,
            {"<os firmware='efi'>", "no firmware, and ACPI needs UEFI on Arm",
             "<os firmware='efi'>"});
  }
  if (!domain.gic_version.empty() && domain.gic_version != "3" &&
      domain.gic_version != "4" && domain.gic_version != "host") {
    out.add(
        "gic-version", domain.place,
        {"<gic version='3'/>", fmt::format("version {}", domain.gic_version),
         "<gic version='3'/>; its ITS carries the GPU's interrupts"});
  }
  for (const XmlPlace& place : input.view.egm) {
    out.add("egm", place,
            {"a libvirt and a QEMU that know it", "EGM",
             "keep it only for NVIDIA's libvirt and QEMU; there it needs all "
             "GPUs of the socket and no huge pages"});
  }
}

void lint_gpus(const LintInput& input, LintWriter& out) {
  std::set<PciAddress> seen;
  for (const GuestViewGpu& gpu : input.view.gpus) {
    const auto& source = gpu.hostdev->source;
    if (source && !seen.insert(*source).second) {
      out.add("gpu-twice", gpu.hostdev->place,
              {"each GPU once", fmt::format("{} again", name_of(gpu)),
               "take one of the two out"});
    }
    if (is_absent(gpu, input.target)) {
      out.add(
          "gpu-absent", gpu.hostdev->place,
          {"a Grace GPU of this host", fmt::format("{} is none", name_of(gpu)),
           "nvgpuctl list says which there are"});
      continue;
    }
    if (gpu.gpu == nullptr) {
      out.add("gpu-other", gpu.hostdev->place,
              {"a Grace GPU", input.target.others.at(*source),
               "none needed; it is not judged here"});
      continue;
    }
    judge_findings(input, gpu, out);
    judge_binding(gpu, out);
  }
}

void lint_drivers(const LintInput& input, LintWriter& out) {
  for (const GuestViewGpu& gpu : input.view.gpus) {
    if (gpu.gpu == nullptr) {
      continue;
    }
    judge_driver(input, gpu, out);
    judge_managed(input, gpu, out);
    judge_allowed(input, gpu, out);
    if (gpu.hostdev->rom_bar != "off") {
      out.add("rom-bar", gpu.hostdev->place,
              {"<rom bar='off'/>", "the GPU's option ROM is shown",
               "<rom bar='off'/>; nothing in the guest needs it"});
    }
  }
}

}  // namespace nvgpuctl
