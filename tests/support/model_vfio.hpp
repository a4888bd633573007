// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "host/vfio_device.hpp"

namespace nvgpuctl {

// A GH200's VFIO device as our driver shows it, without a kernel. A test turns
// one thing wrong and says what follows; what was written is in `writes`.
class ModelVfio : public VfioDevice {
 public:
  struct Part {
    std::uint64_t size = 0;
    std::uint64_t bar_size = 0;
  };

  ModelVfio() { put(0x00, {0xDE, 0x10, 0x42, 0x23, 0x00, 0x00}); }

  // Regions of coherent memory; the others are the hardware's.
  std::map<unsigned, Part> memory{{2, {0x44F00000, 2 * kGiB}},
                                  {4, {0x17A0000000, 128 * kGiB}}};
  std::map<unsigned, std::uint64_t> physical{
      {0, 16 * kMiB}, {2, 128 * kGiB}, {4, 32 * kMiB}, {7, 4096}};
  ObservedDevice device{3, 9, {}};
  std::array<std::uint8_t, 4096> config{};
  std::uint32_t c2c_ready = 0xFF;
  std::uint32_t hbm_ready = 0xFF;
  int not_ready_reads = 0;  // this many looks come first
  std::uint8_t tail = 0xFF;
  int outside = EINVAL;
  int behind = EINVAL;  // a page behind the memory
  int private_mapping = EINVAL;
  int ioeventfd = ENOTTY;
  int dma_buf = 0;
  int too_short = EINVAL;
  std::string vm_flags = "rd sh mr mw me ms pf io de dd";
  std::vector<std::string> region_problems;  // of region 4
  // Writes of these words ("config 0x20") are accepted and forgotten.
  std::string forgotten_write;
  std::vector<std::string> writes;
  std::vector<std::string> maps;
  // Words of memory that were written; the rest is 0.
  std::map<std::uint64_t, std::uint8_t> bytes;
  bool mappings_show_memory = true;

  // The call, in the words of `writes` or "read 4 of region 7 at 0x20", fails
  // after it has succeeded `skip` times.
  void fail_on(std::string call, std::string problem, int skip = 0) {
    failures_[std::move(call)] = {std::move(problem), skip};
  }

  Result<ObservedDevice> device_info() override {
    auto failed = failure("device_info");
    return failed ? Result<ObservedDevice>(forward_error(*failed)) : device;
  }

  Result<ObservedRegion> region_info(unsigned index) override {
    if (auto failed = failure(fmt::format("region_info {}", index))) {
      return forward_error(*failed);
    }
    if (index == 8) {
      return fail(Errc::io, "region 8", "Invalid argument");
    }
    ObservedRegion region;
    region.index = index;
    region.offset = std::uint64_t{index} << 40U;
    const auto part = memory.find(index);
    if (part == memory.end()) {
      const auto found = physical.find(index);
      region.size = found == physical.end() ? 0 : found->second;
      region.flags = 7;
      region.argsz = 32;
      return region;
    }
    region.argsz = 64;
    region.flags = 0xF;
    region.size = part->second.bar_size;
    region.sparse = {{0, part->second.size}};
    region.sparse_version = 1;
    if (index == 4) {
      region.problems = region_problems;
    }
    return region;
  }

  ShortAnswer try_short_region_info(unsigned /*index*/,
                                    std::uint32_t argsz) override {
    return argsz < 32 ? ShortAnswer{too_short, 0, 0, 0}
                      : ShortAnswer{0, 64, 0xF, 0};
  }

  Result<> read(unsigned region, std::uint64_t offset,
                std::span<std::uint8_t> into) override {
    if (auto failed = failure(fmt::format("read {} of region {} at {:#x}",
                                          into.size(), region, offset))) {
      return forward_error(*failed);
    }
    for (std::size_t i = 0; i < into.size(); ++i) {
      into[i] = byte_at(region, offset + i);
    }
    if (region == 0 && not_ready_reads > 0 && offset == 0x200BC) {
      --not_ready_reads;
    }
    return {};
  }

  Result<> write(unsigned region, std::uint64_t offset,
                 std::span<const std::uint8_t> from) override {
    std::string call = fmt::format(
        "{} {:#x}", region == 7 ? "config" : fmt::format("region {}", region),
        offset);
    if (region == 7) {
      std::uint64_t value = 0;
      for (std::size_t i = from.size(); i-- > 0;) {
        value = value << 8U | from[i];
      }
      writes.push_back(fmt::format("{} = {:#x}", call, value));
    } else {
      writes.push_back(call);
    }
    if (auto failed = failure(writes.back())) {
      return forward_error(*failed);
    }
    if (call == forgotten_write) {
      return {};
    }
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (region == 7) {
        config.at(offset + i) = from[i];
      } else if (offset + i < memory.at(region).size) {
        bytes[offset + i] = from[i];
      }
    }
    return {};
  }

  int try_read(unsigned /*region*/, std::uint64_t /*offset*/) override {
    return outside;
  }

  MapAttempt try_map(const MapRequest& request) override {
    maps.push_back(
        fmt::format("{}{:#x} at {:#x} of region {}",
                    request.kind == MapKind::shared ? "" : "private ",
                    request.length, request.offset, request.region));
    int error = 0;
    if (request.kind == MapKind::private_copy) {
      error = private_mapping;
    } else if (request.offset + request.length >
               memory.at(request.region).size) {
      error = behind;
    }
    return {error, error == 0 ? vm_flags : ""};
  }

  Result<> read_mapped(unsigned region, std::uint64_t offset,
                       std::span<std::uint8_t> into) override {
    for (std::size_t i = 0; i < into.size(); ++i) {
      into[i] = mappings_show_memory ? byte_at(region, offset + i) : 0;
    }
    return {};
  }

  int try_ioeventfd(unsigned /*region*/, std::uint64_t /*offset*/) override {
    return ioeventfd;
  }
  int try_feature(std::uint32_t feature) override {
    return feature == 11 ? dma_buf : ENOTTY;
  }

  void put(std::size_t offset, std::vector<std::uint8_t> content) {
    std::copy(content.begin(), content.end(), config.begin() + offset);
  }

 private:
  struct Failure {
    std::string problem;
    int skip = 0;
  };

  std::optional<Result<>> failure(const std::string& call) {
    const auto found = failures_.find(call);
    if (found == failures_.end() || found->second.skip-- > 0) {
      return std::nullopt;
    }
    return Result<>(fail(Errc::io, "model", found->second.problem));
  }

  std::uint8_t byte_at(unsigned region, std::uint64_t offset) const {
    if (region == 7) {
      return config_byte(offset);
    }
    if (region == 0) {
      return register_byte(offset);
    }
    if (offset >= memory.at(region).size) {
      return tail;
    }
    const auto found = bytes.find(offset);
    return found == bytes.end() ? 0 : found->second;
  }

  std::uint8_t register_byte(std::uint64_t offset) const {
    const bool ready = not_ready_reads == 0;
    for (const auto& [at, value] :
         {std::pair{0x1498U, c2c_ready}, std::pair{0x200BCU, hbm_ready}}) {
      if (offset >= at && offset < at + 4) {
        return static_cast<std::uint8_t>(ready ? value >> 8U * (offset - at)
                                               : 0U);
      }
    }
    return 0;
  }

  // BARs 2 and 4 keep what is written above their size.
  std::uint8_t config_byte(std::uint64_t offset) const {
    for (const unsigned bar : {2U, 4U}) {
      const std::uint64_t at = 0x10 + std::uint64_t{4} * bar;
      if (offset < at || offset >= at + 8) {
        continue;
      }
      const auto part = memory.find(bar);
      const std::uint64_t size =
          part == memory.end() ? physical.at(bar) : part->second.bar_size;
      std::uint64_t value = 0;
      for (std::size_t i = 8; i-- > 0;) {
        value = value << 8U | config[at + i];
      }
      value = (value & ~(size - 1)) | 0xC;
      return static_cast<std::uint8_t>(value >> 8U * (offset - at));
    }
    return config.at(offset);
  }

  std::map<std::string, Failure> failures_;
};

}  // namespace nvgpuctl
