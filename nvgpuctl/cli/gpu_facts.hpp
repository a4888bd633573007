// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/gpu.hpp"
#include "core/host_snapshot.hpp"

namespace nvgpuctl::cli {

// What is known about a GPU, in words, for a terminal and for a page.
struct GpuFact {
  std::string name;
  std::string value;  // empty: not known
  Source source = Source::sysfs;
  // Whether it is of the kind that several could have said, so that even a
  // terminal's narrow line names the source.
  bool firmware = false;
};

struct GpuFacts {
  std::string title;  // "PCI", "Driver", "Coherent memory", …
  std::vector<GpuFact> facts;
};

std::vector<GpuFacts> gpu_facts(const HostSnapshot& host, const Gpu& gpu);

}  // namespace nvgpuctl::cli
