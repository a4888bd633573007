// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/generate.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "core/domain_profile.hpp"
#include "core/domain_xml.hpp"
#include "core/guest_facts.hpp"
#include "core/guest_topology.hpp"
#include "core/policy_match.hpp"
#include "ops/policy_file.hpp"
#include "ops/schema_check.hpp"

namespace nvgpuctl {
namespace {

// Enough for a guest that boots and runs the driver; a real one says more.
constexpr std::uint64_t kDefaultMemory = 64 * kGiB;
constexpr unsigned kDefaultVcpus = 16;

Result<Fact<Version>> choose_version(const std::optional<Version>& option,
                                     const std::optional<Fact<Version>>& host,
                                     const std::string& what,
                                     const std::string& why_unknown) {
  if (option) {
    return Fact<Version>{*option, Source::option};
  }
  if (host) {
    return *host;
  }
  return fail(Errc::not_found, what,
              why_unknown.empty() ? "its version is not known" : why_unknown,
              "say which versions the domain is for: --libvirt X.Y --qemu X.Y");
}

// The default is what the host can do without surprises: acceleration where
// kernel, QEMU and libvirt all have it, none otherwise. An emulated SMMU
// without acceleration would only cost speed.
Viommu choose_viommu(const GenerateOptions& options, Profile profile,
                     const Version& qemu, bool dev_iommu) {
  if (options.viommu) {
    return *options.viommu;
  }
  const bool can =
      profile == Profile::native && qemu >= kQemuSmmuAccel && dev_iommu;
  return can ? Viommu::accel : Viommu::none;
}

// A violation would be our mistake, or a target that is not what it says it
// is: either way the domain is not handed out.
Result<> check_against_schema(const RootDir& root,
                              const GenerateOptions& options,
                              const DomainRequest& request,
                              Generated& generated) {
  // A fragment is no document that libvirt has a schema for, so the same
  // request is written as a whole domain and that is checked.
  const auto xml = request.whole_domain
                       ? Result<std::string>(generated.domain.xml)
                       : whole_domain_xml(request);
  if (!xml) {
    return forward_error(xml);
  }
  auto check = check_schema(root, options.schema, *xml);
  if (!check) {
    return forward_error(check);
  }
  if (!check->violations.empty()) {
    return fail(
        Errc::malformed, "generated domain",
        fmt::format("{} refuses it: {}", check->file, check->violations),
        "this is a bug of nvgpuctl, or the schema is not libvirt's; "
        "please report it");
  }
  generated.schema_note = std::move(check->note);
  generated.validated = check->validated;
  return {};
}

}  // namespace

// The domain can be prepared while its GPU is in trouble, but it must be said.
void warn_of_blocked(const std::vector<const Gpu*>& gpus,
                     std::vector<std::string>& warnings) {
  for (const auto* gpu : gpus) {
    if (!has_error(gpu->findings)) {
      continue;
    }
    // The worst finding comes first.
    const Reason& worst = *gpu->findings.front().reason;
    warnings.push_back(fmt::format(
        "{} is {} now ({} {}): the domain will not work until that is cured",
        to_string(gpu->pci.address), to_string(gpu->state), worst.id,
        worst.name));
  }
}

std::vector<const Gpu*> gpus_at(const Inventory& inventory,
                                const std::vector<std::size_t>& indices) {
  std::vector<const Gpu*> gpus;
  for (const std::size_t index : indices) {
    gpus.push_back(&inventory.gpus[index]);
  }
  return gpus;
}

Result<DomainRequest> plan_request(const Inventory& inventory,
                                   const std::vector<const Gpu*>& gpus,
                                   const GenerateOptions& options,
                                   std::vector<unsigned> more_nodes) {
  const auto& facts = inventory.host.virtualization;
  const auto libvirt = choose_version(options.libvirt, facts.libvirt, "libvirt",
                                      facts.libvirt_problem);
  if (!libvirt) {
    return forward_error(libvirt);
  }
  const auto qemu =
      choose_version(options.qemu, facts.qemu, "QEMU", facts.libvirt_problem);
  if (!qemu) {
    return forward_error(qemu);
  }
  const auto best = choose_profile(libvirt->value, qemu->value);
  if (!best && !options.profile) {
    return forward_error(best);
  }
  auto request = describe_guest(inventory.host, gpus, std::move(more_nodes));
  if (!request) {
    return forward_error(request);
  }
  request->libvirt = *libvirt;
  request->qemu = *qemu;
  request->profile = options.profile.value_or(best.value_or(Profile::native));
  request->viommu =
      choose_viommu(options, request->profile, qemu->value, facts.dev_iommu);
  // IOMMUFD is what acceleration needs and what new stacks use; the legacy
  // group works everywhere else.
  request->iommufd = request->viommu == Viommu::accel ||
                     (request->profile == Profile::native && facts.dev_iommu);
  return request;
}

Result<> follow_policy(const RootDir& root, const std::vector<const Gpu*>& gpus,
                       const GenerateOptions& options, std::string_view domain,
                       DomainRequest& request) {
  const auto policy = read_policy(root);
  if (!policy) {
    return forward_error(policy);
  }
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    const auto rule = rule_for(*policy, *gpus[i]);
    auto& guest = request.gpus[i];
    guest.gi_nodes = rule.gi_nodes.value_or(guest.gi_nodes);
    guest.managed = options.managed.value_or(rule.managed.value_or(false));
    if (!domain.empty() && !allows(rule, domain)) {
      return fail(Errc::not_viable, std::string(domain),
                  fmt::format("{} does not let it have {}", rule.place,
                              to_string(gpus[i]->pci.address)),
                  "add it to the domains there");
    }
  }
  return {};
}

Result<Generated> generate(const RootDir& root, const Inventory& inventory,
                           const std::vector<std::size_t>& gpus,
                           const GenerateOptions& options) {
  const auto chosen = gpus_at(inventory, gpus);
  auto request = plan_request(inventory, chosen, options);
  if (!request) {
    return forward_error(request);
  }
  if (!options.name.empty()) {
    request->name = options.name;
  }
  request->whole_domain = options.whole_domain;
  auto followed =
      follow_policy(root, chosen, options,
                    request->whole_domain ? request->name : "", *request);
  if (!followed) {
    return forward_error(followed);
  }
  request->vcpus = options.vcpus.value_or(kDefaultVcpus);
  request->memory_bytes = options.memory_bytes.value_or(kDefaultMemory);
  auto domain = generate_domain(*request);
  if (!domain) {
    return forward_error(domain);
  }
  warn_of_blocked(chosen, domain->warnings);
  Generated generated{std::move(*domain), request->profile, "", false};
  if (options.stack) {
    generated.notes =
        stack_notes(*options.stack, chosen, pci_window(request->gpus));
  }
  auto checked = check_against_schema(root, options, *request, generated);
  if (!checked) {
    return forward_error(checked);
  }
  return generated;
}

}  // namespace nvgpuctl
