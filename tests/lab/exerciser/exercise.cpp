// SPDX-License-Identifier: GPL-2.0-or-later
#include "exercise.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <ostream>
#include <string>
#include <string_view>

#include "run.hpp"

namespace exerciser {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// An operation that never ends is a finding, too. The longest that may happen
// is a wait of 257 s for memory to get ready.
constexpr unsigned kHungSeconds = 300;
constexpr std::uint64_t kWatchEvery = 64;

void on_hung(int /*signal*/) {
  constexpr std::string_view kText =
      "an operation hangs; --replay with the same seed says which\n";
  const auto written = write(STDERR_FILENO, kText.data(), kText.size());
  _exit(written > 0 ? 1 : 2);
}

// KiB of memory that only the kernel can give back; 0 if it does not tell.
std::uint64_t unreclaimable_kib() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::uint64_t value = 0;
  std::uint64_t sum = 0;
  std::string rest;
  while (file >> name >> value && std::getline(file, rest)) {
    if (name == "SUnreclaim:" || name == "VmallocUsed:" ||
        name == "KernelStack:") {
      sum += value;
    }
  }
  return sum;
}

Weights weights_for(const Options& options) {
  auto weights = options.weights;
  if (options.unbinds > 0) {
    std::uint64_t total = 0;
    for (const auto weight : weights) {
      total += weight;
    }
    const auto wanted = total * options.unbinds / (options.operations + 1) + 1;
    weights.at(static_cast<std::size_t>(Kind::unbind)) =
        static_cast<unsigned>(wanted);
  }
  return weights;
}

void print_disagreement(std::ostream& log, const Options& options,
                        std::uint64_t number, const std::string& operation,
                        const Mismatch& mismatch) {
  log << "disagreement: seed " << options.seed << " threads " << options.threads
      << " operation " << number << ": " << operation
      << "\n  expected: " << mismatch.expected
      << "\n  seen:     " << mismatch.seen << "\n  again:    --replay --seed "
      << options.seed << " --threads " << options.threads << " --operations "
      << options.operations << " --unbinds " << options.unbinds << std::endl;
}

class Summary {
 public:
  Summary(const Options& options, const Run& run)
      : options_(options), run_(run) {}

  void kernel_memory(std::uint64_t before, std::uint64_t after) {
    memory_ = R"(, "kernel_memory_kib": {"before": )" + std::to_string(before) +
              R"(, "after": )" + std::to_string(after) + "}";
  }
  void print(std::ostream& out, std::uint64_t operations, double seconds,
             bool agreed) const {
    out << "{\"agreed\": " << (agreed ? "true" : "false")
        << ", \"seed\": " << options_.seed
        << ", \"threads\": " << options_.threads
        << ", \"operations\": " << operations << ", \"seconds\": " << seconds
        << ", \"pages\": " << run_.pages()
        << ", \"dma_bufs\": " << run_.dma_bufs() << memory_ << ", \"kinds\": {";
    const char* separator = "";
    for (std::size_t i = 0; i < kKindCount; i++) {
      out << separator << '"' << kKindNames.at(i)
          << "\": " << run_.done(static_cast<Kind>(i));
      separator = ", ";
    }
    out << "}}" << std::endl;
  }

 private:
  const Options& options_;
  const Run& run_;
  std::string memory_;
};

}  // namespace

int exercise(Device& device, const Options& options, std::ostream& out,
             std::ostream& log) {
  const auto start = Clock::now();
  Generator generator(device.shape(), options.seed, weights_for(options));
  Run run(device, options.seed, options.threads);
  Summary summary(options, run);
  std::uint64_t number = 0;
  std::uint64_t kernel_before = 0;
  std::string what = "open for the first time";
  log << "seed " << options.seed << ", threads " << options.threads << ", "
      << options.operations << " operations" << std::endl;

  std::signal(SIGALRM, on_hung);
  alarm(kHungSeconds);
  auto verdict = run.start();
  while (!verdict && number < options.operations) {
    const auto operation = generator.next(run.model());
    number++;
    what = describe(operation);
    if (options.replay) {
      log << number << ": " << what << std::endl;
    }
    if (number % kWatchEvery == 0) {
      alarm(kHungSeconds);
    }
    verdict = run.perform(operation);
    // Caches are warm by then.
    if (number == options.operations / 4) {
      kernel_before = unreclaimable_kib();
    }
  }
  if (!verdict) {
    what = "give everything back and look at all memory";
    verdict = run.finish();
    summary.kernel_memory(kernel_before, unreclaimable_kib());
  }
  alarm(0);
  if (verdict) {
    print_disagreement(log, options, number, what, *verdict);
  }
  summary.print(out, number, seconds_since(start), !verdict);
  return verdict ? 1 : 0;
}

}  // namespace exerciser
