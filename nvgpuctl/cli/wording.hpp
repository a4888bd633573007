// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "cli/layout.hpp"
#include "core/gpu.hpp"
#include "core/selector.hpp"

// Sentences, short forms and colours that several verbs use.

namespace nvgpuctl::cli {

// "0009:01:00.0 can be passed through." or why it cannot, in one sentence.
std::string verdict_sentence(const Gpu& gpu);

Style style_of(GpuState state);

// "0x17e4f00000 (95.58 GiB)".
std::string size_text(std::uint64_t bytes);

// "1-8", or "" when there are none.
std::string nodes_text(const Gpu& gpu);

// "10de:2342".
std::string id_text(unsigned vendor, unsigned device);

// Prose for a host without a Grace GPU: what was looked for, what is there
// instead, and what to do.
std::vector<std::string> no_gpu_text(const SelectorTargets& targets);

}  // namespace nvgpuctl::cli
