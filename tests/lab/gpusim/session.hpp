// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "gpusim/gpu.hpp"
#include "gpusim/interrupts.hpp"
#include "gpusim/protocol.hpp"

namespace nvgpuctl::gpusim {

// What one client asks of the GPU, answered message by message.
class Session {
 public:
  Session(Gpu& gpu, Interrupts& interrupts)
      : gpu_(gpu), interrupts_(interrupts) {}

  // The bytes to send, none when the client wants no reply. Fails when the two
  // sides cannot go on: the connection is to be closed.
  Result<std::vector<std::uint8_t>> answer(Message message, Instant now);

 private:
  // The payload of a reply, or an errno value.
  struct Outcome {
    std::vector<std::uint8_t> payload;
    int error = 0;
  };

  Result<Outcome> agree_on_version(Bytes payload);
  Outcome run(Message& message, Instant now);
  Outcome device_info(Bytes payload) const;
  Outcome region_info(Bytes payload) const;
  Outcome irq_info(Bytes payload) const;
  Outcome set_irqs(Message& message);
  Outcome read(Bytes payload, Instant now);
  Outcome write(Bytes payload, Instant now);
  bool fits(const RegionAccess& access) const;

  Gpu& gpu_;
  Interrupts& interrupts_;
  bool agreed_ = false;
};

}  // namespace nvgpuctl::gpusim
