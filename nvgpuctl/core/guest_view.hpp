// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/domain_model.hpp"
#include "core/gpu.hpp"
#include "core/qemu_arguments.hpp"

// One view of a guest, whichever way its domain says things: in libvirt's own
// elements, in <qemu:override> or in <qemu:commandline>. Nothing is judged.

namespace nvgpuctl {

struct GuestViewCell {
  enum class Said { libvirt, qemu };
  XmlPlace place;
  unsigned id = 0;
  bool cpus = false;
  bool memory = false;
  Said said = Said::libvirt;

  bool empty() const { return !cpus && !memory; }
};

// A generic initiator: the cell that it names.
struct GuestViewNode {
  XmlPlace place;
  unsigned cell = 0;
};

struct GuestViewGpu {
  const DomainHostdev* hostdev = nullptr;
  const Gpu* gpu = nullptr;  // of the host; nothing: it has none there
  std::string alias;         // QEMU's id
  std::vector<GuestViewNode> nodes;
  bool iommufd = false;
  std::string iommufd_object;  // where an override names one
  XmlPlace iommufd_place;
  const DomainController* expander = nullptr;  // the pxb it is below
};

struct GuestViewProperty {
  XmlPlace place;
  std::string name;
  std::string value;
};

struct GuestViewSmmu {
  enum class Said { libvirt, qemu };
  XmlPlace place;
  std::string alias;            // QEMU's id, of one that libvirt knows
  std::optional<unsigned> bus;  // a controller's index
  bool accel = false;
  std::vector<GuestViewProperty> properties;
  Said said = Said::libvirt;
};

// The window for 64-bit BARs.
struct GuestViewWindow {
  XmlPlace place;
  std::uint64_t bytes = 0;
  bool said_to_qemu = false;
};

struct GuestView {
  explicit GuestView(const Domain& of) : domain(&of) {}

  const Domain* domain;
  std::vector<GuestViewCell> cells;  // in their order; ids may come twice
  // By both cells; the smaller first. libvirt and QEMU take one direction for
  // both.
  std::map<std::pair<unsigned, unsigned>, unsigned> distances;
  // From one cell to another, as they were said.
  std::map<std::pair<unsigned, unsigned>, unsigned> said_distances;
  // At least one of them was said to QEMU. Then `distances` has, of those in
  // libvirt's elements, what libvirt passes on.
  bool qemu_distances = false;
  // Where QEMU is told two values for a pair: pairs of which it is told one.
  std::vector<std::pair<unsigned, unsigned>> one_way;
  std::vector<GuestViewGpu> gpus;
  // Generic initiators of devices that are no GPU, or are not there.
  std::vector<std::pair<std::string, GuestViewNode>> other_nodes;
  std::vector<GuestViewSmmu> smmus;
  std::optional<GuestViewWindow> window;
  std::vector<std::string> iommufd_objects;
  std::vector<XmlPlace> egm;  // of NVIDIA's forks
  std::map<unsigned, const DomainController*> pci_controllers;  // by index

  const GuestViewCell* cell(unsigned id) const;
  const DomainController* controller(unsigned index) const;
  // The pxb at or above a bus (a controller's index); nothing when there is
  // none.
  const DomainController* expander_above(unsigned bus) const;
};

// `gpus` are those of the host. The view points into both arguments.
GuestView view_guest(const Domain& domain, const std::vector<Gpu>& gpus);

}  // namespace nvgpuctl
