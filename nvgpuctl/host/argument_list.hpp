// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace nvgpuctl {

// The environment of programs that we start: root's own is not trusted.
constexpr const char* kSafePath = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";

// Words as execve(2) wants them.
class ArgumentList {
 public:
  explicit ArgumentList(std::vector<std::string> words)
      : words_(std::move(words)) {
    for (auto& word : words_) {
      pointers_.push_back(word.data());
    }
    pointers_.push_back(nullptr);
  }
  // The pointers are into the words.
  ArgumentList(const ArgumentList&) = delete;
  ArgumentList& operator=(const ArgumentList&) = delete;

  char* const* data() const { return pointers_.data(); }

 private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

}  // namespace nvgpuctl
