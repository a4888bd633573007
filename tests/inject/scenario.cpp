// SPDX-License-Identifier: GPL-2.0-or-later
#include "inject/scenario.hpp"

#include <poll.h>
#include <sys/wait.h>

#include <array>

#include "cli/exit_code.hpp"
#include "host/host_lock.hpp"
#include "host/hung_records.hpp"
#include "host/state_dir.hpp"
#include "ops/policy_apply.hpp"
#include "ops/policy_file.hpp"
#include "ops/recovery.hpp"

namespace nvgpuctl::inject {
namespace {

using std::chrono::milliseconds;

// modprobe as it is, and a systemctl of files.
class Loader : public ModuleLoader {
 public:
  Loader(const RootDir& root, FakeRoot& fake)
      : root_(root),
        fake_(fake),
        modprobe_(root, ProgramOutput::dropped, "/bin/true") {}
  Result<> load(const std::string& module) override {
    return modprobe_.load(module);
  }
  Result<> control(const UnitOrder& order) override {
    const auto way =
        root_.observer()->before("systemctl " + order.verb, order.unit);
    if (way.error != 0) {
      return fail(Errc::io, order.unit,
                  "systemctl could not " + order.verb + " it");
    }
    set_service(fake_, order.verb == "start");
    return {};
  }

 private:
  const RootDir& root_;
  FakeRoot& fake_;
  Modprobe modprobe_;
};

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
  for (const auto* errors : {&recovery.stuck, &recovery.left}) {
    if (done && !errors->empty()) {
      done = tl::unexpected<Error>(errors->front());
    }
  }
  return done;
}

// As run_apply() does it, from the policy's file on.
Result<TransactionReport> apply_policy(const TransactionTools& tools,
                                       const std::vector<PciAddress>& gpus) {
  const auto inventory =
      take_inventory(tools.root, {.virtualization = true, .use = true});
  const auto policy = read_policy(tools.root);
  if (!inventory || !policy) {
    return inventory ? forward_error(policy) : forward_error(inventory);
  }
  std::vector<std::size_t> places;
  for (const auto& gpu : gpus) {
    places.push_back(static_cast<std::size_t>(find_gpu(*inventory, gpu) -
                                              inventory->gpus.data()));
  }
  auto states =
      compare_with_policy(tools.root, *inventory, places, *policy, kSignature);
  if (!states) {
    return forward_error(states);
  }
  auto work = work_of(std::move(*states), Moment::any);
  const auto possible = check_obstacles(work);
  if (!possible) {
    return forward_error(possible);
  }
  return apply_changes(tools, *inventory, policy->other_managers, kSignature,
                       std::move(work.changes));
}

Result<> change_locked(const World& world, const Scenario& scenario,
                       const RootDir& root, ModuleLoader& modules,
                       const std::vector<PciAddress>& gpus, bool& tells) {
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
  const TransactionTools tools{root, modules, prove};
  const auto report = scenario.policy
                          ? apply_policy(tools, gpus)
                          : Result<TransactionReport>(run_transaction(
                                tools, scenario.bind ? "bind" : "unbind",
                                kSignature, world.changes(gpus)));
  if (!report) {
    return forward_error(report);
  }
  for (const auto& one : report->gpus) {
    tells = tells || !not_restored(one.steps).empty() ||
            !not_restored(one.undo).empty();
  }
  return error_of(report->failure);
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
    Loader modules(root, world.fake);
    bool tells = false;
    std::string text = verdict(work(root, modules, tells));
    text += tells ? "tells\n" : "\n";
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
  if (!ended.killed && lines.size() > 4) {
    ended.code = static_cast<int>(*parse_unsigned(lines[0]));
    ended.text = lines[1];
    ended.tells = !lines[2].empty();
    ended.calls = *parse_unsigned(lines[3]);
    // Each ends with a line feed, so that there is an empty one behind them.
    for (std::size_t i = 4; i + 1 < lines.size(); ++i) {
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
    const auto add = [&](std::string_view name, Scenario scenario) {
      scenario.name = fmt::format("{}-{}", name, gpus);
      all.push_back(std::move(scenario));
    };
    add("bind", {"", gpus, true, true, false, false});
    add("bind-in-vain", {"", gpus, true, false, true, false});
    add("unbind", {"", gpus, false, true, true, false});
    add("unbind-unrecorded",
        {"", gpus, false, true, true, false, false, false, false});
    add("quiesced-bind", {"", gpus, true, true, true, true});
    add("quiesced-bind-in-vain", {"", gpus, true, false, true, true});
    add("quiesced-unbind", {"", gpus, false, true, true, true});
    add("apply", {"", gpus, true, true, false, false, true});
    add("apply-in-vain", {"", gpus, true, false, true, false, true});
    add("quiesced-apply", {"", gpus, true, true, true, true, true});
    add("quiesced-apply-back", {"", gpus, false, true, true, true, true});
    if (gpus > 1) {
      add("apply-to-some", {"", gpus, true, true, true, false, true, true});
      add("quiesced-apply-to-some",
          {"", gpus, true, true, true, true, true, true});
    }
  }
  return all;
}

Ended change_in_process(World& world, const Scenario& scenario, Fault fault,
                        std::size_t point,
                        const std::vector<PciAddress>& gpus) {
  return in_process(
      world, fault, point,
      [&](const RootDir& root, ModuleLoader& modules, bool& tells) {
        return change_locked(world, scenario, root, modules, gpus, tells);
      });
}

Ended recover_in_process(World& world, Fault fault, std::size_t point) {
  return in_process(
      world, fault, point,
      [&](const RootDir& root, ModuleLoader& modules, bool& /*tells*/) {
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
