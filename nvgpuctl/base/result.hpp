// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace nvgpuctl {

// What kind of failure this is. The CLI turns it into an exit code, so callers
// must be able to branch on it; everything else in Error is for people.
enum class Errc {
  not_found,       // the thing looked for does not exist
  no_such_gpu,     // a selector matched no Grace GPU
  permission,      // exists, but this user may not read or write it
  malformed,       // exists, but its content cannot be what it claims to be
  unsupported,     // valid, but this version or this host cannot do it
  busy,            // in use by somebody
  not_viable,      // the GPU cannot be passed through on this host
  usage,           // the command line asks for something that makes no sense
  io,              // the kernel failed the request
  locked,          // another nvgpuctl is at work, and was for too long
  rolled_back,     // a change failed, and the host is as it was before
  needs_operator,  // a change failed half-way, and somebody has to look
};

struct Error {
  Errc code;
  std::string subject;  // what we were looking at: a path, a PCI address
  std::string problem;  // what is wrong with it
  std::string hint;     // what the operator can do; may be empty
};

// The only fallible return type in this project. It adds [[nodiscard]], which
// tl::expected 1.0 lacks, and keeps the library's name in this one header.
template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> fail(Errc code, std::string subject,
                                  std::string problem, std::string hint = {}) {
  return tl::unexpected<Error>(
      {code, std::move(subject), std::move(problem), std::move(hint)});
}

// Passes an error up unchanged: if (!x) { return forward_error(x); }
template <class T>
tl::unexpected<Error> forward_error(const Result<T>& result) {
  return tl::unexpected<Error>(result.error());
}

}  // namespace nvgpuctl
