// SPDX-License-Identifier: GPL-2.0-or-later
#include "model.hpp"

#include <algorithm>
#include <cerrno>

namespace exerciser {

std::vector<unsigned> Model::files() const {
  std::vector<unsigned> slots;
  for (const auto& [slot, file] : slots_) {
    slots.push_back(slot);
  }
  return slots;
}

bool Model::open_file(unsigned slot) {
  const bool first = users_.empty();
  slots_[slot] = next_file_;
  users_[next_file_] = {};
  next_file_++;
  return first;
}

void Model::close_file(unsigned slot) {
  const auto file = slots_.at(slot);
  slots_.erase(slot);
  users_.at(file).has_slot = false;
  put_file(file);
}

void Model::put_file(unsigned id) {
  const auto& file = users_.at(id);
  if (!file.has_slot && file.mappings == 0) {
    users_.erase(id);
  }
  if (users_.empty()) {
    suspended_ = false;
    low_power_ = false;
  }
}

std::uint64_t Model::in_memory(unsigned region, std::uint64_t offset,
                               std::uint64_t count) const {
  const auto* shape = shape_.find(region);
  return offset < shape->size ? std::min(count, shape->size - offset) : 0;
}

Reply Model::read(unsigned region, std::uint64_t offset,
                  std::uint64_t count) const {
  const auto* shape = shape_.find(region);
  if (count == 0) {
    return {};
  }
  if (offset >= shape->bar_size) {
    return {.result = -EINVAL, .bytes = {}};
  }
  const auto memory = in_memory(region, offset, count);
  if (memory > 0 && !accessible()) {
    return {.result = -EIO, .bytes = {}};
  }
  count = std::min(count, shape->bar_size - offset);
  Reply reply{.result = static_cast<long>(count),
              .bytes = std::vector<std::uint8_t>(count, 0xFF)};
  if (memory > 0) {
    memories_.at(region).read(offset, std::span(reply.bytes).first(memory));
  }
  return reply;
}

long Model::write(unsigned region, std::uint64_t offset,
                  std::span<const std::uint8_t> bytes) {
  const auto* shape = shape_.find(region);
  if (bytes.empty()) {
    return 0;
  }
  if (offset >= shape->bar_size) {
    return -EINVAL;
  }
  const auto memory = in_memory(region, offset, bytes.size());
  if (memory > 0) {
    if (!accessible()) {
      return -EIO;
    }
    memories_[region].write(offset, bytes.first(memory));
  }
  return static_cast<long>(
      std::min<std::uint64_t>(bytes.size(), shape->bar_size - offset));
}

Reply Model::readv(unsigned region, std::uint64_t offset,
                   std::span<const std::uint32_t> counts) const {
  Reply all;
  for (const auto count : counts) {
    const auto part = read(region, offset, count);
    if (part.result < 0) {
      all.result = all.result > 0 ? all.result : part.result;
      break;
    }
    all.result += part.result;
    all.bytes.insert(all.bytes.end(), part.bytes.begin(), part.bytes.end());
    offset += static_cast<std::uint64_t>(part.result);
    if (part.result != static_cast<long>(count)) {
      break;
    }
  }
  return all;
}

long Model::writev(unsigned region, std::uint64_t offset,
                   std::span<const std::uint32_t> counts,
                   std::span<const std::uint8_t> bytes) {
  long all = 0;
  for (const auto count : counts) {
    const auto part = write(region, offset, bytes.first(count));
    if (part < 0) {
      return all > 0 ? all : part;
    }
    all += part;
    offset += static_cast<std::uint64_t>(part);
    bytes = bytes.subspan(count);
    if (part != static_cast<long>(count)) {
      break;
    }
  }
  return all;
}

void Model::reset() {
  config_.reset();
  // VFIO wakes the function for a reset; a low power that user space asked
  // for is another matter.
  suspended_ = false;
}

long Model::map_result(const MapRequest& request) const {
  const auto* shape = shape_.find(request.region);
  const auto page = shape_.page_size;
  if (request.length == 0 || request.offset % page != 0 || !request.shared) {
    return -EINVAL;
  }
  const auto length = (request.length + page - 1) / page * page;
  if (request.offset > shape->size || length > shape->size - request.offset) {
    return -EINVAL;
  }
  return 0;
}

void Model::add_mapping(unsigned slot, unsigned file_slot,
                        const MapRequest& request) {
  const auto page = shape_.page_size;
  const auto file = slots_.at(file_slot);
  users_.at(file).mappings++;
  mappings_[slot] = {.region = request.region,
                     .offset = request.offset,
                     .length = (request.length + page - 1) / page * page,
                     .readable = request.readable,
                     .writable = request.writable,
                     .file = file};
}

void Model::unmap(unsigned slot, std::uint64_t from, std::uint64_t length,
                  unsigned rest_slot) {
  auto& mapping = mappings_.at(slot);
  const auto file = mapping.file;
  const auto end = from + length;
  if (end < mapping.length) {
    Mapping rest = mapping;
    rest.offset += end;
    rest.length -= end;
    users_.at(file).mappings++;
    mappings_[rest_slot] = rest;
  }
  mapping.length = from;
  if (from == 0) {
    mappings_.erase(slot);
    users_.at(file).mappings--;
    put_file(file);
  }
}

void Model::protect(unsigned slot, bool readable, bool writable) {
  mappings_.at(slot).readable = readable;
  mappings_.at(slot).writable = writable;
}

Touch Model::touch_result(unsigned slot, Access access) const {
  const auto& mapping = mappings_.at(slot);
  const bool allowed =
      access == Access::read ? mapping.readable : mapping.writable;
  if (!allowed) {
    return Touch::segmentation_fault;
  }
  return touchable() ? Touch::done : Touch::bus_error;
}

}  // namespace exerciser
