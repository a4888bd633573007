// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "core/domain_args.hpp"
#include "core/domain_parts.hpp"
#include "core/domain_profile.hpp"
#include "core/domain_values.hpp"
#include "core/domain_writer.hpp"
#include "core/guest_topology.hpp"
#include "core/xml_builder.hpp"

namespace nvgpuctl {
namespace {

using Plan = DomainPlan;

constexpr std::string_view kFragmentNamespace = "urn:nvgpuctl:fragment:1";

XmlDocument build_domain(const Plan& plan) {
  XmlDocument document("domain");
  const XmlElement domain = document.root();
  domain.attribute("type", "kvm");
  if (needs_qemu_namespace(plan.request)) {
    domain.declare_namespace("qemu", kQemuNamespace);
  }
  domain.comment(describe_target(plan.request));
  domain.child("name", plan.request.name);
  std::uint64_t kib = 0;
  for (const GuestCpuCell& cell : plan.guest.cpu_cells) {
    kib += cell.memory_kib;
  }
  const auto [memory, unit] = libvirt_size(kib);
  domain.child("memory", std::to_string(memory)).attribute("unit", unit);
  domain.child("vcpu", std::to_string(plan.request.vcpus))
      .attribute("placement", "static");
  add_numatune(plan, domain);
  domain.child("os")
      .attribute("firmware", "efi")
      .child("type", "hvm")
      .attribute("arch", "aarch64")
      .attribute("machine", "virt");
  add_iommufd(plan, domain);
  add_features(domain);
  add_numa(plan, domain.child("cpu")
                     .attribute("mode", "host-passthrough")
                     .attribute("check", "none"));
  const XmlElement devices = domain.child("devices");
  devices.comment("add the guest's disk and network here");
  add_devices(plan, devices);
  devices.child("console").attribute("type", "pty");
  devices.comment("a balloon cannot take back memory that a GPU may use");
  devices.child("memballoon").attribute("model", "none");
  add_qemu_arguments(plan.request, plan.guest, domain);
  return document;
}

XmlDocument build_fragment(const Plan& plan) {
  XmlDocument document("nvgpuctl:fragment", kFragmentNamespace);
  const XmlElement root = document.root();
  if (needs_qemu_namespace(plan.request)) {
    root.declare_namespace("qemu", kQemuNamespace);
  }
  root.attribute("profile", to_string(plan.request.profile))
      .attribute("libvirt", to_string(plan.request.libvirt.value))
      .attribute("qemu", to_string(plan.request.qemu.value));
  root.comment(describe_target(plan.request));
  root.comment("not a domain: each child belongs where a <domain> has it");
  if (plan.request.room.bind_memory && !plan.guest.cpu_cells.empty()) {
    add_numatune(plan, root);
  }
  add_iommufd(plan, root);
  add_features(root);
  add_numa(plan, root.child("cpu"));
  add_devices(plan, root.child("devices"));
  add_qemu_arguments(plan.request, plan.guest, root);
  return document;
}

std::vector<std::pair<std::string, std::string>> parts_of(
    const XmlDocument& document) {
  std::vector<std::pair<std::string, std::string>> parts;
  for (xmlNode* node = document.root().node()->children; node != nullptr;
       node = node->next) {
    const auto* text = reinterpret_cast<const char*>(node->name);
    const std::string_view name = text;
    if (node->type != XML_ELEMENT_NODE) {
      continue;
    }
    if (name == "cpu") {
      parts.emplace_back("numa",
                         standalone_text(XmlElement(node).need("numa")));
    } else if (name == "iommufd" || name == "features" || name == "devices") {
      parts.emplace_back(name, standalone_text(XmlElement(node)));
    } else if (name == "commandline" || name == "override") {
      parts.emplace_back(fmt::format("qemu:{}", name),
                         standalone_text(XmlElement(node)));
    }
  }
  return parts;
}

// libvirt names files after the domain.
bool usable_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         std::ranges::none_of(name, [](char c) {
           return c == '/' || static_cast<unsigned char>(c) < 0x20;
         });
}

Result<> check_request(const DomainRequest& request) {
  if (request.gpus.empty()) {
    return fail(Errc::usage, request.name, "no GPU is named");
  }
  if (!usable_name(request.name)) {
    return fail(Errc::usage, "domain name",
                "is empty or has a slash or control character");
  }
  std::set<PciAddress> seen;
  for (const GuestGpu& gpu : request.gpus) {
    const std::string subject = to_string(gpu.address);
    if (!seen.insert(gpu.address).second) {
      return fail(Errc::usage, subject, "is named twice");
    }
    // libvirt's schema has four hexadecimal digits for it.
    if (gpu.address.domain > 0xffff) {
      return fail(Errc::unsupported, subject,
                  "libvirt knows PCI domains up to ffff only");
    }
  }
  return check_target(request);
}

}  // namespace

Result<std::string> whole_domain_xml(const DomainRequest& request) {
  if (auto ok = check_request(request); !ok) {
    return forward_error(ok);
  }
  const auto guest = plan_guest(request);
  if (!guest) {
    return forward_error(guest);
  }
  return build_domain({request, *guest, features_of(request)}).text();
}

Result<GeneratedDomain> generate_domain(const DomainRequest& request) {
  if (auto ok = check_request(request); !ok) {
    return forward_error(ok);
  }
  auto guest = plan_guest(request);
  if (!guest) {
    return forward_error(guest);
  }
  const Plan plan{request, *guest, features_of(request)};
  const XmlDocument fragment = build_fragment(plan);
  return GeneratedDomain{
      .xml = request.whole_domain ? build_domain(plan).text() : fragment.text(),
      .parts = parts_of(fragment),
      .values = list_values(request, *guest),
      .warnings = list_warnings(request, *guest)};
}

Result<DomainParts> generate_parts(const DomainRequest& request) {
  if (auto ok = check_request(request); !ok) {
    return forward_error(ok);
  }
  const auto guest = plan_guest(request);
  if (!guest) {
    return forward_error(guest);
  }
  XmlDocument fragment =
      build_fragment({request, *guest, features_of(request)});
  return DomainParts{.fragment = std::move(fragment),
                     .window_bytes = guest->window_bytes,
                     .values = list_values(request, *guest),
                     .warnings = list_warnings(request, *guest)};
}

}  // namespace nvgpuctl
