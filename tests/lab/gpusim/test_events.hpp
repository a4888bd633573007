// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "base/fd.hpp"

namespace nvgpuctl::gpusim {

// What a client of the GPU passes for an interrupt, and listens to.
class TestEvent {
 public:
  // The descriptor to pass on.
  Fd sender() const { return Fd(::dup(fd_.get())); }
  // How often it was signalled since the last look.
  std::uint64_t count() const {
    std::uint64_t value = 0;
    const auto got = ::read(fd_.get(), &value, sizeof(value));
    return got == sizeof(value) ? value : 0;
  }

 private:
  Fd fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

}  // namespace nvgpuctl::gpusim
