// SPDX-License-Identifier: GPL-2.0-or-later
#include "guarded.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <mutex>
#include <new>

namespace exerciser {
namespace {

thread_local sigjmp_buf way_out;
thread_local volatile sig_atomic_t guarding = 0;

// Jumps back into the access that failed; a signal that does not belong to one
// is a bug of this program and ends it as usual.
void on_signal(int signal) {
  if (guarding == 0) {
    std::signal(signal, SIG_DFL);
    return;
  }
  siglongjmp(way_out, signal);
}

void install_handlers() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGBUS, &action, nullptr);
  sigaction(SIGSEGV, &action, nullptr);
}

template <class Access>
Touch guard(Access access) {
  static std::once_flag installed;
  std::call_once(installed, install_handlers);
  const int signal = sigsetjmp(way_out, 1);
  if (signal == 0) {
    guarding = 1;
    access();
    guarding = 0;
    return Touch::done;
  }
  guarding = 0;
  return signal == SIGBUS ? Touch::bus_error : Touch::segmentation_fault;
}

// Unaligned, and yet one instruction: what a program does to such memory.
template <class T>
struct [[gnu::packed]] Unaligned {
  T value;
};

template <class T>
void load_one(const std::uint8_t* address, std::uint8_t* bytes) {
  const T value =
      reinterpret_cast<const volatile Unaligned<T>*>(address)->value;
  std::memcpy(bytes, &value, sizeof(value));
}

template <class T>
void store_one(std::uint8_t* address, const std::uint8_t* bytes) {
  T value{};
  std::memcpy(&value, bytes, sizeof(value));
  reinterpret_cast<volatile Unaligned<T>*>(address)->value = value;
}

long error_or(int result) {
  return result == 0 ? 0 : -errno;
}

int protection(bool readable, bool writable) {
  return (readable ? PROT_READ : 0) | (writable ? PROT_WRITE : 0);
}

}  // namespace

Touch guarded_load(const std::uint8_t* address, std::span<std::uint8_t> bytes) {
  return guard([&] {
    switch (bytes.size()) {
      case 1:
        return load_one<std::uint8_t>(address, bytes.data());
      case 2:
        return load_one<std::uint16_t>(address, bytes.data());
      case 4:
        return load_one<std::uint32_t>(address, bytes.data());
      case 8:
        return load_one<std::uint64_t>(address, bytes.data());
      default:
        std::memcpy(bytes.data(), address, bytes.size());
    }
  });
}

Touch guarded_store(std::uint8_t* address,
                    std::span<const std::uint8_t> bytes) {
  return guard([&] {
    switch (bytes.size()) {
      case 1:
        return store_one<std::uint8_t>(address, bytes.data());
      case 2:
        return store_one<std::uint16_t>(address, bytes.data());
      case 4:
        return store_one<std::uint32_t>(address, bytes.data());
      case 8:
        return store_one<std::uint64_t>(address, bytes.data());
      default:
        std::memcpy(address, bytes.data(), bytes.size());
    }
  });
}

std::uint8_t* reserve_addresses(std::uint64_t length,
                                const Placement& placement) {
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  length = (length + page - 1) / page * page;
  const auto room = length + 2 * placement.alignment;
  void* start = mmap(nullptr, room, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) {
    return nullptr;
  }
  auto* const first = static_cast<std::uint8_t*>(start);
  const auto number = reinterpret_cast<std::uintptr_t>(start);
  const auto aligned = (number + placement.alignment - 1) /
                           placement.alignment * placement.alignment +
                       placement.skew;
  auto* const wanted = first + (aligned - number);
  if (wanted > first) {
    munmap(first, static_cast<std::size_t>(wanted - first));
  }
  const auto behind =
      static_cast<std::size_t>(first + room - (wanted + length));
  if (behind > 0) {
    munmap(wanted + length, behind);
  }
  return wanted;
}

Mapped map_file(int file, std::uint64_t offset, const MapRequest& request,
                const Placement& placement) {
  std::uint8_t* wanted = nullptr;
  if (request.length > 0) {
    wanted = reserve_addresses(request.length, placement);
    if (wanted == nullptr) {
      return {.result = -ENOMEM};
    }
  }
  const int flags = (request.shared ? MAP_SHARED : MAP_PRIVATE) |
                    (wanted != nullptr ? MAP_FIXED : 0);
  void* address = mmap(wanted, request.length,
                       protection(request.readable, request.writable), flags,
                       file, static_cast<off_t>(offset));
  if (address != MAP_FAILED) {
    return {.result = 0, .address = static_cast<std::uint8_t*>(address)};
  }
  const long error = -errno;
  if (wanted != nullptr) {
    munmap(wanted, request.length);
  }
  return {.result = error};
}

long unmap_memory(std::uint8_t* address, std::uint64_t length) {
  return error_or(munmap(address, length));
}

Mapped move_memory(std::uint8_t* address, std::uint64_t length,
                   const Placement& placement) {
  auto* wanted = reserve_addresses(length, placement);
  if (wanted == nullptr) {
    return {.result = -ENOMEM};
  }
  void* moved = mremap(address, length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
                       static_cast<void*>(wanted));
  if (moved == MAP_FAILED) {
    return {.result = -errno};
  }
  return {.result = 0, .address = static_cast<std::uint8_t*>(moved)};
}

long resize_memory(std::uint8_t* address, std::uint64_t length,
                   std::uint64_t new_length) {
  void* moved = mremap(address, length, new_length, 0);
  return moved == MAP_FAILED ? -errno : 0;
}

long protect_memory(std::uint8_t* address, std::uint64_t length, bool readable,
                    bool writable) {
  return error_or(mprotect(address, length, protection(readable, writable)));
}

EdgeBuffer::EdgeBuffer(std::uint64_t capacity)
    : capacity_(capacity),
      hole_(capacity),
      start_(reserve_addresses(2 * capacity, {})) {
  if (start_ == nullptr ||
      mprotect(start_, capacity_, PROT_READ | PROT_WRITE) != 0) {
    throw std::bad_alloc();
  }
}

EdgeBuffer::~EdgeBuffer() {
  munmap(start_, capacity_ + hole_);
}

Piece EdgeBuffer::piece(std::size_t size, std::size_t present) const {
  return {
      .data = start_ + (capacity_ - present), .size = size, .present = present};
}

}  // namespace exerciser
