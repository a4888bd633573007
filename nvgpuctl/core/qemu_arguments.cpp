// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/qemu_arguments.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "core/libvirt_values.hpp"

namespace nvgpuctl {
namespace {

// The objects that we look for are flat, so their JSON becomes the other form
// by its punctuation alone.
std::string without_json(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ':') {
      out += '=';
    } else if (c != '{' && c != '}' && c != '"' && c != ' ') {
      out += c;
    }
  }
  return out;
}

QemuOption take_apart(std::string_view option, const DomainArgument& argument) {
  QemuOption out{.place = argument.place,
                 .option = std::string(option),
                 .head = {},
                 .values = {}};
  const bool json = trim(argument.value).starts_with('{');
  const std::string plain =
      json ? without_json(argument.value) : argument.value;
  bool first = true;
  for (const auto piece : split(plain, ',')) {
    const auto equals = piece.find('=');
    if (equals != std::string_view::npos) {
      out.values.insert_or_assign(std::string(piece.substr(0, equals)),
                                  std::string(piece.substr(equals + 1)));
    } else if (first) {
      out.head = piece;
    }
    first = false;
  }
  if (json) {
    out.head = out.value("qom-type");
  }
  return out;
}

}  // namespace

std::string QemuOption::value(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? "" : found->second;
}

std::optional<unsigned> QemuOption::number(std::string_view name) const {
  const auto parsed = parse_libvirt_number(value(name));
  if (!parsed || *parsed > std::numeric_limits<unsigned>::max()) {
    return std::nullopt;
  }
  return static_cast<unsigned>(*parsed);
}

std::vector<QemuOption> qemu_options(const std::vector<DomainArgument>& args) {
  std::vector<QemuOption> out;
  for (std::size_t i = 0; i + 1 < args.size(); ++i) {
    std::string_view name = args[i].value;
    if (!name.starts_with('-') || args[i + 1].value.starts_with('-')) {
      continue;
    }
    // QEMU takes two dashes for one.
    name.remove_prefix(name.starts_with("--") ? 2 : 1);
    out.push_back(take_apart(name == "M" ? "machine" : name, args[++i]));
  }
  return out;
}

std::optional<std::uint64_t> parse_qemu_size(std::string_view text) {
  constexpr std::string_view kSuffixes = "bkmgtpe";
  const auto last = text.empty() ? '\0' : to_lower(text).back();
  const auto power = kSuffixes.find(last);
  const bool suffix = last != '\0' && power != std::string_view::npos;
  const bool hexadecimal = text.starts_with("0x");
  if (suffix && !hexadecimal) {
    text.remove_suffix(1);
  }
  const auto count = parse_unsigned(text, hexadecimal ? 16 : 10);
  const unsigned shift =
      suffix && !hexadecimal ? 10 * static_cast<unsigned>(power) : 0;
  if (!count || *count > std::numeric_limits<std::uint64_t>::max() >> shift) {
    return std::nullopt;
  }
  return *count << shift;
}

}  // namespace nvgpuctl
