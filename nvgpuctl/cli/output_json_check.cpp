// SPDX-License-Identifier: GPL-2.0-or-later
#include <nlohmann/json.hpp>

#include "cli/output_json.hpp"
#include "core/json_values.hpp"

namespace nvgpuctl::cli {
namespace {

Json addresses(const std::vector<Gpu>& gpus) {
  Json json = Json::array();
  for (const auto& gpu : gpus) {
    json.push_back(to_string(gpu.pci.address));
  }
  return json;
}

Json signature(const ModuleInfo& info) {
  if (!info.signature) {
    return nullptr;
  }
  return {{"kind", text_or_null(info.signature->kind)},
          {"signer", text_or_null(info.signature->signer)},
          {"key", text_or_null(info.signature->key)}};
}

Json variant_driver(const InstalledModule& module) {
  const ModuleInfo info = module.info.value_or(ModuleInfo{});
  return {{"file", module.file},
          {"read", module.info.has_value()},
          {"problem", text_or_null(module.problem)},
          {"version", text_or_null(info.version)},
          {"vermagic", text_or_null(info.vermagic)},
          {"signature", signature(info)}};
}

Json initramfs(const std::optional<InitramfsFacts>& image) {
  if (!image) {
    return nullptr;
  }
  return {{"path", image->path},
          {"problem", text_or_null(image->problem)},
          {"modules",
           image->problem.empty() ? Json(image->modules) : Json(nullptr)}};
}

Json kernel(const InstalledKernel& kernel) {
  Json drivers = Json::array();
  for (const auto& module : kernel.variants) {
    drivers.push_back(variant_driver(module));
  }
  return {{"release", kernel.release},
          {"running", kernel.running},
          {"older", kernel.older},
          {"image", text_or_null(kernel.image)},
          {"variant_built_in", kernel.variant_built_in},
          {"variant_drivers", drivers},
          {"host_drivers", kernel.host_drivers},
          {"initramfs", initramfs(kernel.initramfs)}};
}

}  // namespace

Json check_sections_json(const std::vector<CheckSection>& sections) {
  Json json = Json::array();
  for (const auto& section : sections) {
    Json checks = Json::array();
    for (const auto& check : section.checks) {
      checks.push_back({{"id", check.id},
                        {"title", check.title},
                        {"verdict", to_string(check.verdict)},
                        {"expected", text_or_null(check.expected)},
                        {"seen", text_or_null(check.seen)},
                        {"reason", text_or_null(check.reason)},
                        {"remedy", text_or_null(check.remedy)}});
    }
    json.push_back({{"name", section.name}, {"checks", checks}});
  }
  return json;
}

Json host_report_json(const HostSnapshot& host, const std::vector<Gpu>& gpus,
                      const std::vector<CheckSection>& sections) {
  return {{"live", host.live},
          {"kernel_release", text_or_null(host.kernel.release)},
          {"gpus", addresses(gpus)},
          {"verdict", to_string(overall(sections))},
          {"sections", check_sections_json(sections)}};
}

Json boot_report_json(const HostSnapshot& host, const std::vector<Gpu>& gpus,
                      const BootFacts& facts,
                      const std::vector<CheckSection>& sections) {
  Json kernels = Json::array();
  for (const auto& one : facts.kernels) {
    kernels.push_back(kernel(one));
  }
  return {{"live", host.live},
          {"kernel_release", text_or_null(host.kernel.release)},
          {"gpus", addresses(gpus)},
          {"verdict", to_string(overall(sections))},
          {"secure_boot", or_null(facts.secure_boot)},
          {"lockdown", or_null(facts.lockdown)},
          {"enabled_units", facts.enabled_units},
          {"kernels", kernels},
          {"sections", check_sections_json(sections)}};
}

}  // namespace nvgpuctl::cli
