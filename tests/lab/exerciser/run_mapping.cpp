// SPDX-License-Identifier: GPL-2.0-or-later
// mmap() and what can be done with it.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "random.hpp"
#include "run.hpp"

namespace exerciser {

Verdict Run::do_map(const Operation& operation) {
  const MapRequest request{.region = operation.region,
                           .offset = operation.offset,
                           .length = operation.length,
                           .readable = operation.readable,
                           .writable = operation.writable,
                           .shared = operation.shared};
  const auto expected = model_.map_result(request);
  const auto mapped = device_.map(operation.file, request, operation.placement);
  if (mapped.result == 0) {
    // Also where it should not have been: it has to be unmapped at the end.
    addresses_[operation.mapping] = mapped.address;
    model_.add_mapping(operation.mapping, operation.file, request);
  }
  return compare_result(expected, mapped.result);
}

Verdict Run::do_touch(const Operation& operation) {
  const bool writing = operation.kind == Kind::store;
  const auto region = operation.region;
  const auto expected = model_.touch_result(
      operation.mapping, writing ? Access::write : Access::read);
  std::vector<std::uint8_t> bytes(operation.length);
  std::vector<std::uint8_t> expected_bytes;
  if (expected == Touch::done) {
    if (model_.files().empty() || !model_.accessible()) {
      return std::nullopt;  // no way to know what is there
    }
    if (auto verdict = adopt(region, operation.offset, operation.length)) {
      return verdict;
    }
    expected_bytes =
        model_.read(region, operation.offset, operation.length).bytes;
  }
  if (writing) {
    Random(operation.seed).fill(bytes);
  }
  const auto seen = writing ? device_.store(address(operation), bytes)
                            : device_.load(address(operation), bytes);
  if (seen != expected) {
    return Mismatch{touch_name(expected), touch_name(seen)};
  }
  if (seen != Touch::done) {
    return std::nullopt;
  }
  if (writing) {
    model_.write(region, operation.offset, bytes);
    return std::nullopt;
  }
  return compare_bytes(expected_bytes, bytes, operation.offset);
}

Verdict Run::do_unmap(const Operation& operation) {
  const auto& mapping = model_.mappings().at(operation.mapping);
  const auto end = operation.at + operation.length;
  const bool leaves_rest = end < mapping.length;
  auto* start = addresses_.at(operation.mapping);
  const auto result = device_.unmap(start + operation.at, operation.length);
  if (auto verdict = compare_result(0, result)) {
    return verdict;
  }
  model_.unmap(operation.mapping, operation.at, operation.length,
               operation.rest);
  if (leaves_rest) {
    addresses_[operation.rest] = start + end;
  }
  if (operation.at == 0) {
    addresses_.erase(operation.mapping);
  }
  return std::nullopt;
}

Verdict Run::unmap_all() {
  while (!model_.mappings().empty()) {
    const auto& [slot, mapping] = *model_.mappings().begin();
    if (auto verdict = do_unmap(
            {.kind = Kind::unmap, .mapping = slot, .length = mapping.length})) {
      return verdict;
    }
  }
  return std::nullopt;
}

Verdict Run::do_move(const Operation& operation) {
  const auto moved = device_.move(addresses_.at(operation.mapping),
                                  operation.length, operation.placement);
  if (moved.result == 0) {
    addresses_[operation.mapping] = moved.address;
  }
  return compare_result(0, moved.result);
}

// A mapping of the device never grows, or it could grow into the tail.
Verdict Run::do_resize(const Operation& operation) {
  const auto length = model_.mappings().at(operation.mapping).length;
  const auto result = device_.resize(addresses_.at(operation.mapping), length,
                                     operation.length);
  if (operation.length > length) {
    return compare_result(-EFAULT, result);
  }
  if (auto verdict = compare_result(0, result)) {
    return verdict;
  }
  if (operation.length < length) {
    model_.unmap(operation.mapping, operation.length, length - operation.length,
                 operation.mapping);
  }
  return std::nullopt;
}

Verdict Run::do_protect(const Operation& operation) {
  const auto result =
      device_.protect(addresses_.at(operation.mapping), operation.length,
                      operation.readable, operation.writable);
  model_.protect(operation.mapping, operation.readable, operation.writable);
  return compare_result(0, result);
}

// A look at the first bytes of every mapping that can be read.
std::vector<Operation> Run::glances() {
  std::vector<Operation> all;
  for (const auto& [slot, mapping] : model_.mappings()) {
    if (mapping.readable) {
      all.push_back({.kind = Kind::load,
                     .mapping = slot,
                     .region = mapping.region,
                     .offset = mapping.offset,
                     .length = sizeof(std::uint64_t)});
    }
  }
  return all;
}

// Mappings are inherited, present pages included; what the child does to them
// must leave ours alone.
Verdict Run::do_fork() {
  const auto looks = glances();
  for (const auto& look : looks) {
    if (auto verdict = adopt(look.region, look.offset, look.length)) {
      return verdict;
    }
  }
  const pid_t child = fork();
  if (child == 0) {
    int wrong = 0;
    for (const auto& look : looks) {
      wrong += do_touch(look) ? 1 : 0;
    }
    _exit(wrong == 0 ? 0 : 1);
  }
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    return Mismatch{
        "the child sees the same memory",
        child < 0 ? "no child" : "status " + std::to_string(status)};
  }
  for (const auto& look : looks) {
    if (auto verdict = do_touch(look)) {
      return verdict;
    }
  }
  return std::nullopt;
}

// The kernel may refuse to let devices reach such memory. What counts is that
// it survives being asked, and that nothing else changes.
Verdict Run::do_dma_map(const Operation& operation) {
  device_.dma_map(addresses_.at(operation.mapping), operation.length);
  return std::nullopt;
}

// Not every kernel makes them, and the caller knows which; none may make one of
// what is not memory.
Verdict Run::do_dma_buf(const Operation& operation) {
  const auto result = device_.make_dma_buf(operation.file, operation.region,
                                           operation.offset, operation.length);
  const auto memory =
      model_.in_memory(operation.region, operation.offset, operation.length);
  if (result >= 0 && (operation.length == 0 || memory < operation.length)) {
    return Mismatch{"an error, this is not all memory", show_result(result)};
  }
  dma_bufs_ += result >= 0 ? 1U : 0U;
  return std::nullopt;
}

}  // namespace exerciser
