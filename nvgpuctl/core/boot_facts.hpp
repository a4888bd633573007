// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/modprobe_rules.hpp"
#include "core/module_info.hpp"
#include "core/modules_alias.hpp"
#include "core/pci_address.hpp"

// What decides about the GPUs when a host is booted the next time, for each of
// its kernels. Filled by ops/read_boot; plain data.

namespace nvgpuctl {

struct InstalledModule {
  std::string file;  // from the directory of the kernel's modules
  std::optional<ModuleInfo> info;
  std::string problem;  // why there is none
};

struct InitramfsFacts {
  std::string path;
  std::string problem;  // why it could not be looked into; "" when it was
  std::vector<std::string> modules;  // names, of those that matter to GPUs
  ModprobeRules rules;               // of the modprobe.d in it
};

struct InstalledKernel {
  std::string release;
  bool running = false;
  bool older = false;  // than the running one
  std::string image;   // where its image is; "" when none was found
  // Files for the variant driver; the one that modprobe takes comes first.
  std::vector<InstalledModule> variants;
  bool variant_indexed = false;  // modules.dep names one of them
  bool variant_built_in = false;
  std::vector<VfioAlias> aliases;         // of modules.alias
  std::vector<std::string> host_drivers;  // those that is_host_driver() knows
  std::optional<bool> forces_signatures;  // nothing: no configuration found
  std::optional<InitramfsFacts> initramfs;
};

struct BootFacts {
  bool recorded = false;  // perhaps in a report, where the host has an alias
  std::vector<InstalledKernel> kernels;  // newest first
  ModprobeRules rules;
  std::optional<bool> secure_boot;          // nothing: no such variable
  std::optional<std::string> lockdown;      // "none", "integrity", …
  std::optional<bool> enforces_signatures;  // module.sig_enforce, now
  // Names of the X.509 keys that the running kernel has and shows to us; none:
  // it shows none, which is not the same as that it has none.
  std::vector<std::string> key_names;
  // How many rules of the policy name a driver, or why that is not known.
  std::size_t driver_rules = 0;
  std::string policy_problem;
  // GPUs that the policy lets the udev rule keep for a driver.
  std::vector<PciAddress> kept;
  // GPUs that it would keep, could they be bound and had nobody else them.
  std::vector<PciAddress> left;
  bool udev_rule = false;                  // installed, and not masked
  std::vector<std::string> enabled_units;  // of ours
};

// The names of X.509 keys in /proc/keys (keyrings(7)): subject and id,
// "DKMS module signing key: 1a2b3c…". Of a keyring nothing is said there.
std::vector<std::string> key_names(std::string_view proc_keys);

// Whether kernel release `a` is newer than `b`: numbers by value.
bool newer_release(std::string_view a, std::string_view b);

}  // namespace nvgpuctl
