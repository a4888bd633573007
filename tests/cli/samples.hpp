// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "base/text.hpp"
#include "core/bind_plan.hpp"
#include "core/check.hpp"
#include "core/emit.hpp"
#include "core/gpu.hpp"
#include "core/host_snapshot.hpp"
#include "ops/generate.hpp"
#include "ops/lint.hpp"
#include "ops/merge.hpp"
#include "ops/recovery.hpp"
#include "ops/transaction.hpp"

// Values built by hand, with the numbers of a GH200 96GB.

namespace nvgpuctl::samples {

inline const Reason kBlocked{"NVG-E999", "sample-error", Severity::error,
                             "The sample is broken", "Mend the sample"};
inline const Reason kRemark{"NVG-I999", "sample-remark", Severity::info,
                            "The sample says something", ""};

inline RegionPlan plan() {
  return {.layout = Layout::split,
          .usable = MemoryRegion{4, 0x420000000000, 0x17A0000000, 128 * kGiB},
          .reserved = MemoryRegion{2, 0x4217A0000000, 0x44F00000, 2 * kGiB}};
}

inline Gpu gpu() {
  Gpu gpu;
  gpu.pci.address = {9, 1, 0, 0};
  gpu.pci.vendor = 0x10DE;
  gpu.pci.device = 0x2342;
  gpu.pci.subsystem_vendor = 0x10DE;
  gpu.pci.subsystem_device = 0x16EB;
  gpu.pci.class_code = 0x030200;
  gpu.pci.driver = "nvidia";
  gpu.pci.numa_node = 0;
  gpu.pci.iommu_group = 19;
  gpu.pci.smmu = "smmu3.0x0000000005000000";
  gpu.pci.acpi_path = "\\_SB_.PCI9.RP00.GPU0";
  gpu.pci.reset_methods = "acpi bus";
  gpu.pci.power_state = "D0";
  gpu.pci.upstream = {{9, 0, 0, 0}};
  gpu.pci.bars = {{0, 0x661002000000, 16 * kMiB, 0x14220C}};
  gpu.model = {.device_id = 0x2342, .name = "GH200 120GB"};
  gpu.driver_role = DriverRole::host;
  gpu.memory_base = Fact<std::uint64_t>{0x420000000000, Source::dsd};
  gpu.memory_size = Fact<std::uint64_t>{0x17E4F00000, Source::dsd};
  gpu.erratum = {MigErratum::present, Source::pci_config};
  gpu.plan = plan();
  gpu.gi_nodes = GiNodes{
      {8, 9, 10, 11, 12, 13, 14, 15}, {1, 2, 3, 4, 5, 6, 7, 8}, Source::srat};
  gpu.cpu_node = 0;
  gpu.state = GpuState::ready;
  return gpu;
}

// A GPU of which next to nothing could be read.
inline Gpu bare_gpu() {
  Gpu gpu;
  gpu.pci.address = {0x19, 1, 0, 0};
  gpu.pci.vendor = 0x10DE;
  gpu.pci.device = 0x2342;
  gpu.model = {.device_id = 0x2342, .name = "GH200 120GB"};
  gpu.state = GpuState::blocked;
  gpu.findings = {{&kBlocked, "0019:01:00.0", "nothing could be read",
                   "/sys/bus/pci/devices/0019:01:00.0"},
                  {&kRemark, "0019:01:00.0", "a remark", ""}};
  return gpu;
}

inline HostSnapshot host() {
  HostSnapshot host;
  host.live = false;
  host.kernel.release = "6.8.0-1021-nvidia-64k";
  PciFunction member = gpu().pci;
  auto& group = host.iommu_groups[19];
  group.number = 19;
  group.type = "DMA-FQ";
  group.members = {member};
  return host;
}

inline std::vector<CheckSection> sections(Verdict verdict) {
  return {{"firmware",
           {{"dsd-size", "size firmware gives", Verdict::pass, "0x17e4f00000",
             "0x17e4f00000", "", ""}}},
          {"vfio",
           {{"vfio-open", "device can be opened", verdict, "a VFIO device",
             verdict == Verdict::pass ? "vfio0" : "", "",
             verdict == Verdict::pass ? "" : "bind the GPU"}}}};
}

inline BindPlan bind_plan() {
  const std::string device = "/sys/bus/pci/devices/0009:01:00.0/";
  return {.gpu = {9, 1, 0, 0},
          .from = "nvidia",
          .to = "nvgrace_gpu_vfio_pci",
          .steps = {{StepKind::load_module, "", "nvgrace_gpu_vfio_pci",
                     "the driver must be there"},
                    {StepKind::write_attribute, device + "driver_override",
                     "\n", "clear what stood there"},
                    {StepKind::expect_driver, device + "driver",
                     "nvgrace_gpu_vfio_pci", "see that it is bound"}},
          .notes = {"the host loses this GPU"}};
}

inline ChangeReport failed_change() {
  const auto plan = bind_plan();
  return {.plan = plan,
          .ending = Ending::rolled_back,
          .steps = {{plan.steps[0], true, ""},
                    {plan.steps[1], false, "Permission denied"}},
          .undo = {{plan.steps[1], true, "not set"}},
          .problem = "not as it was to be",
          .proof = sections(Verdict::fail)};
}

inline Recovery recovery() {
  return {.course = RecoveryCourse::undo,
          .undone = {{{9, 1, 0, 0}, false, failed_change().undo, "held"}},
          .lines = {"0009:01:00.0: cannot be brought back: held"},
          .failure = Error{Errc::needs_operator, "journal", "held", ""}};
}

inline Generated generated() {
  return {.domain = {.xml = "<domain>\n  <name>a</name>\n</domain>\n",
                     .parts = {{"numa", "<numa/>\n"},
                               {"qemu:commandline", "<qemu:commandline/>\n"}},
                     .values = {{"pcihole64", "256 GiB", Source::computed, ""}},
                     .warnings = {"a warning"}},
          .profile = Profile::hybrid,
          .schema_note = "validated against domain.rng",
          .validated = true};
}

inline LintedDomain linted() {
  const XmlPlace place{"/domain/devices/iommu/driver", 43};
  auto misspelt =
      lint_finding("misspelt", place, "ssidsize", "ssidSize", "ssidsize='20'");
  misspelt.safe = DomainEdit{.kind = DomainEdit::Kind::rename_attribute,
                             .xpath = place.xpath,
                             .name = "ssidSize",
                             .value = "ssidsize",
                             .unit = {}};
  auto blocked =
      lint_finding("gpu-blocked", {"/domain/devices/hostdev[2]", 36},
                   "a GPU that works", "it does not", "Mend the sample");
  blocked.reason = "NVG-E999";
  return {.source = "guest.xml",
          .name = "grace",
          .lint = {{{9, 1, 0, 0}}, {blocked, misspelt}},
          .schema_note = "checked against domain.rng",
          .fixed = {},
          .left = {}};
}

inline LintedDomain fixed() {
  auto out = linted();
  out.fixed = "<domain/>\n";
  out.left = {out.lint.findings[0]};
  return out;
}

// A domain that nothing was to be said about.
inline LintedDomain without_gpu() {
  return {.source = "standard input",
          .name = "",
          .lint = {},
          .schema_note = "",
          .fixed = {},
          .left = {}};
}

inline DomainChange domain_change() {
  return {.domain = "domain a",
          .before = "<domain/>\n",
          .after = "<domain>\n</domain>\n",
          .diff = "--- a\n+++ b\n",
          .changed = true,
          .gpus = {{9, 1, 0, 0}},
          .values = {{"pcihole64", "256 GiB", Source::computed, ""}},
          .warnings = {"a warning"},
          .schema_note = "valid by domain.rng",
          .validated = true,
          .profile = "hybrid",
          .pieces = {}};
}

inline Emission emission() {
  return {.text = "# a file\n[pci]\n", .warnings = {"a warning"}};
}

}  // namespace nvgpuctl::samples
