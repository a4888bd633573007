// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "host/vfio_device.hpp"

namespace nvgpuctl {

// A VFIO device that plays a script: each call must be the next expected one,
// word for word, and gets its reply. A call that is not expected, and an
// expectation that is left over, fail the test.
class ScriptedVfio : public VfioDevice {
 public:
  ScriptedVfio() = default;
  ~ScriptedVfio() override {
    for (const auto& step : script_) {
      ADD_FAILURE() << "never called: " << step.call;
    }
  }
  ScriptedVfio(const ScriptedVfio&) = delete;
  ScriptedVfio& operator=(const ScriptedVfio&) = delete;

  ScriptedVfio& expect_info(Info reply) {
    script_.push_back({.call = "device_info", .info = reply});
    return *this;
  }
  ScriptedVfio& expect_region(ObservedRegion reply) {
    auto call = region_call(reply.index);
    script_.push_back({.call = std::move(call), .region = std::move(reply)});
    return *this;
  }
  ScriptedVfio& expect_read(unsigned region, std::uint64_t offset,
                            std::vector<std::uint8_t> reply) {
    auto call = read_call(region, offset, reply.size());
    script_.push_back({.call = std::move(call), .bytes = std::move(reply)});
    return *this;
  }
  ScriptedVfio& expect_write(std::uint64_t offset, std::uint32_t value) {
    script_.push_back({.call = write_call(offset, value)});
    return *this;
  }
  // Makes the last expectation fail instead of giving its reply.
  ScriptedVfio& failing(std::string problem) {
    script_.back().problem = std::move(problem);
    return *this;
  }

  Result<Info> device_info() override {
    auto step = next("device_info");
    if (!step) {
      return forward_error(step);
    }
    return step->info;
  }
  Result<ObservedRegion> region_info(unsigned index) override {
    auto step = next(region_call(index));
    if (!step) {
      return forward_error(step);
    }
    return step->region;
  }
  Result<> read(unsigned region, std::uint64_t offset,
                std::span<std::uint8_t> bytes) override {
    auto step = next(read_call(region, offset, bytes.size()));
    if (!step) {
      return forward_error(step);
    }
    std::copy(step->bytes.begin(), step->bytes.end(), bytes.begin());
    return {};
  }
  Result<> write_config(std::uint64_t offset, std::uint32_t value) override {
    auto step = next(write_call(offset, value));
    if (!step) {
      return forward_error(step);
    }
    return {};
  }

 private:
  struct Step {
    std::string call;
    Info info{};
    ObservedRegion region{};
    std::vector<std::uint8_t> bytes{};
    std::string problem{};
  };

  static std::string region_call(unsigned index) {
    return fmt::format("region_info {}", index);
  }
  static std::string read_call(unsigned region, std::uint64_t offset,
                               std::size_t size) {
    return fmt::format("read {} bytes of region {} at {:#x}", size, region,
                       offset);
  }
  static std::string write_call(std::uint64_t offset, std::uint32_t value) {
    return fmt::format("write {:#x} to config {:#x}", value, offset);
  }

  Result<Step> next(const std::string& call) {
    if (script_.empty() || script_.front().call != call) {
      ADD_FAILURE() << "called: " << call << "\nexpected: "
                    << (script_.empty() ? "nothing" : script_.front().call);
      return fail(Errc::io, "script", "unexpected call");
    }
    Step step = std::move(script_.front());
    script_.pop_front();
    if (!step.problem.empty()) {
      return fail(Errc::io, step.call, step.problem);
    }
    return step;
  }

  std::deque<Step> script_;
};

}  // namespace nvgpuctl
