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
//   LOST:WHAT       anything else: a defect
#include <array>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include "core/domain_merge.hpp"
#include "core/merge_refusal.hpp"
#include "host/domain_schema.hpp"
#include "host/libxml_guard.hpp"
#include "support/domain_requests.hpp"

namespace nvgpuctl {
namespace {

struct Case {
  std::string_view name;
  DomainRequest request;
};

DomainRequest accelerated(DomainRequest request) {
  request.viommu = Viommu::accel;
  request.iommufd = true;
  return request;
}

std::array<Case, 4> cases() {
  Case hybrid{"hybrid", accelerated(hopper_request())};
  hybrid.request.profile = Profile::hybrid;
  hybrid.request.libvirt.value = {11, 10, 0};
  Case legacy{"legacy", hopper_request()};
  legacy.request.profile = Profile::legacy;
  legacy.request.libvirt.value = {11, 3, 0};
  return {Case{"native", accelerated(hopper_request())}, hybrid, legacy,
          Case{"native-4-gpus", accelerated(two_socket_request())}};
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

std::string outcome(xmlRelaxNG* grammar, const std::string& text,
                    const std::string& name, const DomainRequest& request) {
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
                << outcome(grammar.get(), text.str(), name, test.request)
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
