// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <string>
#include <vector>

#include "support/fake_kernel.hpp"

namespace nvgpuctl {

// Thrown where the process is to end: nothing behind it is done, as after
// kill -9. Objects that are unwound may only do what the kernel does, too.
struct Death {};

enum class Fault {
  error,           // this one call fails
  error_for_good,  // this call and all later ones fail
  half,            // a write takes half; other calls fail
  death,           // the process ends before the call
};

// A host on which the n-th call that changes it goes wrong, counted from 1.
class FaultyHost : public ChangeObserver {
 public:
  FaultyHost(FakeKernel& kernel, Fault fault, std::size_t point)
      : kernel_(kernel), fault_(fault), point_(point) {}

  RootDir open(const FakeRoot& fake) {
    auto root = fake.open();
    root.watch(this);
    return root;
  }
  bool reached() const { return calls.size() >= point_; }

  Interference before(std::string_view call, std::string_view path) override {
    calls.push_back(fmt::format("{} {}", call, path));
    const bool now = calls.size() == point_;
    if (fault_ == Fault::death && now) {
      throw Death();
    }
    if (fault_ == Fault::half && now && call == "write") {
      return {0, true};
    }
    const bool later = fault_ == Fault::error_for_good && calls.size() > point_;
    return {now || later ? EIO : 0, false};
  }
  void after(std::string_view call, std::string_view path) override {
    kernel_.after(call, path);
  }

  std::vector<std::string> calls;

 private:
  FakeKernel& kernel_;
  Fault fault_;
  std::size_t point_;
};

}  // namespace nvgpuctl
