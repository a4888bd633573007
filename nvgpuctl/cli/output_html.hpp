// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/check.hpp"
#include "core/gpu.hpp"
#include "core/host_snapshot.hpp"
#include "core/topology.hpp"
#include "ops/report.hpp"

// A report as one page: no script, and nothing that a browser would fetch.

namespace nvgpuctl::cli {

struct HtmlPage {
  const HostSnapshot& host;
  const std::vector<Gpu>& gpus;
  const Topology& topology;
  std::vector<CheckSection> readiness;                // of the host
  std::vector<std::vector<CheckSection>> validation;  // of each GPU
  const Report& evidence;
  bool redacted = true;
};

std::string html_page(const HtmlPage& page);

}  // namespace nvgpuctl::cli
