// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <unistd.h>

#include <stdexcept>

namespace nvgpuctl {

// Makes this process an ordinary user while it lives, so that tests of what is
// forbidden also hold for root.
class OrdinaryUser {
 public:
  OrdinaryUser() : before_(::geteuid()) {
    constexpr uid_t kNobody = 65534;
    if (before_ == 0 && ::seteuid(kNobody) != 0) {
      throw std::runtime_error("root cannot become an ordinary user");
    }
  }
  ~OrdinaryUser() {
    if (::seteuid(before_) != 0) {
      _exit(1);  // no other test may run as somebody else
    }
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;

 private:
  uid_t before_;
};

}  // namespace nvgpuctl
