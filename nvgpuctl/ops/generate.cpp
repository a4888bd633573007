// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/generate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "core/domain_profile.hpp"
#include "core/domain_xml.hpp"
#include "core/guest_facts.hpp"
#include "host/domain_schema.hpp"

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

// The domain can be prepared while its GPU is in trouble, but it must be said.
void warn_of_blocked(const std::vector<const Gpu*>& gpus,
                     GeneratedDomain& domain) {
  for (const auto* gpu : gpus) {
    if (!has_error(gpu->findings)) {
      continue;
    }
    // The worst finding comes first.
    const Reason& worst = *gpu->findings.front().reason;
    domain.warnings.push_back(fmt::format(
        "{} is {} now ({} {}): the domain will not work until that is cured",
        to_string(gpu->pci.address), to_string(gpu->state), worst.id,
        worst.name));
  }
}

// A violation would be our mistake, or a target that is not what it says it
// is: either way the domain is not handed out.
Result<> check_against_schema(const RootDir& root,
                              const GenerateOptions& options,
                              const DomainRequest& request,
                              Generated& generated) {
  const auto schema = options.schema.empty()
                          ? find_domain_schema(root)
                          : find_domain_schema(options.schema);
  if (!schema && options.schema.empty() &&
      schema.error().code == Errc::not_found) {
    generated.schema_note =
        "not validated: there is no libvirt schema on this host; --schema "
        "FILE names one";
    return {};
  }
  if (!schema) {
    return forward_error(schema);
  }
  // A fragment is no document that libvirt has a schema for, so the same
  // request is written as a whole domain and that is checked.
  const auto xml = request.whole_domain
                       ? Result<std::string>(generated.domain.xml)
                       : whole_domain_xml(request);
  if (!xml) {
    return forward_error(xml);
  }
  const auto verdict = validate_domain(*xml, *schema);
  if (!verdict) {
    return forward_error(verdict);
  }
  const std::string messages =
      fmt::format("{}", fmt::join(verdict->messages, "; "));
  switch (verdict->outcome) {
    case SchemaVerdict::Outcome::valid:
      generated.validated = true;
      generated.schema_note = "valid by " + schema->file;
      return {};
    case SchemaVerdict::Outcome::too_old:
      generated.schema_note =
          fmt::format("not validated by {}: {}", schema->file, messages);
      return {};
    case SchemaVerdict::Outcome::invalid:
      break;
  }
  return fail(Errc::malformed, "generated domain",
              fmt::format("{} refuses it: {}", schema->file, messages),
              "this is a bug of nvgpuctl, or the schema is not libvirt's; "
              "please report it");
}

}  // namespace

Result<Generated> generate(const RootDir& root, const Inventory& inventory,
                           const std::vector<std::size_t>& gpus,
                           const GenerateOptions& options) {
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
  std::vector<const Gpu*> chosen;
  for (const std::size_t index : gpus) {
    chosen.push_back(&inventory.gpus[index]);
  }
  auto request = describe_guest(inventory.host, chosen);
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
  request->managed = options.managed;
  request->whole_domain = options.whole_domain;
  request->vcpus = options.vcpus.value_or(kDefaultVcpus);
  request->memory_bytes = options.memory_bytes.value_or(kDefaultMemory);
  if (!options.name.empty()) {
    request->name = options.name;
  }
  auto domain = generate_domain(*request);
  if (!domain) {
    return forward_error(domain);
  }
  warn_of_blocked(chosen, *domain);
  Generated generated{std::move(*domain), request->profile, "", false};
  auto checked = check_against_schema(root, options, *request, generated);
  if (!checked) {
    return forward_error(checked);
  }
  return generated;
}

}  // namespace nvgpuctl
