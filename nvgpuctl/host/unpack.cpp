// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/unpack.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <vector>

#include "base/text.hpp"
#include "host/find_function.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kPiece = 256UL << 10U;

struct Magic {
  std::string_view bytes;
  std::string_view name;
};

using namespace std::string_view_literals;
constexpr std::array kMagics{
    Magic{"\x1f\x8b"sv, "gzip"sv},
    Magic{"\xfd"
          "7zXZ\0"sv,
          "xz"sv},
    Magic{"\x28\xb5\x2f\xfd"sv, "zstd"sv},
    Magic{"\x02\x21\x4c\x18"sv, "lz4"sv},
    Magic{"\x04\x22\x4d\x18"sv, "lz4"sv},
    Magic{"BZh"sv, "bzip2"sv},
    Magic{"\x5d\0\0"sv, "lzma"sv},
};

// Hands on what has been unpacked, as long as it is not too much.
class Outlet {
 public:
  Outlet(const std::string& name, std::uint64_t limit, const Sink& sink)
      : name_(name), limit_(limit), left_(limit), sink_(sink), piece_(kPiece) {}

  const std::string& name() const { return name_; }
  char* data() { return piece_.data(); }
  std::size_t size() const { return piece_.size(); }

  Result<> pass_on(std::size_t count) {
    if (count > left_) {
      return fail(Errc::malformed, name_,
                  "unpacks to more than " + human_size(limit_));
    }
    left_ -= count;
    return count == 0 ? Result<>() : sink_({piece_.data(), count});
  }

  tl::unexpected<Error> damaged(std::string_view packing) const {
    return fail(Errc::malformed, name_,
                fmt::format("no right {} data, or cut short", packing));
  }

 private:
  const std::string& name_;
  std::uint64_t limit_;
  std::uint64_t left_;
  const Sink& sink_;
  std::vector<char> piece_;
};

struct InflateEnd {
  z_stream* stream;
  ~InflateEnd() { inflateEnd(stream); }
};

Result<std::size_t> unpack_gzip(std::string_view packed, Outlet& outlet) {
  constexpr int kGzip = 16 + MAX_WBITS;  // zlib.h: gzip header, not zlib's
  z_stream stream{};
  if (packed.size() > std::numeric_limits<uInt>::max() ||
      inflateInit2(&stream, kGzip) != Z_OK) {
    return fail(Errc::io, outlet.name(), "zlib cannot be initialised");
  }
  const InflateEnd end{&stream};
  // zlib never writes to its input but does not say so in its types.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(outlet.data());
    stream.avail_out = static_cast<uInt>(outlet.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    auto passed = outlet.pass_on(outlet.size() - stream.avail_out);
    if (!passed) {
      return forward_error(passed);
    }
    if (result == Z_STREAM_END) {
      return packed.size() - stream.avail_in;
    }
    if (result != Z_OK) {
      return outlet.damaged("gzip");
    }
  }
}

// A library that stays loaded, or null.
void* library(const char* name) {
  return ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
}

tl::unexpected<Error> no_library(const std::string& name,
                                 std::string_view packing,
                                 std::string_view file) {
  return fail(Errc::unsupported, name,
              fmt::format("not looked into: packed with {}, and {} is not "
                          "installed",
                          packing, file));
}

// From <zstd.h>, whose interface does not change within libzstd.so.1.
struct ZstdIn {
  const void* data;
  std::size_t size;
  std::size_t at;
};
struct ZstdOut {
  void* data;
  std::size_t size;
  std::size_t at;
};

Result<std::size_t> unpack_zstd(std::string_view packed, Outlet& outlet) {
  constexpr const char* kLibrary = "libzstd.so.1";
  static void* const zstd = library(kLibrary);
  if (zstd == nullptr) {
    return no_library(outlet.name(), "zstd", kLibrary);
  }
  auto* const create = find_function<void*()>(zstd, "ZSTD_createDStream");
  auto* const free_stream =
      find_function<std::size_t(void*)>(zstd, "ZSTD_freeDStream");
  auto* const decompress = find_function<std::size_t(void*, ZstdOut*, ZstdIn*)>(
      zstd, "ZSTD_decompressStream");
  auto* const is_error =
      find_function<unsigned(std::size_t)>(zstd, "ZSTD_isError");
  if (create == nullptr || free_stream == nullptr || decompress == nullptr ||
      is_error == nullptr) {
    return no_library(outlet.name(), "zstd", kLibrary);
  }
  // Its window is bounded: 128 MiB, ZSTD_WINDOWLOG_LIMIT_DEFAULT.
  const std::unique_ptr<void, std::size_t (*)(void*)> stream(create(),
                                                             free_stream);
  if (!stream) {
    return fail(Errc::io, outlet.name(), "zstd cannot be initialised");
  }
  ZstdIn in{packed.data(), packed.size(), 0};
  for (;;) {
    ZstdOut out{outlet.data(), outlet.size(), 0};
    const std::size_t before = in.at;
    const std::size_t result = decompress(stream.get(), &out, &in);
    if (is_error(result) != 0) {
      return outlet.damaged("zstd");
    }
    auto passed = outlet.pass_on(out.at);
    if (!passed) {
      return forward_error(passed);
    }
    if (result == 0) {  // one frame has ended
      return in.at;
    }
    if (in.at == before && out.at == 0) {
      return outlet.damaged("zstd");
    }
  }
}

// From <lzma.h>, whose interface does not change within liblzma.so.5.
struct LzmaStream {
  const void* next_in = nullptr;
  std::size_t avail_in = 0;
  std::uint64_t total_in = 0;
  void* next_out = nullptr;
  std::size_t avail_out = 0;
  std::uint64_t total_out = 0;
  const void* allocator = nullptr;
  void* internal = nullptr;
  std::array<void*, 4> reserved_pointers{};
  std::array<std::uint64_t, 2> reserved_numbers{};
  std::array<std::size_t, 2> reserved_sizes{};
  std::array<int, 2> reserved_enums{};
};
constexpr int kLzmaOk = 0;
constexpr int kLzmaStreamEnd = 1;
constexpr int kLzmaRun = 0;
constexpr std::uint64_t kLzmaMemory = 256 * kMiB;  // xz -9 needs 65 MiB

struct LzmaEnd {
  LzmaStream* stream;
  void (*end)(LzmaStream*);
  ~LzmaEnd() { end(stream); }
};

Result<std::size_t> unpack_xz(std::string_view packed, Outlet& outlet) {
  constexpr const char* kLibrary = "liblzma.so.5";
  static void* const lzma = library(kLibrary);
  if (lzma == nullptr) {
    return no_library(outlet.name(), "xz", kLibrary);
  }
  auto* const decoder =
      find_function<int(LzmaStream*, std::uint64_t, std::uint32_t)>(
          lzma, "lzma_stream_decoder");
  auto* const code = find_function<int(LzmaStream*, int)>(lzma, "lzma_code");
  auto* const end = find_function<void(LzmaStream*)>(lzma, "lzma_end");
  LzmaStream stream;
  if (decoder == nullptr || code == nullptr || end == nullptr ||
      decoder(&stream, kLzmaMemory, 0) != kLzmaOk) {
    return no_library(outlet.name(), "xz", kLibrary);
  }
  const LzmaEnd ends{&stream, end};
  stream.next_in = packed.data();
  stream.avail_in = packed.size();
  for (;;) {
    stream.next_out = outlet.data();
    stream.avail_out = outlet.size();
    const int result = code(&stream, kLzmaRun);
    auto passed = outlet.pass_on(outlet.size() - stream.avail_out);
    if (!passed) {
      return forward_error(passed);
    }
    if (result == kLzmaStreamEnd) {
      return packed.size() - stream.avail_in;
    }
    if (result != kLzmaOk) {
      return outlet.damaged("xz");
    }
  }
}

}  // namespace

std::string_view packing_of(std::string_view bytes) {
  const auto* const found = std::find_if(
      kMagics.begin(), kMagics.end(),
      [&](const Magic& magic) { return bytes.starts_with(magic.bytes); });
  return found == kMagics.end() ? "" : found->name;
}

Result<std::size_t> unpack(const std::string& name, std::string_view packed,
                           std::uint64_t limit, const Sink& sink) {
  const auto packing = packing_of(packed);
  Outlet outlet(name, limit, sink);
  if (packing == "gzip") {
    return unpack_gzip(packed, outlet);
  }
  if (packing == "zstd") {
    return unpack_zstd(packed, outlet);
  }
  if (packing == "xz") {
    return unpack_xz(packed, outlet);
  }
  return fail(Errc::unsupported, name,
              packing.empty()
                  ? "not looked into: packed in a way that is not "
                    "known here"
                  : fmt::format("not looked into: packed with {}", packing));
}

}  // namespace nvgpuctl
