// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "host/module_loader.hpp"
#include "ops/bind.hpp"
#include "support/fake_root.hpp"

// Plain files take every write, but nothing comes of it. Here is what does the
// kernel's part on them.

namespace nvgpuctl {

class ScriptedLoader : public ModuleLoader {
 public:
  Result<> load(const std::string& module) override {
    loaded.push_back(module);
    if (fails) {
      return fail(Errc::io, "module " + module, "modprobe could not load it");
    }
    if (root_ != nullptr) {
      root_->driver(address_, module);
    }
    return {};
  }
  // As systemctl, whose calls a watched host sees as those of the program.
  Result<> control(const UnitOrder& order) override {
    const std::string call = "systemctl " + order.verb;
    const auto way = observer_ == nullptr ? Interference{}
                                          : observer_->before(call, order.unit);
    if (way.error != 0 || way.half) {
      return fail(Errc::io, order.unit,
                  "systemctl could not " + order.verb + " it");
    }
    if (order.verb == "start") {
      active.insert(order.unit);
    } else {
      active.erase(order.unit);
    }
    return {};
  }
  void watch(ChangeObserver* observer) { observer_ = observer; }

  // A loaded module takes the function at once.
  void then_driver(FakeRoot& root, std::string address) {
    root_ = &root;
    address_ = std::move(address);
  }

  std::vector<std::string> loaded;
  std::set<std::string> active;  // units that run
  bool fails = false;

 private:
  FakeRoot* root_ = nullptr;
  ChangeObserver* observer_ = nullptr;
  std::string address_;
};

// The PCI core of a kernel: what is written to `unbind` takes the driver from
// a function, what is written to `drivers_probe` gives it the one that its
// override names, or else the host's own. It answers in the process that
// writes, holds the device's lock meanwhile as the kernel does, and has a /proc
// for the processes that the program starts.
class FakeKernel : public ChangeObserver {
 public:
  explicit FakeKernel(FakeRoot& root) : root_(root) {
    root_.file(kProbe, "");
    root_.file("/proc/uptime", "1000.00 900.00\n");
  }

  // A driver that would take the function, now that its module is there.
  void offer(const std::string& driver) { drivers_.insert(driver); }
  // What has the function by default when nothing overrides it.
  void prefer(const std::string& driver) {
    preferred_ = driver;
    offer(driver);
  }
  // The driver's probe() fails from now on; with an address, of that function.
  void fail_probe(const std::string& driver) { drivers_.erase(driver); }
  void fail_probe(const std::string& driver, const std::string& address) {
    refusals_.insert({driver, address});
  }
  // How long a probe() takes.
  void slow_down(std::chrono::milliseconds time) { probe_time_ = time; }

  // The host as this kernel runs it.
  RootDir open() {
    auto root = root_.open();
    root.watch(this);
    return root;
  }
  BindReport apply(ModuleLoader& modules, const BindPlan& plan) {
    return nvgpuctl::apply(open(), modules, plan);
  }

  Interference before(std::string_view /*call*/,
                      std::string_view /*path*/) override {
    return {};
  }
  void after(std::string_view call, std::string_view path) override {
    if (call == "fork") {
      const std::string pid(path.substr(path.rfind('/') + 1));
      root_.file(std::string(path) + "/stat",
                 pid +
                     " (nvgpuctl) D 1 1 1 0 -1 64 9 0 0 0 0 0 0 0 20 0 1 0 "
                     "6023 0 0\n");
      root_.file(std::string(path) + "/wchan", "fake_wait");
    } else if (call == "reap") {
      std::filesystem::remove_all(root_.path(path));
    }
  }
  std::optional<int> stand_in(std::string_view path,
                              std::string_view value) override {
    const std::string text(value);
    if (path == kProbe) {
      return with_lock(text, [&] { return probe(text); });
    }
    if (path.ends_with("/unbind")) {
      return with_lock(text, [&] { return unbind(path, text); });
    }
    if (path.ends_with("/driver_override")) {
      root_.file(path, text == "\n" ? "(null)\n" : text + '\n');
      return 0;
    }
    // What is written to a block's state is an order; what is read, a state.
    if (path.starts_with("/sys/devices/system/memory/")) {
      const bool offline = text == "offline";
      if (!offline && !text.starts_with("online")) {
        return EINVAL;
      }
      root_.file(path, offline ? "offline\n" : "online\n");
      return 0;
    }
    return std::nullopt;
  }

 private:
  static constexpr const char* kProbe = "/sys/bus/pci/drivers_probe";

  static std::string function(const std::string& address) {
    return "/sys/bus/pci/devices/" + address;
  }

  template <class Work>
  int with_lock(const std::string& address, Work&& work) {
    const std::string file = root_.path(function(address) + "/vendor");
    const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (address.empty() || !fd.valid()) {
      return ENODEV;
    }
    while (::flock(fd.get(), LOCK_EX) != 0) {
    }
    return work();
  }

  // Both paths are that of a driver's file.
  int unbind(std::string_view path, const std::string& address) {
    const auto driver = root_.path(path).parent_path();
    const auto link = root_.path(function(address) + "/driver");
    std::error_code error;
    if (!std::filesystem::equivalent(driver, link, error) || error) {
      return ENODEV;
    }
    std::filesystem::remove(link);
    return 0;
  }

  int probe(const std::string& address) {
    const std::string link = function(address) + "/driver";
    if (std::filesystem::is_symlink(root_.path(link))) {
      return 0;  // it has a driver: the kernel leaves it alone
    }
    std::this_thread::sleep_for(probe_time_);
    const std::string text =
        root_.content(function(address) + "/driver_override");
    const std::string wanted(trim(text));
    const bool free = wanted.empty() || wanted == "(null)";
    const std::string& driver = free ? preferred_ : wanted;
    if (drivers_.contains(driver) && !refusals_.contains({driver, address})) {
      root_.driver(address, driver);
    }
    return 0;
  }

  FakeRoot& root_;
  std::set<std::string> drivers_;
  std::set<std::pair<std::string, std::string>> refusals_;
  std::string preferred_;
  std::chrono::milliseconds probe_time_{0};
};

}  // namespace nvgpuctl
