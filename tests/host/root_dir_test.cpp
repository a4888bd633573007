// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/root_dir.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "support/fake_root.hpp"
#include "support/ordinary_user.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;

// What a text file of a capture reads as, or its error's problem.
std::string text_or_problem(const RootDir& root, std::string_view path) {
  const auto text = root.read_text(path);
  return text ? *text : text.error().problem;
}

Errc code_of(const Result<std::string>& result) {
  EXPECT_FALSE(result);
  return result.error().code;
}

TEST(RootDir, ReadsAnAttributeWithoutItsNewline) {
  FakeRoot fake;
  fake.file("/sys/a", "0x10de\n").file("/sys/b", "0x10de").file("/sys/c", "");
  const auto root = fake.open();
  EXPECT_EQ(text_or_problem(root, "/sys/a"), "0x10de");
  EXPECT_EQ(text_or_problem(root, "sys/b"), "0x10de");
  EXPECT_EQ(text_or_problem(root, "/sys/c"), "");
}

TEST(RootDir, ReadsAnAttributeOf64KibibytesAndNoLongerOne) {
  FakeRoot fake;
  fake.file("/sys/full", std::string(65536, 'x'));
  fake.file("/sys/over", std::string(65537, 'x'));
  const auto root = fake.open();
  EXPECT_EQ(root.read_text("/sys/full")->size(), 65536U);
  const auto over = root.read_text("/sys/over");
  EXPECT_EQ(code_of(over), Errc::malformed);
  EXPECT_EQ(over.error().subject, "/sys/over");
  EXPECT_EQ(over.error().problem, "longer than 65536 bytes");
}

// A file system such as /proc may be mounted below a root that is not "/".
TEST(RootDir, ReadsAFileThatDoesNotSayItsSize) {
  const auto root = RootDir::open("/proc/self");
  ASSERT_TRUE(root);
  ASSERT_FALSE(root->live());
  // Its last line.
  EXPECT_THAT(text_or_problem(*root, "/limits"),
              testing::HasSubstr("\nMax realtime timeout"));
  const auto mappings = root->read_file("/smaps", std::size_t{1} << 20U);
  ASSERT_TRUE(mappings);
  EXPECT_GT(mappings->size(), 4096U);
  EXPECT_TRUE(mappings->ends_with('\n'));
}

TEST(RootDir, ReadsBytesThatAreNoText) {
  FakeRoot fake;
  const std::string bytes("\0\xFF\n\0", 4);
  fake.file("/table", bytes);
  EXPECT_EQ(*fake.open().read_file("/table", 4), bytes);
}

TEST(RootDir, NamesAMissingFileFromTheRoot) {
  FakeRoot fake;
  const auto missing = fake.open().read_text("/sys/none");
  EXPECT_EQ(code_of(missing), Errc::not_found);
  EXPECT_EQ(missing.error().subject, "/sys/none");
  EXPECT_EQ(missing.error().problem, "No such file or directory");
}

TEST(RootDir, SaysThatAFileMayNotBeRead) {
  FakeRoot fake;
  fake.file("/secret", "x");
  std::filesystem::permissions(fake.path("/secret"),
                               std::filesystem::perms::none);
  const auto root = fake.open();
  const OrdinaryUser user;
  EXPECT_EQ(code_of(root.read_text("/secret")), Errc::permission);
}

TEST(RootDir, KeepsSymbolicLinksInsideACapture) {
  FakeRoot fake;
  fake.file("/etc/hostname", "captured\n");
  fake.link("/absolute", "/etc/hostname");
  fake.link("/climbing", "../../../../../../../../etc/hostname");
  const auto root = fake.open();
  EXPECT_EQ(text_or_problem(root, "/absolute"), "captured");
  EXPECT_EQ(text_or_problem(root, "/climbing"), "captured");
  EXPECT_EQ(text_or_problem(root, "/../../etc/hostname"), "captured");
}

TEST(RootDir, DoesNotFindOutsideWhatACaptureLacks) {
  FakeRoot fake;
  fake.link("/passwd", "/etc/passwd");
  EXPECT_EQ(code_of(fake.open().read_text("/passwd")), Errc::not_found);
}

TEST(RootDir, EndsASymbolicLinkLoop) {
  FakeRoot fake;
  fake.link("/a", "b").link("/b", "a");
  const auto root = fake.open();
  EXPECT_EQ(code_of(root.read_text("/a")), Errc::malformed);
  EXPECT_FALSE(root.exists("/a"));
}

TEST(RootDir, DoesNotWaitForAFifo) {
  FakeRoot fake;
  ASSERT_EQ(::mkfifo(fake.path("/pipe").c_str(), 0600), 0);
  const auto root = fake.open();
  const auto text = root.read_text("/pipe");
  EXPECT_EQ(code_of(text), Errc::malformed);
  EXPECT_EQ(text.error().problem, "not a regular file");
  EXPECT_FALSE(root.write("/pipe", "x"));
}

TEST(RootDir, ReadsNoDirectory) {
  FakeRoot fake;
  fake.directory("/sys/empty");
  EXPECT_FALSE(fake.open().read_text("/sys/empty"));
}

TEST(RootDir, RefusesAPathThatIsTooLong) {
  FakeRoot fake;
  EXPECT_EQ(code_of(fake.open().read_text('/' + std::string(5000, 'x'))),
            Errc::malformed);
}

// The kernel answers EAGAIN to a path with ".." whenever something on the
// system is renamed meanwhile, as it cannot tell then where ".." led.
TEST(RootDir, FollowsLinksWhileSomethingElseIsRenamed) {
  FakeRoot fake;
  fake.file("/sys/real/value", "1\n").directory("/sys/x/y/z");
  fake.link("/sys/x/y/z/link", "../../../real/../x/../x/y/../../real/value");
  fake.file("/tmp/a", "");
  const auto root = fake.open();
  std::atomic<bool> stop = false;
  std::thread renamer([&] {
    while (!stop) {
      std::filesystem::rename(fake.path("/tmp/a"), fake.path("/tmp/b"));
      std::filesystem::rename(fake.path("/tmp/b"), fake.path("/tmp/a"));
    }
  });
  unsigned failures = 0;
  for (unsigned i = 0; i < 20000; ++i) {
    failures += root.read_text("/sys/x/y/z/link") ? 0 : 1;
  }
  stop = true;
  renamer.join();
  EXPECT_EQ(failures, 0U);
}

TEST(RootDir, ListsNamesInOrder) {
  FakeRoot fake;
  fake.file("/d/b", "").file("/d/a", "").directory("/d/c");
  const auto root = fake.open();
  EXPECT_THAT(*root.list("/d"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(*root.list("/d"), ElementsAre("a", "b", "c"));
  EXPECT_EQ(root.list("/d/a").error().code, Errc::not_found);
}

TEST(RootDir, GivesALinksTextAndItsLastName) {
  FakeRoot fake;
  fake.link("/driver", "../../../bus/pci/drivers/vfio-pci").link("/plain", "x");
  fake.file("/file", "");
  const auto root = fake.open();
  EXPECT_EQ(*root.link_target("/driver"), "../../../bus/pci/drivers/vfio-pci");
  EXPECT_EQ(*root.link_name("/driver"), "vfio-pci");
  EXPECT_EQ(*root.link_name("/plain"), "x");
  EXPECT_EQ(root.link_name("/file").error().problem, "not a symbolic link");
}

TEST(RootDir, TellsWhatAProcessOfTheLiveHostHasOpen) {
  const Fd open(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto target = RootDir::open("/")->link_target(
      "/proc/self/fd/" + std::to_string(open.get()));
  ASSERT_TRUE(target);
  EXPECT_EQ(*target, "/dev/null");
}

TEST(RootDir, ResolvesPathsFromTheRoot) {
  FakeRoot fake;
  fake.directory("/sys/devices/x").link("/sys/short", "devices/x");
  const auto root = fake.open();
  EXPECT_EQ(*root.resolve("/sys/short"), "/sys/devices/x");
  EXPECT_EQ(*root.resolve("/"), "/");
}

TEST(RootDir, WritesOnlyWhatExists) {
  FakeRoot fake;
  fake.file("/sys/attribute", "(null)\n");
  const auto root = fake.open();
  EXPECT_TRUE(root.write("/sys/attribute", "x"));
  EXPECT_EQ(fake.content("/sys/attribute"), "x");
  EXPECT_EQ(root.write("/sys/none", "x").error().code, Errc::not_found);
  EXPECT_FALSE(root.exists("/sys/none"));
}

TEST(RootDir, WritesToNothingOutsideACapture) {
  FakeRoot outside;
  outside.file("/victim", "safe");
  FakeRoot fake;
  fake.link("/sys/attribute", outside.path("/victim").string());
  EXPECT_FALSE(fake.open().write("/sys/attribute", "x"));
  EXPECT_EQ(outside.content("/victim"), "safe");
}

TEST(RootDir, IsLiveOnlyAtTheRealRoot) {
  EXPECT_TRUE(RootDir::open("/")->live());
  EXPECT_EQ(RootDir::open("/")->prefix(), "");
  FakeRoot fake;
  EXPECT_FALSE(fake.open().live());
}

TEST(RootDir, MustBeADirectory) {
  FakeRoot fake;
  fake.file("/file", "");
  const auto none = RootDir::open(fake.path("/none"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::not_found);
  EXPECT_EQ(none.error().hint,
            "--root wants the directory of a recorded host, or the archive "
            "of a report");
  EXPECT_FALSE(RootDir::open(fake.path("/file")));
}

}  // namespace
}  // namespace nvgpuctl
