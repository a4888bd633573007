// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/libvirt_probe.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <string_view>

#include "base/text.hpp"
#include "host/child_answer.hpp"
#include "host/find_function.hpp"

namespace nvgpuctl {
namespace {

// More than three lines never come; a child gone mad is not listened to.
constexpr std::size_t kMaxVersions = 4096;

// One line of the child's answer.
void say_line(int out, std::string_view key, std::string_view value) {
  std::string line = fmt::format("{} {}", key, value);
  for (char& c : line) {
    c = c == '\n' ? ' ' : c;
  }
  say(out, line + '\n');
}

// The part of libvirt that we use, with the types of its own header.
struct LibvirtVersionCalls {
  explicit LibvirtVersionCalls(void* library)
      : get_version(
            find_function<decltype(virGetVersion)>(library, "virGetVersion")),
        open(find_function<decltype(virConnectOpenReadOnly)>(
            library, "virConnectOpenReadOnly")),
        get_type(find_function<decltype(virConnectGetType)>(
            library, "virConnectGetType")),
        get_library_version(find_function<decltype(virConnectGetLibVersion)>(
            library, "virConnectGetLibVersion")),
        get_hypervisor_version(find_function<decltype(virConnectGetVersion)>(
            library, "virConnectGetVersion")),
        last_error(find_function<decltype(virGetLastErrorMessage)>(
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
    say_line(out, "problem", "libvirt is not installed");
    return;
  }
  const LibvirtVersionCalls libvirt(library);
  unsigned long version = 0;
  if (!libvirt.complete() ||
      libvirt.get_version(&version, nullptr, nullptr) != 0) {
    say_line(out, "problem", "the installed libvirt cannot be used");
    return;
  }
  say_line(out, "libvirt", std::to_string(version));
  virConnect* connection = libvirt.open(question.uri.c_str());
  if (connection == nullptr) {
    say_line(out, "problem",
             fmt::format("no connection to {}: {}", question.uri,
                         libvirt.last_error()));
    return;
  }
  if (libvirt.get_library_version(connection, &version) == 0) {
    say_line(out, "libvirt", std::to_string(version));
  }
  const char* type = libvirt.get_type(connection);
  if (type == nullptr || std::string_view(type) != "QEMU") {
    say_line(out, "problem", fmt::format("{} runs no QEMU", question.uri));
  } else if (libvirt.get_hypervisor_version(connection, &version) != 0) {
    say_line(
        out, "problem",
        fmt::format("QEMU's version is not known: {}", libvirt.last_error()));
  } else {
    say_line(out, "qemu", std::to_string(version));
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
  const ChildAnswer answer = ask_child([&](int out) { ask(question, out); },
                                       question.deadline, kMaxVersions);
  if (!answer.problem.empty()) {
    return {.problem = answer.problem};
  }
  LibvirtVersions versions = understand(answer.text);
  if (!answer.ended && versions.problem.empty()) {
    versions.problem = fmt::format("libvirt did not answer within {} ms",
                                   question.deadline.count());
  } else if (versions.problem.empty() && !versions.qemu) {
    versions.problem = "asking libvirt ended without an answer";
  }
  return versions;
}

}  // namespace nvgpuctl
