// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// What modprobe.d(5) and the kernel's command line say about loading modules.

namespace nvgpuctl {

struct Softdep {
  std::string module;
  std::vector<std::string> before;  // loaded before it: "pre:"
  std::string place;                // "/etc/modprobe.d/gpu.conf:3"
};

// Module names have '_' for '-', as the kernel shows them.
struct ModprobeRules {
  // Modules that nobody loads for a device that appears, and where that is
  // said: "blacklist", or "install" with a program that does nothing. Who
  // loads a module by its name can still load a blacklisted one.
  std::map<std::string, std::string> kept_off;
  std::vector<Softdep> softdeps;

  bool keeps_off(const std::string& module) const {
    return kept_off.contains(module);
  }
};

// The words of each line of a file below a modprobe.d, and the line's number. A
// backslash at the end of a line continues it.
using ModprobeLineFn =
    std::function<void(const std::vector<std::string_view>&, unsigned)>;
void for_each_modprobe_line(std::string_view text, const ModprobeLineFn& take);

// One file below a modprobe.d.
void add_modprobe_rules(std::string_view text, const std::string& path,
                        ModprobeRules& rules);

// modprobe.blacklist= and module_blacklist=. Not dracut's rd.driver.blacklist=,
// which holds in its initramfs only: what was kept out there udev loads later.
void add_command_line_rules(std::string_view command_line,
                            ModprobeRules& rules);

}  // namespace nvgpuctl
