// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "model.hpp"

namespace exerciser {

// A buffer of the caller's, of which only the first present bytes exist; the
// rest of it is an address that faults.
struct Piece {
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  std::size_t present = 0;
};

// Where in the address space a mapping is wanted: at skew bytes behind a
// multiple of alignment. Large pages need a VA that is aligned like the memory.
struct Placement {
  std::uint64_t alignment = 4096;
  std::uint64_t skew = 0;
};

struct Mapped {
  long result = 0;  // 0 or a negative error number
  std::uint8_t* address = nullptr;
};

// A PCI function behind VFIO, as user space sees it. Everything returns what
// the system call does, with errors as negative numbers.
class Device {
 public:
  Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  virtual ~Device() = default;

  virtual const Shape& shape() const = 0;
  // Whether several threads may use it at a time.
  virtual bool parallel() const = 0;

  virtual long open(unsigned slot) = 0;
  virtual long close(unsigned slot) = 0;

  // preadv() and pwritev() at an offset of the device's file.
  virtual long read(unsigned slot, std::uint64_t offset,
                    std::span<const Piece> pieces) = 0;
  virtual long write(unsigned slot, std::uint64_t offset,
                     std::span<const Piece> pieces) = 0;

  virtual Mapped map(unsigned slot, const MapRequest& request,
                     const Placement& placement) = 0;
  virtual long unmap(std::uint8_t* address, std::uint64_t length) = 0;
  // mremap() to another place, and to another length in place.
  virtual Mapped move(std::uint8_t* address, std::uint64_t length,
                      const Placement& placement) = 0;
  virtual long resize(std::uint8_t* address, std::uint64_t length,
                      std::uint64_t new_length) = 0;
  virtual long protect(std::uint8_t* address, std::uint64_t length,
                       bool readable, bool writable) = 0;
  // One access of 1, 2, 4 or 8 bytes, or a copy of any other count.
  virtual Touch load(const std::uint8_t* address,
                     std::span<std::uint8_t> bytes) = 0;
  virtual Touch store(std::uint8_t* address,
                      std::span<const std::uint8_t> bytes) = 0;

  virtual long reset(unsigned slot) = 0;
  // The buffer begins with a struct vfio_region_info, filled in by the caller.
  virtual long region_info(unsigned slot, std::span<std::uint8_t> buffer) = 0;
  virtual long ioeventfd(unsigned slot, std::uint64_t offset) = 0;
  virtual long set_low_power(unsigned slot, bool on) = 0;
  // Makes a dma-buf of a range and closes it again.
  virtual long make_dma_buf(unsigned slot, unsigned region,
                            std::uint64_t offset, std::uint64_t length) = 0;
  // Gives a mapping to the IOMMU, and takes it back if that worked.
  virtual long dma_map(std::uint8_t* address, std::uint64_t length) = 0;

  // Takes the device from its driver while it is in use: returns when the
  // driver has asked for it, or why that failed.
  virtual std::string begin_unbind(unsigned slot) = 0;
  // All files and mappings are gone: waits for the unbind to end, binds again.
  virtual std::string finish_unbind() = 0;
};

}  // namespace exerciser
