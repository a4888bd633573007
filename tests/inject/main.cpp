// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every call of every scenario goes wrong in turn, in every way; then what was
// left is looked at, recovered, and looked at again. docs/reliability.md says
// what is held to be right.
#include <sys/prctl.h>

#include <cstdio>
#include <string_view>

#include "host/host_lock.hpp"
#include "host/hung_records.hpp"
#include "host/state_dir.hpp"
#include "inject/scenario.hpp"
#include "inject/storm.hpp"
#include "ops/inventory.hpp"

namespace nvgpuctl::inject {
namespace {

using std::chrono::milliseconds;

struct Counts {
  std::size_t points = 0;
  std::size_t violations = 0;
  std::array<std::size_t, 16> codes{};  // by exit code
  std::size_t killed = 0;
  std::size_t hung = 0;  // processes that were left behind
};

// One run at one point.
class Run {
 public:
  Run(const Scenario& scenario, Fault fault, std::size_t point, Counts& counts)
      : scenario_(scenario), fault_(fault), point_(point), counts_(counts) {}

  Ended go() {
    ++counts_.points;
    auto ended =
        change_in_process(world_, scenario_, fault_, point_, world_.gpus);
    want(ended.returned, "the tool does not return");
    want(ended.killed == (fault_ == Fault::death),
         ended.killed ? "the tool crashed" : "nothing killed the tool");
    counts_.killed += ended.killed ? 1 : 0;
    if (ended.code >= 0 && ended.code < 16) {
      ++counts_.codes.at(static_cast<std::size_t>(ended.code));
    }
    call_ = ended.killed ? "(killed)" : ended.call;
    settle();
    check_lock();
    // Memory that cannot be given back is told, and nothing is undone for it:
    // the GPU has arrived.
    if (fault_ == Fault::hang && ended.tells && ended.code != 7) {
      ++counts_.hung;
      end_orphans(world_);
    }
    if (!ended.killed) {
      check_report(ended);
    }
    if (!collect_orphans(world_)) {
      ++counts_.hung;
      check_hung(ended);
      end_orphans(world_);
    }
    check_recovery();
    // Whoever starts services goes on where one does not, and says so. What a
    // hung GPU's neighbours run is not asked.
    want(ended.tells || fault_ == Fault::hang || world_.all_runs_as_it_should(),
         "services or memory are not as they are to be");
    return ended;
  }

  // As go(), but recovery is killed at its n-th call, too. False when it was
  // not: it has fewer.
  bool go_and_die_again(std::size_t second) {
    ++counts_.points;
    const auto first =
        change_in_process(world_, scenario_, fault_, point_, world_.gpus);
    want(first.killed, "nothing killed the tool");
    settle();
    const auto again = recover_in_process(world_, Fault::death, second);
    settle();
    call_ = fmt::format("recovery killed at {}", second);
    check_lock();
    check_recovery();
    want(world_.all_runs_as_it_should(),
         "services or memory are not as they are to be");
    return again.killed;
  }

 private:
  void want(bool good, const std::string& what) {
    if (!good) {
      ++counts_.violations;
      std::printf("VIOLATION %s, fault %d at %zu (%s): %s\n",
                  scenario_.name.c_str(), static_cast<int>(fault_), point_,
                  call_.c_str(), what.c_str());
    }
  }
  // What was left behind and does not hang comes to its end.
  void settle() {
    for (int i = 0; i < 5000 && !collect_orphans(world_); ++i) {
      if (fault_ == Fault::hang) {
        return;
      }
      std::this_thread::sleep_for(milliseconds(1));
    }
  }
  bool has_journal() const {
    const auto root = world_.fake.open();
    return root.exists(kJournalPath) || !list_stuck_journals(root).empty();
  }
  void check_lock() {
    want(HostLock::take(world_.fake.open(), milliseconds(0)).has_value(),
         "the lock is held");
  }
  // The exit code tells what there is, and why is said.
  void check_report(const Ended& ended) {
    want((ended.code == 0) == ended.text.empty(),
         "exit code and message differ: " + ended.text);
    if (ended.code == 0) {
      want(world_.where() == world_.goal(), "done, and it is not");
      want(!has_journal(), "done, and there is a journal");
    } else if (ended.code == 7) {
      want(has_journal(), "nobody would know what to look at");
      want(ended.text.find("nvgpuctl recover") != std::string::npos,
           "it does not say what to do: " + ended.text);
    } else {
      want(ended.code == 6 || ended.code == 1,
           fmt::format("exit code {}: {}", ended.code, ended.text));
      want(world_.where() == world_.start(),
           "it is not as it was: " + ended.text);
      // Where not even the first file could be written, none can be removed.
      want(!has_journal(), "rolled back, and there is a journal");
    }
  }
  // A write hangs: its GPU is known to need somebody, the others are as they
  // were and can be changed.
  void check_hung(const Ended& ended) {
    want(ended.code == 7, fmt::format("exit code {}", ended.code));
    std::size_t hung = 0;
    std::vector<PciAddress> others;
    const auto inventory = take_inventory(world_.fake.open(), {});
    for (const auto& gpu : world_.gpus) {
      const auto* seen = find_gpu(*inventory, gpu);
      if (seen->state == GpuState::needs_operator) {
        ++hung;
        want(check_not_hung(*seen).error().code == Errc::needs_operator,
             "a hung GPU would be changed");
        want(ended.text.find(to_string(gpu)) != std::string::npos,
             "the message does not name the GPU: " + ended.text);
        continue;
      }
      others.push_back(gpu);
      want(world_.where(gpu) == world_.start(), "another GPU was harmed");
    }
    want(hung == 1, fmt::format("{} GPUs are marked", hung));
    const auto recovered = recover_in_process(world_, Fault::none, 0);
    want(recovered.code == 7, "recover says nothing of the hung GPU");
    if (!others.empty() && scenario_.works) {
      const auto after =
          change_in_process(world_, scenario_, Fault::none, 0, others);
      want(after.code == 0, "the others cannot be changed: " + after.text);
      for (const auto& gpu : others) {
        const auto wanted =
            world_.is_changed(gpu) ? world_.goal() : world_.start();
        want(world_.where(gpu) == wanted, "not changed after all");
        moved_ = true;
      }
    }
  }
  void check_recovery() {
    const auto recovered = recover_in_process(world_, Fault::none, 0);
    want(recovered.code == 0, "recover: " + recovered.text);
    for (const auto& gpu : world_.gpus) {
      want(world_.where(gpu) != Where::between,
           to_string(gpu) + " is neither old nor new");
    }
    want(moved_ || world_.where() != Where::between, "some old, some new");
    want(!has_journal(), "there is a journal after recovery");
    // The lock is two calls that change nothing: its folder is there.
    want(recover_in_process(world_, Fault::none, 0).calls == 0,
         "recovery is not idempotent");
    want(collect_orphans(world_), "a process is left");
  }

  const Scenario& scenario_;
  Fault fault_;
  std::size_t point_;
  Counts& counts_;
  World world_{scenario_};
  std::string call_;
  bool moved_ = false;  // the others, on purpose
};

bool can_go_wrong(Fault fault, const std::string& call) {
  switch (fault) {
    case Fault::half:
      return call.starts_with("write ");
    case Fault::hang:
      return call.starts_with("write /sys/");
    default:
      return true;
  }
}

void inject(const Scenario& scenario, Counts& counts, bool all) {
  Counts dry;
  const auto calls = Run(scenario, Fault::none, 0, dry).go().all;
  counts.violations += dry.violations;
  if (calls.size() < 20 || dry.codes[scenario.works ? 0 : 6] != 1) {
    ++counts.violations;
    std::printf("VIOLATION %s: without a fault it already fails\n",
                scenario.name.c_str());
  }
  for (const auto fault : {Fault::error, Fault::error_for_good, Fault::half,
                           Fault::hang, Fault::death}) {
    for (std::size_t point = 1; point <= calls.size(); ++point) {
      // The short form takes them by turns, each fault others.
      const std::size_t step = 3 * scenario.gpus;
      const auto turn = static_cast<std::size_t>(fault);
      const bool taken = all || (point + turn) % step == 0;
      if (taken && can_go_wrong(fault, calls[point - 1])) {
        Run(scenario, fault, point, counts).go();
      }
    }
  }
}

void inject_twice(const Scenario& scenario, Counts& counts, std::size_t step) {
  Counts dry;
  const auto calls = Run(scenario, Fault::none, 0, dry).go().all;
  for (std::size_t point = 1; point <= calls.size(); point += step) {
    std::size_t second = 1;
    while (
        Run(scenario, Fault::death, point, counts).go_and_die_again(second)) {
      second += step;
    }
  }
}

void print(const std::string& name, const Counts& counts) {
  std::printf("%-30s %6zu  %6zu %6zu %6zu %6zu  %6zu %5zu  %zu\n", name.c_str(),
              counts.points, counts.codes[0], counts.codes[1], counts.codes[6],
              counts.codes[7], counts.killed, counts.hung, counts.violations);
  std::fflush(stdout);
}

int run(bool all, std::string_view only) {
  std::printf("%-30s %6s  %6s %6s %6s %6s  %6s %5s  %s\n", "scenario", "points",
              "exit 0", "exit 1", "exit 6", "exit 7", "killed", "hung",
              "violations");
  std::size_t violations = 0;
  std::size_t points = 0;
  const auto add = [&](const std::string& name, const Counts& counts) {
    print(name, counts);
    violations += counts.violations;
    points += counts.points;
  };
  for (const auto& scenario : scenarios()) {
    if (only.empty() || only == scenario.name) {
      Counts counts;
      inject(scenario, counts, all);
      add(scenario.name, counts);
    }
  }
  for (const auto& scenario : scenarios()) {
    // apply plans in another way than bind, and recovers in the same.
    const bool two = all && scenario.gpus == 2 && !scenario.policy;
    if (only.empty() && (scenario.gpus == 1 || two)) {
      Counts counts;
      inject_twice(scenario, counts, all ? 1 : 8);
      add(scenario.name + ", twice", counts);
    }
  }
  if (points == 0) {
    std::printf("there is no scenario %s\n", std::string(only).c_str());
    return 2;
  }
  if (only.empty()) {
    violations += storm(std::chrono::seconds(all ? 60 : 4));
  }
  std::printf("%zu points, %zu violations\n", points, violations);
  return violations == 0 ? 0 : 1;
}

}  // namespace
}  // namespace nvgpuctl::inject

int main(int argc, char** argv) {
  // Processes that a killed tool leaves behind come to us.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const std::string_view form = argc < 2 ? "" : argv[1];
  if (form == "--storm") {
    const auto violations = nvgpuctl::inject::storm(std::chrono::seconds(4));
    return violations == 0 ? 0 : 1;
  }
  if (form == "--only" && argc > 2) {
    return nvgpuctl::inject::run(true, argv[2]);
  }
  if (argc > 2 || (argc == 2 && form != "--short")) {
    std::fputs("usage: inject [--short | --storm | --only SCENARIO]\n", stderr);
    return 2;
  }
  return nvgpuctl::inject::run(argc == 1, "");
}
