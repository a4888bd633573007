// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "cli/markup.hpp"
#include "cli/output_topology.hpp"

namespace nvgpuctl::cli {
namespace {

// Pixels.
constexpr double kMargin = 24;
constexpr double kSocketWidth = 460;
constexpr double kSocketHead = 64;
constexpr double kPathHeight = 44;
constexpr double kGpuHeight = 188;
constexpr double kLine = 18;
constexpr double kGap = 16;
constexpr double kInner = kSocketWidth - 2 * kGap;

// Light is what a viewer shows that does not know of dark screens.
constexpr std::string_view kStyle =
    R"(.topology text{font:13px "DejaVu Sans",Verdana,sans-serif;fill:#202124}
.topology .title{font-size:17px;font-weight:bold}
.topology .head{font-size:15px;font-weight:bold}
.topology .mono{font-family:"DejaVu Sans Mono",Menlo,Consolas,monospace}
.topology .small{font-size:11px}
.topology .mid{text-anchor:middle}
.topology .end{text-anchor:end}
.topology .dim{fill:#5f6368}
.topology .bad{fill:#b3261e}
.topology .wire{stroke:#5f6368;stroke-width:2;fill:none}
.topology .paper{fill:#fff}
.topology .socket{fill:#f8f9fa;stroke:#9aa0a6}
.topology .bridge{fill:#fff;stroke:#5f6368}
.topology .absent{fill:#f1f3f4;stroke:#bdc1c6;stroke-dasharray:4 3}
.topology .node{fill:#f1f3f4;stroke:#9aa0a6}
.topology .online{fill:#e6f4c8;stroke:#76b900}
.topology .usable{fill:#76b900}
.topology .reserved{fill:#f4b400}
.topology .card{fill:#fff;stroke:#5f6368;stroke-width:2}
.topology .card.ready{stroke:#2e7d32}
.topology .card.bound{stroke:#1565c0}
.topology .card.degraded{stroke:#9a5b00}
.topology .card.blocked,.topology .card.needs-operator{stroke:#b3261e}
.topology .pill{fill:#5f6368}
.topology .pill.ready{fill:#2e7d32}
.topology .pill.bound{fill:#1565c0}
.topology .pill.degraded{fill:#9a5b00}
.topology .pill.blocked,.topology .pill.needs-operator{fill:#b3261e}
.topology .white{fill:#fff}
@media screen and (prefers-color-scheme:dark){
.topology text{fill:#e8eaed}
.topology .dim{fill:#9aa0a6}
.topology .bad{fill:#f28b82}
.topology .white{fill:#fff}
.topology .on{fill:#202124}
.topology .wire{stroke:#9aa0a6}
.topology .paper{fill:#17191c}
.topology .socket{fill:#202327;stroke:#5f6368}
.topology .bridge,.topology .card{fill:#17191c;stroke:#9aa0a6}
.topology .absent,.topology .node{fill:#2b2f33;stroke:#5f6368}
.topology .online{fill:#33460b;stroke:#76b900}
.topology .card.ready{stroke:#66bb6a}
.topology .card.bound{stroke:#64a7f0}
.topology .card.degraded{stroke:#e09a2d}
.topology .card.blocked,.topology .card.needs-operator{stroke:#f28b82}
}
)";

class Svg {
 public:
  void text(double x, double y, std::string_view text,
            std::string_view classes = "") {
    body_ += fmt::format("<text x=\"{:g}\" y=\"{:g}\" class=\"{}\">{}</text>\n",
                         x, y, classes, escaped(text));
  }

  // With a hint that a browser shows under the pointer.
  void box(double x, double y, double width, double height,
           std::string_view style, std::string_view hint = "") {
    body_ += fmt::format(
        R"(<rect x="{:g}" y="{:g}" width="{:g}" height="{:g}" {}>{})"
        "</rect>\n",
        x, y, width, height, style,
        hint.empty() ? "" : fmt::format("<title>{}</title>", escaped(hint)));
  }

  void line(double x, double y, double to_x, double to_y) {
    body_ += fmt::format("<path d=\"M{:g} {:g}L{:g} {:g}\" class=\"wire\"/>\n",
                         x, y, to_x, to_y);
  }

  // A frame says where it ends, and its colours follow those of the reader's
  // screen. In a page all styles stay within the picture.
  std::string finish(double width, double height) const {
    return fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" class="topology" width="{0:g}" height="{1:g}" viewBox="0 0 {0:g} {1:g}" role="img">
<title>Topology of a host, by nvgpuctl</title>
<style>
{3}</style>
<rect width="{0:g}" height="{1:g}" class="paper"/>
{2}</svg>
)",
        width, height, body_, kStyle);
  }

 private:
  std::string body_;
};

constexpr std::string_view kBridge = R"(rx="4" class="bridge")";

// Bridges from the socket to the GPU, as many as there is room for.
void draw_path(Svg& svg, const TopologyGpu& gpu, double x, double y) {
  constexpr double kWidth = 108;
  constexpr double kStep = kWidth + 16;
  constexpr std::size_t kMost = 3;
  const auto& path = gpu.upstream;
  const auto shown = std::min(path.size(), kMost);
  svg.line(x - kGap / 2, y + 16, x, y + 16);
  for (std::size_t i = 0; i < shown; ++i) {
    const double left = x + static_cast<double>(i) * kStep;
    if (i > 0) {
      svg.line(left - 16, y + 16, left, y + 16);
    }
    // Of a longer way the last piece is drawn last, with dots before it.
    const bool cut = path.size() > kMost && i + 1 == kMost;
    const auto& bridge = cut ? path.back() : path[i];
    svg.box(left, y + 4, kWidth, 24, kBridge,
            i == 0 ? "root port" : "switch port");
    svg.text(left + kWidth / 2, y + 20,
             fmt::format("{}{}", cut ? "… " : "", to_string(bridge)),
             "small mid");
  }
  const double last =
      x + (shown > 1 ? static_cast<double>(shown - 1) : 0.0) * kStep + 40;
  svg.line(last, y + 28, last, y + kPathHeight - 8);
}

// The split to scale; the smallest part can still be seen.
void draw_memory(Svg& svg, const TopologyGpu& gpu, double x, double y,
                 double width) {
  if (!gpu.memory_bytes) {
    svg.box(x, y, width, 26, R"(rx="3" class="absent")");
    svg.text(x + width / 2, y + 17, "coherent memory not known",
             "small mid dim");
    return;
  }
  const auto plan = gpu.plan.value_or(RegionPlan{});
  const auto all = static_cast<double>(*gpu.memory_bytes);
  const double reserved =
      plan.reserved
          ? std::max(10.0, std::round(width *
                                      static_cast<double>(plan.reserved->size) /
                                      std::max(all, 1.0)))
          : 0;
  const double usable = width - reserved;
  svg.box(x, y, usable, 26, R"(rx="3" class="usable")");
  const std::string left =
      plan.usable ? fmt::format("usable {} (BAR{})",
                                human_size(plan.usable->size), plan.usable->bar)
                  : human_size(*gpu.memory_bytes) + ", no split known";
  svg.text(x + 8, y + 17, left, "small on");
  std::string below = human_size(*gpu.memory_bytes) + " coherent memory";
  if (plan.reserved) {
    svg.box(x + usable, y, reserved, 26, R"(rx="3" class="reserved")");
    svg.text(x + width, y + 41,
             fmt::format("reserved {} (BAR{})", human_size(plan.reserved->size),
                         plan.reserved->bar),
             "small end dim");
  }
  svg.text(x, y + 41, below, "small dim");
}

void draw_nodes(Svg& svg, const TopologyGpu& gpu, double x, double y) {
  constexpr double kSide = 38;
  constexpr std::size_t kMost = 8;
  const auto shown = std::min(gpu.nodes.size(), kMost);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& node = gpu.nodes[i];
    const double left = x + static_cast<double>(i) * (kSide + 6);
    svg.box(left, y, kSide, 24,
            node.memory_bytes == 0 ? R"(rx="3" class="node")"
                                   : R"(rx="3" class="online")",
            fmt::format("NUMA node {}: {}", node.id,
                        memory_text(node.memory_bytes)));
    svg.text(left + kSide / 2, y + 16, std::to_string(node.id), "small mid");
  }
  if (gpu.nodes.size() > kMost) {
    svg.text(x + static_cast<double>(kMost) * (kSide + 6), y + 16,
             fmt::format("+{}", gpu.nodes.size() - kMost), "small dim");
  }
  svg.text(x, y + (shown > 0 ? 39 : 16), initiators_text(gpu), "small dim");
}

std::vector<std::string> notes_of(const TopologyGpu& gpu) {
  std::vector<std::string> notes;
  if (gpu.egm_bytes) {
    notes.push_back(human_size(*gpu.egm_bytes) + " extended GPU memory (EGM)");
  }
  if (gpu.domain) {
    notes.push_back("in use by domain " + *gpu.domain);
  }
  return notes;
}

double gpu_height(const TopologyGpu& gpu) {
  const std::size_t lines =
      notes_of(gpu).size() + (gpu.reasons.empty() ? 0 : 1);
  return kGpuHeight + static_cast<double>(lines) * kLine;
}

void draw_gpu(Svg& svg, const TopologyGpu& gpu, double x, double y) {
  const auto state = to_string(gpu.state);
  svg.box(x, y, kInner, gpu_height(gpu),
          fmt::format(R"(rx="6" class="card {}")", state));
  const double left = x + 14;
  svg.text(left, y + 26, to_string(gpu.address), "head mono");
  svg.text(left + 122, y + 26, gpu.model);
  svg.box(x + kInner - 98, y + 10, 84, 22,
          fmt::format(R"(rx="11" class="pill {}")", state));
  svg.text(x + kInner - 56, y + 25, state, "small mid white");
  svg.text(left, y + 50, driver_text(gpu), "small");
  svg.text(left, y + 68, iommu_text(gpu), "small");
  draw_memory(svg, gpu, left, y + 82, kInner - 28);
  draw_nodes(svg, gpu, left, y + 138);
  double below = y + kGpuHeight + 7;
  for (const auto& note : notes_of(gpu)) {
    svg.text(left, below, note, "small");
    below += kLine;
  }
  if (!gpu.reasons.empty()) {
    svg.text(left, below, fmt::format("{}", fmt::join(gpu.reasons, "  ")),
             "small bad");
  }
}

double socket_height(const TopologySocket& socket) {
  double height = kSocketHead + (socket.gpus.empty() ? 28 : 0);
  for (const auto& gpu : socket.gpus) {
    height += kPathHeight + gpu_height(gpu) + kGap;
  }
  return height;
}

void draw_socket(Svg& svg, const TopologySocket& socket, double x, double y,
                 double height) {
  svg.box(x, y, kSocketWidth, height, R"(rx="8" class="socket")");
  if (socket.node) {
    svg.text(x + kGap, y + 26, fmt::format("NUMA node {}", socket.node->id),
             "head");
    svg.text(x + kSocketWidth - kGap, y + 26,
             memory_text(socket.node->memory_bytes), "head end");
    svg.text(x + kGap, y + 45,
             fmt::format("{} CPUs: {}", socket.cpus.size(),
                         format_id_list(socket.cpus).substr(0, 50)),
             "small dim");
  } else {
    svg.text(x + kGap, y + 26, "socket not known", "head");
  }
  double top = y + kSocketHead;
  // One rail down the side, on which every root port hangs.
  double hangs = y + kSocketHead - kGap;
  for (const auto& gpu : socket.gpus) {
    svg.line(x + kGap / 2, hangs, x + kGap / 2, top + kGap);
    hangs = top + kGap;
    draw_path(svg, gpu, x + kGap, top);
    draw_gpu(svg, gpu, x + kGap, top + kPathHeight - 8);
    top += kPathHeight + gpu_height(gpu) + kGap;
  }
  if (socket.gpus.empty()) {
    svg.text(x + kGap, top + 8, "no GPU", "dim");
  }
}

}  // namespace

std::string topology_picture(const Topology& topology) {
  Svg svg;
  const auto count = topology.sockets.size();
  // Two in a row: four would be unreadable on a page.
  const std::size_t columns = std::clamp<std::size_t>(count, 1, 2);
  const double width =
      2 * kMargin + static_cast<double>(columns) * (kSocketWidth + kGap) - kGap;
  const auto summary = summary_text(topology);
  const auto kernel = summary.find(", Linux");
  svg.text(kMargin, 36, summary.substr(0, kernel), "title");
  if (kernel != std::string::npos) {
    svg.text(kMargin, 56, summary.substr(kernel + 2), "small dim");
  }
  double y = 72;
  for (std::size_t first = 0; first < count; first += columns) {
    double height = 0;
    const auto last = std::min(first + columns, count);
    for (auto i = first; i < last; ++i) {
      height = std::max(height, socket_height(topology.sockets[i]));
    }
    for (auto i = first; i < last; ++i) {
      const double x =
          kMargin + static_cast<double>(i - first) * (kSocketWidth + kGap);
      draw_socket(svg, topology.sockets[i], x, y, height);
    }
    y += height + kGap;
  }
  if (!topology.other_nodes.empty()) {
    svg.text(kMargin, y + 16,
             "other NUMA nodes: " + node_list(topology.other_nodes), "dim");
    y += 32;
  }
  return svg.finish(width, y + kMargin - kGap);
}

std::string topology_svg(const Topology& topology) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
         topology_picture(topology);
}

}  // namespace nvgpuctl::cli
