// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/boot_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.hpp"
#include "core/doctor_section.hpp"
#include "core/host_snapshot.hpp"
#include "core/module_name.hpp"
#include "core/redact.hpp"

namespace nvgpuctl {
namespace {

constexpr std::array<std::string_view, 2> kUnits{"nvgpuctl-recover.service",
                                                 "nvgpuctl-apply.service"};

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

bool lockdown_enforces(const BootFacts& facts) {
  return facts.lockdown && *facts.lockdown != "none";
}

// Whether the kernel refuses modules without a signature; nothing: not known.
std::optional<bool> enforces(const BootFacts& facts,
                             const InstalledKernel& kernel) {
  if (kernel.forces_signatures.value_or(false) || lockdown_enforces(facts) ||
      facts.enforces_signatures.value_or(false)) {
    return true;
  }
  // Kernels of distributions lock themselves down under Secure Boot; whether
  // this one does shows in `lockdown` alone.
  const bool may = facts.secure_boot.value_or(false) && !facts.lockdown;
  if (may || !kernel.forces_signatures) {
    return std::nullopt;
  }
  return false;
}

std::string signatures_text(const BootFacts& facts) {
  const std::string secure = !facts.secure_boot   ? "not known"
                             : *facts.secure_boot ? "on"
                                                  : "off";
  const std::string sig = !facts.enforces_signatures   ? "not known"
                          : *facts.enforces_signatures ? "on"
                                                       : "off";
  return fmt::format("Secure Boot {}, lockdown {}, module.sig_enforce {}",
                     secure, facts.lockdown.value_or("not known"), sig);
}

bool is_key_named(std::string_view key, std::string_view signer) {
  return key == signer || (key.starts_with(signer) &&
                           key.substr(signer.size()).starts_with(": "));
}

// In a report the host's name has an alias in /proc/keys, and the signature of
// a module is as it was.
bool is_key_of(const BootFacts& facts, std::string_view key,
               std::string_view signer) {
  const auto space = signer.find(' ');
  const bool renamed =
      facts.recorded && key.starts_with(kHostAlias) && space != signer.npos &&
      is_key_named(key.substr(kHostAlias.size()), signer.substr(space));
  return renamed || is_key_named(key, signer);
}

// What is known of a signer's key before a kernel loads what it has signed.
std::string key_text(const BootFacts& facts, const std::string& signer) {
  if (signer.empty() || facts.key_names.empty()) {
    return "; whether the kernel trusts it is not known before it is loaded";
  }
  const bool known = std::any_of(
      facts.key_names.begin(), facts.key_names.end(),
      [&](const auto& key) { return is_key_of(facts, key, signer); });
  return known ? "; the running kernel has a key of that name"
               : "; the running kernel shows no key of that name and will "
                 "probably refuse it: see mokutil --list-enrolled";
}

std::string joined(const std::vector<PciAddress>& gpus) {
  std::vector<std::string> words;
  std::ranges::transform(gpus, std::back_inserter(words),
                         [](const auto& gpu) { return to_string(gpu); });
  return joined(words);
}

// "1 rule with a driver; kept for one when it comes: 0009:01:00.0".
std::string policy_text(const BootFacts& facts) {
  const std::string left =
      facts.left.empty()
          ? ""
          : fmt::format(
                "; not kept, for they cannot be bound or "
                "another manager has them (nvgpuctl explain): {}",
                joined(facts.left));
  return fmt::format("{} {} with a driver; kept for one when it comes: {}{}",
                     facts.driver_rules,
                     facts.driver_rules == 1 ? "rule" : "rules",
                     facts.kept.empty() ? "no GPU" : joined(facts.kept), left);
}

CheckSection check_common(const BootFacts& facts, Stakes stakes) {
  DoctorSection section("boot", stakes);
  const bool wants = facts.driver_rules > 0;
  if (!facts.policy_problem.empty()) {
    section.miss("boot-policy", "policy", "can be read", facts.policy_problem,
                 "NVG-E077");
  } else if (wants && (facts.kept.empty() || !facts.left.empty())) {
    section.remark("boot-policy", "policy", "says which driver GPUs get",
                   policy_text(facts));
  } else if (wants) {
    section.pass("boot-policy", "policy", "says which driver GPUs get",
                 policy_text(facts));
  } else {
    section.skip("boot-policy", "policy",
                 "names no driver, so nothing is bound at boot");
  }
  for (const auto unit : kUnits) {
    const auto& enabled = facts.enabled_units;
    const bool on =
        std::find(enabled.begin(), enabled.end(), unit) != enabled.end();
    const std::string title(unit);
    if (on) {
      section.pass("boot-unit", title, "enabled", "enabled");
    } else if (wants) {
      section.miss("boot-unit", title, "enabled", "not enabled", "NVG-W085");
    } else {
      section.skip("boot-unit", title, "not enabled, and no policy needs it");
    }
  }
  if (facts.udev_rule) {
    section.pass("boot-rule", "70-nvgpuctl.rules", "installed", "installed");
  } else if (wants) {
    section.miss("boot-rule", "70-nvgpuctl.rules", "installed", "not installed",
                 "NVG-W085");
  } else {
    section.skip("boot-rule", "70-nvgpuctl.rules",
                 "not installed, and no policy needs it");
  }
  section.pass("boot-kernels", "installed kernels", "known",
               fmt::format("{} below /lib/modules", facts.kernels.size()));
  if (facts.secure_boot || facts.lockdown || facts.enforces_signatures) {
    section.pass("boot-lockdown", "signatures of modules", "known",
                 signatures_text(facts));
  } else {
    section.skip("boot-lockdown", "signatures of modules",
                 signatures_text(facts));
  }
  return section.take();
}

// One kernel, in the order in which things happen.
class KernelCheck {
 public:
  KernelCheck(const BootFacts& facts, const InstalledKernel& kernel,
              const std::vector<Gpu>& gpus, Stakes stakes)
      : facts_(facts), kernel_(kernel), gpus_(gpus), section_(name(), stakes) {}

  CheckSection run() {
    image();
    variant();
    aliases();
    if (!kernel_.variants.empty() && !kernel_.variant_built_in) {
      built_for();
      signature();
    }
    host_drivers();
    initramfs();
    return section_.take();
  }

 private:
  std::string name() const {
    return fmt::format("kernel {}{}", kernel_.release,
                       kernel_.running ? " (running)"
                       : kernel_.older ? " (older)"
                                       : "");
  }

  void image() {
    if (kernel_.image.empty()) {
      section_.skip("boot-image", "kernel image",
                    kernel_.running
                        ? "none found in /boot"
                        : "none in /boot: left over from a kernel that is "
                          "gone?");
    } else {
      section_.pass("boot-image", "kernel image", "present", kernel_.image);
    }
  }

  void variant() {
    constexpr std::string_view kId = "boot-variant";
    constexpr std::string_view kTitle = "variant driver installed";
    const std::string expected = "one file for nvgrace_gpu_vfio_pci";
    std::vector<std::string> files;
    for (const auto& module : kernel_.variants) {
      files.push_back(module.file);
    }
    if (files.size() > 1) {
      section_.miss(kId, kTitle, expected, joined(files), "NVG-W043");
    } else if (kernel_.variant_built_in) {
      section_.pass(kId, kTitle, expected, "built into the kernel");
    } else if (files.empty()) {
      section_.miss(kId, kTitle, expected, "none", "NVG-E080");
    } else {
      section_.pass(kId, kTitle, expected, files.front());
    }
    if (!files.empty() && !kernel_.variant_indexed) {
      section_.miss("boot-index", "variant driver in modules.dep",
                    files.front(), "not there", "NVG-E086");
    }
  }

  void aliases() {
    for (const auto& gpu : gpus_) {
      const auto found = best_variant(kernel_.aliases, gpu.pci.modalias);
      const std::string title = "driver for " + to_string(gpu.pci.address);
      if (!found && kernel_.variants.empty() && !kernel_.variant_built_in) {
        continue;  // that there is no driver has been said
      }
      if (found) {
        section_.pass("boot-alias", title, "a vfio_pci: alias", *found);
      } else {
        section_.miss("boot-alias", title, "a vfio_pci: alias", "none",
                      kernel_.variant_indexed || kernel_.variant_built_in
                          ? "NVG-E080"
                          : "NVG-E086");
      }
    }
  }

  void built_for() {
    constexpr std::string_view kId = "boot-vermagic";
    constexpr std::string_view kTitle = "variant driver built for";
    const auto& first = kernel_.variants.front();
    if (!first.info) {
      section_.skip(kId, kTitle, first.problem);
      return;
    }
    const std::string release = first.info->release();
    // Such a kernel compares the checksums of symbols instead, which only it
    // can do: modules of another release may fit.
    const bool by_symbols =
        first.info->vermagic.find(" modversions ") != std::string::npos;
    if (release == kernel_.release) {
      section_.pass(kId, kTitle, kernel_.release, first.info->vermagic);
    } else if (by_symbols) {
      section_.remark(kId, kTitle, kernel_.release,
                      fmt::format("{}: loads only if its symbols have the same "
                                  "versions",
                                  first.info->vermagic));
    } else {
      section_.miss(kId, kTitle, kernel_.release, first.info->vermagic,
                    "NVG-E081");
    }
  }

  void signature() {
    constexpr std::string_view kId = "boot-signature";
    constexpr std::string_view kTitle = "variant driver signed";
    const auto& info = kernel_.variants.front().info;
    if (!info) {
      section_.skip(kId, kTitle, kernel_.variants.front().problem);
      return;
    }
    const auto needed = enforces(facts_, kernel_);
    if (!info->signature) {
      if (!needed) {
        section_.skip(kId, kTitle,
                      "no, and whether this kernel wants it is not known");
      } else if (*needed) {
        section_.miss(kId, kTitle, "a signature", "none", "NVG-E082");
      } else {
        section_.pass(kId, kTitle, "not needed", "no");
      }
      return;
    }
    const std::string seen = fmt::format(
        "by {}, key {}",
        info->signature->signer.empty() ? "a signer that is not named"
                                        : '"' + info->signature->signer + '"',
        info->signature->key.empty() ? "not named" : info->signature->key);
    if (needed.value_or(true)) {
      section_.remark(kId, kTitle, "a signature by a key that is trusted",
                      seen + key_text(facts_, info->signature->signer));
    } else {
      section_.pass(kId, kTitle, "not needed", seen);
    }
  }

  void host_drivers() {
    constexpr std::string_view kId = "boot-host-driver";
    constexpr std::string_view kTitle = "drivers of the host kept off";
    const std::string expected = "nouveau and nvidia are not loaded for it";
    std::vector<std::string> kept;
    std::vector<std::string> loose;
    for (const auto& driver : kernel_.host_drivers) {
      const auto rule = facts_.rules.kept_off.find(driver);
      if (rule != facts_.rules.kept_off.end()) {
        kept.push_back(fmt::format("{} ({})", driver, rule->second));
      } else {
        loose.push_back(driver + softdeps_of(driver));
      }
    }
    if (loose.empty()) {
      section_.pass(
          kId, kTitle, expected,
          kept.empty() ? "neither is installed" : "kept off: " + joined(kept));
    } else if (const auto open = gpus_not_kept(); open.empty()) {
      section_.pass(kId, kTitle, expected,
                    fmt::format("{} may load, but the udev rule keeps GPUs of "
                                "the policy from it",
                                joined(loose)));
    } else {
      section_.miss(kId, kTitle, expected,
                    fmt::format("loaded by udev: {}; not kept from it: {}",
                                joined(loose), joined(open)),
                    "NVG-W083");
    }
  }

  // Those that the udev rule leaves to whoever comes first.
  std::vector<std::string> gpus_not_kept() const {
    std::vector<std::string> open;
    for (const auto& gpu : gpus_) {
      const auto& address = gpu.pci.address;
      const bool kept =
          facts_.udev_rule && std::find(facts_.kept.begin(), facts_.kept.end(),
                                        address) != facts_.kept.end();
      if (!kept) {
        open.push_back(to_string(address));
      }
    }
    return open;
  }

  // " after vfio_pci (/etc/modprobe.d/gpu.conf:2)", for who relies on it.
  std::string softdeps_of(const std::string& driver) const {
    std::string text;
    for (const auto& softdep : facts_.rules.softdeps) {
      if (softdep.module == driver && !softdep.before.empty()) {
        text += fmt::format(" after {} ({})", joined(softdep.before),
                            softdep.place);
      }
    }
    return text;
  }

  void initramfs() {
    constexpr std::string_view kId = "boot-initramfs";
    constexpr std::string_view kTitle = "initramfs";
    const std::string expected = "does not load nouveau or nvidia";
    if (!kernel_.initramfs) {
      section_.skip(kId, kTitle, "none found in /boot");
      return;
    }
    const auto& image = *kernel_.initramfs;
    if (!image.problem.empty()) {
      section_.skip(kId, kTitle, image.path + ": " + image.problem);
      return;
    }
    // The command line holds there, too.
    const auto loaded = [&](const std::string& module) {
      const auto rule = facts_.rules.kept_off.find(module);
      const bool by_line = rule != facts_.rules.kept_off.end() &&
                           rule->second == "/proc/cmdline";
      return is_host_driver(module) && !image.rules.keeps_off(module) &&
             !by_line;
    };
    std::vector<std::string> loose;
    std::copy_if(image.modules.begin(), image.modules.end(),
                 std::back_inserter(loose), loaded);
    const std::string contents =
        image.modules.empty() ? "no driver for a GPU" : joined(image.modules);
    if (loose.empty()) {
      section_.pass(kId, kTitle, expected,
                    fmt::format("{}: {}", image.path, contents));
    } else {
      section_.miss(kId, kTitle, expected,
                    fmt::format("{} has {}", image.path, joined(loose)),
                    "NVG-W084");
    }
  }

  const BootFacts& facts_;
  const InstalledKernel& kernel_;
  const std::vector<Gpu>& gpus_;
  DoctorSection section_;
};

}  // namespace

std::vector<CheckSection> check_boot(const BootFacts& facts,
                                     const std::vector<Gpu>& gpus) {
  const Stakes stakes = gpus.empty() ? Stakes::none : Stakes::full;
  std::vector<CheckSection> sections{check_common(facts, stakes)};
  for (const auto& kernel : facts.kernels) {
    const bool unlikely =
        !kernel.running && (kernel.older || kernel.image.empty());
    const Stakes its =
        stakes == Stakes::full && unlikely ? Stakes::lowered : stakes;
    sections.push_back(KernelCheck(facts, kernel, gpus, its).run());
  }
  return sections;
}

}  // namespace nvgpuctl
