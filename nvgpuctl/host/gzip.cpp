// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/gzip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include "host/unpack.hpp"

namespace nvgpuctl {

Result<std::string> gunzip(const std::string& name, std::string_view packed,
                           std::size_t limit) {
  if (packing_of(packed) != "gzip") {
    return fail(Errc::malformed, name, "not a gzip file");
  }
  std::string text;
  const auto used = unpack(name, packed, limit, [&](std::string_view piece) {
    text.append(piece);
    return Result<>();
  });
  if (!used) {
    return forward_error(used);
  }
  if (*used < packed.size()) {
    return fail(Errc::malformed, name,
                fmt::format("a gzip file that ends at byte {} of {}", *used,
                            packed.size()));
  }
  return text;
}

Result<std::string> gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kGzip = 16 + MAX_WBITS;  // zlib.h: gzip header, not zlib's
  constexpr int kMemoryLevel = 8;        // zlib.h: the default
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return fail(Errc::io, "gzip", "zlib cannot be initialised");
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  // zlib never writes to its input but does not say so in its types.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) {
    return fail(Errc::io, "gzip", "zlib cannot pack this");
  }
  return packed;
}

}  // namespace nvgpuctl
