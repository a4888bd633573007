// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/interrupts.hpp"

#include <linux/vfio.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "gpusim/function.hpp"

namespace nvgpuctl::gpusim {
namespace {

// Never blocks, whatever kind of descriptor the client has sent.
bool write_event(int fd) {
  pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) {
    return false;
  }
  const std::uint64_t one = 1;
  return ::write(fd, &one, sizeof(one)) == sizeof(one);
}

}  // namespace

Interrupts::Interrupts() {
  static_assert(VFIO_PCI_NUM_IRQS == std::tuple_size_v<decltype(events_)>);
  events_[VFIO_PCI_MSI_IRQ_INDEX].resize(kMsiVectors);
  events_[VFIO_PCI_MSIX_IRQ_INDEX].resize(kMsixVectors);
}

unsigned Interrupts::count(unsigned index) const {
  return index < events_.size()
             ? static_cast<unsigned>(events_.at(index).size())
             : 0;
}

int Interrupts::set(const IrqSet& request, std::vector<Fd> events) {
  const std::uint32_t data = request.flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
  const std::uint32_t action = request.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
  const unsigned known = count(request.index);
  if (request.start > known || request.count > known - request.start) {
    return EINVAL;
  }
  if (action != VFIO_IRQ_SET_ACTION_TRIGGER) {
    // Masks are the client's affair: it stops listening instead.
    return EINVAL;
  }
  if (data == VFIO_IRQ_SET_DATA_NONE && request.count == 0) {
    drop(request.index);
    return 0;
  }
  if (data == VFIO_IRQ_SET_DATA_NONE) {
    for (unsigned i = 0; i < request.count; ++i) {
      signal(request.index, request.start + i);
    }
    return 0;
  }
  // All of them, or none to stop listening.
  if (data != VFIO_IRQ_SET_DATA_EVENTFD ||
      (!events.empty() && events.size() != request.count)) {
    return EINVAL;
  }
  for (unsigned i = 0; i < request.count; ++i) {
    events_.at(request.index).at(request.start + i) =
        events.empty() ? Fd() : std::move(events[i]);
  }
  return 0;
}

bool Interrupts::signal(unsigned index, unsigned vector) {
  return listens(index, vector) &&
         write_event(events_.at(index).at(vector).get());
}

bool Interrupts::listens(unsigned index, unsigned vector) const {
  return vector < count(index) && events_.at(index).at(vector).valid();
}

void Interrupts::clear() {
  for (unsigned index = 0; index < events_.size(); ++index) {
    drop(index);
  }
}

void Interrupts::drop(unsigned index) {
  for (auto& event : events_.at(index)) {
    event = Fd();
  }
}

}  // namespace nvgpuctl::gpusim
