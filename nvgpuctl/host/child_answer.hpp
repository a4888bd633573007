// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace nvgpuctl {

struct ChildAnswer {
  std::string text;
  bool ended = false;   // else it fell silent, or said too much
  std::string problem;  // why there is no child at all
};

// Runs `work` in a child process, which answers with say() on the descriptor
// that it is given, and has no other file of ours. A child that does not end by
// the deadline is killed, as it is when the calling thread ends; none of its
// threads and files stay behind.
ChildAnswer ask_child(const std::function<void(int out)>& work,
                      std::chrono::milliseconds deadline,
                      std::size_t most_bytes);

// For the child. It ends when nobody listens any more.
void say(int out, std::string_view text);

}  // namespace nvgpuctl
