// SPDX-License-Identifier: GPL-2.0-or-later
// Open, close, reset, power, and several threads at once.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "random.hpp"
#include "region_info.hpp"
#include "run.hpp"

namespace exerciser {
namespace {

// The two lowest bits of PMCSR (PCI_PM_CTRL_STATE_MASK), and D3hot.
constexpr std::uint8_t kPowerState = 3;

// Gathers the fields that are not what they should be.
class Fields {
 public:
  void check(const std::string& name, std::uint64_t expected,
             std::uint64_t seen) {
    if (expected != seen) {
      expected_ += name + " " + hex(expected) + " ";
      seen_ += name + " " + hex(seen) + " ";
    }
  }
  Verdict verdict() const {
    return expected_.empty() ? std::nullopt
                             : Verdict(Mismatch{expected_, seen_});
  }

 private:
  std::string expected_;
  std::string seen_;
};

void check_sparse(Fields& fields, const SparseCapability& sparse,
                  const CoherentRegion& region) {
  fields.check("cap.id", VFIO_REGION_INFO_CAP_SPARSE_MMAP, sparse.header.id);
  fields.check("cap.version", 1, sparse.header.version);
  fields.check("cap.next", 0, sparse.header.next);
  fields.check("cap.areas", 1, sparse.areas);
  fields.check("area.offset", 0, sparse.area.offset);
  fields.check("area.size", region.size, sparse.area.size);
}

Disturbance disturbance_of(Kind kind) {
  switch (kind) {
    case Kind::storm_with_reset:
      return Disturbance::reset;
    case Kind::storm_with_decode_off:
      return Disturbance::decode_off;
    default:
      return Disturbance::none;
  }
}

}  // namespace

Verdict Run::do_open(const Operation& operation) {
  const auto result = device_.open(operation.file);
  if (auto verdict = compare_result(0, result)) {
    return verdict;
  }
  if (!model_.open_file(operation.file)) {
    return std::nullopt;
  }
  std::array<std::uint8_t, ConfigModel::kHeader> header{};
  const Piece piece{
      .data = header.data(), .size = header.size(), .present = header.size()};
  const auto count =
      device_.read(operation.file, file_offset(kConfigRegion, 0), {&piece, 1});
  if (auto verdict = compare_result(ConfigModel::kHeader, count)) {
    return verdict;
  }
  model_.config().opened(header);
  return check_config(operation.file, 0, ConfigModel::kHeader);
}

Verdict Run::do_close(const Operation& operation) {
  model_.close_file(operation.file);
  return compare_result(0, device_.close(operation.file));
}

Verdict Run::close_all() {
  for (const auto file : model_.files()) {
    if (auto verdict = do_close({.kind = Kind::close, .file = file})) {
      return verdict;
    }
  }
  return std::nullopt;
}

Verdict Run::do_reset(const Operation& operation) {
  model_.reset();
  return compare_result(0, patient_reset(device_, operation.file));
}

Verdict Run::do_power(const Operation& operation) {
  const auto where = file_offset(kConfigRegion, model_.shape().power_register);
  std::array<std::uint8_t, 2> control{};
  const Piece piece{.data = control.data(),
                    .size = control.size(),
                    .present = control.size()};
  auto result = device_.read(operation.file, where, {&piece, 1});
  if (auto verdict = compare_result(control.size(), result)) {
    return verdict;
  }
  const std::uint8_t state = operation.on ? kPowerState : std::uint8_t{0};
  control[0] = static_cast<std::uint8_t>((control[0] & ~kPowerState) | state);
  control[1] = 0;  // PME status is cleared by writing ones
  result = device_.write(operation.file, where, {&piece, 1});
  if (auto verdict = compare_result(control.size(), result)) {
    return verdict;
  }
  model_.set_suspended(operation.on);
  result = device_.read(operation.file, where, {&piece, 1});
  if (auto verdict = compare_result(control.size(), result)) {
    return verdict;
  }
  Fields fields;
  fields.check("power state", state, control[0] & kPowerState);
  return fields.verdict();
}

Verdict Run::do_low_power(const Operation& operation) {
  const bool again = operation.on && model_.low_power();
  const auto result = device_.set_low_power(operation.file, operation.on);
  model_.set_low_power(operation.on);
  return compare_result(again ? -EINVAL : 0, result);
}

Verdict Run::do_region_info(const Operation& operation) {
  const auto& region = *model_.shape().find(operation.region);
  std::array<std::uint8_t, 256> buffer{};
  RegionInfo all;
  all.info.argsz = static_cast<std::uint32_t>(operation.length);
  all.info.index = region.index;
  std::memcpy(buffer.data(), &all, sizeof(all));
  const auto result = device_.region_info(operation.file, buffer);
  if (operation.length < sizeof(all.info)) {
    return compare_result(-EINVAL, result);
  }
  if (auto verdict = compare_result(0, result)) {
    return verdict;
  }
  std::memcpy(&all, buffer.data(), sizeof(all));
  const bool fits = operation.length >= sizeof(all);
  const auto& info = all.info;
  Fields fields;
  fields.check("argsz", fits ? operation.length : sizeof(all), info.argsz);
  fields.check("flags",
               VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
                   VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS,
               info.flags);
  fields.check("index", region.index, info.index);
  fields.check("cap_offset", fits ? sizeof(info) : 0, info.cap_offset);
  fields.check("size", region.bar_size, info.size);
  fields.check("offset", file_offset(region.index, 0), info.offset);
  if (fits) {
    check_sparse(fields, all.sparse, region);
  }
  return fields.verdict();
}

// Every thread has words of its own, so that each knows what they hold.
std::vector<StormThread> Run::plan_storm(const Operation& operation) {
  constexpr std::size_t kWords = 48;
  constexpr std::size_t kSteps = 160;
  constexpr std::uint64_t kSpread = 256 * kKiB;
  constexpr std::uint64_t kWord = sizeof(std::uint64_t);
  Random random(operation.seed);
  std::vector<StormThread> threads(threads_);
  std::set<std::pair<unsigned, std::uint64_t>> taken;
  for (std::size_t i = 0; i < kWords * threads_; i++) {
    auto place = model_.mappings().begin();
    std::advance(place, random.below(model_.mappings().size()));
    const auto& [slot, mapping] = *place;
    const auto at =
        random.below(std::min(mapping.length, kSpread)) / kWord * kWord;
    const auto offset = mapping.offset + at;
    if (mapping.readable && mapping.writable &&
        taken.insert({mapping.region, offset}).second) {
      threads[i % threads_].words.push_back(
          {.address = addresses_.at(slot) + at,
           .region = mapping.region,
           .offset = offset});
    }
  }
  for (auto& thread : threads) {
    for (std::size_t i = 0; i < kSteps && !thread.words.empty(); i++) {
      thread.steps.push_back({.word = random.below(thread.words.size()),
                              .write = random.one_in(2),
                              .by_file = random.one_in(4),
                              .value = random.next()});
    }
  }
  return threads;
}

Verdict Run::do_storm(const Operation& operation) {
  auto threads = plan_storm(operation);
  for (auto& thread : threads) {
    for (auto& word : thread.words) {
      if (auto verdict = adopt(word.region, word.offset, sizeof(word.value))) {
        return verdict;
      }
      const auto bytes =
          model_.read(word.region, word.offset, sizeof(word.value)).bytes;
      std::memcpy(&word.value, bytes.data(), sizeof(word.value));
    }
  }
  const auto disturbance = disturbance_of(operation.kind);
  const auto result = run_storm(device_, operation.file, threads, disturbance);
  if (disturbance == Disturbance::reset) {
    model_.reset();
  }
  for (const auto& thread : threads) {
    if (!thread.failure.empty()) {
      return Mismatch{"every thread finds what it wrote", thread.failure};
    }
    for (const auto& word : thread.words) {
      std::array<std::uint8_t, sizeof(word.value)> bytes{};
      std::memcpy(bytes.data(), &word.value, bytes.size());
      model_.write(word.region, word.offset, bytes);
    }
  }
  return compare_result(0, result);
}

// The driver has to wait for us, and we can go on until we let go.
Verdict Run::do_unbind(const Operation& operation) {
  if (auto error = device_.begin_unbind(operation.file); !error.empty()) {
    return Mismatch{"a request to give the device back", error};
  }
  const auto& region = model_.shape().regions.front();
  if (auto verdict = do_read({.kind = Kind::read,
                              .file = operation.file,
                              .region = region.index,
                              .pieces = {8}})) {
    return verdict;
  }
  if (!model_.mappings().empty()) {
    const auto& [slot, mapping] = *model_.mappings().begin();
    if (mapping.readable) {
      const Operation load{.kind = Kind::load,
                           .mapping = slot,
                           .region = mapping.region,
                           .offset = mapping.offset,
                           .length = 8};
      if (auto verdict = do_touch(load)) {
        return verdict;
      }
    }
  }
  if (auto verdict = unmap_all()) {
    return verdict;
  }
  if (auto verdict = close_all()) {
    return verdict;
  }
  if (auto error = device_.finish_unbind(); !error.empty()) {
    return Mismatch{"unbind ends, and the driver binds again", error};
  }
  return std::nullopt;
}

}  // namespace exerciser
