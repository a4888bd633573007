// SPDX-License-Identifier: GPL-2.0-or-later
#include "wait.hpp"

#include <chrono>
#include <latch>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "open_usable.hpp"
#include "run.hpp"

namespace exerciser {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kFile = 0;

struct Attempt {
  bool by_file = false;
  std::string result{};
  double seconds = 0;
};

void try_access(Device& device, const std::uint8_t* address, Attempt& attempt) {
  const auto start = Clock::now();
  std::uint8_t byte = 0;
  if (attempt.by_file) {
    const Piece piece{.data = &byte, .size = 1, .present = 1};
    const auto region = device.shape().regions.front().index;
    attempt.result =
        show_result(device.read(kFile, file_offset(region, 0), {&piece, 1}));
  } else {
    attempt.result = touch_name(device.load(address, {&byte, 1}));
  }
  attempt.seconds = std::chrono::duration<double>(Clock::now() - start).count();
}

// The two lowest bits of PMCSR; the others of its first byte are read-only.
long set_power(Device& device, std::uint8_t state) {
  const auto where = file_offset(kConfigRegion, device.shape().power_register);
  const Piece piece{.data = &state, .size = 1, .present = 1};
  const auto result = device.write(kFile, where, {&piece, 1});
  return result == 1 ? 0 : result;
}

// Empty, or what is wrong.
std::string sleep_and_wake(VfioDevice& device) {
  constexpr unsigned kMostSteps = 500;
  constexpr auto kStep = std::chrono::milliseconds(10);
  if (const auto result = device.set_low_power(kFile, true); result != 0) {
    return "low power entry: " + show_result(result);
  }
  for (unsigned i = 0; i < kMostSteps && !device.asleep(); i++) {
    std::this_thread::sleep_for(kStep);
  }
  if (!device.asleep()) {
    return "in low power it does not go to sleep";
  }
  const auto result = device.set_low_power(kFile, false);
  return result == 0 ? "" : "low power exit: " + show_result(result);
}

std::string disturb(VfioDevice& device, After after) {
  constexpr std::uint8_t kD3hot = 3;
  switch (after) {
    case After::reset:
      return device.reset_by_sysfs();
    case After::d3hot: {
      const bool done =
          set_power(device, kD3hot) == 0 && set_power(device, 0) == 0;
      return done ? "" : "writing to PMCSR failed";
    }
    case After::low_power:
      return sleep_and_wake(device);
    case After::open:
      break;
  }
  return "";
}

}  // namespace

int wait_for_memory(VfioDevice& device, const WaitOptions& options,
                    std::ostream& out, std::ostream& log) {
  const auto page = device.shape().page_size;
  const auto threads = options.threads;
  auto* const memory = open_usable(device, kFile, page, {}, log);
  if (memory == nullptr) {
    return 1;
  }
  std::uint8_t byte = 0;
  if (options.after != After::open &&
      device.load(memory, {&byte, 1}) != Touch::done) {
    log << "the memory cannot be touched" << std::endl;
    return 1;
  }
  if (const auto wrong = disturb(device, options.after); !wrong.empty()) {
    log << wrong << std::endl;
    return 1;
  }
  std::vector<Attempt> attempts(threads);
  std::vector<std::thread> running;
  // Nobody begins before all are there: a new thread's stack is mapped, for
  // which the kernel waits until the faults of others have ended.
  std::latch all(threads);
  for (unsigned i = 0; i < threads; i++) {
    attempts[i].by_file = i % 2 == 1;
    running.emplace_back([&, i] {
      all.arrive_and_wait();
      try_access(device, memory, attempts[i]);
    });
  }
  for (auto& thread : running) {
    thread.join();
  }
  for (unsigned i = 0; i < threads; i++) {
    out << (i == 0 ? "[" : ", ") << R"({"by": ")"
        << (attempts[i].by_file ? "file" : "mapping") << R"(", "result": ")"
        << attempts[i].result << R"(", "seconds": )" << attempts[i].seconds
        << "}";
  }
  out << "]" << std::endl;
  device.unmap(memory, page);
  device.close(kFile);
  return 0;
}

}  // namespace exerciser
