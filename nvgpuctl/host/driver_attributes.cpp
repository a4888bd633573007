// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/driver_attributes.hpp"

#include <string>
#include <utility>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

// Reads the files of one folder and remembers the first that cannot be used.
class Folder {
 public:
  Folder(const RootDir& root, std::string path)
      : root_(root), path_(std::move(path)) {}

  std::string word(std::string_view name) {
    auto text = root_.read_text(path_ + std::string(name));
    if (!text) {
      note(text.error());
      return "";
    }
    return std::string(trim(*text));
  }

  std::uint64_t number(std::string_view name) {
    std::string text = word(name);
    const bool prefixed = text.starts_with("0x");
    const auto value = parse_unsigned(text, prefixed ? 16 : 10);
    if (!value) {
      note({Errc::malformed, path_ + std::string(name), "holds no number", ""});
    }
    return value.value_or(0);
  }

  const std::optional<Error>& error() const { return error_; }

 private:
  void note(Error error) {
    if (!error_) {
      error_ = std::move(error);
    }
  }

  const RootDir& root_;
  std::string path_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::optional<DriverAttributes>> read_driver_attributes(
    const RootDir& root, const PciAddress& address) {
  const std::string path = sysfs_path(address, "nvgpu/");
  if (!root.exists(path)) {
    return std::optional<DriverAttributes>();
  }
  Folder folder(root, path);
  DriverAttributes attributes;
  attributes.layout = folder.word("layout");
  attributes.coherent_base = folder.number("coherent_base");
  attributes.coherent_size = folder.number("coherent_size");
  attributes.usable_size = folder.number("usable_size");
  attributes.reserved_size = folder.number("reserved_size");
  attributes.ready = folder.number("ready") != 0;
  attributes.fallback_reason = folder.word("fallback_reason");
  if (folder.error()) {
    return tl::unexpected<Error>(*folder.error());
  }
  return std::optional(std::move(attributes));
}

}  // namespace nvgpuctl
