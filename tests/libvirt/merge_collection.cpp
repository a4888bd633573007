// SPDX-License-Identifier: GPL-2.0-or-later
//
// Merges GPUs into many domains and takes them out again.
//
//   merge_collection RNG <list of files
//
// RNG is libvirt's domain.rng. Prints, for each file and profile, a line of
// three words: the file's name, the profile, and
//
//   merged          valid before and after the merge, and as before without it
//   merged-invalid  the same, for a domain that the schema refuses anyway
//   refused:NAME    refused for that reason
//   LOST:lint-RULE  breaks a rule of `xml lint` that it did not break before
//   LOST:WHAT       anything else: a defect
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "core/domain_lint.hpp"
#include "core/domain_merge.hpp"
#include "core/merge_refusal.hpp"
#include "host/domain_schema.hpp"
#include "host/libxml_guard.hpp"
#include "support/domain_requests.hpp"
#include "support/lint_host.hpp"

namespace nvgpuctl {
namespace {

struct Case {
  std::string_view name;
  DomainRequest request;
  LintHost host;  // with the same GPUs
};

DomainRequest accelerated(DomainRequest request) {
  request.viommu = Viommu::accel;
  request.iommufd = true;
  return request;
}

// The host of two_socket_request().
LintHost host_with_four() {
  LintHost host = lint_host("two");
  const Gpu first = host.gpus.front();
  host.gpus.clear();
  for (const GuestGpu& gpu : two_socket_request().gpus) {
    host.gpus.push_back(moved(first,
                              static_cast<std::uint16_t>(gpu.address.domain),
                              *gpu.smmu, gpu.socket));
  }
  return host;
}

std::array<Case, 4> cases() {
  const LintHost one = lint_host("one");
  Case hybrid{"hybrid", accelerated(hopper_request()), one};
  hybrid.request.profile = Profile::hybrid;
  hybrid.request.libvirt.value = {11, 10, 0};
  Case legacy{"legacy", hopper_request(), one};
  legacy.request.profile = Profile::legacy;
  legacy.request.libvirt.value = {11, 3, 0};
  return {Case{"native", accelerated(hopper_request()), one}, hybrid, legacy,
          Case{"native-4-gpus", accelerated(two_socket_request()),
               host_with_four()}};
}

bool is_valid(xmlRelaxNG* grammar, const std::string& text) {
  const auto document = parse_xml(text, "domain.xml");
  return document && matches(grammar, document.get());
}

std::string refused(const Error& error) {
  for (const auto& [reason, meaning] : kMergeRefusals) {
    if (error.problem.ends_with("(" + std::string(reason) + ")")) {
      return "refused:" + std::string(reason);
    }
  }
  return "LOST:unnamed-refusal:" + error.problem;
}

// Rules that a domain breaks, but for remarks.
std::set<std::string_view> findings(const std::string& xml, const Case& test) {
  std::set<std::string_view> ids;
  const auto domain = read_domain(xml, "domain.xml");
  if (!domain) {
    return ids;
  }
  const LintTarget target{.host = &test.host.host,
                          .gpus = &test.host.gpus,
                          .others = test.host.others,
                          .libvirt = test.request.libvirt,
                          .qemu = test.request.qemu};
  const DomainLint lint = lint_domain(*domain, target);
  for (const LintFinding& finding : lint.findings) {
    if (finding.rule->severity != LintSeverity::remark) {
      ids.insert(finding.rule->id);
    }
  }
  return ids;
}

// The domain with nothing but the GPUs' hostdevs: of one without them, lint
// says nothing.
std::string with_hostdevs(std::string xml, const DomainRequest& request) {
  std::string hostdevs;
  for (const GuestGpu& gpu : request.gpus) {
    hostdevs += fmt::format(
        "<hostdev mode='subsystem' type='pci'><source><address domain='{:#x}' "
        "bus='{:#x}' slot='0' function='0'/></source></hostdev>",
        gpu.address.domain, gpu.address.bus);
  }
  const auto end = xml.rfind("</devices>");
  return end == std::string::npos ? xml : xml.insert(end, hostdevs);
}

// What merge leaves to the domain's owner, with a warning: where the domain's
// own vCPUs and memory are, and how its own cells are numbered.
bool is_the_owners(std::string_view id) {
  return id == "cell-order" || id == "numatune-socket" || id == "pin-socket";
}

// A rule that is broken and was not before; of what GPUs need, also before.
std::string new_finding(const std::string& plain, const std::string& merged,
                        const Case& test) {
  const auto before = findings(with_hostdevs(plain, test.request), test);
  for (const auto id : findings(merged, test)) {
    const auto theme =
        std::ranges::find(lint_rules(), id, &LintRule::id)->theme;
    const bool before_too =
        before.contains(id) && (theme == "memory" || theme == "domain");
    if (!before_too && !is_the_owners(id)) {
      return std::string(id);
    }
  }
  return {};
}

std::string outcome(xmlRelaxNG* grammar, const std::string& text,
                    const std::string& name, const Case& test) {
  const DomainRequest& request = test.request;
  auto base = open_for_merge(text, name);
  if (!base) {
    return refused(base.error());
  }
  const std::string plain = base->plain;
  const auto merged = merge_domain(std::move(*base), request);
  if (!merged) {
    return refused(merged.error());
  }
  const auto unmerged = unmerge_domain(merged->xml, name);
  if (!unmerged || unmerged->xml != plain) {
    return "LOST:not-as-before";
  }
  auto again = open_for_merge(merged->xml, name);
  const auto same = again ? merge_domain(std::move(*again), request)
                          : Result<MergedDomain>(MergedDomain{});
  if (!same || same->changed || same->xml != merged->xml) {
    return "LOST:not-the-same-twice";
  }
  const bool valid = is_valid(grammar, plain);
  if (valid && !is_valid(grammar, merged->xml)) {
    return "LOST:made-invalid";
  }
  const std::string finding = new_finding(plain, merged->xml, test);
  if (!finding.empty()) {
    return "LOST:lint-" + finding;
  }
  return valid ? "merged" : "merged-invalid";
}

int run(const std::string& file) {
  const auto schema = find_domain_schema(file);
  if (!schema) {
    std::cerr << file << ": " << schema.error().problem << '\n';
    return EXIT_FAILURE;
  }
  LibxmlGuard guard(schema->texts);
  const XmlPtr<xmlRelaxNG> grammar =
      parse_grammar(schema->texts.at("domain.rng"), "domain.rng");
  if (!grammar) {
    std::cerr << file << ": cannot be used\n";
    return EXIT_FAILURE;
  }
  const auto all = cases();
  for (std::string name; std::getline(std::cin, name);) {
    std::ifstream in(name, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    for (const Case& test : all) {
      std::cout << name << ' ' << test.name << ' '
                << outcome(grammar.get(), text.str(), name, test)
                << std::endl;  // NOLINT(performance-avoid-endl): if we crash
      guard.take_messages();
    }
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace nvgpuctl

int main(int argc, char** argv) {
  return argc == 2 ? nvgpuctl::run(argv[1]) : EXIT_FAILURE;
}
