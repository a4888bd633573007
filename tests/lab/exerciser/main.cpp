// SPDX-License-Identifier: GPL-2.0-or-later
// The rough guest. Runs as root on a host whose GPU has nvgpuctl's driver.
#include <getopt.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "exercise.hpp"
#include "touch_bench.hpp"
#include "vfio_device.hpp"
#include "wait.hpp"

namespace {

constexpr int kUsage = 2;

constexpr const char* kHelp = R"(usage:
  exerciser (--device ADDRESS | --group NUMBER) [options]
      drives the driver at random and compares with a model; exits with 1 at
      the first disagreement, and says how to see it again
        --operations N   how many (default 10000)
        --seed S         which ones (default: of the clock)
        --threads T      in a storm of accesses (default 4)
        --unbinds N      take the device from its driver, N times or so
        --only KIND      nothing but these, by the names that --replay prints
        --replay         print every operation before it is done
  exerciser touch (--device ADDRESS | --group NUMBER) [--alignment N] [--skew N]
      maps all usable memory at SKEW bytes behind a multiple of ALIGNMENT,
      touches every page and reads it; sizes in bytes, with K, M or G
  exerciser wait (--device ADDRESS | --group NUMBER) [--threads T] [--after E]
      opens the device, which resets it, and touches its memory from T threads
      at once; or touches it, and then after E: reset (by sysfs), d3hot,
      low-power
)";

struct Arguments {
  std::string device;
  std::string group;
  exerciser::Options options;
  exerciser::Placement placement{.alignment = exerciser::kGiB, .skew = 0};
  exerciser::After after = exerciser::After::open;
  bool wrong = false;
};

std::uint64_t number(const char* text) {
  return std::strtoull(text, nullptr, 0);
}

// Nothing for a word that is none of these.
std::optional<exerciser::After> after(std::string_view word) {
  using exerciser::After;
  if (word == "open") {
    return After::open;
  }
  if (word == "reset") {
    return After::reset;
  }
  if (word == "d3hot") {
    return After::d3hot;
  }
  return word == "low-power" ? std::optional(After::low_power) : std::nullopt;
}

std::uint64_t size(const char* text) {
  char* end = nullptr;
  const auto value = std::strtoull(text, &end, 0);
  switch (*end) {
    case 'K':
      return value * exerciser::kKiB;
    case 'M':
      return value * exerciser::kMiB;
    case 'G':
      return value * exerciser::kGiB;
    default:
      return value;
  }
}

void take(Arguments& arguments, int option) {
  switch (option) {
    case 'd':
      arguments.device = optarg;
      break;
    case 'g':
      arguments.group = optarg;
      break;
    case 'o':
      arguments.options.operations = number(optarg);
      break;
    case 's':
      arguments.options.seed = number(optarg);
      break;
    case 't':
      arguments.options.threads = static_cast<unsigned>(number(optarg));
      break;
    case 'u':
      arguments.options.unbinds = static_cast<unsigned>(number(optarg));
      break;
    case 'n':
      arguments.wrong |= !exerciser::only(optarg);
      arguments.options.weights =
          exerciser::only(optarg).value_or(exerciser::usual_weights());
      break;
    case 'r':
      arguments.options.replay = true;
      break;
    case 'a':
      arguments.placement.alignment = size(optarg);
      break;
    case 'k':
      arguments.placement.skew = size(optarg);
      break;
    case 'e':
      arguments.wrong |= !after(optarg);
      arguments.after = after(optarg).value_or(exerciser::After::open);
      break;
    default:
      arguments.wrong = true;
      break;
  }
}

Arguments parse(int argc, char** argv) {
  static constexpr std::array kOptions{
      option{"device", required_argument, nullptr, 'd'},
      option{"group", required_argument, nullptr, 'g'},
      option{"operations", required_argument, nullptr, 'o'},
      option{"seed", required_argument, nullptr, 's'},
      option{"threads", required_argument, nullptr, 't'},
      option{"unbinds", required_argument, nullptr, 'u'},
      option{"only", required_argument, nullptr, 'n'},
      option{"replay", no_argument, nullptr, 'r'},
      option{"alignment", required_argument, nullptr, 'a'},
      option{"skew", required_argument, nullptr, 'k'},
      option{"after", required_argument, nullptr, 'e'},
      option{nullptr, 0, nullptr, 0}};
  Arguments arguments;
  int letter = 0;
  while ((letter = getopt_long(argc, argv, "", kOptions.data(), nullptr)) !=
         -1) {
    take(arguments, letter);
  }
  arguments.wrong |= optind != argc || arguments.options.threads == 0 ||
                     arguments.placement.alignment == 0;
  if (arguments.options.seed == 0) {
    arguments.options.seed = static_cast<std::uint64_t>(
        std::chrono::system_clock::now().time_since_epoch().count());
  }
  if (arguments.device.empty() && !arguments.group.empty()) {
    arguments.device = exerciser::VfioDevice::find_in_group(arguments.group);
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  const bool touch = verb == "touch";
  const bool wait = verb == "wait";
  const int words = touch || wait ? 1 : 0;
  const auto arguments = parse(argc - words, argv + words);
  if (arguments.wrong || arguments.device.empty()) {
    std::cerr << kHelp;
    return kUsage;
  }
  exerciser::VfioDevice device(arguments.device);
  if (const auto error = device.connect(); !error.empty()) {
    std::cerr << "exerciser: " << error << '\n';
    return kUsage;
  }
  if (touch) {
    return exerciser::touch_bench(device, arguments.placement, std::cout,
                                  std::cerr);
  }
  if (wait) {
    return exerciser::wait_for_memory(
        device,
        {.after = arguments.after, .threads = arguments.options.threads},
        std::cout, std::cerr);
  }
  return exerciser::exercise(device, arguments.options, std::cout, std::cerr);
}
