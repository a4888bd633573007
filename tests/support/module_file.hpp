// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

// Kernel modules with nothing in them but what is read of one.

namespace nvgpuctl {

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

template <class Integer>
void put_le(std::string& into, Integer value) {
  for (const auto byte : to_le(value)) {
    into += static_cast<char>(byte);
  }
}

inline std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(
        std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// `modinfo`: strings, each with a zero behind it.
inline std::string module_file(const std::string& modinfo) {
  using namespace std::string_literals;
  const std::string names = "\0.modinfo\0.shstrtab\0"s;
  constexpr std::uint64_t kHeader = 64;
  std::string file = "\x7f"s + "ELF\2\1\1"s + std::string(33, '\0');
  put_le<std::uint64_t>(file, kHeader + modinfo.size() + names.size());
  file += std::string(12, '\0');
  put_le<std::uint16_t>(file, 3);  // sections, the last has the names
  put_le<std::uint16_t>(file, 2);
  file += modinfo + names + std::string(kHeader, '\0');
  std::uint64_t at = kHeader;
  const auto section = [&](std::uint32_t name, std::uint64_t size) {
    put_le<std::uint32_t>(file, name);
    file += std::string(20, '\0');
    put_le<std::uint64_t>(file, at);
    put_le<std::uint64_t>(file, size);
    file += std::string(24, '\0');
    at += size;
  };
  section(1, modinfo.size());
  section(10, names.size());
  return file;
}

inline std::string variant_module(const std::string& vermagic) {
  using namespace std::string_literals;
  return module_file("name=nvgrace_gpu_vfio_pci\0vermagic="s + vermagic + '\0');
}

// As the kernel's sign-file appends it.
inline std::string with_signature(std::string module,
                                  const std::string& pkcs7) {
  module += pkcs7;
  module += std::string("\0\0\2\0\0\0\0\0\0\0", 10);
  module += static_cast<char>(pkcs7.size() >> 8U);
  module += static_cast<char>(pkcs7.size() & 0xFFU);
  return module + "~Module signature appended~\n";
}

// Made by `openssl cms -sign -nocerts -noattr -binary -md sha256` with a key of
// the name "Module key of a test" and the serial number 7ac3.
inline const std::string& pkcs7_of_a_test() {
  static const std::string pkcs7 = from_hex(
      "3081d306092a864886f70d010702a081c53081c2020101310d300b060960864801650304"
      "02"
      "01300b06092a864886f70d0107013181a030819d020101303730313110300e060355040a"
      "0c"
      "074578616d706c65311d301b06035504030c144d6f64756c65206b6579206f6620612074"
      "65"
      "737402027ac3300b0609608648016503040201300a06082a8648ce3d0403020446304402"
      "20"
      "6dec19ec5c3f1f3c7ad2f0c97b665d4255cf93e338f4149aef3f05151b31bdff0220039f"
      "31"
      "38d4ab2c2368ad44ae411f2f3f6d954e6f7ab887446f20cf2442d3a3c8");
  return pkcs7;
}

}  // namespace nvgpuctl
