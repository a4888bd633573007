// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <set>
#include <string>
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
// override names, or else the host's own.
class FakeKernel : public ChangeObserver {
 public:
  explicit FakeKernel(FakeRoot& root) : root_(root) { root_.file(kProbe, ""); }

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
    if (call == "write" && path.starts_with("/sys/devices/system/memory/")) {
      act_on_memory(std::string(path));
    } else if (call == "write" && path.starts_with("/sys/")) {
      act();
    }
  }

 private:
  static constexpr const char* kProbe = "/sys/bus/pci/drivers_probe";

  static std::string function(const std::string& address) {
    return "/sys/bus/pci/devices/" + address;
  }

  // What was written, which is then gone, as it is from such an attribute.
  std::string take(const std::string& file) {
    std::string written = root_.content(file);
    root_.file(file, "");
    return written;
  }

  // What is written to a block's state is an order; what is read, a state.
  void act_on_memory(const std::string& file) {
    const std::string order = root_.content(file);
    root_.file(file, order == "offline" ? "offline\n" : "online\n");
  }

  void act() {
    const std::string drivers = "/sys/bus/pci/drivers";
    std::filesystem::create_directories(root_.path(drivers));
    for (const auto& entry :
         std::filesystem::directory_iterator(root_.path(drivers))) {
      const std::string home = drivers + '/' + entry.path().filename().string();
      if (!std::filesystem::is_regular_file(root_.path(home + "/unbind"))) {
        continue;
      }
      const std::string address = take(home + "/unbind");
      if (!address.empty()) {
        std::filesystem::remove(root_.path(function(address) + "/driver"));
      }
    }
    const std::string address = take(kProbe);
    const std::string link = function(address) + "/driver";
    if (address.empty() || std::filesystem::is_symlink(root_.path(link))) {
      return;  // nobody asked, or it has a driver: the kernel leaves it alone
    }
    const std::string text =
        root_.content(function(address) + "/driver_override");
    const std::string wanted(trim(text));
    const bool free = wanted.empty() || wanted == "(null)";
    const std::string& driver = free ? preferred_ : wanted;
    if (drivers_.contains(driver) && !refusals_.contains({driver, address})) {
      root_.driver(address, driver);
    }
  }

  FakeRoot& root_;
  std::set<std::string> drivers_;
  std::set<std::pair<std::string, std::string>> refusals_;
  std::string preferred_;
};

}  // namespace nvgpuctl
