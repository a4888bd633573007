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

}  // namespace

int wait_for_memory(Device& device, unsigned threads, std::ostream& out,
                    std::ostream& log) {
  const auto page = device.shape().page_size;
  auto* const memory = open_usable(device, kFile, page, {}, log);
  if (memory == nullptr) {
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
