// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <chrono>

#include "base/text.hpp"
#include "cli/layout.hpp"
#include "cli/output_monitor.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"
#include "host/device_monitor.hpp"
#include "host/utc_now.hpp"

#include <nlohmann/json.hpp>

namespace nvgpuctl::cli {
namespace {

using Clock = std::chrono::steady_clock;

// A positive number, or nothing where the option is not given.
Result<std::optional<std::uint64_t>> number_of(const Arguments& arguments,
                                               std::string_view option) {
  constexpr std::uint64_t kMost = 1'000'000'000;
  const auto text = arguments.value(option);
  if (!text) {
    return std::optional<std::uint64_t>();
  }
  const auto number = parse_unsigned(*text);
  if (!number || *number == 0 || *number > kMost) {
    return fail(Errc::usage, std::string(option),
                "'" + *text + "' is not a number from 1 to 1000000000");
  }
  return number;
}

// The action of what stands for events that are missing.
constexpr std::string_view kLost = "lost";

// Follows the host from event to event.
class Follower {
 public:
  Follower(Context& context, Selection& selection, bool all)
      : context_(context), root_(selection.root), all_(all) {
    for (const auto index : selection.gpus) {
      wanted_.push_back(selection.inventory.gpus[index].pci.address);
    }
    take(std::move(selection.inventory));
  }

  // Whether the event concerned a GPU, and was printed.
  Result<bool> follow(const DeviceEvent& event) {
    auto relation = relate(event, inventory_.host, inventory_.gpus);
    // A GPU that has just come is in no inventory yet.
    const bool maybe = event.subsystem == "pci" &&
                       (event.action == "add" || event.action == kLost);
    if (relation.concern == Concern::none && !maybe) {
      return false;
    }
    const auto before = standing_;
    auto read = reread();
    if (!read) {
      return forward_error(read);
    }
    if (relation.concern == Concern::none) {
      relation = relate(event, inventory_.host, inventory_.gpus);
    }
    MonitorRecord record{utc_now(), event, relation,
                         changes_between(before, standing_)};
    std::erase_if(record.changes, [&](const StandingChange& change) {
      return !is_wanted(change.address);
    });
    const bool concerns = relation.concern != Concern::none &&
                          (!relation.gpu || is_wanted(*relation.gpu));
    if (!concerns && record.changes.empty()) {
      return false;
    }
    print(record);
    return true;
  }

 private:
  Result<> reread() {
    auto fresh = take_inventory(root_, kToJudge);
    if (!fresh) {
      return forward_error(fresh);
    }
    take(std::move(*fresh));
    return {};
  }
  void take(Inventory inventory) {
    inventory_ = std::move(inventory);
    standing_ = standing_of(inventory_.gpus);
  }

  bool is_wanted(const PciAddress& address) const {
    return all_ ||
           std::find(wanted_.begin(), wanted_.end(), address) != wanted_.end();
  }

  void print(const MonitorRecord& record) {
    if (wants_document(context_)) {
      print_document(context_, "MonitorEvent", monitor_json(record));
    } else {
      print_monitor(context_, record);
    }
  }

  Context& context_;
  const RootDir& root_;
  bool all_;
  std::vector<PciAddress> wanted_;
  Inventory inventory_;
  std::vector<GpuStanding> standing_;
};

struct Bounds {
  std::optional<std::uint64_t> count;
  std::optional<Clock::time_point> end;
};

std::optional<std::chrono::milliseconds> time_left(const Bounds& bounds) {
  if (!bounds.end) {
    return std::nullopt;
  }
  return std::max(
      std::chrono::milliseconds(0),
      std::chrono::ceil<std::chrono::milliseconds>(*bounds.end - Clock::now()));
}

Result<ExitCode> run_until(Context& context, DeviceMonitor& monitor,
                           Follower& follower, Bounds bounds) {
  while (!bounds.count || *bounds.count > 0) {
    const auto waited = monitor.wait(time_left(bounds));
    if (!waited) {
      return forward_error(waited);
    }
    auto event = waited->event;
    if (waited->why == Wake::lost) {
      print_prose(context.err, context.width, "note: ",
                  "more events than there was room for; some are missing");
      event.action = kLost;
      event.subsystem = "pci";
    } else if (waited->why != Wake::event) {
      break;
    }
    const auto printed = follower.follow(event);
    if (!printed) {
      return forward_error(printed);
    }
    if (!*printed) {
      continue;
    }
    const auto reader = context.hand_on();
    if (!reader) {
      return forward_error(reader);
    }
    if (*reader == Reader::gone) {
      break;
    }
    if (bounds.count) {
      --*bounds.count;
    }
  }
  return ExitCode::done;
}

}  // namespace

Result<ExitCode> run_monitor(Context& context, const Arguments& arguments) {
  if (context.format != Format::table && context.format != Format::wide &&
      context.format != Format::jsonl) {
    return fail(Errc::usage, "-o", "monitor prints line by line",
                "-o jsonl has a document in each line");
  }
  const auto count = number_of(arguments, "--count");
  const auto seconds = number_of(arguments, "--timeout");
  if (!count || !seconds) {
    return count ? forward_error(seconds) : forward_error(count);
  }
  const auto root = RootDir::open(context.root);
  if (!root) {
    return forward_error(root);
  }
  if (!root->live()) {
    return fail(Errc::usage, "--root", "nothing happens on a recorded host",
                "monitor works on the live host only");
  }
  // Before the host is read, so that nothing happens unseen between the two.
  auto monitor = DeviceMonitor::open();
  if (!monitor) {
    return forward_error(monitor);
  }
  auto selection =
      select(context, arguments, kToJudge, Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  print_no_gpu(context, *selection);
  if (!monitor->from_udev()) {
    print_prose(context.err, context.width, "note: ",
                "udev does not run here: events come from the kernel itself");
  }
  Bounds bounds{*count, std::nullopt};
  if (*seconds) {
    bounds.end = Clock::now() + std::chrono::seconds(**seconds);
  }
  Follower follower(context, *selection, arguments.operands.empty());
  return run_until(context, *monitor, follower, bounds);
}

}  // namespace nvgpuctl::cli
