// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "device.hpp"

namespace exerciser {

// Accesses to memory that may not be there. SIGBUS and SIGSEGV end the access
// instead of the program; each thread has its own.
Touch guarded_load(const std::uint8_t* address, std::span<std::uint8_t> bytes);
Touch guarded_store(std::uint8_t* address, std::span<const std::uint8_t> bytes);

// Address space at placement.skew behind a multiple of placement.alignment,
// with nothing in it: to be mapped over. Null if there is none left.
std::uint8_t* reserve_addresses(std::uint64_t length,
                                const Placement& placement);

// mmap(), munmap(), mremap() and mprotect(), which give negative errors.
Mapped map_file(int file, std::uint64_t offset, const MapRequest& request,
                const Placement& placement);
long unmap_memory(std::uint8_t* address, std::uint64_t length);
Mapped move_memory(std::uint8_t* address, std::uint64_t length,
                   const Placement& placement);
long resize_memory(std::uint8_t* address, std::uint64_t length,
                   std::uint64_t new_length);
long protect_memory(std::uint8_t* address, std::uint64_t length, bool readable,
                    bool writable);

// Bytes in front of a page that does not exist.
class EdgeBuffer {
 public:
  explicit EdgeBuffer(std::uint64_t capacity);
  EdgeBuffer(const EdgeBuffer&) = delete;
  EdgeBuffer& operator=(const EdgeBuffer&) = delete;
  ~EdgeBuffer();

  // A buffer of size bytes, of which the first present exist.
  Piece piece(std::size_t size, std::size_t present) const;

 private:
  std::uint64_t capacity_;
  std::uint64_t hole_;
  std::uint8_t* start_;
};

}  // namespace exerciser
