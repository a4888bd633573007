// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <future>
#include <map>
#include <string>

#include "device.hpp"
#include "file.hpp"

namespace exerciser {

// The real thing: a group of the first VFIO interface, in a type 1 container.
class VfioDevice : public Device {
 public:
  // Of a PCI address such as 0000:01:00.0.
  explicit VfioDevice(std::string address) : address_(std::move(address)) {}

  // The address of the GPU in an IOMMU group; empty if there is none.
  static std::string find_in_group(const std::string& group);

  // Opens the group and learns the shape. Empty, or what is wrong.
  std::string connect();
  // A number of the driver's nvgpu/ folder in sysfs; 0 if it is not there.
  std::uint64_t attribute(const std::string& name) const;

  // A reset that VFIO does not start. Empty, or what is wrong.
  std::string reset_by_sysfs() const;
  // Whether runtime power management has put it to sleep.
  bool asleep() const;

  const Shape& shape() const override { return shape_; }
  bool parallel() const override { return true; }
  long open(unsigned slot) override;
  long close(unsigned slot) override;
  long read(unsigned slot, std::uint64_t offset,
            std::span<const Piece> pieces) override;
  long write(unsigned slot, std::uint64_t offset,
             std::span<const Piece> pieces) override;
  Mapped map(unsigned slot, const MapRequest& request,
             const Placement& placement) override;
  long unmap(std::uint8_t* address, std::uint64_t length) override;
  Mapped move(std::uint8_t* address, std::uint64_t length,
              const Placement& placement) override;
  long resize(std::uint8_t* address, std::uint64_t length,
              std::uint64_t new_length) override;
  long protect(std::uint8_t* address, std::uint64_t length, bool readable,
               bool writable) override;
  Touch load(const std::uint8_t* address,
             std::span<std::uint8_t> bytes) override;
  Touch store(std::uint8_t* address,
              std::span<const std::uint8_t> bytes) override;
  long reset(unsigned slot) override;
  long region_info(unsigned slot, std::span<std::uint8_t> buffer) override;
  long ioeventfd(unsigned slot, std::uint64_t offset) override;
  long set_low_power(unsigned slot, bool on) override;
  long make_dma_buf(unsigned slot, unsigned region, std::uint64_t offset,
                    std::uint64_t length) override;
  long dma_map(std::uint8_t* address, std::uint64_t length) override;
  std::string begin_unbind(unsigned slot) override;
  std::string finish_unbind() override;

 private:
  std::string folder() const { return "/sys/bus/pci/devices/" + address_; }
  std::string read_layout();
  std::string open_group();
  std::string learn();
  void learn_bars(int file);
  void learn_power(int file);
  std::string bind_again();

  std::string address_;
  Shape shape_;
  File container_;
  File group_;
  std::map<unsigned, File> files_;
  // While an unbind is under way.
  std::string driver_;
  File request_;
  std::future<long> unbind_;
  unsigned unbinds_ = 0;
};

}  // namespace exerciser
