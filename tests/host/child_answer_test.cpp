// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/child_answer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "base/fd.hpp"
#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

using std::chrono::milliseconds;

TEST(AskChild, HearsWhatTheChildSays) {
  const auto answer =
      ask_child([](int out) { say(out, "12.8.0"); }, milliseconds(5000), 4096);
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.text, "12.8.0");
}

TEST(AskChild, GivesTheChildNoneOfItsFiles) {
  const Fd before(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  // Above the pipe's, too.
  const Fd behind(::fcntl(before.get(), F_DUPFD_CLOEXEC, 100));
  const auto answer = ask_child(
      [&](int out) {
        say(out, ::fcntl(before.get(), F_GETFD) < 0 ? "closed " : "open ");
        say(out, ::fcntl(behind.get(), F_GETFD) < 0 ? "closed" : "open");
      },
      milliseconds(5000), 4096);
  EXPECT_EQ(answer.text, "closed closed");
}

TEST(AskChild, EndsTheChildWhoseWorkThrows) {
  int kept = -1;  // in the child
  ChildAnswer answer;
  try {
    answer = ask_child(
        [&](int out) {
          kept = ::fcntl(out, F_DUPFD, 100);
          say(out, "begun");
          throw std::runtime_error("here");
        },
        milliseconds(5000), 4096);
  } catch (const std::runtime_error&) {
    say(kept, ", and came back as its parent");
    ::_exit(0);
  }
  EXPECT_EQ(answer.text, "begun");
}

// A child that comes to us, and how it has ended; nothing after five seconds.
std::optional<int> orphans_end() {
  for (int i = 0; i < 500; ++i) {
    int status = 0;
    if (::waitpid(-1, &status, WNOHANG) > 0) {
      return status;
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
  return std::nullopt;
}

TEST(AskChild, IsNotOutlivedByTheChild) {
  const FakeRoot fake;
  const auto begun = fake.path("/begun");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t parent = ::fork();
  if (parent == 0) {
    ask_child(
        [&](int /*out*/) {
          std::ofstream(begun) << ::getpid() << std::endl;
          for (;;) {
            ::pause();
          }
        },
        milliseconds(60'000), 4096);
    ::_exit(0);
  }
  for (int i = 0; i < 500 && !std::filesystem::exists(begun); ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_TRUE(std::filesystem::exists(begun));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  const auto end = orphans_end();
  pid_t child = 0;
  if (!end && std::ifstream(begun) >> child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  ASSERT_TRUE(end) << "the child goes on";
  EXPECT_TRUE(WIFSIGNALED(*end));
  EXPECT_EQ(WTERMSIG(*end), SIGKILL);
}

}  // namespace
}  // namespace nvgpuctl
