// SPDX-License-Identifier: GPL-2.0-or-later
// A kernel module of a capture: ELF, .modinfo, and a signature behind it.
#include <cstdint>

#include "core/module_info.hpp"
#include "fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const nvgpuctl::Bytes bytes(data, size);
  const auto info = nvgpuctl::parse_module_info("x.ko", bytes);
  if (info) {
    constexpr std::size_t kMost = 1024;
    REQUIRE(info->vermagic.size() <= kMost && info->name.size() <= kMost);
    REQUIRE(info->vermagic.starts_with(info->release()));
  } else {
    REQUIRE(!info.error().problem.empty());
  }
  const auto signature = nvgpuctl::module_signature(bytes);
  if (signature) {
    REQUIRE(signature->signer.size() <= 256);
    REQUIRE(signature->key.size() < 192);  // 64 bytes
    REQUIRE(!signature->kind.empty() || signature->signer.empty());
  }
  return 0;
}
