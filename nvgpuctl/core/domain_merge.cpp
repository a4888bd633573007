// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_merge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <set>

#include "core/cell_distances.hpp"
#include "core/domain_memory.hpp"
#include "core/domain_parts.hpp"
#include "core/domain_put_in.hpp"
#include "core/domain_room.hpp"
#include "core/domain_unmerge.hpp"
#include "core/merge_refusal.hpp"
#include "core/xml_graft.hpp"
#include "core/xml_reader.hpp"

namespace nvgpuctl {
namespace {

using std::string_view;

// One word where it is the same for all GPUs, as it nearly always is.
std::string managed_words(const std::vector<GuestGpu>& gpus) {
  std::vector<string_view> words;
  for (const GuestGpu& gpu : gpus) {
    words.emplace_back(gpu.managed ? "yes" : "no");
  }
  const bool same =
      std::ranges::adjacent_find(words, std::not_equal_to<>()) == words.end();
  words.resize(same ? 1 : words.size());
  return fmt::format("{}", fmt::join(words, " "));
}

MergeRecord start_record(const DomainRequest& request) {
  MergeRecord record;
  for (const GuestGpu& gpu : request.gpus) {
    record.gpus.push_back(gpu.address);
  }
  record.profile = to_string(request.profile);
  record.viommu = to_string(request.viommu);
  record.managed = managed_words(request.gpus);
  return record;
}

// Buses, ports, GPUs, IOMMUs, as the fragment has them; pcie-root is there in
// every domain, and attach-device cannot change it.
std::vector<std::pair<std::string, std::string>> pieces_of(
    XmlElement fragment) {
  std::vector<std::pair<std::string, std::string>> pieces;
  for (const XmlElement device :
       elements(*first_element(fragment, "devices"))) {
    if (attribute_of(device, "model") != "pcie-root") {
      pieces.emplace_back(
          fmt::format("{:02}-{}", pieces.size() + 1,
                      reinterpret_cast<const char*>(device.node()->name)),
          standalone_text(device));
    }
  }
  return pieces;
}

bool names_absent_cells(XmlElement root, const Domain& domain) {
  MergeRecord absent;
  for (auto id = static_cast<unsigned>(domain.cells.size()); id < kMaxCells;
       ++id) {
    absent.cells.insert(id);
  }
  return find_cell_user(root, absent).has_value();
}

tl::unexpected<Error> no_domain(const Error& error) {
  return fail(error.code, error.subject, error.problem + " (not-a-domain)",
              error.hint);
}

// Whether the domain that was given has it all already, as libvirt tells it.
bool says_the_same(const MergeBase& base, const MergeRecord& record,
                   const Domain& merged) {
  if (!base.record || !adds_the_same(*base.record, record)) {
    return false;
  }
  const auto given = read_domain(base.source, base.name);
  return given && missing_parts(merged, *given, record).empty();
}

}  // namespace

Result<MergeBase> open_for_merge(string_view text, const std::string& name) {
  auto document = parse_xml_document(text, name);
  if (!document) {
    return no_domain(document.error());
  }
  auto record = read_record(document->root(), name);
  if (!record) {
    return forward_error(record);
  }
  if (*record) {
    if (auto out = take_out(document->root(), **record, name); !out) {
      return forward_error(out);
    }
  }
  auto domain = read_domain(*document, name);
  if (!domain) {
    return no_domain(domain.error());
  }
  if (const auto second = find_record(document->root())) {
    return refuse(name, place_of(*second), "record", "is there twice");
  }
  auto room = find_room(*document, *domain, name);
  if (!room) {
    return forward_error(room);
  }
  std::string plain = text_like(*document, text);
  return MergeBase{
      .name = name,
      .source = std::string(text),
      .plain = std::move(plain),
      .document = std::make_shared<XmlDocument>(std::move(*document)),
      .domain = std::move(*domain),
      .room = std::move(*room),
      .record = std::move(*record)};
}

std::vector<unsigned> host_nodes_of(const GuestRoom& room) {
  std::set<unsigned> nodes;
  for (const GuestRoom::Cell& cell : room.cells) {
    nodes.insert(cell.host_nodes.begin(), cell.host_nodes.end());
  }
  return {nodes.begin(), nodes.end()};
}

Result<MergedDomain> merge_domain(MergeBase base, DomainRequest request) {
  const Domain& domain = base.domain;
  // What follows changes it.
  const auto document = std::move(base.document);
  request.room = base.room;
  // libvirt takes 1 where none is said.
  request.vcpus = std::max(1U, domain.vcpus);
  request.memory_bytes = memory_for_cells(domain).value_or(0);
  request.room.page_bytes = largest_huge_page(domain, request.huge_page_bytes);
  if (auto ok = check_conflicts(*document, domain, request, base.name); !ok) {
    return forward_error(ok);
  }
  auto parts = generate_parts(request);
  if (!parts && parts.error().code == Errc::usage) {
    return fail(Errc::unsupported, base.name,
                parts.error().problem + " (no-room)", parts.error().hint);
  }
  if (!parts) {
    return forward_error(parts);
  }
  MergeRecord record = start_record(request);
  // What names our cells after an earlier merge has come since.
  record.loose = base.record ? base.record->loose
                             : names_absent_cells(document->root(), domain);
  put_in(document->root(), parts->fragment.root(), parts->window_bytes, record);
  MergedDomain merged{.xml = text_like(*document, base.source),
                      .changed = true,
                      .values = std::move(parts->values),
                      .warnings = std::move(parts->warnings),
                      .pieces = pieces_of(parts->fragment.root())};
  // Through the text: places and record are those that others will read.
  const auto check = read_domain(merged.xml, base.name);
  if (!check) {
    return forward_error(check);
  }
  if (says_the_same(base, record, *check)) {
    merged.xml = base.source;
    merged.changed = false;
  }
  return merged;
}

Result<UnmergedDomain> unmerge_domain(string_view text,
                                      const std::string& name) {
  auto document = parse_xml_document(text, name);
  if (!document) {
    return no_domain(document.error());
  }
  if (const auto domain = read_domain(*document, name); !domain) {
    return no_domain(domain.error());
  }
  const auto record = read_record(document->root(), name);
  if (!record) {
    return forward_error(record);
  }
  if (!*record) {
    return UnmergedDomain{
        .xml = std::string(text), .changed = false, .gpus = {}};
  }
  if (auto ok = check_cell_users(document->root(), **record, name); !ok) {
    return forward_error(ok);
  }
  if (auto out = take_out(document->root(), **record, name); !out) {
    return forward_error(out);
  }
  return UnmergedDomain{.xml = text_like(*document, text),
                        .changed = true,
                        .gpus = (*record)->gpus};
}

Result<std::string> normalised_domain(string_view text,
                                      const std::string& name) {
  const auto document = parse_xml_document(text, name);
  if (!document) {
    return no_domain(document.error());
  }
  return text_like(*document, text);
}

}  // namespace nvgpuctl
