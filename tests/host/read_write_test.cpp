// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/read_write.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

#include "base/fd.hpp"

namespace nvgpuctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    out = Fd(ends[0]);
    in = Fd(ends[1]);
  }
  Fd out;
  Fd in;
};

TEST(ReadAll, GivesWhatStandsBeforeTheEnd) {
  Pipe pipe;
  EXPECT_EQ(write_all(pipe.in.get(), "abc"), 0);
  pipe.in = Fd();
  const auto all = read_all(pipe.out.get(), 3);
  EXPECT_EQ(all.end, ReadEnd::end_of_file);
  EXPECT_EQ(all.text, "abc");
}

TEST(ReadAll, EndsAtTheLimit) {
  Pipe pipe;
  EXPECT_EQ(write_all(pipe.in.get(), "abcd"), 0);
  const auto all = read_all(pipe.out.get(), 3);
  EXPECT_EQ(all.end, ReadEnd::over_limit);
  EXPECT_EQ(all.text, "abc");
}

TEST(ReadAll, SaysWhatTheKernelSays) {
  const auto all = read_all(-1, 3);
  EXPECT_EQ(all.end, ReadEnd::failed);
  EXPECT_EQ(all.error, EBADF);
}

// A signal ended the wait before, and a read without one began.
TEST(ReadAll, EndsAtTheDeadlineWhateverSignalsCome) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &action, &before);
  Pipe pipe;
  std::atomic<bool> done = false;
  std::thread knocker([&, reader = ::pthread_self()] {
    while (!done) {
      ::pthread_kill(reader, SIGUSR1);
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  std::thread saver([&] {
    for (int i = 0; i < 1000 && !done; ++i) {
      std::this_thread::sleep_for(milliseconds(10));
    }
    pipe.in = Fd();
  });
  const auto all =
      read_all(pipe.out.get(), 3, steady_clock::now() + milliseconds(50));
  done = true;
  knocker.join();
  saver.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  EXPECT_EQ(all.end, ReadEnd::late);
}

TEST(WriteAll, SaysThatThereIsNoRoom) {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(write_all(full.get(), "a"), ENOSPC);
}

}  // namespace
}  // namespace nvgpuctl
