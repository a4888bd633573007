// SPDX-License-Identifier: GPL-2.0-or-later
#include "inject/scenario.hpp"

#include <poll.h>
#include <sys/wait.h>

#include <array>

#include "cli/exit_code.hpp"
#include "host/host_lock.hpp"
#include "host/hung_records.hpp"
#include "host/state_dir.hpp"
#include "ops/recovery.hpp"

namespace nvgpuctl::inject {
namespace {

using std::chrono::milliseconds;

const DriverState kHost{"nvidia", std::nullopt};
const DriverState kGuest{"nvgrace_gpu_vfio_pci", "nvgrace_gpu_vfio_pci"};
const Signature kSignature{"boot-1", "uid 0", "2026-01-31T09:30:00Z"};

OriginRecord origin(const PciAddress& gpu) {
  return {gpu, kHost, kSignature, {}, false};
}

// What a verb prints and exits with.
std::string verdict(const Result<>& done) {
  return done ? "0\n\n"
              : fmt::format("{}\n{}: {} ({})\n",
                            static_cast<int>(cli::exit_code(done.error().code)),
                            done.error().subject, done.error().problem,
                            done.error().hint);
}

Result<> error_of(const std::optional<Error>& error) {
  return error ? Result<>(tl::unexpected<Error>(*error)) : Result<>();
}

Result<> recover_locked(const RootDir& root, ModuleLoader& modules) {
  const auto recovery = recover(root, modules);
  auto done = error_of(recovery.failure);
  return done && !recovery.hung.empty()
             ? Result<>(tl::unexpected<Error>(recovery.hung[0]))
             : done;
}

Result<> change_locked(const World& world, const Scenario& scenario,
                       const RootDir& root, ModuleLoader& modules,
                       const std::vector<PciAddress>& gpus) {
  const auto lock = HostLock::take(root, milliseconds(0));
  if (!lock) {
    return forward_error(lock);
  }
  auto recovered = error_of(recover(root, modules).failure);
  if (!recovered) {
    return recovered;
  }
  const Prove prove =
      [&](const PciAddress&) -> Result<std::vector<CheckSection>> {
    const auto result = scenario.works ? Verdict::pass : Verdict::fail;
    return std::vector<CheckSection>{
        {"vfio", {{"vfio-open", "", result, "", "", "", ""}}}};
  };
  return error_of(run_transaction({root, modules, prove},
                                  scenario.bind ? "bind" : "unbind", kSignature,
                                  world.changes(gpus))
                      .failure);
}

// Runs `work` on a faulty host in a process of its own and waits for it, but
// not for ever.
template <class Work>
Ended in_process(World& world, Fault fault, std::size_t point, Work&& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  const pid_t child = ::fork();
  if (child == 0) {
    FaultyHost faulty(world.kernel, fault, point);
    auto root = faulty.open(world.fake);
    // Nothing can be made that even SIGKILL does not end.
    root.be_patient({milliseconds(fault == Fault::hang ? 200 : 20'000), false});
    Modprobe modules(root, "/bin/true");
    std::string text = verdict(work(root, modules));
    text +=
        fmt::format("{}\n{}\n", faulty.calls(), fmt::join(faulty.all(), "\n"));
    (void)!::write(ends[1], text.data(), text.size());
    ::_exit(0);
  }
  const Fd in(ends[0]);
  ::close(ends[1]);
  Ended ended;
  std::string text;
  std::array<char, 4096> buffer{};
  pollfd entry{.fd = in.get(), .events = POLLIN, .revents = 0};
  while (::poll(&entry, 1, 30'000) > 0) {
    const ssize_t count = ::read(in.get(), buffer.data(), buffer.size());
    if (count <= 0) {
      ended.returned = true;
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (!ended.returned) {
    ::kill(child, SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ended.killed = WIFSIGNALED(status);
  const auto lines = split(text, '\n');
  if (!ended.killed && lines.size() > 3) {
    ended.code = static_cast<int>(*parse_unsigned(lines[0]));
    ended.text = lines[1];
    ended.calls = *parse_unsigned(lines[2]);
    for (std::size_t i = 3; i < lines.size(); ++i) {
      ended.all.emplace_back(lines[i]);
    }
    ended.call = point > 0 && point <= ended.all.size() ? ended.all[point - 1]
                                                        : std::string();
  }
  return ended;
}

}  // namespace

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all;
  for (const std::size_t gpus : {1UL, 2UL, 4UL}) {
    all.push_back({fmt::format("bind-{}", gpus), gpus, true, true, false});
    all.push_back({fmt::format("bind-{}-that-does-not-work", gpus), gpus, true,
                   false, true});
    all.push_back({fmt::format("unbind-{}", gpus), gpus, false, true, true});
  }
  return all;
}

World::World(const Scenario& scenario)
    : bind_(scenario.bind), loaded_(scenario.loaded) {
  fake.directory("/var/lib").directory("/run");
  fake.file("/proc/sys/kernel/random/boot_id", "boot-1\n");
  fake.directory("/sys/bus/pci/drivers/nvidia");
  kernel.prefer("nvidia");
  kernel.offer("nvgrace_gpu_vfio_pci");
  const auto& now = bind_ ? kHost : kGuest;
  for (std::size_t i = 0; i < scenario.gpus; ++i) {
    const PciAddress gpu{static_cast<unsigned short>(9 + 16 * i), 1, 0, 0};
    gpus.push_back(gpu);
    fake.pci_function(to_string(gpu), "0x10de", "0x2342");
    fake.driver(to_string(gpu), now.driver);
    if (!bind_) {
      fake.attribute(to_string(gpu), "driver_override",
                     *now.driver_override + "\n");
      (void)store_origin(fake.open(), origin(gpu)).has_value();
    }
  }
}

std::vector<Change> World::changes(const std::vector<PciAddress>& which) const {
  std::vector<Change> all;
  for (const auto& gpu : which) {
    const JournalState host{kHost, false, {}};
    const JournalState guest{kGuest, false, origin(gpu)};
    all.push_back(
        {plan_change(
             gpu, bind_ ? kHost : kGuest, bind_ ? kGuest : kHost,
             loaded_ ? DriverPresence::loaded : DriverPresence::not_loaded),
         {gpu, bind_ ? host : guest, bind_ ? guest : host}});
  }
  return all;
}

Where World::where(const PciAddress& gpu) const {
  const auto root = fake.open();
  const auto now = read_driver_state(root, gpu);
  const auto record = read_origin(root, gpu);
  if (now && record && *now == kGuest && *record == origin(gpu)) {
    return Where::guest;
  }
  return now && record && *now == kHost && !*record ? Where::host
                                                    : Where::between;
}

Where World::where() const {
  const Where first = where(gpus[0]);
  for (const auto& gpu : gpus) {
    if (where(gpu) != first) {
      return Where::between;
    }
  }
  return first;
}

Ended change_in_process(World& world, const Scenario& scenario, Fault fault,
                        std::size_t point,
                        const std::vector<PciAddress>& gpus) {
  return in_process(
      world, fault, point, [&](const RootDir& root, ModuleLoader& modules) {
        return change_locked(world, scenario, root, modules, gpus);
      });
}

Ended recover_in_process(World& world, Fault fault, std::size_t point) {
  return in_process(world, fault, point,
                    [&](const RootDir& root, ModuleLoader& modules) {
                      const auto lock = HostLock::take(root, milliseconds(0));
                      return lock ? recover_locked(root, modules)
                                  : Result<>(forward_error(lock));
                    });
}

bool collect_orphans(World& world) {
  for (;;) {
    const pid_t pid = ::waitpid(-1, nullptr, WNOHANG);
    if (pid <= 0) {
      return pid < 0;
    }
    world.kernel.after("reap", fmt::format("/proc/{}", pid));
  }
}

void end_orphans(World& world) {
  for (const auto& gpu : world.gpus) {
    if (const auto hung = find_hung(world.fake.open(), to_string(gpu))) {
      ::kill(static_cast<pid_t>(hung->pid), SIGKILL);
    }
  }
  while (!collect_orphans(world)) {
    std::this_thread::sleep_for(milliseconds(1));
  }
}

}  // namespace nvgpuctl::inject
