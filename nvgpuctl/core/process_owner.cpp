// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/process_owner.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kIdLength = 64;  // of a container, in hexadecimal
constexpr std::size_t kShownId = 12;   // as docker and podman print it
constexpr std::size_t kMaxName = 255;

bool is_container_id(std::string_view text) {
  return text.size() == kIdLength &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// systemd writes what it may not have in a name as \xNN.
std::string unescape(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const auto code = text.starts_with("\\x") && text.size() >= 4
                          ? parse_unsigned(text.substr(2, 2), 16)
                          : std::nullopt;
    plain += code ? static_cast<char>(*code) : text.front();
    text.remove_prefix(code ? 4 : 1);
  }
  return plain;
}

struct Runtime {
  std::string_view prefix;  // of the scope's name
  std::string_view name;
};
constexpr std::array kRuntimes{
    Runtime{"docker-", "docker"},
    Runtime{"cri-containerd-", "containerd"},
    Runtime{"crio-", "cri-o"},
    Runtime{"libpod-", "podman"},
};

// "docker-1a2b….scope", or an id alone below a folder that tells whose it is.
void take_container(std::string_view name, std::string_view above,
                    ProcessOwner& owner) {
  std::string_view id = name;
  std::string_view runtime = above == "docker"                ? "docker"
                             : above.starts_with("pod")       ? "containerd"
                             : above.starts_with("kubepods")  ? "containerd"
                             : above.starts_with("libpod_pa") ? "podman"
                                                              : "";
  for (const auto& known : kRuntimes) {
    if (name.starts_with(known.prefix) && name.ends_with(".scope")) {
      id = name.substr(known.prefix.size(),
                       name.size() - known.prefix.size() - 6);
      runtime = known.name;
    }
  }
  if (!runtime.empty() && is_container_id(id)) {
    owner.runtime = runtime;
    owner.container = id.substr(0, kShownId);
  }
}

// "kubepods-burstable-pod0a1b_….slice" or "pod0a1b-…", below kubepods.
void take_pod(std::string_view name, ProcessOwner& owner) {
  if (name.ends_with(".slice")) {
    name.remove_suffix(6);
  }
  const auto at = name.find("pod", name.starts_with("kubepods") ? 8 : 0);
  if (at == std::string_view::npos || (at != 0 && name[at - 1] != '-')) {
    return;
  }
  owner.pod = name.substr(at + 3, kMaxName);
  std::replace(owner.pod.begin(), owner.pod.end(), '_', '-');
}

void take_lxc(std::string_view name, std::string_view above,
              ProcessOwner& owner) {
  constexpr std::string_view kPayload = "lxc.payload.";
  if (name.starts_with(kPayload)) {
    owner.container = name.substr(kPayload.size(), kMaxName);
    owner.runtime = "lxc";
  } else if (above == "lxc") {
    owner.container = name.substr(0, kMaxName);
    owner.runtime = "lxc";
  }
}

void take_machine(std::string_view name, ProcessOwner& owner) {
  constexpr std::string_view kPrefix = "machine-";
  if (name.starts_with(kPrefix) && name.ends_with(".scope")) {
    owner.machine =
        unescape(name.substr(kPrefix.size(), name.size() - kPrefix.size() - 6));
  }
}

void read_path(std::string_view path, ProcessOwner& owner) {
  const auto parts = split(path, '/');
  const bool kubernetes = path.find("kubepods") != std::string_view::npos;
  std::string_view above;
  for (const auto part : parts) {
    if (part.empty() || part.size() > kMaxName) {
      continue;
    }
    const bool unit = part.ends_with(".service") || part.ends_with(".scope");
    if (unit && owner.unit.empty()) {
      owner.unit = std::string(part);
      // Also below a slice of it, as units of a template are; what a container
      // calls so lies elsewhere.
      owner.system_unit = path.starts_with("/system.slice/");
    }
    if (kubernetes) {
      take_pod(part, owner);
    }
    take_container(part, above, owner);
    take_lxc(part, above, owner);
    take_machine(part, owner);
    above = part;
  }
}

}  // namespace

ProcessOwner parse_cgroup(std::string_view text) {
  ProcessOwner owner;
  for (const auto line : split(text, '\n')) {
    // "0::/path", or with the old hierarchies "4:memory:/path".
    const auto first = line.find(':');
    const auto second = first == std::string_view::npos
                            ? std::string_view::npos
                            : line.find(':', first + 1);
    if (second != std::string_view::npos) {
      read_path(line.substr(second + 1), owner);
    }
  }
  return owner;
}

std::string to_string(const ProcessOwner& owner) {
  if (!owner.container.empty()) {
    return owner.runtime + " container " + owner.container +
           (owner.pod.empty() ? "" : " of pod " + owner.pod);
  }
  return !owner.pod.empty() ? "pod " + owner.pod : owner.unit;
}

}  // namespace nvgpuctl
