// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/host_snapshot.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// Release, machine, page size (live only), build configuration, command line.
KernelFacts read_kernel(const RootDir& root,
                        std::vector<std::string>& problems);

// VFIO aliases and the variant driver's files of the running kernel's modules.
ModuleFacts read_modules(const RootDir& root, const std::string& release,
                         std::vector<std::string>& problems);

// The configuration that a kernel was built with, as text, and where it stands.
// That of the running one is in /proc, too. Error: `not_found`, or `malformed`
// where it cannot be unpacked.
struct ConfigText {
  std::string path;
  std::string text;
};
enum class KernelIs { running, installed };
Result<ConfigText> read_config_text(const RootDir& root,
                                    const std::string& release, KernelIs which);

// Files of the variant driver below "/lib/modules/RELEASE/": the one that
// modprobe takes, as modules.dep names it, comes first. depmod leaves others of
// the same name out, so the places where they can be are looked at as well.
std::vector<std::string> find_variant_files(const RootDir& root,
                                            const std::string& directory,
                                            std::string_view modules_dep);

// Device nodes, huge pages, and on a live arm64 host what KVM can do.
VirtualizationFacts read_virtualization(const RootDir& root);

}  // namespace nvgpuctl
