// SPDX-License-Identifier: GPL-2.0-or-later
#include "storm.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "run.hpp"

namespace exerciser {
namespace {

enum class Outcome { done, refused, wrong };

using Bytes = std::span<std::uint8_t, sizeof(std::uint64_t)>;

Outcome by_mapping(Device& device, const StormStep& step, const StormWord& word,
                   Bytes bytes) {
  const auto touch = step.write ? device.store(word.address, bytes)
                                : device.load(word.address, bytes);
  if (touch == Touch::done) {
    return Outcome::done;
  }
  return touch == Touch::bus_error ? Outcome::refused : Outcome::wrong;
}

Outcome by_file(Device& device, unsigned file, const StormStep& step,
                const StormWord& word, Bytes bytes) {
  const Piece piece{
      .data = bytes.data(), .size = bytes.size(), .present = bytes.size()};
  const auto offset = file_offset(word.region, word.offset);
  const auto result = step.write ? device.write(file, offset, {&piece, 1})
                                 : device.read(file, offset, {&piece, 1});
  if (result == static_cast<long>(bytes.size())) {
    return Outcome::done;
  }
  return result == -EIO ? Outcome::refused : Outcome::wrong;
}

std::string complain(const StormStep& step, const StormWord& word,
                     const std::string& problem) {
  return std::string(step.write ? "write" : "read") +
         (step.by_file ? " by file" : " by mapping") + " of region " +
         std::to_string(word.region) + " at " + hex(word.offset) + ": " +
         problem;
}

void run_thread(Device& device, unsigned file, StormThread& thread,
                bool may_refuse) {
  for (const auto& step : thread.steps) {
    auto& word = thread.words[step.word];
    std::uint64_t value = step.value;
    const Bytes bytes(reinterpret_cast<std::uint8_t*>(&value), sizeof(value));
    const auto outcome = step.by_file ? by_file(device, file, step, word, bytes)
                                      : by_mapping(device, step, word, bytes);
    if (outcome == Outcome::refused && may_refuse) {
      continue;
    }
    if (outcome != Outcome::done) {
      thread.failure = complain(step, word, "failed");
      return;
    }
    if (!step.write && value != word.value) {
      thread.failure =
          complain(step, word,
                   "saw " + hex(value) + ", there must be " + hex(word.value));
      return;
    }
    word.value = value;
  }
}

long toggle_decode(Device& device, unsigned file) {
  constexpr unsigned kTimes = 6;
  for (unsigned i = 0; i < kTimes; i++) {
    const long off = set_decode(device, file, false);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    const long on = set_decode(device, file, true);
    if (off != 0 || on != 0) {
      return off != 0 ? off : on;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  return 0;
}

long disturb(Device& device, unsigned file, Disturbance disturbance) {
  switch (disturbance) {
    case Disturbance::reset:
      return patient_reset(device, file);
    case Disturbance::decode_off:
      return toggle_decode(device, file);
    case Disturbance::none:
      break;
  }
  return 0;
}

}  // namespace

long set_decode(Device& device, unsigned file, bool on) {
  std::uint8_t command = on ? ConfigModel::kMemoryEnable : 0;
  const Piece piece{.data = &command, .size = 1, .present = 1};
  const auto result = device.write(
      file, file_offset(kConfigRegion, ConfigModel::kCommand), {&piece, 1});
  return result == 1 ? 0 : result;
}

long patient_reset(Device& device, unsigned file) {
  constexpr int kTries = 100;
  long result = 0;
  for (int i = 0; i < kTries; i++) {
    result = device.reset(file);
    if (result != -EAGAIN) {
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return result;
}

long run_storm(Device& device, unsigned file, std::span<StormThread> threads,
               Disturbance disturbance) {
  const bool may_refuse = disturbance == Disturbance::decode_off;
  std::vector<std::thread> running;
  for (auto& thread : threads) {
    if (device.parallel()) {
      running.emplace_back(
          [&] { run_thread(device, file, thread, may_refuse); });
    } else {
      run_thread(device, file, thread, may_refuse);
    }
  }
  const long result = disturb(device, file, disturbance);
  for (auto& thread : running) {
    thread.join();
  }
  return result;
}

}  // namespace exerciser
