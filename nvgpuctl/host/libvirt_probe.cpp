// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/libvirt_probe.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace nvgpuctl {
namespace {

using Clock = std::chrono::steady_clock;

// More than three lines never come; a child gone mad is not listened to.
constexpr std::size_t kMaxAnswer = 4096;

// One line of the child's answer. Errors of write(2) mean that the parent has
// stopped listening.
void say(int out, std::string_view key, std::string_view value) {
  std::string line = fmt::format("{} {}", key, value);
  for (char& c : line) {
    c = c == '\n' ? ' ' : c;
  }
  line += '\n';
  if (::write(out, line.data(), line.size()) < 0) {
    ::_exit(1);
  }
}

template <class Function>
Function* find_symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

// The part of libvirt that we use, with the types of its own header.
struct Libvirt {
  explicit Libvirt(void* library)
      : get_version(
            find_symbol<decltype(virGetVersion)>(library, "virGetVersion")),
        open(find_symbol<decltype(virConnectOpenReadOnly)>(
            library, "virConnectOpenReadOnly")),
        get_type(find_symbol<decltype(virConnectGetType)>(library,
                                                          "virConnectGetType")),
        get_library_version(find_symbol<decltype(virConnectGetLibVersion)>(
            library, "virConnectGetLibVersion")),
        get_hypervisor_version(find_symbol<decltype(virConnectGetVersion)>(
            library, "virConnectGetVersion")),
        last_error(find_symbol<decltype(virGetLastErrorMessage)>(
            library, "virGetLastErrorMessage")) {}

  bool complete() const {
    return get_version != nullptr && open != nullptr && get_type != nullptr &&
           get_library_version != nullptr &&
           get_hypervisor_version != nullptr && last_error != nullptr;
  }

  decltype(virGetVersion)* get_version;
  decltype(virConnectOpenReadOnly)* open;
  decltype(virConnectGetType)* get_type;
  decltype(virConnectGetLibVersion)* get_library_version;
  decltype(virConnectGetVersion)* get_hypervisor_version;
  decltype(virGetLastErrorMessage)* last_error;
};

// Runs in the child. Whatever is known is said at once, because the next call
// may never return.
void ask(const LibvirtQuestion& question, int out) {
  void* library = ::dlopen(question.library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    say(out, "problem", "libvirt is not installed");
    return;
  }
  const Libvirt libvirt(library);
  unsigned long version = 0;
  if (!libvirt.complete() ||
      libvirt.get_version(&version, nullptr, nullptr) != 0) {
    say(out, "problem", "the installed libvirt cannot be used");
    return;
  }
  say(out, "libvirt", std::to_string(version));
  virConnect* connection = libvirt.open(question.uri.c_str());
  if (connection == nullptr) {
    say(out, "problem",
        fmt::format("no connection to {}: {}", question.uri,
                    libvirt.last_error()));
    return;
  }
  if (libvirt.get_library_version(connection, &version) == 0) {
    say(out, "libvirt", std::to_string(version));
  }
  const char* type = libvirt.get_type(connection);
  if (type == nullptr || std::string_view(type) != "QEMU") {
    say(out, "problem", fmt::format("{} runs no QEMU", question.uri));
  } else if (libvirt.get_hypervisor_version(connection, &version) != 0) {
    say(out, "problem",
        fmt::format("QEMU's version is not known: {}", libvirt.last_error()));
  } else {
    say(out, "qemu", std::to_string(version));
  }
}

[[noreturn]] void run_child(const LibvirtQuestion& question, int out) {
  // libvirt reports errors to stderr, too; the parent does that better.
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null >= 0) {
    ::dup2(null, STDERR_FILENO);
  }
  ask(question, out);
  // Without the parent's exit handlers, and without waiting for libvirt's.
  ::_exit(0);
}

// What the child says until it ends, falls silent past the deadline, or says
// too much. True when it ended.
bool listen(int in, Clock::time_point deadline, std::string& answer) {
  std::array<char, 512> buffer{};
  while (answer.size() < kMaxAnswer) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - Clock::now());
    pollfd entry{.fd = in, .events = POLLIN, .revents = 0};
    const int ready = left.count() > 0
                          ? ::poll(&entry, 1, static_cast<int>(left.count()))
                          : 0;
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    if (ready <= 0) {
      return false;
    }
    const ssize_t count = ::read(in, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return true;
    }
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return false;
}

// Even SIGKILL does not end a process that hangs in the kernel, so waiting is
// bounded, too; init will collect it.
void end_child(pid_t child) {
  ::kill(child, SIGKILL);
  for (int i = 0; i < 20; ++i) {
    if (::waitpid(child, nullptr, WNOHANG) != 0) {
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

// libvirt packs 12.8.0 as 12008000.
std::optional<Version> unpack(std::string_view text) {
  const auto packed = parse_unsigned(text);
  if (!packed || *packed > 999'999'999) {
    return std::nullopt;
  }
  const auto number = static_cast<unsigned>(*packed);
  return Version{number / 1'000'000, number / 1'000 % 1'000, number % 1'000};
}

LibvirtVersions understand(std::string_view answer) {
  LibvirtVersions versions;
  for (const std::string_view line : split(answer, '\n')) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos) {
      continue;
    }
    const std::string_view value = line.substr(space + 1);
    if (line.starts_with("libvirt ")) {
      versions.libvirt = unpack(value);
    } else if (line.starts_with("qemu ")) {
      versions.qemu = unpack(value);
    } else if (line.starts_with("problem ")) {
      versions.problem = value;
    }
  }
  return versions;
}

}  // namespace

LibvirtVersions probe_libvirt(const LibvirtQuestion& question) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return {.problem = std::generic_category().message(errno)};
  }
  const Fd in(ends[0]);
  Fd out(ends[1]);
  const auto deadline = Clock::now() + question.deadline;
  const pid_t child = ::fork();
  if (child < 0) {
    return {.problem = std::generic_category().message(errno)};
  }
  if (child == 0) {
    run_child(question, out.get());
  }
  // Ours must be closed, or the child's end of file would never show.
  out = Fd();
  std::string answer;
  const bool ended = listen(in.get(), deadline, answer);
  end_child(child);
  LibvirtVersions versions = understand(answer);
  if (!ended && versions.problem.empty()) {
    versions.problem = fmt::format("libvirt did not answer within {} ms",
                                   question.deadline.count());
  } else if (versions.problem.empty() && !versions.qemu) {
    versions.problem = "asking libvirt ended without an answer";
  }
  return versions;
}

}  // namespace nvgpuctl
