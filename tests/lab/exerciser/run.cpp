// SPDX-License-Identifier: GPL-2.0-or-later
#include "run.hpp"

#include <algorithm>
#include <cerrno>
#include <sstream>

namespace exerciser {
namespace {

// The longest bad buffer that the generator makes, and some.
constexpr std::uint64_t kEdge = kMiB;

}  // namespace

std::string hex(std::uint64_t value) {
  std::ostringstream out;
  out << "0x" << std::hex << value;
  return out.str();
}

Verdict compare_result(long expected, long seen) {
  if (expected == seen) {
    return std::nullopt;
  }
  return Mismatch{show_result(expected), show_result(seen)};
}

Verdict compare_bytes(std::span<const std::uint8_t> expected,
                      std::span<const std::uint8_t> seen,
                      std::uint64_t origin) {
  const auto [want, got] =
      std::mismatch(expected.begin(), expected.end(), seen.begin());
  if (want == expected.end()) {
    return std::nullopt;
  }
  const auto at = static_cast<std::uint64_t>(want - expected.begin());
  return Mismatch{hex(*want) + " at offset " + hex(origin + at) + ", byte " +
                      std::to_string(at) + " of " +
                      std::to_string(expected.size()),
                  hex(*got)};
}

Run::Run(Device& device, std::uint64_t seed, unsigned threads)
    : device_(device),
      model_(device.shape()),
      seed_(seed),
      threads_(threads),
      edge_(kEdge) {
  for (const auto& region : model_.shape().regions) {
    model_.memory(region.index);  // reads of it find an empty one
  }
}

std::uint64_t Run::pages() const {
  std::uint64_t count = 0;
  for (const auto& [region, memory] : model_.memories()) {
    count += memory.known_pages().size();
  }
  return count;
}

Verdict Run::perform(const Operation& operation) {
  auto verdict = dispatch(operation);
  done_.at(static_cast<std::size_t>(operation.kind))++;
  return verdict;
}

Verdict Run::dispatch(const Operation& operation) {
  switch (operation.kind) {
    case Kind::read:
      return do_read(operation);
    case Kind::write:
      return do_write(operation);
    case Kind::read_bad_buffer:
    case Kind::write_bad_buffer:
      return do_bad_buffer(operation);
    case Kind::copy_to_mapping:
    case Kind::copy_from_mapping:
      return do_copy(operation);
    case Kind::map:
      return do_map(operation);
    case Kind::load:
    case Kind::store:
      return do_touch(operation);
    case Kind::unmap:
      return do_unmap(operation);
    case Kind::move:
      return do_move(operation);
    case Kind::resize:
      return do_resize(operation);
    case Kind::protect:
      return do_protect(operation);
    case Kind::config_read:
      return do_config_read(operation);
    case Kind::config_write:
      return do_config_write(operation);
    case Kind::power:
      return do_power(operation);
    case Kind::low_power:
      return do_low_power(operation);
    case Kind::reset:
      return do_reset(operation);
    case Kind::region_info:
      return do_region_info(operation);
    case Kind::other_region:
      return do_other_region(operation);
    case Kind::ioeventfd:
      // It would write to the hardware's BAR that a region of memory hides.
      return compare_result(
          -ENOTTY,
          device_.ioeventfd(operation.file,
                            file_offset(operation.region, operation.offset)));
    case Kind::dma_buf:
      return do_dma_buf(operation);
    case Kind::dma_map:
      return do_dma_map(operation);
    case Kind::fork:
      return do_fork();
    case Kind::open:
      return do_open(operation);
    case Kind::close:
      return do_close(operation);
    case Kind::storm:
    case Kind::storm_with_reset:
    case Kind::storm_with_decode_off:
      return do_storm(operation);
    case Kind::unbind:
      return do_unbind(operation);
  }
  return std::nullopt;
}

Verdict Run::start() {
  return do_open({.kind = Kind::open, .file = 0});
}

Verdict Run::finish() {
  if (auto verdict = unmap_all()) {
    return verdict;
  }
  if (auto verdict = close_all()) {
    return verdict;
  }
  if (auto verdict = start()) {
    return verdict;
  }
  const Operation decode_on{.kind = Kind::config_write,
                            .offset = ConfigModel::kCommand,
                            .bytes = {ConfigModel::kMemoryEnable, 0}};
  if (auto verdict = do_config_write(decode_on)) {
    return verdict;
  }
  for (const auto& region : model_.shape().regions) {
    if (auto verdict = verify_region(0, region)) {
      return verdict;
    }
  }
  return close_all();
}

// Both ways to a region's memory show all that was ever written to it.
Verdict Run::verify_region(unsigned file, const CoherentRegion& region) {
  const Operation map{.kind = Kind::map,
                      .file = file,
                      .region = region.index,
                      .length = region.size};
  if (auto verdict = do_map(map)) {
    return verdict;
  }
  const auto& memory = model_.memory(region.index);
  for (const auto page : memory.known_pages()) {
    Operation operation{.kind = Kind::load,
                        .file = file,
                        .region = region.index,
                        .offset = page * SparseMemory::kPage,
                        .length = SparseMemory::kPage,
                        .at = page * SparseMemory::kPage};
    if (auto verdict = do_touch(operation)) {
      return verdict;
    }
    operation.pieces = {SparseMemory::kPage};
    if (auto verdict = do_read(operation)) {
      return verdict;
    }
  }
  return unmap_all();
}

}  // namespace exerciser
