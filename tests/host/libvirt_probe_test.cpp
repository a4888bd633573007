// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/libvirt_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>

namespace nvgpuctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// No child of a probe may be left: waitpid() has nobody to wait for.
bool no_child_is_left() {
  errno = 0;
  return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

TEST(ProbeLibvirt, SaysThatLibvirtIsNotInstalled) {
  const auto versions = probe_libvirt({.library = "libvirt-is-absent.so.0"});
  EXPECT_FALSE(versions.libvirt);
  EXPECT_FALSE(versions.qemu);
  EXPECT_EQ(versions.problem, "libvirt is not installed");
}

TEST(ProbeLibvirt, SaysThatALibraryIsNotLibvirt) {
  const auto versions = probe_libvirt({.library = "libm.so.6"});
  EXPECT_FALSE(versions.libvirt);
  EXPECT_EQ(versions.problem, "the installed libvirt cannot be used");
}

TEST(ProbeLibvirt, GivesUpOnADaemonThatNeverAnswers) {
  const auto start = steady_clock::now();
  const auto versions = probe_libvirt(
      {.library = HANGING_LIBVIRT, .deadline = milliseconds(200)});
  const auto took = steady_clock::now() - start;
  EXPECT_EQ(versions.libvirt, (Version{12, 8, 0}));
  EXPECT_FALSE(versions.qemu);
  EXPECT_EQ(versions.problem, "libvirt did not answer within 200 ms");
  EXPECT_GE(took, milliseconds(200));
  EXPECT_LT(took, milliseconds(2000));
  EXPECT_TRUE(no_child_is_left());
}

// The build needs libvirt's headers, so its library is there as well; its test
// driver needs no daemon.
TEST(ProbeLibvirt, ReadsTheVersionOfTheInstalledLibvirt) {
  const auto versions = probe_libvirt({.uri = "test:///default"});
  ASSERT_TRUE(versions.libvirt) << versions.problem;
  EXPECT_GE(*versions.libvirt, (Version{9, 0, 0}));
  EXPECT_FALSE(versions.qemu);
  EXPECT_EQ(versions.problem, "test:///default runs no QEMU");
  EXPECT_TRUE(no_child_is_left());
}

TEST(ProbeLibvirt, KnowsTheLibraryWhenThereIsNoDaemon) {
  const auto versions = probe_libvirt(
      {.uri = "qemu+unix:///system?socket=/nonexistent/libvirt-sock"});
  ASSERT_TRUE(versions.libvirt);
  EXPECT_FALSE(versions.qemu);
  EXPECT_THAT(versions.problem,
              testing::HasSubstr("no connection to qemu+unix:///system"));
}

}  // namespace
}  // namespace nvgpuctl
