// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "gpusim/bar_memory.hpp"
#include "gpusim/function.hpp"
#include "gpusim/options.hpp"

namespace nvgpuctl::gpusim {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;

// What happened to the GPU so far, for tests to look at.
struct GpuCounters {
  std::uint64_t config_reads = 0;
  std::uint64_t config_writes = 0;
  std::array<std::uint64_t, 3> bar_reads{};
  std::array<std::uint64_t, 3> bar_writes{};
  std::uint64_t readiness_reads = 0;
  // BAR accesses that met a GPU without memory decode, in low power or gone.
  std::uint64_t unanswered = 0;
  std::uint64_t device_resets = 0;
  std::uint64_t function_resets = 0;
  std::uint64_t link_resets = 0;
  std::uint64_t suspends = 0;
  std::uint64_t interrupts = 0;
};

// One GPU as it is seen over PCI: configuration space, BARs, resets and faults.
// Does no I/O; the time is given with every call that needs it.
class Gpu {
 public:
  // Powered on at `now`.
  Gpu(const GpuOptions& options, Instant now);

  // Regions have VFIO's numbers; 0 for those that there are none of.
  std::uint64_t region_size(unsigned region) const;
  // The access must be inside of the region.
  void read(unsigned region, std::uint64_t offset, std::span<std::uint8_t> out,
            Instant now);
  void write(unsigned region, std::uint64_t offset, Bytes data, Instant now);
  // Of the machine, or of a VFIO user.
  void reset_device(Instant now);

  void set_ready(const ReadyOptions& ready) { ready_ = ready; }
  const ReadyOptions& ready_options() const { return ready_; }
  void set_config_dead(bool dead);
  // A GPU whose link was down comes back reset, in the power state it was in.
  void set_link(bool up, Instant now);
  // For good.
  void remove() { removed_ = true; }
  Result<> set_mig_erratum_fixed(bool fixed);

  // Whether a message interrupt can leave the GPU at this moment.
  Result<> can_interrupt() const;
  void count_interrupt() { ++counters_.interrupts; }
  // An MSI-X vector that waits for somebody to listen.
  void set_pending(unsigned vector) { pending_ |= 1ULL << vector; }
  // True when it was waiting; it no longer is.
  bool take_pending(unsigned vector);

  const GpuCounters& counters() const { return counters_; }
  // Everything, as one line of JSON.
  std::string state_json(Instant now) const;

 private:
  bool reachable() const { return link_up_ && !removed_; }
  bool decodes_memory() const;
  bool config_answers() const { return reachable() && !config_dead_; }
  unsigned power_state() const;
  bool ready_now(Instant now) const;
  void reset(Instant now);
  void write_config(std::uint64_t offset, Bytes data, Instant now);
  void read_bar(unsigned bar, std::uint64_t offset, std::span<std::uint8_t> out,
                Instant now);
  void refresh_cxl(Instant now);

  GpuOptions options_;
  Function function_;
  std::array<BarMemory, 3> bars_;
  ReadyOptions ready_;
  Instant reset_at_;
  bool config_dead_ = false;
  bool link_up_ = true;
  bool removed_ = false;
  std::uint64_t pending_ = 0;
  GpuCounters counters_;
};

}  // namespace nvgpuctl::gpusim
