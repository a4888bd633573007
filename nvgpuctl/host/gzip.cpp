// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/gzip.hpp"

#include <zlib.h>

#include <algorithm>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr int kGzip = 16 + MAX_WBITS;  // zlib.h: gzip header, not zlib's

// zlib never writes to its input but does not say so in its types.
Bytef* input(std::string_view bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

}  // namespace

Result<std::string> gunzip(const std::string& name, std::string_view packed,
                           std::size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzip) != Z_OK) {
    return fail(Errc::io, name, "zlib cannot be initialised");
  }
  stream.next_in = input(packed);
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  int result = Z_OK;
  // Grown as it comes, not by what the file says of itself.
  while (result == Z_OK && text.size() <= limit) {
    const std::size_t before = text.size();
    text.resize(std::min(limit + 1, std::max<std::size_t>(65536, before * 2)));
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + before);
    stream.avail_out = static_cast<uInt>(text.size() - before);
    result = inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
    if (text.size() == before && result == Z_OK) {
      break;  // no input is left
    }
  }
  const bool rest = stream.avail_in > 0;
  inflateEnd(&stream);
  if (text.size() > limit) {
    return fail(Errc::malformed, name,
                "unpacks to more than " + human_size(limit));
  }
  if (result != Z_STREAM_END || rest) {
    return fail(Errc::malformed, name,
                "not a gzip file, or cut short, or with more behind its end");
  }
  return text;
}

Result<std::string> gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int kMemoryLevel = 8;  // zlib.h: the default
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return fail(Errc::io, "gzip", "zlib cannot be initialised");
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = input(bytes);
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
