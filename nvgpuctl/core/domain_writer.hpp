// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/domain_profile.hpp"
#include "core/domain_request.hpp"
#include "core/guest_topology.hpp"
#include "core/xml_builder.hpp"

// Writes the parts of a domain, each into the element that holds it. The same
// for a whole domain, for a fragment and for what is merged into a domain.

namespace nvgpuctl {

// Everything that the writers need.
struct DomainPlan {
  const DomainRequest& request;
  const GuestTopology& guest;
  const DomainFeatures features;
};

// A number and its unit, MiB where that is exact.
std::pair<std::uint64_t, std::string_view> libvirt_size(std::uint64_t kib);

std::string cell_ids(const CellRange& cells);  // "1-8"

// <numa> with the cells that we make. A cell that is kept from a domain is
// there, too, with nothing but the distances that it has to get.
void add_numa(const DomainPlan& plan, XmlElement cpu);
void add_devices(const DomainPlan& plan, XmlElement devices);
void add_features(XmlElement domain);
void add_iommufd(const DomainPlan& plan, XmlElement domain);

// Binds the memory of CPU cells to their host nodes. The GPUs' cells have no
// memory to bind.
void add_numatune(const DomainPlan& plan, XmlElement domain);

}  // namespace nvgpuctl
