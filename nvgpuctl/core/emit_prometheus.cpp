// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <initializer_list>
#include <utility>

#include "core/emit.hpp"
#include "core/emit_parts.hpp"

namespace nvgpuctl {
namespace {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

// A driver may be called anything by a hostile sysfs, and one broken line costs
// node_exporter the whole file.
std::string label_value(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      text += '\\';
      text += c;
    } else {
      text += c >= ' ' && c <= '~' ? c : '?';
    }
  }
  return text + '"';
}

class Metrics {
 public:
  void family(std::string_view name, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP nvgpuctl_{} {}\n# TYPE nvgpuctl_{} gauge\n",
                         name, help, name);
  }
  void sample(const Labels& labels, std::uint64_t value) {
    std::vector<std::string> pairs;
    for (const auto& [label, text] : labels) {
      pairs.push_back(fmt::format("{}={}", label, label_value(text)));
    }
    text_ += fmt::format("nvgpuctl_{}{{{}}} {}\n", name_, fmt::join(pairs, ","),
                         value);
  }
  void sample(std::uint64_t value) {
    text_ += fmt::format("nvgpuctl_{} {}\n", name_, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string_view name_;
  std::string text_;
};

std::string number_or_nothing(const std::optional<unsigned>& number) {
  return number ? fmt::format("{}", *number) : "";
}

void write_info(Metrics& metrics, std::span<const Gpu> gpus) {
  metrics.family("gpu_info", "What a Grace GPU is; always 1.");
  for (const auto& gpu : gpus) {
    metrics.sample({{"address", to_string(gpu.pci.address)},
                    {"pci_id", pci_id(gpu)},
                    {"model", gpu.model.name},
                    {"driver", gpu.pci.driver.value_or("")},
                    {"numa_node", number_or_nothing(gpu.pci.numa_node)},
                    {"iommu_group", number_or_nothing(gpu.pci.iommu_group)}},
                   1);
  }
}

void write_states(Metrics& metrics, std::span<const Gpu> gpus) {
  metrics.family("gpu_state",
                 "1 for the state that a GPU is in, 0 for others.");
  for (const auto& gpu : gpus) {
    for (const auto state : kGpuStates) {
      metrics.sample({{"address", to_string(gpu.pci.address)},
                      {"state", std::string(to_string(state))}},
                     gpu.state == state ? 1 : 0);
    }
  }
}

void write_memory(Metrics& metrics, std::span<const Gpu> gpus) {
  metrics.family("gpu_memory_bytes",
                 "Coherent memory that firmware describes; none when unread.");
  for (const auto& gpu : gpus) {
    if (gpu.memory_size) {
      metrics.sample({{"address", to_string(gpu.pci.address)}},
                     gpu.memory_size->value);
    }
  }
}

void write_findings(Metrics& metrics, std::span<const Gpu> gpus) {
  metrics.family("gpu_finding", "A reason that holds for a GPU; always 1.");
  for (const auto& gpu : gpus) {
    // By id: a series must be there once.
    for (const auto& id : reason_ids(gpu)) {
      const auto& row = reason(id);
      metrics.sample({{"address", to_string(gpu.pci.address)},
                      {"reason", id},
                      {"name", std::string(row.name)},
                      {"severity", std::string(to_string(row.severity))}},
                     1);
    }
  }
}

}  // namespace

Result<Emission> emit_prometheus(const HostSnapshot& host,
                                 std::span<const Gpu> gpus) {
  Metrics metrics;
  metrics.family("gpus", "Grace GPUs of this host.");
  metrics.sample(gpus.size());
  // A family without a sample is an error to some readers.
  if (!gpus.empty()) {
    write_info(metrics, gpus);
    write_states(metrics, gpus);
    write_memory(metrics, gpus);
    write_findings(metrics, gpus);
  }
  metrics.family("unread_files",
                 "Files that could not be read, or are damaged; 0 as root on a "
                 "sound host.");
  metrics.sample(host.acpi.unreadable.size() + host.acpi.problems.size() +
                 host.problems.size());
  return Emission{metrics.take(), {}};
}

}  // namespace nvgpuctl
