// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

// What is packed in one of the ways that kernels, their modules and initramfs
// come in. gzip is unpacked by zlib; for xz and zstd their libraries are loaded
// at run time, as kmod and systemd of every distribution need them anyway.

namespace nvgpuctl {

// "gzip", "xz", "zstd", "lz4", "bzip2", "lzma"; "" for what is not packed.
std::string_view packing_of(std::string_view bytes);

// Gets the unpacked bytes piece by piece; an error ends it.
using Sink = std::function<Result<>(std::string_view piece)>;

// Unpacks one stream from the beginning of `packed`, and says how long it is.
// More than `limit` unpacked bytes are malformed; a way of packing that cannot
// be read here is `unsupported`. `name` is the file's, for messages.
Result<std::size_t> unpack(const std::string& name, std::string_view packed,
                           std::uint64_t limit, const Sink& sink);

}  // namespace nvgpuctl
