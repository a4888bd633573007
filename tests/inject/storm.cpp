// SPDX-License-Identifier: GPL-2.0-or-later
#include "inject/storm.hpp"

#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <random>

#include "cli/exit_code.hpp"
#include "host/host_lock.hpp"
#include "host/state_dir.hpp"
#include "ops/driver_changes.hpp"
#include "ops/hook.hpp"
#include "ops/inventory.hpp"
#include "ops/recovery.hpp"
#include "support/fake_vfio.hpp"
#include "support/four_gpus.hpp"

namespace nvgpuctl::inject {
namespace {

using cli::ExitCode;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kProcesses = 50;
constexpr milliseconds kLockWait{500};
// A change of four GPUs, its recovery, and 50 processes on few processors.
constexpr milliseconds kMostWork{20'000};

enum class Action { bind, unbind, list, prepare, release };
constexpr std::size_t kActions = 5;
constexpr std::array<const char*, kActions> kNames{"bind", "unbind", "list",
                                                   "prepare", "release"};

// Of one process or of all; goes through a pipe as it is.
struct Tally {
  std::array<std::array<std::size_t, 12>, kActions> codes{};
  std::size_t violations = 0;
};

Result<> change(const RootDir& root, ModuleLoader& modules, bool bind,
                const std::vector<PciAddress>& gpus) {
  const auto lock = HostLock::take(root, kLockWait);
  if (!lock) {
    return forward_error(lock);
  }
  const auto recovery = recover(root, modules);
  if (recovery.failure) {
    return tl::unexpected<Error>(*recovery.failure);
  }
  const auto inventory = take_inventory(root, {});
  if (!inventory) {
    return forward_error(inventory);
  }
  const auto signature = sign(root, bind ? "bind" : "unbind");
  std::vector<Change> changes;
  for (const auto& address : gpus) {
    const auto& gpu = *find_gpu(*inventory, address);
    auto one = bind ? change_to_variant(root, inventory->host, gpu, signature)
                    : change_to_origin(root, gpu, signature);
    if (!one) {
      return forward_error(one);
    }
    changes.push_back(std::move(*one));
  }
  const auto report = run_transaction({root, modules}, bind ? "bind" : "unbind",
                                      signature, std::move(changes));
  return report.failure ? Result<>(tl::unexpected<Error>(*report.failure))
                        : Result<>();
}

class Process {
 public:
  Process(FakeKernel& kernel, const std::vector<PciAddress>& gpus,
          unsigned seed)
      : root_(kernel.open()), gpus_(gpus), random_(seed), number_(seed) {
    vfio_.offers({VfioInterface::group, "/dev/vfio/57"});
  }

  Tally run(steady_clock::time_point end) {
    while (steady_clock::now() < end) {
      const std::size_t index = random_() % kActions;
      const auto action = static_cast<Action>(index);
      const auto start = steady_clock::now();
      const auto done = perform(action);
      const auto code =
          done ? ExitCode::done : cli::exit_code(done.error().code);
      ++tally_.codes.at(index).at(static_cast<std::size_t>(code) % 12);
      // Nothing fails here, so nothing is rolled back or needs anybody.
      const bool right =
          code == ExitCode::done || code == ExitCode::in_use ||
          (code == ExitCode::lock_timeout && action != Action::list);
      if (!right || steady_clock::now() - start > kLockWait + kMostWork) {
        ++tally_.violations;
        std::printf(
            "VIOLATION storm, %s: %s\n", kNames.at(index),
            done
                ? "took too long"
                : (done.error().subject + ": " + done.error().problem).c_str());
      }
    }
    return tally_;
  }

 private:
  std::vector<PciAddress> some() {
    std::vector<PciAddress> chosen;
    for (const auto& gpu : gpus_) {
      if (random_() % 2 == 0) {
        chosen.push_back(gpu);
      }
    }
    return chosen.empty() ? gpus_ : chosen;
  }
  Result<> perform(Action action) {
    HookTools tools{root_, loader_, vfio_};
    tools.lock_wait = kLockWait;
    tools.held_wait = milliseconds(0);
    const std::string domain = fmt::format("vm{}", number_ % 3);
    switch (action) {
      case Action::bind:
      case Action::unbind:
        return change(root_, loader_, action == Action::bind, some());
      case Action::prepare:
        return prepare_domain(tools, domain, some());
      case Action::release:
        return release_domain(tools, domain);
      case Action::list:
        break;
    }
    const auto inventory = take_inventory(root_, {});
    return !inventory ? Result<>(forward_error(inventory))
           : inventory->gpus.size() == gpus_.size()
               ? Result<>()
               : Result<>(fail(Errc::io, "list", "a GPU is missing"));
  }

  RootDir root_;
  const std::vector<PciAddress>& gpus_;
  std::mt19937 random_;
  unsigned number_;
  ScriptedLoader loader_;
  FakeVfio vfio_;
  Tally tally_;
};

// Whole, in one of the states that somebody has asked for.
std::size_t check_end(const FakeRoot& fake,
                      const std::vector<PciAddress>& gpus) {
  const std::vector<DriverState> states{
      {"", std::nullopt},
      {"vfio-pci", "vfio-pci"},
      {"vfio-pci", std::nullopt},
      {"nvgrace_gpu_vfio_pci", std::nullopt},
      {"nvgrace_gpu_vfio_pci", "nvgrace_gpu_vfio_pci"}};
  const auto root = fake.open();
  std::size_t violations = 0;
  const auto want = [&](bool good, const std::string& what) {
    violations += good ? 0 : 1;
    if (!good) {
      std::printf("VIOLATION storm, at its end: %s\n", what.c_str());
    }
  };
  want(HostLock::take(root, milliseconds(0)).has_value(), "the lock is held");
  want(!root.exists(kJournalPath), "there is a journal");
  want(list_stuck_journals(root).empty(), "a GPU is hung");
  for (const auto& gpu : gpus) {
    const auto now = read_driver_state(root, gpu);
    want(now && std::count(states.begin(), states.end(), *now) == 1,
         now ? to_string(gpu) + ": " + to_string(*now) : now.error().problem);
    want(read_origin(root, gpu).has_value(), "a record is damaged");
  }
  return violations;
}

void print(const Tally& sum) {
  for (std::size_t action = 0; action < kActions; ++action) {
    const auto& codes = sum.codes.at(action);
    std::printf(
        "storm: %-8s %7zu done, %6zu in use (exit 4), %6zu waited too "
        "long (exit 8)\n",
        kNames.at(action), codes[0], codes[4], codes[8]);
  }
}

}  // namespace

std::size_t storm(std::chrono::seconds time) {
  FakeRoot fake;
  FakeKernel kernel(fake);
  put_four_gpus(fake, kernel);
  const std::vector<PciAddress> gpus{
      {9, 1, 0, 0}, {0x19, 1, 0, 0}, {0x29, 1, 0, 0}, {0x39, 1, 0, 0}};
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return 1;
  }
  const auto end = steady_clock::now() + time;
  std::fflush(stdout);
  for (unsigned i = 0; i < kProcesses; ++i) {
    if (::fork() == 0) {
      const auto tally = Process(kernel, gpus, i).run(end);
      std::fflush(stdout);
      (void)!::write(ends[1], &tally, sizeof(tally));
      ::_exit(0);
    }
  }
  ::close(ends[1]);
  Tally sum;
  Tally one;
  std::size_t heard = 0;
  const auto last = end + kLockWait + 2 * kMostWork;
  pollfd entry{.fd = ends[0], .events = POLLIN, .revents = 0};
  while (heard < kProcesses && steady_clock::now() < last) {
    if (::poll(&entry, 1, 1000) <= 0) {
      continue;
    }
    if (::read(ends[0], &one, sizeof(one)) != sizeof(one)) {
      break;
    }
    ++heard;
    sum.violations += one.violations;
    for (std::size_t i = 0; i < kActions; ++i) {
      for (std::size_t code = 0; code < 12; ++code) {
        sum.codes.at(i).at(code) += one.codes.at(i).at(code);
      }
    }
  }
  ::close(ends[0]);
  if (heard < kProcesses) {
    std::printf("VIOLATION storm: %zu processes did not come to an end\n",
                kProcesses - heard);
    return sum.violations + 1;
  }
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
  print(sum);
  for (std::size_t action = 0; action < kActions; ++action) {
    if (sum.codes.at(action)[0] == 0) {
      std::printf("VIOLATION storm: no %s was ever done\n", kNames.at(action));
      ++sum.violations;
    }
  }
  return sum.violations + check_end(fake, gpus);
}

}  // namespace nvgpuctl::inject
