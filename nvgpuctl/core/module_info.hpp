// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace nvgpuctl {

// What a signed module says of its signature. Whether it is right, and whether
// a kernel trusts the key, is known to that kernel alone.
struct ModuleSignature {
  std::string kind;    // "PKCS#7"; "" for one that is not known
  std::string signer;  // common name of the key's issuer; "" when not said
  std::string key;  // its serial number or id, "3A:45:…", as modinfo has it
};

// The ".modinfo" section of a kernel module, as far as it matters here.
struct ModuleInfo {
  std::string name;
  std::string version;   // "" for the kernel's own
  std::string vermagic;  // "7.3.4-64k SMP preempt mod_unload aarch64"
  std::optional<ModuleSignature> signature;

  // The kernel's release that it was built for.
  std::string release() const { return vermagic.substr(0, vermagic.find(' ')); }
};

// An unpacked module: ELF of 64 bits, little endian, as arm64 and x86-64 have.
// Errors name `file` and a byte offset.
Result<ModuleInfo> parse_module_info(const std::string& file, Bytes module);

// The signature that is appended to a module, if any.
std::optional<ModuleSignature> module_signature(Bytes module);

}  // namespace nvgpuctl
