// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host/vfio_open.hpp"
#include "support/model_vfio.hpp"

namespace nvgpuctl {

// A kernel whose VFIO opens model devices. Nothing is offered at first.
class FakeVfio : public VfioOpener {
 public:
  // Done to every device before it is handed out; the path is its node.
  std::function<void(ModelVfio&)> change;
  std::map<std::string, std::function<void(ModelVfio&)>> change_by_path;
  std::vector<std::string> opened;
  // "config 0x20 = 0xc", of every device that has been closed.
  std::vector<std::string> writes;

  FakeVfio& offers(VfioPath path) {
    paths_.push_back(std::move(path));
    return *this;
  }
  FakeVfio& refuses(const std::string& path, Errc code, std::string problem) {
    refusals_[path] = {code, path, std::move(problem), "stop it"};
    return *this;
  }

  std::vector<VfioPath> paths(const PciFunction& /*function*/) override {
    return paths_;
  }
  Result<std::unique_ptr<VfioDevice>> open(const PciFunction& /*function*/,
                                           const VfioPath& path) override {
    std::unique_lock guard(mutex_);
    // All devices have the same nodes here, so those of other threads are
    // waited for.
    closed_.wait(
        guard, [&] { return !user_ || *user_ == std::this_thread::get_id(); });
    if (user_) {
      return fail(Errc::busy, path.path, "the model is open already");
    }
    const auto refusal = refusals_.find(path.path);
    if (refusal != refusals_.end()) {
      return tl::unexpected<Error>(refusal->second);
    }
    opened.push_back(path.path);
    auto device = std::make_unique<Closing>(*this);
    if (change) {
      change(*device);
    }
    if (change_by_path.count(path.path) != 0) {
      change_by_path[path.path](*device);
    }
    return std::unique_ptr<VfioDevice>(std::move(device));
  }

 private:
  // As in the kernel, a device that is open cannot be opened the other way.
  class Closing : public ModelVfio {
   public:
    // With the mutex.
    explicit Closing(FakeVfio& owner) : owner_(owner) {
      owner.user_ = std::this_thread::get_id();
    }
    ~Closing() override {
      const std::lock_guard guard(owner_.mutex_);
      owner_.user_.reset();
      owner_.writes.insert(owner_.writes.end(), writes.begin(), writes.end());
      owner_.closed_.notify_all();
    }
    Closing(const Closing&) = delete;
    Closing& operator=(const Closing&) = delete;

   private:
    FakeVfio& owner_;
  };

  std::vector<VfioPath> paths_;
  std::map<std::string, Error> refusals_;
  std::mutex mutex_;
  std::condition_variable closed_;
  std::optional<std::thread::id> user_;
};

}  // namespace nvgpuctl
