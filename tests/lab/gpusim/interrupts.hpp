// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/fd.hpp"

namespace nvgpuctl::gpusim {

// VFIO_USER_DEVICE_SET_IRQS without its argsz; as struct vfio_irq_set.
struct IrqSet {
  std::uint32_t flags = 0;
  std::uint32_t index = 0;
  std::uint32_t start = 0;
  std::uint32_t count = 0;
};

// The event descriptors that the client gave for the GPU's interrupts.
class Interrupts {
 public:
  Interrupts();

  // How many there are of a kind (VFIO_PCI_…_IRQ_INDEX).
  unsigned count(unsigned index) const;
  // 0, or the errno for the client. Descriptors that are not kept are closed.
  int set(const IrqSet& request, std::vector<Fd> events);
  // False when nobody listens to it.
  bool signal(unsigned index, unsigned vector);
  bool listens(unsigned index, unsigned vector) const;
  // The client is gone.
  void clear();

 private:
  void drop(unsigned index);

  std::array<std::vector<Fd>, 5> events_;
};

}  // namespace nvgpuctl::gpusim
