// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output_json.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/exit_code.hpp"
#include "cli/wording.hpp"
#include "core/gpu_grounds.hpp"
#include "core/gpu_use.hpp"
#include "core/json_values.hpp"

namespace nvgpuctl::cli {
namespace {

template <class T>
Json fact(const std::optional<Fact<T>>& fact) {
  if (!fact) {
    return nullptr;
  }
  return {{"value", fact->value}, {"source", to_string(fact->source)}};
}

Json addresses(const std::vector<PciAddress>& list) {
  Json json = Json::array();
  for (const auto& address : list) {
    json.push_back(to_string(address));
  }
  return json;
}

Json region(const std::optional<MemoryRegion>& region) {
  if (!region) {
    return nullptr;
  }
  return {{"bar", region->bar},
          {"base", region->base},
          {"size_bytes", region->size},
          {"bar_size_bytes", region->bar_size}};
}

Json regions(const std::optional<RegionPlan>& plan) {
  if (!plan) {
    return nullptr;
  }
  return {{"layout", to_string(plan->layout)},
          {"usable", region(plan->usable)},
          {"reserved", region(plan->reserved)}};
}

Json findings(const std::vector<Finding>& list) {
  Json json = Json::array();
  for (const auto& item : list) {
    json.push_back(
        {{"id", item.reason->id},
         {"name", item.reason->name},
         {"severity", to_string(item.reason->severity)},
         {"summary", item.reason->summary},
         {"subject", item.subject},
         {"detail", item.detail},
         {"evidence", text_or_null(item.evidence)},
         {"remedy", text_or_null(std::string(item.reason->remedy))}});
  }
  return json;
}

Json model(const Gpu& gpu) {
  return {{"name", gpu.model.name},
          {"family", to_string(gpu.model.family)},
          {"known", gpu.model.known},
          {"vendor_id", gpu.pci.vendor},
          {"device_id", gpu.pci.device},
          {"subsystem_vendor_id", gpu.pci.subsystem_vendor},
          {"subsystem_device_id", gpu.pci.subsystem_device}};
}

Json numa(const Gpu& gpu) {
  Json initiators = nullptr;
  if (gpu.gi_nodes) {
    initiators = {{"nodes", gpu.gi_nodes->nodes},
                  {"proximity_domains", gpu.gi_nodes->pxms},
                  {"source", to_string(gpu.gi_nodes->source)}};
  }
  return {{"pci_node", or_null(gpu.pci.numa_node)},
          {"cpu_node", or_null(gpu.cpu_node)},
          {"generic_initiators", initiators}};
}

Json group_members(const IommuGroup& group) {
  Json members = Json::array();
  for (const auto& member : group.members) {
    members.push_back({{"address", to_string(member.address)},
                       {"vendor_id", member.vendor},
                       {"device_id", member.device},
                       {"class_code", member.class_code},
                       {"driver", or_null(member.driver)}});
  }
  return members;
}

Json iommu(const HostSnapshot& host, const Gpu& gpu) {
  Json group = nullptr;
  if (gpu.pci.iommu_group) {
    const auto found = host.iommu_groups.find(*gpu.pci.iommu_group);
    const IommuGroup known =
        found == host.iommu_groups.end() ? IommuGroup{} : found->second;
    group = {{"number", *gpu.pci.iommu_group},
             {"type", text_or_null(known.type)},
             {"members", group_members(known)}};
  }
  return {{"group", group}, {"smmu", or_null(gpu.pci.smmu)}};
}

Json pci(const PciFunction& function) {
  Json bars = Json::array();
  for (const auto& bar : function.bars) {
    bars.push_back({{"index", bar.index},
                    {"start", bar.start},
                    {"size_bytes", bar.size},
                    {"flags", bar.flags}});
  }
  Json reset_methods = Json::array();
  for (const auto method : split(function.reset_methods, ' ')) {
    reset_methods.push_back(method);
  }
  return {{"class_code", function.class_code},
          {"acpi_path", or_null(function.acpi_path)},
          {"vfio_device", or_null(function.vfio_dev)},
          {"power_state", text_or_null(function.power_state)},
          {"reset_methods", reset_methods},
          {"upstream", addresses(function.upstream)},
          {"bars", bars},
          {"problems", function.problems}};
}

Json egm(const std::optional<Egm>& egm) {
  if (!egm) {
    return nullptr;
  }
  return {{"base", egm->base},
          {"size_bytes", egm->size},
          {"proximity_domain", egm->pxm}};
}

std::string_view kind_name(StepKind kind) {
  switch (kind) {
    case StepKind::load_module:
      return "load-module";
    case StepKind::write_attribute:
      return "write-attribute";
    case StepKind::expect_driver:
      return "expect-driver";
    case StepKind::unit:
      return "unit";
    case StepKind::memory_blocks:
      return "memory-blocks";
    case StepKind::expect_released:
      break;
  }
  return "expect-released";
}

Json step_json(const Step& step) {
  return {{"kind", kind_name(step.kind)},
          {"path", text_or_null(step.path)},
          {"value", step.value},
          {"purpose", step.purpose}};
}

Json option_json(const OptionSpec& option) {
  Json choices = Json::array();
  for (const auto choice : option.choices) {
    choices.push_back(choice);
  }
  return {{"name", long_name(option)},
          {"takes_value", option.kind != OptionKind::flag},
          {"repeatable", option.kind == OptionKind::repeated},
          {"choices", choices}};
}

Json options_json(std::span<const OptionSpec> options) {
  Json json = Json::array();
  for (const auto& option : options) {
    json.push_back(option_json(option));
  }
  return json;
}

Json step_reports(const std::vector<StepReport>& reports) {
  Json steps = Json::array();
  for (const auto& report : reports) {
    Json json = step_json(report.step);
    json["done"] = report.done;
    json["seen"] = text_or_null(report.seen);
    json["evidence"] = report.evidence;
    steps.push_back(json);
  }
  return steps;
}

}  // namespace

Json gpu_json(const HostSnapshot& host, const Gpu& gpu) {
  return {{"address", to_string(gpu.pci.address)},
          {"model", model(gpu)},
          {"state", to_string(gpu.state)},
          {"driver",
           {{"name", or_null(gpu.pci.driver)},
            {"role", to_string(gpu.driver_role)},
            {"override", or_null(gpu.pci.driver_override)}}},
          {"memory_base", fact(gpu.memory_base)},
          {"memory_size_bytes", fact(gpu.memory_size)},
          {"mig_erratum",
           {{"value",
             gpu.erratum.value == MigErratum::present ? "present" : "fixed"},
            {"source", to_string(gpu.erratum.source)}}},
          {"regions", regions(gpu.plan)},
          {"egm", egm(gpu.egm)},
          {"numa", numa(gpu)},
          {"iommu", iommu(host, gpu)},
          {"pci", pci(gpu.pci)},
          {"holders", holders_json(gpu)},
          {"stop_order", stop_order(gpu)},
          {"findings", findings(gpu.findings)}};
}

Json explanation_json(const HostSnapshot& host, const Gpu& gpu) {
  return {{"address", to_string(gpu.pci.address)},
          {"model", gpu.model.name},
          {"state", to_string(gpu.state)},
          {"verdict", verdict_sentence(gpu)},
          {"grounds", grounds(host, gpu)},
          {"findings", findings(gpu.findings)}};
}

Json validation_json(const Gpu& gpu, const Validation& validation) {
  return {{"address", to_string(gpu.pci.address)},
          {"model", gpu.model.name},
          {"verdict", to_string(overall(validation.sections))},
          {"sections", check_sections_json(validation.sections)},
          {"regions", regions(validation.regions)}};
}

Json bind_plan_json(const BindPlan& plan) {
  Json steps = Json::array();
  for (const auto& step : plan.steps) {
    steps.push_back(step_json(step));
  }
  return {{"address", to_string(plan.gpu)},
          {"from", text_or_null(plan.from)},
          {"to", text_or_null(plan.to)},
          {"steps", steps},
          {"notes", plan.notes}};
}

Json bind_report_json(const ChangeReport& change,
                      std::optional<GpuState> state) {
  const bool arrived =
      change.ending == Ending::done || change.ending == Ending::unchanged;
  return {{"address", to_string(change.plan.gpu)},
          {"from", text_or_null(change.plan.from)},
          {"to", text_or_null(change.plan.to)},
          {"done", arrived},
          {"ending", to_string(change.ending)},
          {"problem", text_or_null(change.problem)},
          {"state", state ? Json(to_string(*state)) : Json(nullptr)},
          {"attestation", change.proof.empty()
                              ? Json(nullptr)
                              : Json(to_string(overall(change.proof)))},
          {"steps", step_reports(change.steps)},
          {"undo", step_reports(change.undo)},
          {"notes", change.plan.notes}};
}

Json recovery_json(const Recovery& recovery) {
  Json undone = Json::array();
  for (const auto& one : recovery.undone) {
    undone.push_back({{"address", to_string(one.gpu)},
                      {"done", one.done},
                      {"problem", text_or_null(one.problem)},
                      {"steps", step_reports(one.steps)}});
  }
  return {{"course",
           recovery.course ? Json(to_string(*recovery.course)) : Json(nullptr)},
          {"complete", !recovery.failure && recovery.stuck.empty() &&
                           recovery.left.empty()},
          {"undone", undone},
          {"lines", recovery.lines}};
}

Json values_json(const std::vector<DomainValue>& values) {
  Json out = Json::array();
  for (const auto& value : values) {
    out.push_back({{"name", value.name},
                   {"value", value.value},
                   {"source", to_string(value.source)},
                   {"note", text_or_null(value.note)}});
  }
  return out;
}

Json domain_json(const std::vector<PciAddress>& gpus,
                 const GenerateOptions& options, const Generated& generated) {
  Json parts = Json::array();
  for (const auto& [place, xml] : generated.domain.parts) {
    parts.push_back({{"place", place}, {"xml", xml}});
  }
  return {{"gpus", addresses(gpus)},
          {"profile", to_string(generated.profile)},
          {"whole_domain", options.whole_domain},
          {"xml", generated.domain.xml},
          {"parts", parts},
          {"values", values_json(generated.domain.values)},
          {"warnings", generated.domain.warnings},
          {"for", options.stack ? Json(to_string(*options.stack)) : Json()},
          {"notes", generated.notes},
          {"schema",
           {{"validated", generated.validated},
            {"note", text_or_null(generated.schema_note)}}}};
}

Json domain_change_json(const DomainChange& change, bool defined) {
  return {{"domain", change.domain},
          {"gpus", addresses(change.gpus)},
          {"profile", text_or_null(change.profile)},
          {"changed", change.changed},
          {"defined", defined && change.changed},
          {"xml", change.after},
          {"diff", change.diff},
          {"values", values_json(change.values)},
          {"warnings", change.warnings},
          {"schema",
           {{"validated", change.validated},
            {"note", text_or_null(change.schema_note)}}}};
}

Json version_json() {
  Json verbs = Json::array();
  for (const auto& command : commands()) {
    verbs.push_back({{"name", command.name},
                     {"summary", command.summary},
                     {"options", options_json(command.options)}});
  }
  Json codes = Json::array();
  for (const auto code : all_exit_codes()) {
    codes.push_back(
        {{"code", static_cast<int>(code)}, {"meaning", meaning(code)}});
  }
  return {{"version", NVGPUCTL_VERSION},
          {"verbs", verbs},
          {"common_options", options_json(common_options())},
          {"exit_codes", codes}};
}

}  // namespace nvgpuctl::cli
