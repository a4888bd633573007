// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/redact.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "core/pci_config.hpp"

namespace nvgpuctl {
namespace {

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
         (c >= 'A' && c <= 'F');
}

// 'x' in the pattern is a hexadecimal digit, anything else itself.
bool looks_like(std::string_view word, std::string_view pattern) {
  return word.size() == pattern.size() &&
         std::equal(
             word.begin(), word.end(), pattern.begin(),
             [](char c, char p) { return p == 'x' ? is_hex(c) : c == p; });
}

bool is_ipv4(std::string_view word) {
  const auto pieces = split(word, '.');
  return pieces.size() == 4 &&
         std::all_of(pieces.begin(), pieces.end(), [](auto piece) {
           const auto value = parse_unsigned(piece);
           return value && *value <= 255 && piece.size() <= 3;
         });
}

// No value of interest is longer; also how deep word() and parts() can go.
constexpr std::size_t kMaxWord = 256;

bool in_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || c == ':' || c == '.' || c == '-' || c == '_';
}

// Where it may end or begin within a word.
bool is_joint(char c) {
  return c == '-' || c == '_' || c == '.' || c == ':';
}

constexpr std::string_view kUuid = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
constexpr std::string_view kMachineId = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
constexpr std::string_view kMacDigits = "xxxxxxxxxxxx";

// "00:11:22:aa:bb:cc" of its digits, with or without anything between them.
std::string mac_of(std::string_view text) {
  std::string mac;
  for (const char c : text) {
    if (is_hex(c)) {
      mac += mac.size() % 3 == 2 ? ":" : "";
      mac += c;
    }
  }
  return to_lower(mac);
}

std::string with_dashes_doubled(const std::string& name) {
  std::string doubled;
  for (const char c : name) {
    doubled.append(c == '-' ? 2 : 1, c);
  }
  return doubled;
}

}  // namespace

std::string Redactor::name(std::string_view value, std::string_view kind) {
  if (value.empty()) {
    return {};
  }
  const std::string name(value);
  if (!aliases_.contains(name) &&
      !std::all_of(value.begin(), value.end(), in_word)) {
    phrases_.push_back(name);
  }
  if (kind == "host") {
    hosts_.push_back(name);
  }
  return alias(name, kind);
}

const std::string& Redactor::alias(const std::string& value,
                                   std::string_view kind) {
  const auto found = aliases_.find(value);
  if (found != aliases_.end()) {
    return found->second;
  }
  const unsigned number = ++used_[std::string(kind)];
  std::string made;
  if (kind == "uuid") {
    made = fmt::format("00000000-0000-4000-8000-{:012x}", number);
  } else if (kind == "machine-id") {
    made = fmt::format("{:032x}", number);
  } else if (kind == "mac") {  // locally administered
    made = fmt::format("02:00:00:00:{:02x}:{:02x}", number / 256 % 256,
                       number % 256);
  } else if (kind == "ip") {  // RFC 1112, class E: nobody's address
    made = fmt::format("240.0.{}.{}", number / 256 % 256, number % 256);
  } else {
    made = fmt::format("{}-{}", kind, number);
  }
  return aliases_.emplace(value, std::move(made)).first->second;
}

// NOLINTNEXTLINE(misc-no-recursion): kMaxWord bounds it.
std::string Redactor::word(std::string_view word) {
  const std::string value(word);
  if (const auto known = aliases_.find(value); known != aliases_.end()) {
    return known->second;
  }
  if (looks_like(word, "xx:xx:xx:xx:xx:xx") ||
      looks_like(word, "xx-xx-xx-xx-xx-xx")) {
    return alias(mac_of(word), "mac");
  }
  if (looks_like(word, "xx-xx-xx-xx-xx-xx-xx")) {  // BOOTIF= of a boot loader
    return alias(mac_of(word.substr(3)), "mac");
  }
  if (is_ipv4(word)) {
    return alias(value, "ip");
  }
  const auto with_id = around_id(word);
  return with_id ? *with_id : parts(word);
}

// "luks-UUID" of dracut, "0-rescue-MACHINE-ID", "enxMAC" of systemd.
// NOLINTNEXTLINE(misc-no-recursion): what is around is shorter.
std::optional<std::string> Redactor::around_id(std::string_view word) {
  struct Form {
    std::string_view prefix;
    std::string_view pattern;
    std::string_view kind;
  };
  for (const auto& [prefix, pattern, kind] :
       {Form{"", kUuid, "uuid"}, Form{"", kMachineId, "machine-id"},
        Form{"enx", kMacDigits, "mac"}}) {
    for (auto at = prefix.size(); at + pattern.size() <= word.size(); ++at) {
      const auto before = word.substr(0, at);
      const auto found = word.substr(at, pattern.size());
      const auto behind = word.substr(at + pattern.size());
      const bool apart = (before.empty() || !is_hex(before.back())) &&
                         (behind.empty() || !is_hex(behind.front()));
      if (apart && before.ends_with(prefix) && looks_like(found, pattern)) {
        // In order, because aliases are numbered as they come.
        std::string result = this->word(before);
        auto stands = kind == "mac" ? alias(mac_of(found), kind)
                                    : alias(std::string(found), kind);
        std::erase(stands, ':');
        return result + stands + this->word(behind);
      }
    }
  }
  return std::nullopt;
}

// "10.0.0.2::10.0.0.1:255.0.0.0:name", "name.example.org", the end of a
// sentence.
// NOLINTNEXTLINE(misc-no-recursion): each step takes a character.
std::string Redactor::parts(std::string_view word) {
  if (word.ends_with('.') || word.ends_with(':')) {
    return this->word(word.substr(0, word.size() - 1)) + word.back();
  }
  const auto colon = word.find(':');
  if (colon != std::string_view::npos) {
    // In order, because aliases are numbered as they come.
    std::string first = this->word(word.substr(0, colon)) + ':';
    return first + this->word(word.substr(colon + 1));
  }
  const auto first = word.substr(0, word.find('.'));
  if (const auto known = aliases_.find(first); known != aliases_.end()) {
    return known->second;
  }
  // Names of hosts are the same in capitals.
  const auto host = std::ranges::find_if(hosts_, [&](const auto& name) {
    return same_ignoring_case(first, name);
  });
  return host != hosts_.end() ? aliases_.at(*host) : with_hosts_named(word);
}

// Installers call volume groups "grace01-vg", which device-mapper spells
// "grace01--vg-root", or "rhel_grace01".
// NOLINTNEXTLINE(misc-no-recursion): what is around is shorter.
std::string Redactor::with_hosts_named(std::string_view word) const {
  for (const auto& host : hosts_) {
    for (const auto& name : {host, with_dashes_doubled(host)}) {
      for (std::size_t at = 0; at + name.size() <= word.size(); ++at) {
        const auto behind = word.substr(at + name.size());
        const bool apart = (at == 0 || is_joint(word[at - 1])) &&
                           (behind.empty() || is_joint(behind.front()));
        if (apart && same_ignoring_case(word.substr(at, name.size()), name)) {
          return with_hosts_named(word.substr(0, at)) + aliases_.at(host) +
                 with_hosts_named(behind);
        }
      }
    }
  }
  return std::string(word);
}

std::string Redactor::text(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto phrase = std::find_if(phrases_.begin(), phrases_.end(),
                                     [&](const std::string& name) {
                                       return text.substr(at).starts_with(name);
                                     });
    if (phrase != phrases_.end()) {
      result += aliases_.at(*phrase);
      at += phrase->size();
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && end - at < kMaxWord && in_word(text[end])) {
      ++end;
    }
    if (end == at) {
      result += text[at++];
      continue;
    }
    result += word(text.substr(at, end - at));
    at = end;
  }
  return result;
}

std::string Redactor::config_space(std::string bytes) {
  constexpr std::uint16_t kSerialNumber = 0x0003;  // PCI_EXT_CAP_ID_DSN
  constexpr std::size_t kBefore = 4;               // its header
  constexpr std::size_t kLength = 8;
  const Bytes view(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                   bytes.size());
  const auto config = parse_pci_config(view);
  if (!config) {
    return bytes;
  }
  for (const auto& capability : config->capabilities) {
    const std::size_t at = capability.offset + kBefore;
    if (capability.extended && capability.id == kSerialNumber &&
        at + kLength <= bytes.size()) {
      const auto number = alias("dsn " + bytes.substr(at, kLength), "serial");
      const auto last = number.substr(number.rfind('-') + 1);
      bytes.replace(at, kLength, kLength, '\0');
      bytes[at] = static_cast<char>(parse_unsigned(last).value_or(0) & 0xFFU);
    }
  }
  return bytes;
}

}  // namespace nvgpuctl
