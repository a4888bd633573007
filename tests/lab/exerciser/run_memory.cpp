// SPDX-License-Identifier: GPL-2.0-or-later
// read() and write().
#include <algorithm>
#include <cerrno>
#include <numeric>

#include "random.hpp"
#include "run.hpp"

namespace exerciser {
namespace {

// What a buffer holds before a read, to see that no more than the result of
// it was written.
constexpr std::uint8_t kUntouched = 0xA5;

std::vector<std::uint8_t> random_bytes(std::uint64_t seed,
                                       std::uint64_t count) {
  std::vector<std::uint8_t> bytes(count);
  Random(seed).fill(bytes);
  return bytes;
}

std::vector<Piece> cut(std::vector<std::uint8_t>& bytes,
                       std::span<const std::uint32_t> counts) {
  std::vector<Piece> pieces;
  auto* data = bytes.data();
  for (const auto count : counts) {
    pieces.push_back({.data = data, .size = count, .present = count});
    data += count;
  }
  return pieces;
}

std::uint64_t sum(std::span<const std::uint32_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

Verdict compare_untouched(std::span<const std::uint8_t> rest) {
  const bool touched = std::any_of(
      rest.begin(), rest.end(), [](auto byte) { return byte != kUntouched; });
  if (!touched) {
    return std::nullopt;
  }
  return Mismatch{"nothing written but the result",
                  "other bytes of the buffer have changed"};
}

}  // namespace

// Memory is there before us, and holds anything. A page's first use writes all
// of it with bytes that no other page has.
Verdict Run::adopt(unsigned region, std::uint64_t offset,
                   std::uint64_t length) {
  auto& memory = model_.memory(region);
  const auto count = model_.in_memory(region, offset, length);
  if (count == 0 || !model_.accessible() || model_.files().empty()) {
    return std::nullopt;
  }
  const auto last = (offset + count - 1) / SparseMemory::kPage;
  for (auto page = offset / SparseMemory::kPage; page <= last; page++) {
    if (memory.knows_page(page)) {
      continue;
    }
    auto bytes =
        random_bytes(seed_ ^ (page << 8U) ^ region, SparseMemory::kPage);
    const Piece piece{
        .data = bytes.data(), .size = bytes.size(), .present = bytes.size()};
    const auto start = page * SparseMemory::kPage;
    const auto result = device_.write(model_.files().front(),
                                      file_offset(region, start), {&piece, 1});
    if (auto verdict = compare_result(SparseMemory::kPage, result)) {
      verdict->seen +=
          ", writing a page at " + hex(start) + " for the first time";
      return verdict;
    }
    memory.write(start, bytes);
  }
  return std::nullopt;
}

Verdict Run::do_read(const Operation& operation) {
  const auto total = sum(operation.pieces);
  if (auto verdict = adopt(operation.region, operation.offset, total)) {
    return verdict;
  }
  const auto expected =
      model_.readv(operation.region, operation.offset, operation.pieces);
  std::vector<std::uint8_t> seen(total, kUntouched);
  const auto result = device_.read(
      operation.file, file_offset(operation.region, operation.offset),
      cut(seen, operation.pieces));
  if (auto verdict = compare_result(expected.result, result)) {
    return verdict;
  }
  if (result < 0) {
    // It can be memory that others use.
    return compare_untouched(seen);
  }
  if (auto verdict = compare_bytes(expected.bytes, seen, operation.offset)) {
    return verdict;
  }
  return compare_untouched(std::span(seen).subspan(expected.bytes.size()));
}

Verdict Run::do_write(const Operation& operation) {
  const auto total = sum(operation.pieces);
  if (auto verdict = adopt(operation.region, operation.offset, total)) {
    return verdict;
  }
  auto bytes = random_bytes(operation.seed, total);
  const auto expected = model_.writev(operation.region, operation.offset,
                                      operation.pieces, bytes);
  const auto result = device_.write(
      operation.file, file_offset(operation.region, operation.offset),
      cut(bytes, operation.pieces));
  return compare_result(expected, result);
}

// A buffer that ends before the access does: the bytes up to there are done.
// In the tail, where they mean nothing, it may also be fewer.
Verdict Run::do_bad_buffer(const Operation& operation) {
  const bool writing = operation.kind == Kind::write_bad_buffer;
  const auto region = operation.region;
  if (auto verdict = adopt(region, operation.offset, operation.length)) {
    return verdict;
  }
  const auto whole = model_.read(region, operation.offset, operation.length);
  const auto piece = edge_.piece(operation.length, operation.present);
  auto bytes = random_bytes(operation.seed, operation.present);
  std::copy(bytes.begin(), bytes.end(), piece.data);
  const auto start = file_offset(region, operation.offset);
  const auto result = writing
                          ? device_.write(operation.file, start, {&piece, 1})
                          : device_.read(operation.file, start, {&piece, 1});

  const auto memory =
      model_.in_memory(region, operation.offset, operation.length);
  const auto least = std::min(memory, operation.present);
  if (whole.result < 0) {
    // Which of two errors is found first is nobody's promise.
    return result == -EFAULT ? std::nullopt
                             : compare_result(whole.result, result);
  }
  const auto most =
      writing ? static_cast<std::uint64_t>(whole.result)
              : std::min<std::uint64_t>(operation.present, whole.bytes.size());
  if (memory > operation.present) {
    const auto expected = least > 0 ? static_cast<long>(least) : -EFAULT;
    if (auto verdict = compare_result(expected, result)) {
      return verdict;
    }
  } else if (!(result == -EFAULT && least == 0) &&
             (result < static_cast<long>(least) ||
              result > static_cast<long>(most))) {
    return Mismatch{"EFAULT or at least " + std::to_string(least) +
                        ", at most " + std::to_string(most),
                    show_result(result)};
  }
  if (result <= 0) {
    return std::nullopt;
  }
  const auto count = static_cast<std::size_t>(result);
  if (writing) {
    model_.write(region, operation.offset,
                 std::span(bytes).first(std::min(count, bytes.size())));
    return std::nullopt;
  }
  return compare_bytes(std::span(whole.bytes).first(count), {piece.data, count},
                       operation.offset);
}

// The user's buffer is a mapping of the very device: the driver needs the lock
// that the fault handler takes.
Verdict Run::do_copy(const Operation& operation) {
  const bool to_mapping = operation.kind == Kind::copy_to_mapping;
  const auto& mapping = model_.mappings().at(operation.mapping);
  const auto there = mapping.offset + operation.at;
  if (auto verdict =
          adopt(operation.region, operation.offset, operation.length)) {
    return verdict;
  }
  if (auto verdict = adopt(mapping.region, there, operation.length)) {
    return verdict;
  }
  const Piece piece{.data = address(operation),
                    .size = operation.length,
                    .present = model_.touchable() ? operation.length : 0};
  const auto start = file_offset(operation.region, operation.offset);
  const auto result = to_mapping
                          ? device_.read(operation.file, start, {&piece, 1})
                          : device_.write(operation.file, start, {&piece, 1});
  if (!model_.accessible() || !model_.touchable()) {
    return result == -EFAULT || result == -EIO
               ? std::nullopt
               : Verdict(Mismatch{"EFAULT or EIO", show_result(result)});
  }
  if (auto verdict =
          compare_result(static_cast<long>(operation.length), result)) {
    return verdict;
  }
  if (to_mapping) {
    const auto reply =
        model_.read(operation.region, operation.offset, operation.length);
    model_.write(mapping.region, there, reply.bytes);
  } else {
    const auto reply = model_.read(mapping.region, there, operation.length);
    model_.write(operation.region, operation.offset, reply.bytes);
  }
  return std::nullopt;
}

Verdict Run::check_config(unsigned file, std::uint64_t offset,
                          std::uint64_t length) {
  std::vector<ConfigByte> expected;
  const auto expected_result = model_.config().read(offset, length, expected);
  std::vector<std::uint8_t> seen(length, kUntouched);
  const Piece piece{
      .data = seen.data(), .size = seen.size(), .present = seen.size()};
  const auto result =
      device_.read(file, file_offset(kConfigRegion, offset), {&piece, 1});
  if (auto verdict = compare_result(expected_result, result)) {
    return verdict;
  }
  for (std::size_t i = 0; i < expected.size(); i++) {
    const auto [value, mask] = expected[i];
    if ((seen[i] & mask) != (value & mask)) {
      return Mismatch{hex(value & mask) + " (in the bits " + hex(mask) +
                          ") at offset " + hex(offset + i),
                      hex(seen[i])};
    }
  }
  return std::nullopt;
}

Verdict Run::do_config_read(const Operation& operation) {
  return check_config(operation.file, operation.offset, operation.length);
}

Verdict Run::do_config_write(const Operation& operation) {
  auto bytes = operation.bytes;
  const auto expected = model_.config().write(operation.offset, bytes);
  const Piece piece{
      .data = bytes.data(), .size = bytes.size(), .present = bytes.size()};
  const auto result =
      device_.write(operation.file,
                    file_offset(kConfigRegion, operation.offset), {&piece, 1});
  return compare_result(expected, result);
}

// No such region, or one of a BAR that is another's upper half.
Verdict Run::do_other_region(const Operation& operation) {
  std::vector<std::uint8_t> bytes(operation.length);
  const Piece piece{
      .data = bytes.data(), .size = bytes.size(), .present = bytes.size()};
  const auto start = file_offset(operation.region, operation.offset);
  const auto result = operation.on
                          ? device_.write(operation.file, start, {&piece, 1})
                          : device_.read(operation.file, start, {&piece, 1});
  return compare_result(operation.length == 0 ? 0 : -EINVAL, result);
}

}  // namespace exerciser
