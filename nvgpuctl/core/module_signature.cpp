// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/module_info.hpp"

namespace nvgpuctl {
namespace {

// Linux, include/linux/module_signature.h: the module, the signature, this
// structure, and the text that says that they are there.
constexpr std::string_view kTrailer = "~Module signature appended~\n";
constexpr std::size_t kDescription = 12;
constexpr std::size_t kIdType = 2;
constexpr std::size_t kSize = 8;  // big endian
constexpr std::uint8_t kPkcs7 = 2;

// Tags of DER (ITU-T X.690).
constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kObject = 0x06;
constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kSet = 0x31;
constexpr std::uint8_t kContext0 = 0xA0;
constexpr std::uint8_t kContext1 = 0xA1;
constexpr std::uint8_t kKeyId = 0x80;

struct Element {
  std::uint8_t tag = 0;
  Bytes content;
};

// Walks the elements of one level.
class Der {
 public:
  explicit Der(Bytes bytes) : rest_(bytes) {}

  // Nothing at the end, and for anything that is no definite length.
  std::optional<Element> next() {
    if (rest_.size() < 2) {
      return std::nullopt;
    }
    std::size_t length = rest_[1];
    std::size_t header = 2;
    if (length >= 0x80) {
      const std::size_t digits = length & 0x7FU;
      if (digits == 0 || digits > 4 || rest_.size() < 2 + digits) {
        return std::nullopt;
      }
      length = 0;
      for (std::size_t i = 0; i < digits; ++i) {
        length = length << 8U | rest_[2 + i];
      }
      header += digits;
    }
    if (length > rest_.size() - header) {
      return std::nullopt;
    }
    const Element element{rest_[0], rest_.subspan(header, length)};
    rest_ = rest_.subspan(header + length);
    return element;
  }

  // The next one, which must be of this kind.
  std::optional<Bytes> next(std::uint8_t tag) {
    const auto element = next();
    return element && element->tag == tag ? std::optional(element->content)
                                          : std::nullopt;
  }

 private:
  Bytes rest_;
};

std::string colon_hex(Bytes bytes) {
  constexpr std::size_t kMost = 64;
  std::string text;
  for (const auto byte : bytes.first(std::min(bytes.size(), kMost))) {
    text += fmt::format("{}{:02X}", text.empty() ? "" : ":", byte);
  }
  return text;
}

// The common name of an X.501 name: a sequence of sets of pairs.
std::string common_name(Bytes name) {
  constexpr std::array<std::uint8_t, 3> kCommonName{0x55, 0x04, 0x03};
  constexpr std::size_t kMost = 256;
  Der sets(name);
  while (const auto set = sets.next(kSet)) {
    const auto pair = Der(*set).next(kSequence);
    if (!pair) {
      continue;
    }
    Der parts(*pair);
    const auto object = parts.next(kObject);
    const auto value = parts.next();
    if (object && value &&
        std::equal(object->begin(), object->end(), kCommonName.begin(),
                   kCommonName.end())) {
      return {reinterpret_cast<const char*>(value->content.data()),
              std::min(value->content.size(), kMost)};
    }
  }
  return "";
}

// signerInfos of the SignedData (RFC 5652, section 5), which everything else
// comes before.
std::optional<Bytes> first_signer(Bytes pkcs7) {
  const auto content_info = Der(pkcs7).next(kSequence);
  if (!content_info) {
    return std::nullopt;
  }
  Der outer(*content_info);
  if (!outer.next(kObject)) {
    return std::nullopt;
  }
  const auto explicit_content = outer.next(kContext0);
  const auto signed_data =
      explicit_content ? Der(*explicit_content).next(kSequence) : std::nullopt;
  if (!signed_data) {
    return std::nullopt;
  }
  Der fields(*signed_data);
  if (!fields.next(kInteger) || !fields.next(kSet) || !fields.next(kSequence)) {
    return std::nullopt;
  }
  auto element = fields.next();
  while (element && (element->tag == kContext0 || element->tag == kContext1)) {
    element = fields.next();  // certificates, revocation lists
  }
  return element && element->tag == kSet ? Der(element->content).next(kSequence)
                                         : std::nullopt;
}

void read_signer(Bytes pkcs7, ModuleSignature& signature) {
  const auto signer = first_signer(pkcs7);
  if (!signer) {
    return;
  }
  Der fields(*signer);
  if (!fields.next(kInteger)) {
    return;
  }
  const auto who = fields.next();
  if (who && who->tag == kKeyId) {
    signature.key = colon_hex(who->content);
  } else if (who && who->tag == kSequence) {
    Der issuer_and_number(who->content);
    const auto issuer = issuer_and_number.next(kSequence);
    const auto number = issuer_and_number.next(kInteger);
    signature.signer = issuer ? common_name(*issuer) : "";
    signature.key = number ? colon_hex(*number) : "";
  }
}

}  // namespace

std::optional<ModuleSignature> module_signature(Bytes module) {
  const std::string_view text(reinterpret_cast<const char*>(module.data()),
                              module.size());
  if (!text.ends_with(kTrailer)) {
    return std::nullopt;
  }
  ModuleSignature signature;
  const std::size_t end = module.size() - kTrailer.size();
  if (end < kDescription) {
    return signature;
  }
  const Bytes description = module.subspan(end - kDescription, kDescription);
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    size = size << 8U | description[kSize + i];
  }
  if (description[kIdType] != kPkcs7 || size > end - kDescription) {
    return signature;
  }
  signature.kind = "PKCS#7";
  read_signer(module.subspan(end - kDescription - size, size), signature);
  return signature;
}

}  // namespace nvgpuctl
