// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "device.hpp"

namespace exerciser {

// What a driver can get wrong. Some of these once were mainline's.
enum class Flaw {
  none,
  tail_reads_zero,
  tail_aliases_last_page,
  tail_write_fails,
  read_short_at_end_of_memory,
  failed_read_touches_buffer,  // ours, until fault_in_safe_writeable()
  position_not_advanced,
  write_loses_last_byte_of_page,
  bad_buffer_counts_all,
  decode_off_reads,
  decode_off_touches,
  reset_keeps_bars,
  reset_clears_memory,
  open_keeps_bars,
  config_read_patches_first_bar_only,
  config_write_short_between_bars,
  bar_keeps_low_bits,
  maps_private,
  maps_tail,
  mapping_grows,
  moved_mapping_is_off_by_a_page,
  low_power_touches,
  ioeventfd_accepted,
  dma_buf_of_tail,
  short_argsz_fails,
  sparse_area_is_whole_bar,
};

// A device of a few MiB within this process. Reads, writes and configuration
// space are the driver's own code (tests/kmod/driver_c.h), of which there is
// one in a process; the rest of VFIO is made up here. One thread at a time.
class FakeDevice : public Device {
 public:
  explicit FakeDevice(Flaw flaw = Flaw::none);
  ~FakeDevice() override;

  const Shape& shape() const override { return shape_; }
  bool parallel() const override { return false; }
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
  struct Memory {
    int file = -1;
    std::uint8_t* bytes = nullptr;
  };
  struct Area {
    std::uint64_t length = 0;
    unsigned region = 0;
    std::uint64_t offset = 0;
    unsigned user = 0;
    bool readable = true;
    bool writable = true;
  };

  void power_on();
  void settle_config();
  bool accessible() const;
  bool may_touch() const;
  void forget_user(unsigned user);
  long transfer(std::uint64_t offset, std::span<const Piece> pieces,
                bool writing);
  long one_transfer(std::uint64_t& offset, const Piece& piece, bool writing);
  long read_memory(unsigned region, std::uint64_t start, const Piece& piece,
                   long long& position);
  long write_memory(unsigned region, std::uint64_t start, const Piece& piece,
                    long long& position);
  long read_config(std::uint64_t start, const Piece& piece,
                   long long& position);
  long write_config(const Piece& piece, long long& position);
  bool flawed(Flaw flaw) const { return flaw_ == flaw; }

  Flaw flaw_;
  Shape shape_;
  std::map<unsigned, Memory> memories_;
  std::map<unsigned, unsigned> slots_;
  std::set<unsigned> closed_;  // users without a slot, kept by mappings
  unsigned next_user_ = 0;
  std::map<std::uint8_t*, Area> areas_;
  bool low_power_ = false;
};

}  // namespace exerciser
