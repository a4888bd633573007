// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "support/fake_kernel.hpp"

namespace nvgpuctl {

enum class Fault {
  none,
  error,           // this one call fails
  error_for_good,  // this call and all later ones fail
  half,            // a write takes half; other calls are made
  hang,            // a write to the kernel never returns; others are made
  death,           // SIGKILL before the call
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
  std::size_t calls() const { return calls_; }
  const std::vector<std::string>& all() const { return all_; }

  Interference before(std::string_view call, std::string_view path) override {
    ++calls_;
    const bool now = calls_ == point_;
    all_.push_back(fmt::format("{} {}", call, path));
    const bool fails =
        fault_ == Fault::error || fault_ == Fault::error_for_good;
    if (fault_ == Fault::death && now) {
      ::kill(::getpid(), SIGKILL);
    }
    const bool later = fault_ == Fault::error_for_good && calls_ > point_;
    return {(now && fails) || later ? EIO : 0,
            now && fault_ == Fault::half && call == "write",
            now && fault_ == Fault::hang && call == "write"};
  }
  void after(std::string_view call, std::string_view path) override {
    kernel_.after(call, path);
  }
  std::optional<int> stand_in(std::string_view path,
                              std::string_view value) override {
    return kernel_.stand_in(path, value);
  }

 private:
  FakeKernel& kernel_;
  Fault fault_;
  std::size_t point_;
  std::size_t calls_ = 0;
  std::vector<std::string> all_;
};

}  // namespace nvgpuctl
