// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/module_info.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace nvgpuctl {
namespace {

// Offsets of the ELF-64 header and of a section header (System V gABI).
constexpr std::size_t kSectionOffset = 0x28;
constexpr std::size_t kSectionCount = 0x3C;
constexpr std::size_t kNameSection = 0x3E;
constexpr std::size_t kSectionSize = 64;
constexpr std::array<std::uint8_t, 6> kElf64Little{0x7F, 'E', 'L', 'F', 2, 1};

std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The part of `bytes`, or nothing where it is not all there.
std::optional<Bytes> part(Bytes bytes, std::uint64_t offset,
                          std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) {
    return std::nullopt;
  }
  return bytes.subspan(offset, size);
}

class Elf {
 public:
  // Where the headers of the sections are; nothing: not within the file.
  static std::optional<Elf> open(Bytes file) {
    const auto offset = read_le<std::uint64_t>(file, kSectionOffset);
    const auto count = read_le<std::uint16_t>(file, kSectionCount);
    const auto names = read_le<std::uint16_t>(file, kNameSection);
    if (!offset || !count || !names || *names >= *count) {
      return std::nullopt;
    }
    const auto headers = part(file, *offset, *count * kSectionSize);
    if (!headers) {
      return std::nullopt;
    }
    Elf elf(file, *headers);
    const auto table = elf.content(*names);
    if (!table) {
      return std::nullopt;
    }
    elf.names_ = as_text(*table);
    return elf;
  }

  std::optional<Bytes> find(std::string_view name) const {
    for (std::size_t i = 0; i < headers_.size() / kSectionSize; ++i) {
      const auto at = read_le<std::uint32_t>(headers_, i * kSectionSize);
      if (!at || *at >= names_.size()) {
        continue;
      }
      const auto rest = names_.substr(*at);
      if (rest.substr(0, rest.find('\0')) == name) {
        return content(i);
      }
    }
    return std::nullopt;
  }

 private:
  Elf(Bytes file, Bytes headers) : file_(file), headers_(headers) {}

  std::optional<Bytes> content(std::size_t index) const {
    constexpr std::size_t kOffset = 0x18;
    constexpr std::size_t kSize = 0x20;
    const std::size_t header = index * kSectionSize;
    const auto offset = read_le<std::uint64_t>(headers_, header + kOffset);
    const auto size = read_le<std::uint64_t>(headers_, header + kSize);
    return offset && size ? part(file_, *offset, *size) : std::nullopt;
  }

  Bytes file_;
  Bytes headers_;
  std::string_view names_;
};

// "key=value" strings, each with a zero at its end and maybe more behind it.
void take(std::string_view modinfo, ModuleInfo& info) {
  constexpr std::size_t kMaxValue = 1024;
  while (!modinfo.empty()) {
    const auto line = modinfo.substr(0, modinfo.find('\0'));
    modinfo.remove_prefix(std::min(line.size() + 1, modinfo.size()));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) {
      continue;
    }
    const auto key = line.substr(0, equals);
    const std::string value(line.substr(equals + 1, kMaxValue));
    if (key == "name") {
      info.name = value;
    } else if (key == "vermagic") {
      info.vermagic = value;
    } else if (key == "version") {
      info.version = value;
    }
  }
}

}  // namespace

Result<ModuleInfo> parse_module_info(const std::string& file, Bytes module) {
  if (!std::equal(kElf64Little.begin(), kElf64Little.end(), module.begin(),
                  module.begin() + static_cast<std::ptrdiff_t>(std::min(
                                       module.size(), kElf64Little.size())))) {
    return fail(Errc::malformed, file,
                "no module: does not begin as ELF of 64 bits");
  }
  const auto elf = Elf::open(module);
  if (!elf) {
    return fail(
        Errc::malformed, file,
        fmt::format("no module: its section headers, named at byte {:#x}, "
                    "are not within it",
                    kSectionOffset));
  }
  const auto section = elf->find(".modinfo");
  if (!section) {
    return fail(Errc::malformed, file, "no module: has no .modinfo");
  }
  ModuleInfo info;
  take(as_text(*section), info);
  info.signature = module_signature(module);
  return info;
}

}  // namespace nvgpuctl
